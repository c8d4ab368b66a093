import subprocess
import sys

from matplotlib.image import imread

from pyserini_ltre.eval import markdown_table
from pyserini_ltre.eval.pictures import draw_measures


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
    pixels = (imread(path)[..., :3] * 255).round().astype(int)
    grey = (pixels == (0x99, 0x99, 0x99)).all(axis=-1).sum()
    blue = (pixels == (0x00, 0x72, 0xB2)).all(axis=-1).sum()
    assert grey > 1000
    assert 1.9 < blue / grey < 2.1


def test_zero_everywhere_can_be_drawn(tmp_path):
    draw_measures(tmp_path / "zero.png", {"a": {"RR@10": 0.0}}, "nothing found")
    assert (tmp_path / "zero.png").read_bytes().startswith(b"\x89PNG")


def test_imports_stay_cheap():
    program = (
        "import sys, pyserini_ltre.collection, pyserini_ltre.eval; print({'torch', 'transformers', 'pandas', "
        "'numpy', 'scipy', 'ir_measures', 'matplotlib'} & set(sys.modules))"
    )
    output = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    ).stdout
    assert output.strip() == "set()"
