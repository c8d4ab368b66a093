"""The page that teaches: a button, how far it is, what came of it, and the commands that do the same."""

from dataclasses import asdict

from fastapi import APIRouter, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse, RedirectResponse

from pyserini_ltre.errors import InputError
from pyserini_ltre.workbench.assessor import assessor_of
from pyserini_ltre.workbench.bench import ENCODER, Workbench
from pyserini_ltre.workbench.rendering import form, page
from pyserini_ltre.workbench.systems import Dense
from pyserini_ltre.workbench.taught import name_encoder
from pyserini_ltre.workbench.teaching import FEW


def router(bench: Workbench) -> APIRouter:
    """The page and actions of teaching."""
    pages = APIRouter()

    @pages.get("/teach")
    def teach(request: Request) -> Response:
        qrels = bench.judgements.qrels()
        relevant = [qid for qid, judged in qrels.items() if any(grade > 0 for grade in judged.values())]
        bases = {
            name: title
            for name, title in bench.systems.titles().items()
            if name.startswith(ENCODER) and name not in bench.taught_names()
        }
        return page(
            "teach.html",
            request,
            bench=bench,
            assessor=assessor_of(request, bench.judgements),
            progress=bench.teaching.progress,
            taught=bench.teaching.all()[::-1],
            judged=sum(map(len, qrels.values())),
            topics=len(qrels),
            relevant=len(relevant),
            bases=bases,
            few=len(relevant) < FEW,
        )

    @pages.post("/teach")
    async def start(request: Request) -> Response:
        fields = await form(request)
        base = bench.systems.get(fields.get("base", ""))
        if not isinstance(base, Dense):
            raise InputError("choose an encoder to begin with")
        await run_in_threadpool(bench.systems.wait, [base.name])
        bench.teaching.start(base, bench.all_topics(), bench.judgements.qrels(), bench.topics)
        return RedirectResponse("/teach", 303)

    @pages.get("/progress")
    def progress(request: Request) -> Response:
        return JSONResponse(asdict(bench.teaching.progress))

    @pages.post("/name")
    async def name(request: Request) -> Response:
        fields = await form(request)
        number = fields.get("number", "")
        by_number = {str(taught.number): taught for taught in bench.teaching.all()}
        if number not in by_number:
            raise InputError(f"no taught encoder {number}; choose one of the list")
        command = name_encoder(by_number[number], fields.get("name", ""))
        return page(
            "named.html",
            request,
            bench=bench,
            assessor=assessor_of(request, bench.judgements),
            taught=by_number[number],
            name=fields["name"],
            command=command,
        )

    return pages
