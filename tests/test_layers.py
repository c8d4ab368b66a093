"""What docs/code.md and .importlinter say of imports is the same."""

import configparser
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
# What every part may import, and the way in for frozen programs: prose in docs/code.md.
IN_PROSE = {
    "errors",
    "unfinished",
    "files",
    "json_files",
    "options",
    "outputs",
    "home",
    "cluster",
    "__main__",
}


def parts(text):
    """The parts of our package that are named, without the package's own name."""
    return re.findall(r"\w+", re.sub(r"#.*|pyserini_ltre\.", "", text))


@pytest.fixture(scope="module")
def contracts():
    config = configparser.ConfigParser()
    config.read(ROOT / ".importlinter")
    return {name.rpartition(":")[2]: config[name] for name in config.sections() if ":contract:" in name}


@pytest.fixture(scope="module")
def table():
    """The rows of the first table of docs/code.md: part -> what it may import."""
    rows = re.findall(
        r"^\| `pyserini_ltre/(\w+)/` \|.*\| (.+) \|$", (ROOT / "docs" / "code.md").read_text(), re.M
    )
    return dict(rows)


def test_the_table_is_the_contract(contracts, table):
    allowed, below = {}, set()
    for line in reversed(contracts["layers"]["layers"].strip().splitlines()):
        allowed |= {part: set(below) for part in parts(line)}
        below |= {*parts(line)}
    for contract in contracts.values():
        for part in parts(contract.get("source_modules", "")):
            allowed[part] -= {*parts(contract["forbidden_modules"])}
    assert (
        allowed["errors"] == set()
        and allowed["unfinished"] <= {"errors"}
        and allowed["files"] == {"errors", "unfinished"}
    )
    said = {part: {*parts(cell.partition(";")[0])} - {"nothing"} for part, cell in table.items()}
    assert said == {part: may - IN_PROSE for part, may in allowed.items() if part not in IN_PROSE}


def test_the_table_goes_from_top_to_bottom(contracts, table):
    order = [part for part in parts(contracts["layers"]["layers"]) if part not in IN_PROSE]
    assert list(table) == order


def test_the_exception_is_said(contracts, table):
    arrows = re.findall(
        r"pyserini_ltre\.(\S+) -> pyserini_ltre\.(\w+)", contracts["layers"]["ignore_imports"]
    )
    assert {source for source, _ in arrows} == {"registry.__main__"}
    exceptions = {part: cell.partition(";")[2] for part, cell in table.items() if ";" in cell}
    assert exceptions.keys() == {"registry"}
    assert parts(exceptions["registry"].rpartition(":")[2]) == sorted(part for _, part in arrows)


def test_every_folder_of_the_package_has_a_row(table):
    assert {file.parent.name for file in (ROOT / "pyserini_ltre").glob("*/__init__.py")} == table.keys()
