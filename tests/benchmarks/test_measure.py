"""Alternated runs, ratios by round, and what is written."""

import argparse
import json

import pytest
from matplotlib.image import imread


@pytest.fixture
def options(tmp_path):
    return argparse.Namespace(quick=True, device="cpu", output=tmp_path / "results")


def test_ways_run_in_turn_and_the_order_turns_round():
    from measure import alternate

    calls = []
    ways = {name: lambda name=name: calls.append(name) for name in "ab"}
    seconds = alternate(ways, repeats=2, warm_up=1, before=lambda: calls.append("-"))
    assert "".join(calls).replace("-", "") == "abbaab"
    assert calls.count("-") == 6
    assert {name: len(values) for name, values in seconds.items()} == {"a": 2, "b": 2}


def test_ratio_is_the_median_of_the_rounds_not_of_the_medians():
    from measure import Comparison

    comparison = Comparison(
        "work", "slow", {"slow": [4.0, 8.0, 40.0], "fast": [2.0, 1.0, 4.0]}, {"fast": 9.0}
    )
    assert comparison.ratio("fast") == (8.0, 2.0, 10.0)
    assert comparison.median("fast") == 2.0
    assert "NOT reached" in "\n".join(comparison.lines())


def test_report_holds_seconds_ratios_rates_and_the_machine(options, figures):
    from measure import Benchmark

    benchmark = Benchmark("try", options)
    benchmark.compare(
        *("counting", {"far": lambda: sum(range(20_000)), "near": lambda: sum(range(10))}, "far"),
        **{"repeats": 3, "reach": {"near": 1.5}, "amount": 10.0, "unit": "numbers", "notes": {"same": True}},
    )
    benchmark.more["limits"] = {"memory_gb_s": 1.0}
    benchmark.finish()
    report = json.loads((options.output / "try-quick.json").read_text())
    way = report["comparisons"][0]["ways"]["near"]
    assert way["ratio"] > 1
    assert len(way["seconds"]) == 3
    assert way["numbers_per_second"] > 0
    assert report["comparisons"][0]["notes"] == {"same": True}
    assert report["machine"]["threads"]["torch"] == report["machine"]["threads"]["faiss"]
    assert report["limits"] == {"memory_gb_s": 1.0}
    (axes,) = figures[0].axes
    (bar,) = axes.patches
    assert bar.get_width() == pytest.approx(way["ratio"], rel=1e-3)
    asked, even = (list(line.get_xdata()) for line in axes.lines[-2:])
    assert asked == [1.5, 1.5] and even == [1, 1]
    assert imread(options.output / "try-quick.png").shape[1] == 9 * 130


def test_memory_of_this_process_is_known():
    from machine import process_memory

    memory = process_memory()
    assert 0 < memory["anonymous"] <= memory["peak"]
