import gzip
import hashlib
import json

import pytest

from pyserini_ltre.collection import read_msmarco_run, read_run
from pyserini_ltre.errors import InputError
from pyserini_ltre.run import convert
from pyserini_ltre.run.__main__ import main


@pytest.fixture(autouse=True)
def run_file(tmp_path, monkeypatch):
    """A run whose lines are not in the order of their scores, with more decimals than six."""
    monkeypatch.setenv("PYSERINI_LTRE_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    lines = [
        "0007 Q0 b 1 0.25 mine",
        "0007 Q0 NA 2 0.75 mine",
        "0007 Q0 a 3 0.25 mine",
        "1 Q0 a 9 1e-09 mine",
    ]
    (tmp_path / "run.txt").write_text("\n".join(lines) + "\n")
    return tmp_path / "run.txt"


def test_trec_to_trec_sorts_cuts_and_retags(tmp_path):
    convert("run.txt", "sorted.txt")
    assert (tmp_path / "sorted.txt").read_text() == (
        "0007 Q0 NA 1 0.75 mine\n0007 Q0 a 2 0.25 mine\n0007 Q0 b 3 0.25 mine\n1 Q0 a 1 1e-09 mine\n"
    )
    convert("run.txt", "cut.txt", hits=2, tag="other")
    assert (tmp_path / "cut.txt").read_text() == (
        "0007 Q0 NA 1 0.75 other\n0007 Q0 a 2 0.25 other\n1 Q0 a 1 1e-09 other\n"
    )
    main(["check", "cut.txt"])


def test_there_and_back(tmp_path, capsys):
    main(["convert", "run.txt", "--to", "msmarco", "--output", "run.tsv"])
    assert (tmp_path / "run.tsv").read_text() == "0007\tNA\t1\n0007\ta\t2\n0007\tb\t3\n1\ta\t1\n"
    assert capsys.readouterr().out == "2 queries, 4 hits in run.tsv\n"
    main(["check", "run.tsv", "--task", "msmarco"])
    main(["convert", "run.tsv", "--output", "back.txt"])
    back = read_run("back.txt")
    assert list(back["0007"]) == ["NA", "a", "b"] and back["0007"]["b"] == 1 / 3
    assert read_msmarco_run("run.tsv") == back
    main(["check", "back.txt"])


def test_a_thousand_ranks_survive(tmp_path):
    (tmp_path / "long.tsv").write_text("".join(f"1\td{n}\t{n}\n" for n in range(1, 1001)))
    convert("long.tsv", "long.txt")
    convert("long.txt", "again.tsv", to="msmarco")
    assert (tmp_path / "long.tsv").read_bytes() == (tmp_path / "again.tsv").read_bytes()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("1\ta\n", "run.tsv:1: 2 columns; a TREC run has six"),
        ("1\ta\t1\n1\tb\n", "run.tsv:2: 2 columns"),
        ("1\ta\t0\n", "run.tsv:1: rank '0' is no whole number"),
        ("1\ta\t1\n1\tb\t1\n", "run.tsv:2: query 1 has rank 1 twice"),
        ("1\ta\t1\n1\ta\t2\n", "run.tsv:2: query 1 has document a twice"),
        ("", "run.tsv: the file is empty"),
    ],
)
def test_bad_msmarco_runs(tmp_path, text, message):
    (tmp_path / "run.tsv").write_text(text)
    with pytest.raises(InputError) as error:
        convert("run.tsv", "out.txt")
    assert str(error.value).startswith(message)
    assert not (tmp_path / "out.txt").exists()


def test_bad_options():
    with pytest.raises(InputError, match="`hits` 0"):
        convert("run.txt", "out.txt", hits=0)
    with pytest.raises(InputError, match="tag 'a b'"):
        convert("run.txt", "out.txt", tag="a b")


def test_package_is_checked_gzipped_and_described(tmp_path, capsys):
    convert("run.txt", "good.txt")
    (tmp_path / "topics.tsv").write_text("0007\topen\n1\tclose\n")
    options = ["--topics", "topics.tsv", "--description", "made by a test"]
    main(["package", "good.txt", "--output", "one", *options])
    main(["package", "good.txt", "--output", "two", *options])
    packed = (tmp_path / "one" / "mine.gz").read_bytes()
    assert packed == (tmp_path / "two" / "mine.gz").read_bytes()
    assert gzip.decompress(packed) == (tmp_path / "good.txt").read_bytes()
    assert json.loads((tmp_path / "one" / "mine.json").read_text()) == {
        "run": "mine.gz",
        "task": "trec",
        "description": "made by a test",
        "queries": 2,
        "lines": 4,
        "hits per query": {"fewest": 1, "most": 3},
        "checked against": {"topics": "topics.tsv"},
        "bytes": len(packed),
        "md5": hashlib.md5(packed).hexdigest(),
        "sha256": hashlib.sha256(packed).hexdigest(),
    }
    assert sorted(path.name for path in (tmp_path / "one").iterdir()) == ["mine.gz", "mine.json"]
    main(["check", "one/mine.gz"])
    with pytest.raises(SystemExit) as end:
        main(["package", "good.txt", "--output", "one"])
    assert end.value.code == 2 and "one is not empty" in capsys.readouterr().err


def test_a_run_with_findings_is_not_packaged(tmp_path, capsys):
    with pytest.raises(SystemExit) as end:
        main(["package", "run.txt", "--output", "package"])
    assert end.value.code == 1 and "run.txt:2: score 0.75 after 0.25" in capsys.readouterr().out
    assert not (tmp_path / "package").exists()


def test_msmarco_package_goes_by_its_file(tmp_path):
    convert("run.txt", "run.tsv", to="msmarco")
    main(["package", "run.tsv", "--task", "msmarco", "--output", "package"])
    assert sorted(path.name for path in (tmp_path / "package").iterdir()) == ["run.tsv.gz", "run.tsv.json"]
