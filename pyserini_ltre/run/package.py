"""A run made ready to hand in: checked, gzipped, with a file that describes it."""

import gzip
import hashlib
import json
import os
import shutil
from pathlib import Path

from pyserini_ltre.collection.lines import open_bytes
from pyserini_ltre.errors import InputError
from pyserini_ltre.files import atomic_directory
from pyserini_ltre.run.check import Checked, Task


def package(
    path: str | os.PathLike,
    output: str | os.PathLike,
    checked: Checked,
    task: Task = "trec",
    description: str = "",
    against: dict[str, str] | None = None,
    overwrite: bool = False,
) -> Path:
    """Write a directory with the gzipped run and its description.

    The same run gives the same bytes: the gzip file holds no date and no file name.

    Parameters
    ----------
    path : path
        The run file.
    output : path
        The directory to write: ``TAG.gz`` and ``TAG.json``; an MS MARCO run, which has no tag, goes by its file.
    checked : Checked
        What `check_run` says about it.
    task : {"trec", "msmarco"}
        Its format.
    description : str
        How the run was made, in words.
    against : dict of str to str, optional
        What it was checked against: ``topics`` and ``docids``, and the file of each.
    overwrite : bool
        Whether a directory that is not empty may be replaced.

    Returns
    -------
    Path
        The gzipped run.

    Raises
    ------
    InputError
        If the check has findings.
    """
    if checked.findings:
        raise InputError(f"{path}: {len(checked.findings)} findings; mend them before handing the run in")
    name = next(iter(checked.tags)) if task == "trec" else Path(path).name.removesuffix(".gz")
    with atomic_directory(output, overwrite) as directory:
        packed = directory / f"{name}.gz"
        with (
            open_bytes(path) as source,
            open(packed, "wb") as file,
            gzip.GzipFile(filename="", mode="wb", fileobj=file, mtime=0) as target,
        ):
            shutil.copyfileobj(source, target)
        content = packed.read_bytes()
        record = {
            "run": packed.name,
            "task": task,
            "description": description,
            "queries": len(checked.hits),
            "lines": checked.lines,
            "hits per query": {"fewest": min(checked.hits.values()), "most": max(checked.hits.values())},
            "checked against": against or {},
            "bytes": len(content),
            "md5": hashlib.md5(content, usedforsecurity=False).hexdigest(),
            "sha256": hashlib.sha256(content).hexdigest(),
        }
        text = json.dumps(record, indent=2, ensure_ascii=False)
        (directory / f"{name}.json").write_text(text + "\n", encoding="utf-8")
    return Path(output) / packed.name
