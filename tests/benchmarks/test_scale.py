"""What is computed from what was measured."""

import json

import pytest

PARTS = {"milliseconds": {"vectors": 40.0}, "bytes": {"vectors": 2e7, "search, sent and answered": 4e5}}
RAY_STEP = {
    "milliseconds of an exchange, by workers": {
        "2": {"passed": 10.0, "computed by the learner": 5.0},
        "8": {"passed": 70.0, "computed by the learner": 17.0},
    },
    "comparisons": [{"notes": {"parts": PARTS}}],
}


def test_step_is_the_encoder_and_a_share_of_the_search():
    from scale import Exchange, step_seconds

    none = Exchange(0.0, 0.0, 0.0, 0.0, 0.0)
    assert step_seconds(1_000_000, 4, encoder=0.5, search=2e-6, exchange=none) == pytest.approx(1.0)


def test_machines_that_work_together_tell_each_other():
    from scale import NETWORK, read_exchange

    exchange = read_exchange(RAY_STEP)
    assert exchange.seconds(1) == 0
    measured = 0.006 + 10 * 0.002 + 0.04
    assert exchange.seconds(10) == pytest.approx(measured + (2e7 + 10 * 2e5) / NETWORK)


def test_ratio_grows_by_encodings_against_searches():
    from scale import ratio_table

    def points(*measures):
        return [
            {"step": 10 * i, "train_seconds": 100.0 * i, "nDCG@10": value} for i, value in enumerate(measures)
        ]

    ours = {"threads": 1, "seconds": 50.0, "points": [{"step": 0}, {"step": 100}]}
    curves = {
        "adapter": {**ours, "ends_with": 0.5},
        "encoder": {**ours, "ends_with": 0.7},
        "both-sides": {"points": points(0.4, 0.45, 0.5)},
        "refresh": {"points": points(0.4, 0.45, 0.5, 0.7)},
        "encoding": {"documents": 10_000, "fp32": 200.0},
    }
    lines = ratio_table(curves, search=1e-6, threads=2).splitlines()
    cells = {
        tuple(part.strip() for part in line.split("|")[1:3]): line.split("|")[3:-1] for line in lines[2:]
    }
    assert [float(cell) for cell in cells["adapter", "both-sides"]][:2] == pytest.approx(
        [(200 + 200) / 50, (200 + 2000) / (50 + 90_000 * 2e-4)], rel=0.02
    )
    # After two points the refresh has encoded twice.
    assert float(cells["adapter", "refresh"][0]) == pytest.approx((200 + 400) / 50)
    assert cells["encoder", "both-sides"][0].strip() == "never"
    assert float(cells["encoder", "refresh"][0]) == pytest.approx((300 + 600) / 50)


def test_tables_follow_from_the_json(tmp_path):
    from encoding import HALF
    from encoding import OURS as FULL
    from large_search import DOCUMENTS, FLAT, OURS, QUANTIZED
    from scale import tables
    from training_step import OURS_HALF

    ways = {FLAT: {"median": 20.0}, OURS: {"median": 2.0}, QUANTIZED: {"median": 6.0}}
    step = {
        "ways": {OURS_HALF: {"median": 1.0}},
        "notes": {"share of the step": {OURS_HALF: {"search and loss": 0.1}}},
    }
    reports = {
        "large_search": {"comparisons": [{"ways": ways}]},
        "training_step": {"comparisons": [step]},
        "encoding": {
            "comparisons": [
                {"ways": {FULL: {"documents_per_second": 50}, HALF: {"documents_per_second": 100}}}
            ]
        },
    }
    point = {"step": 10, "train_seconds": 5.0, "nDCG@10": 0.5}
    curve = {"threads": 2, "seconds": 1.0, "ends_with": 0.4, "points": [{**point, "nDCG@10": 0.3}, point]}
    methods = ("adapter", "encoder", "both-sides", "refresh")
    curves = dict.fromkeys(methods, curve) | {"encoding": {"documents": 100, "fp32": 2.0}}
    reports["time_to_quality"] = {"curves": curves}
    growth = [{"work": "training step", "ways": {OURS_HALF: {"median": m}}} for m in (0.2, 0.5)]
    reports["growth"] = {"comparisons": growth, "machine": {"threads": {"torch": 2}}}
    reports["ray_step"] = RAY_STEP
    for name, report in reports.items():
        (tmp_path / f"{name}.json").write_text(json.dumps(report))
    memory, steps, encoding, _, measured = (
        " ".join(text.replace("\n", " ¶ ").split()).replace(" ¶ ", "\n")
        for text in tables(tmp_path, 0.5, 20.0)
    )
    assert f"{DOCUMENTS * 1536 / 1e9:.0f}" in memory
    # 0.9 s besides the search, 2 s for all of MS MARCO on one machine.
    assert any(
        "MS MARCO passage" in line and "| 1 |" in line and "2.90" in line for line in steps.splitlines()
    )
    # 138,364,198 x 1536 bytes in parts of 20 GB.
    assert any("v2" in line and "bf16" in line and "| 11 |" in line for line in steps.splitlines())
    assert "5,556" in encoding and "2,778" in encoding  # a billion at 20 and at 10 ms
    assert "0.900 s a step" in measured
    assert "2.0 ms a machine" in measured and "20.0 MB travel" in measured
