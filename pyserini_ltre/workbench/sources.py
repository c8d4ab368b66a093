"""What the page shows: a folder such as the demo leaves, or what options name instead."""

import argparse
import hashlib
from dataclasses import dataclass
from pathlib import Path

from pyserini_ltre import registry
from pyserini_ltre.collection import Qrels, Queries, read_qrels, read_queries
from pyserini_ltre.collection.lines import numbered_lines
from pyserini_ltre.errors import InputError
from pyserini_ltre.files import expanded
from pyserini_ltre.json_files import read_json

# Folders of the demo that hold an encoder, and what the page calls these.
MODELS = {"model": "trained", "model-distilled": "distilled"}
OWN = "workbench"


@dataclass(frozen=True)
class Sources:
    """What there is to search, to read and to measure.

    Attributes
    ----------
    own : Path
        Folder for what the page writes: judgements, and encoders that were taught.
    index : Path
        Index directory.
    index_name : str
        As the index was named, for commands that are shown.
    encoder : str or None
        The encoder that made the index, if it is known.
    encoders : dict of str to str
        Further encoders by what the page calls them.
    collection : str or None
        Where the texts are.
    lucene : Path or None
        Lucene index of the same documents.
    topics, qrels : Path or None
        Topics to walk through, and their judgements.
    runs : dict of str to Path
        Run files by what the page calls them.
    """

    own: Path
    index: Path
    index_name: str
    encoder: str | None
    encoders: dict[str, str]
    collection: str | None
    lucene: Path | None
    topics: Path | None
    qrels: Path | None
    runs: dict[str, Path]

    def read_topics(self) -> Queries:
        """Read the topics; none if there is no file of them."""
        return {} if self.topics is None else read_queries(self.topics)

    def read_qrels(self) -> Qrels:
        """Read the judgements that there are already; none if there is no file of them."""
        return {} if self.qrels is None else read_qrels(self.qrels)

    def fingerprint(self) -> str:
        """SHA-256 of the ids of the documents: judgements are of these.

        The ids are read as files, since what opens an index takes seconds to import. Those of a Lucene index are in
        no file of their own; there, the place of the index decides.
        """
        files = [
            file for file in (self.index / "docid", *sorted(self.index.glob("*/docid"))) if file.is_file()
        ]
        digest = hashlib.sha256(b"" if files else str(self.index.resolve()).encode())
        for file in files:
            digest.update(file.read_bytes())
        return digest.hexdigest()


def find_sources(arguments: argparse.Namespace) -> Sources:
    """Find what the options name, and what the folder holds of the rest.

    Raises
    ------
    InputError
        If there is no folder or no index, or something that was named is not there.
    """
    folder = expanded(arguments.folder)
    if not folder.is_dir():
        raise InputError(f"{folder}: no such folder; name that of the demo, or make one and give `index`")
    index_name = arguments.index or str(folder / "index")
    if arguments.index is None and not (folder / "index").is_dir():
        raise InputError(f"{folder}: no folder index in it; name an index directory with `index`")
    index = registry.find("indexes", index_name)
    topics, qrels = _topics(folder, arguments)
    return Sources(
        own=folder / OWN,
        index=index,
        index_name=index_name,
        encoder=arguments.encoder or _encoder_of(index, index_name),
        encoders=_encoders(folder, arguments.encoders),
        collection=arguments.collection or _there(folder / "collection"),
        lucene=_lucene(folder, arguments.lucene),
        topics=topics,
        qrels=qrels,
        runs=_runs(folder, arguments.runs, topics),
    )


def _there(path: Path) -> str | None:
    return str(path) if path.is_dir() else None


def _encoder_of(index: Path, name: str) -> str | None:
    """What the index, or the registry, says of the encoder that made it."""
    entry = registry.lookup("indexes", name) or {}
    record = read_json(index / "encoder.json") if (index / "encoder.json").is_file() else {}
    told = entry.get("encoder") or (record.get("name") if isinstance(record, dict) else None)
    return str(told) if told else None


def _encoders(folder: Path, named: list[str]) -> dict[str, str]:
    """The folder's own encoders, those named, and all that are registered."""
    found = {title: str(folder / name) for name, title in MODELS.items() if (folder / name).is_dir()}
    known = registry.load()["encoders"]
    registered = [f"ltre:{name}" for name, entry in known.items() if entry.keys() & {"path", "url"}]
    return found | {name: name for name in (*named, *registered)}


def _lucene(folder: Path, named: str | None) -> Path | None:
    path = expanded(named) if named else folder / "bm25-index"
    if path.is_dir():
        return path
    if named:
        raise InputError(f"`lucene` {named}: no such folder; name a Lucene index of the documents")
    return None


def _topics(folder: Path, arguments: argparse.Namespace) -> tuple[Path | None, Path | None]:
    """The topics that were named, or those of the folder, the test split first; and their judgements."""
    if arguments.topics is not None:
        qrels = None if arguments.qrels is None else registry.find("qrels", arguments.qrels)
        return registry.find("topics", arguments.topics), qrels
    if arguments.qrels is not None:
        raise InputError("`qrels` are of `topics`; give both")
    found = [folder / "topics.test.tsv", *sorted(folder.glob("topics*.tsv"))]
    topics = next((file for file in found if file.is_file()), None)
    if topics is None:
        return None, None
    qrels = topics.with_name(f"qrels{topics.stem.removeprefix('topics')}.txt")
    return topics, qrels if qrels.is_file() else None


def _runs(folder: Path, named: list[str], topics: Path | None) -> dict[str, Path]:
    """The run files that were named; without any, those of the folder whose first query is among the topics."""
    if named:
        missing = [file for file in named if not expanded(file).is_file()]
        if missing:
            raise InputError(f"`runs` {missing[0]}: no such file; name run files")
        return {
            Path(file).stem if len(named) == len({Path(f).stem for f in named}) else file: expanded(file)
            for file in named
        }
    known = {} if topics is None else read_queries(topics)
    return {file.stem: file for file in sorted(folder.glob("runs/*.txt")) if _first_query(file) in known}


def _first_query(file: Path) -> str | None:
    first = next((line for _, line in numbered_lines(file)), "")
    return first.split()[0] if first.split() else None
