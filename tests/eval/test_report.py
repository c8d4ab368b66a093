import subprocess
import sys

from matplotlib.image import imread

from pyserini_ltre.eval import markdown_table
from pyserini_ltre.eval.comparison_pictures import draw_gains, draw_trade_off
from pyserini_ltre.eval.pictures import draw_measures
from pyserini_ltre.eval.table import Table

GREY, BLUE, VERMILION = (0x99, 0x99, 0x99), (0x00, 0x72, 0xB2), (0xD5, 0x5E, 0x00)


def count(path, colour):
    """Count the pixels of a colour."""
    return ((imread(path)[..., :3] * 255).round().astype(int) == colour).all(axis=-1).sum()


def test_table_is_aligned_markdown():
    table = markdown_table(["run", "nDCG@10"], [["frozen", "0.449"], ["a|b", 1]])
    assert table.splitlines() == [
        "| run    | nDCG@10 |",
        "| ------ | ------: |",
        "| frozen |   0.449 |",
        "| a\\|b   |       1 |",
    ]
    assert markdown_table(["a", "b"], []).splitlines() == ["| a   |   b |", "| --- | --: |"]


def test_picture_has_a_bar_in_each_systems_colour(tmp_path):
    path = tmp_path / "results.png"
    rows = {"frozen": {"nDCG@10": 0.4, "RR@10": 0.2}, "trained": {"nDCG@10": 0.8, "RR@10": 0.4}}
    draw_measures(path, rows, "a title")
    assert count(path, GREY) > 1000
    assert 1.9 < count(path, BLUE) / count(path, GREY) < 2.1


def test_intervals_are_drawn_on_the_bars(tmp_path):
    rows = {"frozen": {"RR@10": 0.5}, "trained": {"RR@10": 0.5}}
    bounds = {"frozen": {"RR@10": (0.4, 0.6)}, "trained": {"RR@10": (0.1, 1.2)}}
    draw_measures(tmp_path / "with.png", rows, "a title", bounds)
    pixels = imread(tmp_path / "with.png")[..., :3]
    dark = (abs(pixels - 0x33 / 255) < 0.01).all(axis=-1)
    middle = dark.shape[1] // 2
    assert dark[:, middle:].any(axis=1).sum() > 3 * dark[:, :middle].any(axis=1).sum() > 0


def test_gains_and_losses_have_their_colours(tmp_path):
    baseline = {str(qid): 0.5 for qid in range(100)}
    other = {qid: 1.0 if int(qid) < 60 else 0.25 for qid in baseline}
    draw_gains(tmp_path / "gains.png", {"frozen": baseline, "trained": other}, "frozen", "RR@10")
    # 60 gains of 0.5 against 40 losses of 0.25.
    assert 2.7 < count(tmp_path / "gains.png", BLUE) / count(tmp_path / "gains.png", VERMILION) < 3.3
    draw_gains(tmp_path / "same.png", {"frozen": baseline, "trained": baseline}, "frozen", "RR@10")
    assert count(tmp_path / "same.png", BLUE) == count(tmp_path / "same.png", VERMILION) == 0


def test_the_trade_off_has_a_mark_for_each_system(tmp_path):
    values, speeds = {"frozen": 0.4, "trained": 0.5}, {"frozen": 100.0, "trained": 2.0}
    bounds = {"frozen": (0.3, 0.5), "trained": (0.4, 0.6)}
    draw_trade_off(tmp_path / "one.png", values, speeds, "RR@10", bounds)
    assert count(tmp_path / "one.png", GREY) > 100
    assert count(tmp_path / "one.png", BLUE) > 100


def test_tables_are_escaped():
    table = Table("50 % of a_b", ("run", "n"), [("a_b & c^2", "1* ")], ("* below <0.05",))
    assert r"\caption{50 \% of a\_b}" in table.latex()
    assert r"a\_b \& c\textasciicircum{}2 & 1\textsuperscript{*} \\" in table.latex()
    assert r"\textsuperscript{*} below \textless{}0.05" in table.latex()
    assert table.markdown().endswith("\n\n\\* below <0.05")
    assert table.plain().splitlines() == [
        "50 % of a_b",
        "",
        "run          n",
        "---------  ---",
        "a_b & c^2  1*",
        "* below <0.05",
    ]


def test_zero_everywhere_can_be_drawn(tmp_path, figures):
    draw_measures(tmp_path / "zero.png", {"a": {"RR@10": 0.0}}, "nothing found")
    assert figures[0].axes[0].get_ylim() == (0, 1)
    assert count(tmp_path / "zero.png", (255, 255, 255)) > 0.9 * imread(tmp_path / "zero.png")[..., 0].size


def test_imports_stay_cheap():
    program = (
        "import sys, pyserini_ltre.collection, pyserini_ltre.eval; print({'torch', 'transformers', 'pandas', "
        "'numpy', 'scipy', 'ir_measures', 'matplotlib'} & set(sys.modules))"
    )
    output = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    ).stdout
    assert output.strip() == "set()"
