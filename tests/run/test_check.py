"""`run check`: every finding, with its line, in one pass."""

import gzip

import pytest

from pyserini_ltre.run.__main__ import main
from pyserini_ltre.run.check import check_run


@pytest.fixture(autouse=True)
def own_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("PYSERINI_LTRE_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def findings(text, **options):
    with open("run.txt", "wb") as file:
        file.write(text if isinstance(text, bytes) else text.encode())
    return [(finding.line, finding.text) for finding in check_run("run.txt", **options).findings]


def test_a_good_run_has_no_findings():
    text = "0007 Q0 NA 1 2.5 my-run_1.0\n0007 Q0 null 2 2.5 my-run_1.0\n1 Q0 NA 1 -1e-3 my-run_1.0\n"
    assert findings(text) == []
    checked = check_run("run.txt")
    assert (checked.lines, checked.hits, checked.ties) == (3, {"0007": 2, "1": 1}, 1)
    assert findings("1 Q0 a 0 2 t\n1 Q0 b 1 1 t\n") == []  # ranks may begin with 0


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (b"1 Q0 b 2 1.0", "5 columns"),
        (b"", "0 columns"),
        (b"1 Q0 b 2 1.0 t t", "7 columns"),
        (b"1 Q0 \xff 2 1.0 t", "not UTF-8"),
        (b"1 0 b 2 1.0 t", "second column '0'"),
        (b"1 Q0 b 3 1.0 t", "rank 3 after rank 1"),
        (b"1 Q0 b 1 1.0 t", "rank 1 after rank 1"),
        (b"1 Q0 b two 1.0 t", "rank 'two' is no whole number"),
        (b"1 Q0 b 2.0 1.0 t", "rank '2.0' is no whole number"),
        (b"2 Q0 b 2 1.0 t", "rank 2 in the first line of the query"),
        (b"1 Q0 b 2 3.5 t", "score 3.5 after 2"),
        (b"1 Q0 b 2 nan t", "score 'nan' is no finite number"),
        (b"1 Q0 b 2 inf t", "score 'inf' is no finite number"),
        (b"1 Q0 b 2 high t", "score 'high' is no finite number"),
        (b"1 Q0 b 2 1_0 t", "score '1_0' is no finite number"),
        (b"1 Q0 a 2 1.0 t", "query 1 has document a in line 1 already"),
        (b"1 Q0 b 2 1.0 other", "tag 'other', but 't' in line 1"),
    ],
)
def test_each_fault_is_found_in_its_line(line, message):
    found = findings(b"1 Q0 a 1 2.0 t\n" + line + b"\n")
    assert [number for number, _ in found] == [2]
    assert found[0][1].startswith(message)


@pytest.mark.parametrize("tag", ["ab/c", "a" * 21, "ä", "a,b"])
def test_tags_of_other_characters_or_too_long_are_found_once(tag):
    found = findings(f"1 Q0 a 1 2.0 {tag}\n1 Q0 b 2 1.0 {tag}\n")
    assert len(found) == 1 and found[0][0] == 1 and found[0][1].startswith(f"tag {tag!r}; use letters")


def test_all_findings_of_one_pass_in_the_order_of_the_lines(capsys, own_folder):
    (own_folder / "topics.tsv").write_text("1\topen\n2\tclose\n3\tread\n")
    (own_folder / "docids").write_text("a\nb\n0007\n")
    (own_folder / "run.txt").write_text(
        "1 Q0 a 1 2.0 t\n1 Q0 a 1 3.0 t\n9 Q0 x 1 nan t\nbroken\n2 Q0 7 1 1.0 t\n"
    )
    with pytest.raises(SystemExit) as end:
        main(["check", "run.txt", "--topics", "topics.tsv", "--docids", "docids"])
    out = capsys.readouterr().out.splitlines()
    assert end.value.code == 1
    starts = [
        "run.txt:2: query 1 has document a in line 1",
        "run.txt:2: rank 1 after rank 1",
        "run.txt:2: score 3.0 after 2",
        "run.txt:3: query 9 is none of the topics",
        "run.txt:3: document x is not in the collection",
        "run.txt:3: score 'nan'",
        "run.txt:4: 1 columns",
        "run.txt:5: document 7 is not in the collection",
        "run.txt: query 3 has no line",
        "9 findings in 5 lines",
    ]
    assert len(out) == len(starts)
    assert all(line.startswith(start) for line, start in zip(out, starts, strict=True))


def test_more_than_1000_hits_are_found_once():
    found = findings("".join(f"1 Q0 d{n} {n} {2000 - n} t\n" for n in range(1, 1004)))
    assert found == [(1001, "query 1 has more than 1000 lines; cut it (run convert --hits 1000)")]


def test_msmarco_runs():
    assert findings("1\t7\t1\n1\t8\t2\n", task="msmarco") == []
    found = findings("1\t7\t1\n1 8 2\n1\t7\t4\n", task="msmarco")
    assert [line for line, _ in found] == [2, 3, 3]
    assert found[0][1].startswith("1 columns; write query id, document id, rank, separated by tabs")


def test_empty_and_cut_off_files(own_folder):
    assert findings("") == [(None, "the file is empty; make it again")]
    packed = gzip.compress("".join(f"1 Q0 d{n} {n} {n * 7919 % 1000} t\n" for n in range(1, 500)).encode())
    (own_folder / "run.gz").write_bytes(packed)
    assert check_run("run.gz").lines == 499
    (own_folder / "run.gz").write_bytes(packed[:-300])
    checked = check_run("run.gz")
    assert "cut off" in checked.findings[-1].text or "cut off" in checked.findings[0].text
    (own_folder / "run.gz").write_bytes(b"no gzip")
    assert ["damaged" in finding.text for finding in check_run("run.gz").findings] == [True]


def test_missing_file_is_bad_input(capsys):
    with pytest.raises(SystemExit) as end:
        main(["check", "nowhere"])
    assert end.value.code == 2 and "nowhere: cannot be read" in capsys.readouterr().err


def test_docids_of_an_index_directory_and_of_a_tsv(own_folder, capsys):
    (own_folder / "run.txt").write_text("1 Q0 NA 1 2.0 t\n")
    (own_folder / "index").mkdir()
    (own_folder / "index" / "docid").write_text("NA\nnull\n")
    (own_folder / "collection.tsv").write_text("NA\tsome text\n")
    for docids in ("index", "collection.tsv"):
        main(["check", "run.txt", "--docids", docids])
        assert "no findings; 1 queries, 1 lines, 1 to 1 a query" in capsys.readouterr().out
    (own_folder / "empty").mkdir()
    with pytest.raises(SystemExit) as end:
        main(["check", "run.txt", "--docids", "empty"])
    assert end.value.code == 2
