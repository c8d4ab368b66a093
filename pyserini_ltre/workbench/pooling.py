"""Pools: made of chosen systems, judged one document at a time."""

import re
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import RedirectResponse

from pyserini_ltre.collection import Queries
from pyserini_ltre.errors import InputError
from pyserini_ltre.workbench.asked import WEIGHT
from pyserini_ltre.workbench.assessor import assessor_of
from pyserini_ltre.workbench.bench import Workbench
from pyserini_ltre.workbench.judgements import GRADES
from pyserini_ltre.workbench.pools import unjudged_places
from pyserini_ltre.workbench.rendering import form_fields, page
from pyserini_ltre.workbench.snippets import marked, query_words

MOST_TOPICS, MOST_DEPTH = 200, 100


def router(bench: Workbench) -> APIRouter:
    """The pages and actions of pools."""
    pages = APIRouter()

    @pages.get("/pools")
    def pools(request: Request) -> Response:
        assessor = assessor_of(request, bench.judgements)
        progress = []
        for pool in bench.pools.all():
            pairs = bench.pools.pairs(pool.number)
            by = {
                name: len(pairs) - len(unjudged_places(pairs, bench.judgements, name))
                for name in bench.judgements.assessors()
            }
            progress.append((pool, {name: count for name, count in by.items() if count}))
        return page(
            "pools.html",
            request,
            bench=bench,
            assessor=assessor,
            progress=progress,
            titles=bench.systems.titles(),
            chosen=bench.default_columns(),
            most_topics=MOST_TOPICS,
            most_depth=MOST_DEPTH,
            number_of_topics=len(bench.topics),
        )

    @pages.post("/pools")
    async def make(request: Request) -> Response:
        fields = await form_fields(request)
        given = dict(fields)
        systems = [value for name, value in fields if name == "system"]
        if not systems:
            raise InputError("choose at least one system for the pool")
        depth = _number(given.get("depth", ""), "depth", MOST_DEPTH)
        queries = _queries(bench, given)
        titles = bench.systems.titles()

        def pool() -> int:
            bench.systems.wait(systems)
            runs = {titles[name]: bench.systems.search(name, queries, WEIGHT, depth) for name in systems}
            return bench.pools.make(runs, queries, depth)

        number = await run_in_threadpool(pool)
        return RedirectResponse(f"/pool?number={number}", 303)

    @pages.get("/pool")
    def judge(request: Request) -> Response:
        assessor = assessor_of(request, bench.judgements)
        pool = bench.pools.get(_number(request.query_params.get("number", ""), "number of the pool", None))
        pairs = bench.pools.pairs(pool.number)
        left = unjudged_places(pairs, bench.judgements, assessor) if assessor else list(range(len(pairs)))
        content: dict[str, Any] = {"place": None}
        place = left[0] if left else None
        if "place" in request.query_params:
            place = _number(request.query_params["place"], "place", len(pairs)) - 1
        if place is not None:
            content |= _document(bench, *pairs[place], assessor) | {"place": place}
        return page(
            "pool.html",
            request,
            bench=bench,
            assessor=assessor,
            pool=pool,
            total=len(pairs),
            done=len(pairs) - len(left),
            grades=GRADES,
            **content,
        )

    return pages


def _document(bench: Workbench, qid: str, docid: str, assessor: str | None) -> dict[str, Any]:
    query = bench.all_topics().get(qid, qid)
    found = bench.texts.get([docid]) if bench.texts is not None else {}
    document = found.get(docid)
    return {
        "qid": qid,
        "query": query,
        "docid": docid,
        "title": document.title if document else "",
        "text": marked(document.text, query_words(query)) if document else None,
        "own": bench.own(assessor, qid).get(docid),
    }


def _queries(bench: Workbench, given: dict[str, str]) -> Queries:
    """The topics of the pool: those named, or so many of the file from a place on."""
    named = given.get("qids", "").split()
    topics = bench.all_topics()
    unknown = [qid for qid in named if qid not in topics]
    if unknown:
        raise InputError(f"no topic {unknown[0]}; name topics of the file, or leave the field empty")
    if not named:
        start = _number(given.get("start", "1"), "first topic", None) - 1
        named = list(bench.topics)[
            start : start + _number(given.get("topics", ""), "number of topics", MOST_TOPICS)
        ]
    if not named:
        raise InputError("there are no such topics; name others, or start with --topics")
    if len(named) > MOST_TOPICS:
        raise InputError(f"{len(named)} topics: at most {MOST_TOPICS} go into a pool")
    return {qid: topics[qid] for qid in named}


def _number(text: str, what: str, most: int | None) -> int:
    number = int(text) if re.fullmatch(r"\d{1,9}", text) else 0
    if number < 1 or (most is not None and number > most):
        raise InputError(f"{what}: a number of 1 or more" + ("" if most is None else f", at most {most}"))
    return number
