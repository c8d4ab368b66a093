"""An encoder that was taught on the page: its files, its name, and the commands that do the same."""

from pathlib import Path
from typing import Final

from pyserini_ltre import registry
from pyserini_ltre.errors import InputError
from pyserini_ltre.files import expanded
from pyserini_ltre.json_files import read_json
from pyserini_ltre.registry import find_encoder
from pyserini_ltre.workbench.sources import Sources
from pyserini_ltre.workflow.commands import command_line

METHOD: Final = "adore"
# Queries that nobody has judged: enough to hold the encoder, few enough to be answered in seconds.
MADE = 1000
FOLDER, MODEL, RUN, ABOUT = "taught", "model", "run.txt", "about.json"


class Taught:
    """An encoder that was taught here, and the files of it.

    Parameters
    ----------
    folder : Path
        Its folder, named by its number.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.number = int(folder.name)
        about = read_json(folder / ABOUT)
        self.commands: list[str] = about["commands"]
        self.told: list[str] = about["told"]
        self.topics: set[str] = set(about["topics"])

    @property
    def model(self) -> Path:
        """The model directory."""
        return self.folder / MODEL

    @property
    def title(self) -> str:
        """What people call it."""
        return f"taught {self.number}"


def training_command(sources: Sources, encoder: str, folder: Path, few: bool) -> str:
    """Write the command that trains the same.

    Parameters
    ----------
    sources : Sources
        Where everything lies.
    encoder : str
        What it begins with.
    folder : Path
        Where judged topics and judgements are.
    few : bool
        Whether queries that nobody has judged go along.
    """
    more = ["--collection", str(sources.collection), "--limit", str(MADE)] if few else []
    if few and sources.lucene is not None:
        more += ["--lucene", str(sources.lucene)]
    if few and sources.topics is not None:
        more += ["--exclude", str(sources.topics)]
    return command_line(
        *("pyserini_ltre.train", METHOD, "--trainable", "adapter", "--index", sources.index_name),
        *("--encoder", str(find_encoder(encoder)), "--queries", str(folder / "topics.tsv")),
        *("--qrels", str(folder / "qrels.txt"), *more, "--output", "my-encoder"),
    )


def search_command(sources: Sources, folder: Path) -> str:
    """Write the command with which Pyserini searches with it."""
    return command_line(
        *("pyserini.search.faiss", "--encoder", f"ltre:{folder / MODEL}", "--index", sources.index_name),
        *("--topics", str(sources.topics or folder / "topics.tsv"), "--output", "my-run.txt"),
    )


def name_encoder(taught: Taught, name: str) -> str:
    """Register an encoder under a name, and give the command that does the same.

    Raises
    ------
    InputError
        If the name cannot be one, or stands for something else already.
    """
    known = registry.load()["encoders"].get(name, {})
    path = known.get("path")
    if known and (path is None or expanded(path).resolve() != taught.model.resolve()):
        raise InputError(f"{name} is registered already, for something else; choose another name")
    registry.register("encoders", name, path=str(taught.model))
    return command_line("pyserini_ltre.registry", "add", "encoders", name, "--path", taught.model)
