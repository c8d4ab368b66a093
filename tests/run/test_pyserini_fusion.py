"""The same numbers as `pyserini.fusion`, which needs no JVM, where these are well defined."""

import random

import pytest

from pyserini_ltre.collection import read_run, write_run
from pyserini_ltre.run import reciprocal_rank, weighted_sum


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """Three runs without equal scores, so that every rank is well defined."""
    folder = tmp_path_factory.mktemp("runs")
    chance = random.Random(5)
    paths = []
    for number, scale in enumerate((1.0, 20.0, 5.0)):
        run = {}
        for query in range(8):
            docids = chance.sample([f"d{i}" for i in range(60)], 30)
            scores = chance.sample(range(1, 10_000), 30)
            run[f"q{query}"] = {d: scale * s / 10_000 for d, s in zip(docids, scores, strict=True)}
        paths.append(folder / f"{number}.txt")
        write_run(paths[-1], run, "t")
    return paths


def as_run(theirs):
    run = {}
    data = theirs.run_data
    for qid, docid, score in zip(data.topic, data.docid, data.score, strict=True):
        run.setdefault(qid, {})[docid] = score
    return run


@pytest.mark.parametrize("depth", [10, 1000])
@pytest.mark.parametrize("method", ["rrf", "interpolation", "average", "normalize"])
def test_same_scores_and_order(files, method, depth):
    fusion = pytest.importorskip("pyserini.fusion")
    from pyserini.trectools import TrecRun

    theirs, ours = [TrecRun(str(file)) for file in files], [read_run(file) for file in files]
    cut = {"depth": depth, "k": 40}
    if method == "rrf":
        expected = fusion.reciprocal_rank_fusion(theirs, rrf_k=60, **cut)
        fused = reciprocal_rank(ours, 60, depth, hits=40)
    elif method == "interpolation":
        expected = fusion.interpolation(theirs[:2], alpha=0.3, **cut)
        fused = weighted_sum(ours[:2], [0.3, 0.7], depth=depth, hits=40)
    elif method == "average":
        expected = fusion.average(theirs, **cut)
        fused = weighted_sum(ours, [1 / 3] * 3, depth=depth, hits=40)
    else:
        expected = fusion.normalize(theirs, **cut)
        fused = weighted_sum(ours, [1, 1, 1], "min-max", depth=depth, hits=40)
    expected = as_run(expected)
    assert fused.keys() == expected.keys()
    for qid, hits in expected.items():
        assert fused[qid] == pytest.approx(hits, rel=1e-12)
        # Equal sums that rounding makes unequal in theirs have no order that could be compared.
        if method != "rrf":
            assert list(fused[qid]) == list(hits)
