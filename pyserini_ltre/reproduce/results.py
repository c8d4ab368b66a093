"""What came out, as a collection's folder of the matrix remembers it."""

from pathlib import Path
from typing import Any

from pyserini_ltre.errors import InputError
from pyserini_ltre.json_files import check_shape, read_json
from pyserini_ltre.reproduce.collections import KNOWN

RESULTS = "results.json"
Results = dict[str, Any]
"""What a collection's ``results.json`` holds; see `matrix.Matrix.run`."""
_REMEDY = "remove it and run the conditions again: what is done is not done anew"


def read_results(folder: Path, collection: str) -> Results:
    """Read the ``results.json`` of a collection's folder; empty if there is none.

    Raises
    ------
    InputError
        If it is damaged, or of another collection.
    """
    file = folder / RESULTS
    results: Results = read_json(file, _REMEDY)
    if not file.is_file():
        return results
    condition = {
        "measures": {measure: float for measure in KNOWN[collection].measures},
        "commands": [{"command": str, "seconds": float}],
        "weights?": str,
    }
    shape = {
        "settings": {"collection": str, "fingerprint": str, "encoder": str, "Python?": str},
        "queries": object,
        "conditions": {str: condition},
        "trained_on?": {"name": str, "fingerprint": str},
    }
    check_shape(results, shape, file, _REMEDY)
    if results["settings"]["collection"] != collection:
        raise InputError(
            f"{file}: results of {results['settings']['collection']}, not {collection}; {_REMEDY}"
        )
    return results
