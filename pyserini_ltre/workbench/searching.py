"""The pages that show: answers side by side, whole documents, topics by gain and loss."""

from dataclasses import asdict
from typing import Any

from fastapi import APIRouter, Request, Response

from pyserini_ltre.collection import Qrels
from pyserini_ltre.errors import InputError
from pyserini_ltre.workbench.asked import MOST_COLUMNS, SHOWN, Asked, asked
from pyserini_ltre.workbench.assessor import assessor_of
from pyserini_ltre.workbench.bench import FROZEN, RUN, Workbench
from pyserini_ltre.workbench.comparison import compare
from pyserini_ltre.workbench.gains import HEIGHT, MEASURE, WIDTH, Gains, bars, find_gains
from pyserini_ltre.workbench.judgements import GRADES
from pyserini_ltre.workbench.loading import FAILED, READY
from pyserini_ltre.workbench.rendering import page
from pyserini_ltre.workbench.snippets import marked, query_words

# Whose judgements measure: those of the file, all that were made here, or one assessor's.
FILE, ALL, BY = "file", "all", "by:"


def router(bench: Workbench) -> APIRouter:
    """The pages that show."""
    pages = APIRouter()

    @pages.get("/")
    def search(request: Request) -> Response:
        return page("search.html", request, **_found(bench, request))

    @pages.get("/hits")
    def hits(request: Request) -> Response:
        """The answers alone, for a page that waits for a system to be loaded."""
        return page("hits.html", request, **_found(bench, request))

    @pages.get("/document")
    def document(request: Request) -> Response:
        docid, query = request.query_params.get("docid", ""), request.query_params.get("q", "")
        found = bench.texts.get([docid]) if bench.texts is not None else {}
        words = query_words(query)
        text = marked(found[docid].text, words) if docid in found else None
        title = found[docid].title if docid in found else ""
        # The rest of the page is there already where a script has asked.
        alone = "part" in request.query_params
        return page(
            "document.html",
            request,
            bench=bench,
            assessor=assessor_of(request, bench.judgements),
            docid=docid,
            title=title,
            text=text,
            alone=alone,
        )

    @pages.get("/topics")
    def topics(request: Request) -> Response:
        runs = bench.runs()
        chosen = _chosen_runs(request, runs)
        source = request.query_params.get("by") or (FILE if bench.qrels else ALL)
        content: dict[str, Any] = {"gains": None, "message": "", "waiting": False}
        if len(chosen) == 2:
            content |= _gains(bench, chosen, source)
        return page(
            "topics.html",
            request,
            bench=bench,
            assessor=assessor_of(request, bench.judgements),
            runs=runs,
            chosen=chosen,
            source=source,
            sources=_judged_by(bench),
            measure=MEASURE,
            width=WIDTH,
            height=HEIGHT,
            **content,
        )

    return pages


def _found(bench: Workbench, request: Request) -> dict[str, Any]:
    """What the search page shows."""
    topics = bench.all_topics()
    wish = asked(request, topics, bench.default_columns())
    assessor = assessor_of(request, bench.judgements)
    columns = []
    if wish.query:
        columns = compare(
            bench.systems,
            wish.columns,
            wish.qid,
            wish.query,
            wish.weight,
            wish.shown,
            bench.own(assessor, wish.qid),
            bench.qrels.get(wish.qid, {}),
            bench.texts,
        )
    order = _order(bench, request)
    place = order.index(wish.qid) if wish.qid in order else None
    return {
        **asdict(wish),
        "bench": bench,
        "assessor": assessor,
        "found": columns,
        "loading": any(column.state not in (READY, FAILED) for column in columns),
        "titles": bench.systems.titles(),
        "most_columns": MOST_COLUMNS,
        "counts": SHOWN,
        "grades": GRADES,
        "place": place,
        "number_of_topics": len(order),
        "before": order[place - 1] if place else None,
        "after": order[place + 1] if place is not None and place + 1 < len(order) else None,
        "first": order[0] if order else None,
        "kept": _kept(wish, request),
    }


def _kept(wish: Asked, request: Request) -> dict[str, Any]:
    """What a link to another topic takes along."""
    walked = {name: request.query_params[name] for name in ("a", "b", "by") if name in request.query_params}
    return {"c": wish.columns, "w": wish.weight, "n": wish.shown, **walked}


def _order(bench: Workbench, request: Request) -> list[str]:
    """The topics as somebody walks through them: by gain, where they came from there; else as in the file."""
    runs = bench.runs()
    chosen = [request.query_params.get(name, "") for name in ("a", "b")]
    if all(name in runs and bench.systems.state(name)[0] == READY for name in chosen):
        found = _gains(bench, chosen, request.query_params.get("by") or (FILE if bench.qrels else ALL))[
            "gains"
        ]
        if found is not None:
            return found.order()
    return list(bench.topics)


def _chosen_runs(request: Request, runs: dict[str, str]) -> list[str]:
    """The two runs that are compared: chosen, or those of the frozen and of the trained encoder, or the first."""
    liked = [f"{RUN}{FROZEN}", f"{RUN}trained"]
    usual = liked if set(liked) <= runs.keys() else list(runs)[:2]
    chosen = [request.query_params.get("a"), request.query_params.get("b")]
    for name in chosen:
        if name and name not in runs:
            raise InputError(f"no run {name}; choose one of the list")
    return usual if None in chosen else [str(name) for name in chosen]


def _judged_by(bench: Workbench) -> dict[str, str]:
    """Whose judgements may measure."""
    file = {FILE: bench.sources.qrels.name} if bench.sources.qrels is not None else {}
    return {**file, ALL: "all assessors", **{f"{BY}{name}": name for name in bench.judgements.assessors()}}


def _qrels(bench: Workbench, source: str) -> Qrels:
    if source not in _judged_by(bench):
        raise InputError(f"no judgements of {source}; choose some of the list")
    if source == FILE:
        return bench.qrels
    return bench.judgements.qrels(None if source == ALL else source.removeprefix(BY))


def _gains(bench: Workbench, chosen: list[str], source: str) -> dict[str, Any]:
    """Gains and losses, or why there are none."""
    bench.systems.want(*chosen)
    states = [bench.systems.state(name) for name in chosen]
    for state, message in states:
        if state == FAILED:
            return {"gains": None, "message": message, "waiting": False}
    if any(state != READY for state, _ in states):
        return {"gains": None, "message": "", "waiting": True}
    topics = bench.all_topics()
    before, after = (bench.run(name) for name in chosen)
    try:
        gains: Gains = find_gains(before, after, _qrels(bench, source), topics)
    except InputError as error:
        return {"gains": None, "message": str(error), "waiting": False}
    taught = bench.taught_on(chosen)
    groups = {
        "topics that it was taught with": gains.mean(taught),
        "others": gains.mean(set(gains.order()) - taught),
    }
    return {
        "gains": gains,
        "bars": bars(gains),
        "groups": {name: mean for name, mean in groups.items() if mean} if taught else {},
        "waiting": False,
    }
