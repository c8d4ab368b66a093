"""Commands that are killed at a random moment go on when they are run again, and end as if nothing had been.

Run with ``pytest integrations/test_kills.py`` (an hour and a half with the usual 20 kills of each, on one core, no
network; ``LTRE_KILLS`` asks for another number, ``LTRE_KILL_SEED`` for other moments).
docs/reliability.md has what was seen.
"""

import json
import os
import random
import shutil
from pathlib import Path

import pytest
from conftest import FUNCTIONS, Commands

from pyserini_ltre.workflow.commands import packaged_encoder

KILLS = int(os.environ.get("LTRE_KILLS", "20"))
SEED = int(os.environ.get("LTRE_KILL_SEED", "1"))


# Where it was written to and how long it took; the mean loss since the last time that it was noted, which begins anew.
MAY_DIFFER = ("command", "seconds", "loss_history")


def content(path: Path) -> dict[str, object]:
    """What must be the same: every file, less pictures, and of records what may differ."""
    if path.is_file():
        return {path.name: path.read_bytes()}
    files: dict[str, object] = {}
    for file in sorted(path.rglob("*")):
        if file.name == "pyserini_ltre.json":
            record = json.loads(file.read_text())
            files[file.name] = {name: record[name] for name in record if name not in MAY_DIFFER}
        elif file.is_file() and file.suffix != ".png":
            files[str(file.relative_to(path))] = file.read_bytes()
    return files


def arguments_of(command: str, demo: Path) -> tuple[object, ...]:
    """A command but for its output.

    A training is measured on the queries that it is trained on: of the demo's few dev queries, the frozen encoder
    answers all rightly, and would be kept.
    """
    judged = [
        f"--{side}{kind}={demo}/{name}.train.{end}"
        for side in ("", "dev-")
        for kind, name, end in (("queries", "topics", "tsv"), ("qrels", "qrels", "txt"))
    ]
    encoder = f"--encoder={packaged_encoder()}"
    train = ("pyserini_ltre.train", "adore", f"--index={demo}/index", encoder, *judged, "--resume")
    return {
        "encode": ("pyserini_ltre.encode", encoder, f"--collection={demo}/collection"),
        "adapter": (*train, "--trainable=adapter", "--epochs=40", "--evaluations=10"),
        "encoder": (*train, "--trainable=encoder", "--epochs=4", "--evaluations=8"),
        "compress": ("pyserini_ltre.index", "compress", f"--index={demo}/index", "--factory=PQ16x4"),
        "fuse": ("pyserini_ltre.run", "fuse", "--runs", demo / "runs/frozen.txt", demo / "runs/bm25.txt"),
    }[command]


@pytest.mark.parametrize("name", ["encode", "adapter", "encoder", "compress", "fuse"])
def test_a_killed_command_is_run_again(
    name: str, commands: Commands, demo: tuple[Path, float], tmp_path: Path
) -> None:
    arguments = arguments_of(name, demo[0])
    whole = tmp_path / "whole"
    whole.mkdir()
    seconds = commands.run(*arguments, f"--output={whole}/out")
    if name in ("adapter", "encoder"):
        assert content(whole / "out")["pyserini_ltre.json"]["improved"], (
            "the frozen weights would be compared"
        )
    moments = random.Random(SEED)
    for kill in range(KILLS):
        place = tmp_path / str(kill)
        place.mkdir()
        commands.killed(moments.uniform(0, seconds), *arguments, f"--output={place}/out")
        if not (place / "out").exists():  # killed before its end
            commands.run(*arguments, f"--output={place}/out")
        assert content(place / "out") == content(whole / "out"), f"kill {kill}"
        assert [path.name for path in place.iterdir()] == ["out"], f"kill {kill} has left something"
        shutil.rmtree(place)


def test_a_killed_demo_goes_on(commands: Commands, demo: tuple[Path, float], tmp_path: Path) -> None:
    whole, seconds = demo
    moments = random.Random(SEED)
    place = tmp_path / "demo"
    again = ("pyserini_ltre.demo", "--limit", FUNCTIONS, "--output", place)
    kills = 0
    while kills < KILLS:
        # Killed again and again, until it has come to its end: half of its time is enough for its longest stage.
        while kills < KILLS and commands.killed(moments.uniform(0, seconds / 2), *again):
            kills += 1
        commands.run(*again)
        for part in ("runs", "collection", "index", "topics.test.json", "qrels.test.txt"):
            assert content(place / part) == content(whole / part), f"kill {kills}: {part}"
        weights = [(folder / "model" / "model.safetensors").read_bytes() for folder in (place, whole)]
        assert weights[0] == weights[1], f"kill {kills}: the trained encoder"
        assert sorted(path.name for path in place.iterdir()) == sorted(
            path.name for path in whole.iterdir()
        ), f"kill {kills} has left something"
        shutil.rmtree(place)
