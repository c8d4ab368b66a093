"""Collections by name: the embedded one, or a folder."""

from pyserini_ltre.collection.beir import BeirFolder
from pyserini_ltre.collection.python_stdlib import PythonStdlib


def open_collection(name: str) -> BeirFolder | PythonStdlib:
    """Open ``python-stdlib`` or a folder in BEIR's layout.

    Parameters
    ----------
    name : str
        ``python-stdlib``, or the path of a folder.

    Returns
    -------
    BeirFolder or PythonStdlib
        Both give ``documents()``, ``queries(split)``, ``qrels(split)`` and ``splits``.

    Raises
    ------
    InputError
        If it is neither.
    """
    return PythonStdlib() if name == "python-stdlib" else BeirFolder(name)
