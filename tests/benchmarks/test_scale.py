"""What is computed from what was measured."""

import json

import pytest


def test_step_is_the_encoder_and_a_share_of_the_search():
    from scale import step_seconds

    assert step_seconds(1_000_000, 4, encoder=0.5, search=2e-6) == pytest.approx(1.0)


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
    for name, report in reports.items():
        (tmp_path / f"{name}.json").write_text(json.dumps(report))
    memory, steps, encoding, measured = (
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
