"""The scores that are expected, and whether what came out is one of them."""

import json
from typing import NamedTuple

from pyserini_ltre.files import atomic_file
from pyserini_ltre.json_files import check_shape, read_json
from pyserini_ltre.registry.registry_file import resources
from pyserini_ltre.reproduce.collections import EMBEDDED, KNOWN
from pyserini_ltre.reproduce.conditions import CONDITIONS
from pyserini_ltre.reproduce.results import Results

FILE = resources() / "reproduction.json"
_REMEDY = "take the file that comes with the package"
PASS, FAIL, UNKNOWN = "pass", "FAIL", "no expected score"


class Verdict(NamedTuple):
    """What to say about a condition on a collection.

    Attributes
    ----------
    status : str
        `PASS`, `FAIL` or `UNKNOWN`.
    measure : str
        The measure that decides.
    observed : float
        Its value.
    expected : dict of str to float, optional
        Every measure as it is expected, if there is an expectation for this collection and encoder.
    tolerance : float
        How far `observed` may be from it.
    why : str
        Why there is no expected score.
    """

    status: str
    measure: str
    observed: float
    expected: dict[str, float] | None = None
    tolerance: float = 0.0
    why: str = ""

    def line(self, collection: str, condition: str) -> str:
        """One line for the terminal."""
        what = f"{collection:22} {condition:22} {self.measure} {self.observed:.4f}"
        if self.expected is None:
            return f"      {what}  {UNKNOWN} {self.why}"
        expected = f"(expected {self.expected[self.measure]:.4f}, tolerance {self.tolerance})"
        return f"{self.status:4}  {what}  {expected}"


def judge(results: Results, condition: str) -> Verdict:
    """Compare the main measure of one of the conditions in a collection's ``results.json`` with what is expected."""
    name = results["settings"]["collection"]
    measure = KNOWN[name].measures[0]
    observed = results["conditions"][condition]["measures"][measure]
    table = _read_table()
    entry = _entry(table, results)
    trained_on = results.get("trained_on")
    transferred = trained_on and CONDITIONS[condition].needs_training_queries
    if entry and transferred and entry.get("trained_on") != trained_on:
        entry = None
    scores = entry["scores"].get(condition) if entry else None
    if entry is None or scores is None:
        return Verdict(UNKNOWN, measure, observed, why=_why(table, results, entry is not None))
    check_shape(entry["scores"], {condition: {measure: float}}, FILE, _REMEDY)
    tolerance = table["tolerance"][CONDITIONS[condition].kind]
    within = abs(observed - scores[measure]) <= tolerance + 1e-9
    return Verdict(PASS if within else FAIL, measure, observed, scores, tolerance)


def record(results: Results, condition: str) -> None:
    """Make the observed scores of a condition the expected ones (for maintainers, in a checkout)."""
    table = _read_table()
    entry = _entry(table, results)
    if entry is None:
        entry = {**results["settings"], "scores": {}}
        table["expected"].append(entry)
    if "trained_on" in results:
        entry["trained_on"] = results["trained_on"]
    measures = results["conditions"][condition]["measures"]
    entry["scores"][condition] = {measure: round(value, 4) for measure, value in measures.items()}
    with atomic_file(FILE) as file:
        json.dump(table, file, indent=1)
        file.write("\n")


def _read_table() -> dict:
    """The file of expected scores; an `InputError` says if it is damaged."""
    entry = {"collection": str, "fingerprint": str, "encoder": str, "scores": {str: {str: float}}}
    tolerance = {condition.kind: float for condition in CONDITIONS.values()}
    table = read_json(FILE, _REMEDY)
    check_shape(table, {"tolerance": tolerance, "expected": [entry]}, FILE, _REMEDY)
    return table


def _entry(table: dict, results: Results) -> dict | None:
    settings = results["settings"]
    return next((e for e in table["expected"] if all(e.get(k) == v for k, v in settings.items())), None)


def _why(table: dict, results: Results, condition_missing: bool) -> str:
    settings = results["settings"]
    if condition_missing:
        return "for this condition"
    known = [entry for entry in table["expected"] if entry["collection"] == settings["collection"]]
    if any(entry["fingerprint"] == settings["fingerprint"] for entry in known):
        return "for this encoder"
    if settings["collection"] == EMBEDDED:
        return f"for this library (Python {settings['Python']})"
    return "for this version of the collection"
