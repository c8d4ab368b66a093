"""Small inputs that the tests make themselves: no network, nothing from outside the repository."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import hostile  # noqa: F401 - registers its profiles
import pytest
from hypothesis import settings
from small_input import DIMENSION, WORDS

if TYPE_CHECKING:
    from matplotlib.figure import Figure

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
if "PYTEST_XDIST_WORKER" in os.environ:  # processes that each start a thread for every core slow each other
    os.environ.setdefault("OMP_NUM_THREADS", "1")

settings.load_profile("usual")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the device."""
    parser.addoption("--device", default="cpu", help="where encoders that this process loads lie: cpu, cuda")


@pytest.fixture(scope="session", autouse=True)
def on_device(request: pytest.FixtureRequest) -> Iterator[None]:
    """Put every encoder that is loaded in this process on the device that pytest was told, the indexes with them."""
    device = request.config.getoption("--device")
    if device == "cpu":
        yield
        return
    from pyserini_ltre.encode.model import BiEncoder

    load = BiEncoder.load
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(BiEncoder, "load", lambda *arguments, **options: load(*arguments, **options).to(device))
        yield


@pytest.fixture(scope="session", autouse=True)
def own_registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Keep the tests, and the commands that they start, from the names that the user has registered."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYSERINI_LTRE_HOME", str(tmp_path_factory.mktemp("home")))
        for name in ("PYSERINI_LTRE_DISABLE", "PYSERINI_LTRE_STRICT"):
            patch.delenv(name, raising=False)
        yield


@pytest.fixture(autouse=True)
def same_threads() -> Iterator[None]:
    """Fail a test that leaves torch with another number of threads: the tests after it would compute other digits.

    The gradients of a LayerNorm are sums that torch splits among its threads. Once they were two instead of one because
    of an earlier test, trainings in this process ended with other weights than those in the processes that it started.
    """

    def threads() -> int | None:
        return sys.modules["torch"].get_num_threads() if "torch" in sys.modules else None

    before = threads()
    yield
    if before is not None:
        assert threads() == before, "the test must put torch's number of threads back"


@pytest.fixture
def refused(capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    """Run a command's ``main`` with arguments that must be refused; return its one line."""

    def run(main: Callable[[list[str]], None], *arguments: object) -> str:
        capsys.readouterr()
        with pytest.raises(SystemExit) as stopped:
            main([str(argument) for argument in arguments])
        assert stopped.value.code == 2
        out, err = capsys.readouterr()
        assert not out
        *progress_bars, line = err.strip().splitlines()
        assert all(bar.endswith("/s]") for bar in progress_bars)
        assert line.startswith("pyserini_ltre: ")
        return line.removeprefix("pyserini_ltre: ")

    return run


@pytest.fixture
def figures(monkeypatch: pytest.MonkeyPatch) -> list["Figure"]:
    """The matplotlib figures that are saved, in their order, so that a test can look at what is plotted."""
    from matplotlib.figure import Figure

    saved, save = [], Figure.savefig

    def savefig(figure: Figure, *arguments: object, **options: object) -> None:
        saved.append(figure)
        save(figure, *arguments, **options)

    monkeypatch.setattr(Figure, "savefig", savefig)
    return saved


@pytest.fixture(scope="session")
def tiny_encoder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a two-layer BERT with random weights in sentence-transformers' layout."""
    import torch
    from transformers import BertConfig, BertModel, BertTokenizerFast

    directory = tmp_path_factory.mktemp("tiny-encoder")
    letters = [*"abcdefghijklmnopqrstuvwxyz0123456789.,_-"]
    vocabulary = [
        "[PAD]",
        "[UNK]",
        "[CLS]",
        "[SEP]",
        "[MASK]",
        *WORDS,
        *letters,
        *(f"##{c}" for c in letters),
    ]
    vocab_file = tmp_path_factory.mktemp("vocabulary") / "vocab.txt"
    vocab_file.write_text("\n".join(vocabulary))
    tokenizer = BertTokenizerFast(vocab={token: i for i, token in enumerate(vocabulary)})
    tokenizer.save_pretrained(directory)
    torch.manual_seed(7)
    model = BertModel(
        BertConfig(
            vocab_size=len(vocabulary),
            hidden_size=DIMENSION,
            num_hidden_layers=2,
            num_attention_heads=2,
            intermediate_size=64,
            max_position_embeddings=128,
        )
    )
    model.save_pretrained(directory)
    kinds = (("", "Transformer"), ("1_Pooling", "Pooling"), ("2_Normalize", "Normalize"))
    modules = [
        {"idx": i, "name": str(i), "path": path, "type": f"sentence_transformers.models.{kind}"}
        for i, (path, kind) in enumerate(kinds)
    ]
    (directory / "modules.json").write_text(json.dumps(modules))
    (directory / "1_Pooling").mkdir()
    pooling = {"word_embedding_dimension": DIMENSION, "pooling_mode_mean_tokens": True}
    (directory / "1_Pooling" / "config.json").write_text(json.dumps(pooling))
    (directory / "sentence_bert_config.json").write_text(json.dumps({"max_seq_length": 64}))
    return directory


@pytest.fixture(scope="session")
def lucene_indexes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make Lucene indexes of the same vectors, of each kind; `vectors.npy` and `docids.json` lie beside them."""
    import numpy as np

    folder = tmp_path_factory.mktemp("lucene")
    vectors = np.random.default_rng(8).normal(size=(120, DIMENSION)).astype(np.float32)
    np.save(folder / "vectors.npy", vectors / np.linalg.norm(vectors, axis=1, keepdims=True))
    # Of several lengths, one of them not ASCII, in an order that is not theirs.
    docids = ["dé" if number == 5 else f"d{(7 * number) % 120}" for number in range(120)]
    (folder / "docids.json").write_text(json.dumps(docids))
    here = Path(__file__).parent
    environment = {**os.environ, "PYTHONPATH": str(here.parent)}
    done = subprocess.run(
        [sys.executable, str(here / "lucene_indexes.py"), str(folder)],
        env=environment,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return folder
