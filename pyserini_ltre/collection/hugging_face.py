"""A collection among Hugging Face data sets, on the hub or on disk, laid out as ``BeIR/scifact`` is."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from pyserini_ltre.collection.lines import json_id, json_text
from pyserini_ltre.collection.queries import checked_queries
from pyserini_ltre.collection.records import Document, Qrels, Queries, check_split, queries_with_judgements
from pyserini_ltre.errors import InputError
from pyserini_ltre.files import is_possible
from pyserini_ltre.json_files import check_shape, read_json

if TYPE_CHECKING:
    from datasets import Dataset, IterableDataset

    Rows: TypeAlias = Dataset | IterableDataset

_ROWS_AT_ONCE = 1000
_REMEDY = "save it again"
_OF_DAMAGED_FILES = (
    OSError,
    ValueError,
    TypeError,
    LookupError,
    AttributeError,
    RecursionError,
    NotImplementedError,
)
_SAVED = ("dataset_dict.json", "dataset_info.json")


class HuggingFaceCollection:
    """Configurations ``corpus`` and ``queries``, and judgements in the data set of that name with ``-qrels``.

    The rows of ``corpus`` have ``_id``, ``title`` and ``text``, those of ``queries`` ``_id`` and ``text``, and
    the judgements, one data set a split, ``query-id``, ``corpus-id`` and ``score``. Ids that are numbers there
    become text.

    Parameters
    ----------
    name : str
        ``owner/name`` on the hub, or a folder: a clone of such a data set, or what ``save_to_disk`` left, as
        one `DatasetDict` or as folders ``corpus``, ``queries`` and ``qrels`` in it. In a folder, the
        judgements may be in ``qrels`` as well as in the folder's neighbour with ``-qrels``.

    Raises
    ------
    InputError
        From every method, if the data set cannot be loaded or a row is malformed (which is named).
    """

    def __init__(self, name: str) -> None:
        self.name = name

    @property
    def splits(self) -> tuple[str, ...]:
        """The splits that have judgements, sorted by name."""
        return tuple(sorted(self._qrels))

    def documents(self) -> Iterator[Document]:
        """Read the documents, a thousand rows at a time."""
        for where, row in self._rows("corpus", self._only("corpus")):
            yield Document(json_id(row, where), json_text(row, "title", where), json_text(row, "text", where))

    def queries(self, split: str) -> Queries:
        """Read the queries that are judged in a split."""
        return queries_with_judgements(self._queries, self.qrels(split), f"{self.name} (queries)", self.name)

    def qrels(self, split: str) -> Qrels:
        """Read the judgements of a split."""
        check_split(split, self.splits, self.name)
        qrels: Qrels = {}
        for where, row in self._rows(f"qrels, {split}", self._qrels[split]):
            qid = json_id({"_id": row.get("query-id")}, where)
            docid = json_id({"_id": row.get("corpus-id")}, where)
            grade = row.get("score")
            if not isinstance(grade, int | float) or not float(grade).is_integer():
                raise InputError(f"{where}: score {grade!r} is no integer; write 0, 1, 2 ...")
            qrels.setdefault(qid, {})[docid] = int(grade)
        return qrels

    @cached_property
    def _queries(self) -> Queries:
        rows = self._rows("queries", self._only("queries"))
        return checked_queries(
            (where, json_id(row, where), json_text(row, "text", where)) for where, row in rows
        )

    @cached_property
    def _qrels(self) -> dict[str, "Rows"]:
        inside = Path(self.name) / "qrels"
        return _load(str(inside)) if inside.exists() else _load(f"{self.name.rstrip('/')}-qrels")

    def _only(self, part: str) -> "Rows":
        """Load ``corpus`` or ``queries``; where it is divided into splits, the one of its own name counts."""
        folder = Path(self.name)
        loaded = _load(str(folder / part)) if is_saved(folder / part) else _load(self.name, part)
        if part not in loaded and len(loaded) != 1:
            raise InputError(f"{self.name}: no {part} among {', '.join(loaded)}; name a data set that has it")
        return loaded[part] if part in loaded else next(iter(loaded.values()))

    def _rows(self, part: str, rows: "Rows") -> Iterator[tuple[str, dict[str, Any]]]:
        number = 0
        batches = iter(rows.iter(_ROWS_AT_ONCE))
        while True:
            with _explained(self.name):
                batch = next(batches, None)
            if batch is None:
                return
            for values in zip(*batch.values(), strict=True):
                number += 1
                yield f"{self.name} ({part}), row {number}", dict(zip(batch, values, strict=True))


def is_saved(folder: Path) -> bool:
    """Whether ``save_to_disk`` made a folder."""
    return any((folder / name).exists() for name in _SAVED)


def is_hugging_face_folder(folder: Path) -> bool:
    """Whether a folder holds what `HuggingFaceCollection` reads."""
    card = folder / "README.md"
    clone = card.is_file() and "config_name: corpus" in card.read_text(encoding="utf-8", errors="replace")
    return clone or is_saved(folder) or is_saved(folder / "corpus")


def _load(name: str, configuration: str | None = None) -> dict[str, "Rows"]:
    import datasets

    saved = is_saved(Path(name))
    if saved:
        _check_saved(Path(name))
    with _explained(name):
        if not saved:
            return dict(datasets.load_dataset(name, configuration, streaming=True))
        loaded = datasets.load_from_disk(name)
        return dict(loaded) if isinstance(loaded, datasets.DatasetDict) else {configuration or "all": loaded}


def _check_saved(folder: Path) -> None:
    """Refuse what `save_to_disk` does not write, above all files that lie elsewhere or are none."""
    if (folder / "dataset_dict.json").exists():
        splits = _names(folder, "dataset_dict.json", {"splits": [str]})["splits"]
        for split in splits:
            if not is_saved(folder / _inside(folder, split)):
                raise InputError(f"{folder}: no data set {split}; {_REMEDY}")
            _check_saved(folder / split)
        return
    _names(folder, "dataset_info.json", {})
    for file in _names(folder, "state.json", {"_data_files": [{"filename": str}]})["_data_files"]:
        if not (folder / _inside(folder, file["filename"])).is_file():
            raise InputError(f"{folder}: no file {file['filename']}; {_REMEDY}")


def _names(folder: Path, name: str, shape: dict[str, Any]) -> Any:
    content = read_json(folder / name, _REMEDY)
    check_shape(content, shape, folder / name, _REMEDY)
    return content


def _inside(folder: Path, name: str) -> str:
    if Path(name).name != name or not is_possible(folder / name / _SAVED[0]):
        raise InputError(f"{folder}: {name!r} is no name of a file in it; {_REMEDY}")
    return name


@contextmanager
def _explained(name: str) -> Iterator[None]:
    import datasets

    try:
        yield
    # The library takes the files for what it wrote itself: whatever comes of others is their fault.
    except (*_OF_DAMAGED_FILES, datasets.exceptions.DatasetsError) as error:
        reason = f"{type(error).__name__}: {' '.join(str(error).split())}"
        raise InputError(
            f"{name}: no data set can be loaded from there ({reason}); check the name and the network, or save it again"
        ) from None
