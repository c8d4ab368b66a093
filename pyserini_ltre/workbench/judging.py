"""Judgements: made by key, taken back, compared between assessors, taken in and given out as qrels."""

import re
import tempfile
from pathlib import Path

from fastapi import APIRouter, Request, Response
from fastapi.responses import FileResponse, JSONResponse, RedirectResponse

from pyserini_ltre.collection import Qrels, read_qrels, write_qrels
from pyserini_ltre.errors import InputError
from pyserini_ltre.workbench.agreement import agreements
from pyserini_ltre.workbench.assessor import assessor_of, remember_assessor
from pyserini_ltre.workbench.bench import Workbench, counted
from pyserini_ltre.workbench.rendering import form, page, wants_json
from pyserini_ltre.workflow.commands import command_line


def router(bench: Workbench) -> APIRouter:
    """The pages and actions of judging."""
    pages = APIRouter()
    judgements = bench.judgements

    @pages.post("/assessor")
    async def choose_assessor(request: Request) -> Response:
        fields = await form(request)
        if fields.get("new", "").strip():
            name = judgements.add_assessor(fields["new"])
        else:
            name = fields.get("name", "")
            if name not in judgements.assessors():
                raise InputError("choose an assessor of the list, or enter a new one")
        response = RedirectResponse(_local(fields.get("back", "/")), 303)
        remember_assessor(response, name)
        return response

    @pages.post("/judge")
    async def judge(request: Request) -> Response:
        fields = await form(request)
        qid, docid = fields.get("qid", ""), fields.get("docid", "")
        grade, pool = (_whole(fields.get(name)) for name in ("grade", "pool"))
        text = bench.all_topics().get(qid) or fields.get("q", "")
        if not qid or not docid or not text or grade is None:
            raise InputError("a judgement needs a topic, a document and a grade; use the page")
        note = fields.get("note", "").strip()
        judgements.judge(_assessor(bench, request), (qid, text), docid, grade, note, pool)
        if wants_json(request):
            return JSONResponse({"docid": docid, "grade": grade, "note": note})
        return RedirectResponse(_local(fields.get("back", "/")), 303)

    @pages.post("/undo")
    async def undo(request: Request) -> Response:
        fields = await form(request)
        undone = judgements.undo(_assessor(bench, request))
        if wants_json(request):
            qid, docid, grade = undone or (None, None, None)
            return JSONResponse({"qid": qid, "docid": docid, "grade": grade})
        return RedirectResponse(_local(fields.get("back", "/")), 303)

    @pages.get("/judgements")
    def overview(request: Request) -> Response:
        counts = {name: judgements.of(name) for name in judgements.assessors()}
        qrels = bench.sources.own / _file_name(None)
        return page(
            "judgements.html",
            request,
            bench=bench,
            assessor=assessor_of(request, bench.judgements),
            counts=counts,
            agreements=agreements(judgements),
            topics=bench.all_topics(),
            database=bench.database.file,
            command=command_line(
                "pyserini_ltre.eval", "--qrels", qrels, "--runs", *bench.sources.runs.values()
            ),
        )

    @pages.get("/qrels")
    def export(request: Request) -> Response:
        name = request.query_params.get("by") or None
        if name is not None and name not in judgements.assessors():
            raise InputError(f"no assessor {name}; choose one of the list")
        qrels = judgements.qrels(name)
        if not qrels:
            raise InputError("nothing is judged yet")
        file = bench.sources.own / _file_name(name)
        write_qrels(file, qrels)
        return FileResponse(file, media_type="text/plain; charset=utf-8", filename=file.name)

    @pages.post("/import")
    async def take_in(request: Request) -> Response:
        fields = await form(request)
        qrels = _read(fields.get("qrels", ""))
        unknown = {*bench.unknown_documents(qrels)}
        known = {
            qid: {docid: grade for docid, grade in judged.items() if docid not in unknown}
            for qid, judged in qrels.items()
        }
        if not any(known.values()):
            raise InputError(f"nothing was taken in: {counted(sorted(unknown))}")
        name = judgements.add_assessor(fields.get("name", ""))
        judgements.import_qrels(name, known, bench.all_topics())
        left = f"; {counted(sorted(unknown))}: left out" if unknown else ""
        taken = sum(map(len, known.values()))
        return JSONResponse(
            {"message": f"{taken} judgements of {len(known)} topics were taken in as {name}{left}"}
        )

    return pages


def _assessor(bench: Workbench, request: Request) -> str:
    name = assessor_of(request, bench.judgements)
    if name is None:
        raise InputError("say who judges: choose an assessor above, or enter a new one")
    return name


def _read(text: str) -> Qrels:
    with tempfile.TemporaryDirectory(prefix="pyserini-ltre-") as folder:
        file = Path(folder) / "qrels"
        file.write_text(text, encoding="utf-8", errors="surrogatepass")
        try:
            return read_qrels(file)
        except InputError as error:
            raise InputError(str(error).replace(str(file), "qrels")) from None


def _whole(text: str | None) -> int | None:
    return int(text) if text is not None and re.fullmatch(r"\d{1,9}", text) else None


def _local(back: str) -> str:
    """Where to go afterwards: a page of ours, whatever the form says."""
    return back if re.fullmatch(r"/(?![/\\])[^\s\\]*", back) else "/"


def _file_name(assessor: str | None) -> str:
    return "qrels.txt" if assessor is None else "qrels." + re.sub(r"[^\w-]+", "-", assessor) + ".txt"
