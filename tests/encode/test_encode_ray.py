"""``pyserini_ltre.encode --ray``: the same bytes whatever the number of workers, and whoever of them dies."""

from pathlib import Path

import pytest
import ray_clusters
import torch
from test_encode_shards import flags, write

from pyserini_ltre.cluster import connected
from pyserini_ltre.encode import batching, document_stream
from pyserini_ltre.encode import workers as workers_module
from pyserini_ltre.encode.__main__ import main
from pyserini_ltre.encode.model import BiEncoder

SHARDS = ("--shards", 5)


@pytest.fixture(scope="module")
def nodes():
    with ray_clusters.cluster("first", "second") as made, connected(made.address):
        yield made


@pytest.fixture
def collection(tmp_path, monkeypatch):
    """23 documents in windows of 4, shards of which begin within windows."""
    for module in (batching, document_stream):
        monkeypatch.setattr(module, "WINDOW", 4)
    return write(tmp_path / "collection")


@pytest.fixture
def expected(collection, tiny_encoder, tmp_path):
    """The files that one machine writes, on one thread."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    main(flags(collection, tiny_encoder, tmp_path / "expected", *SHARDS))
    torch.set_num_threads(threads)
    return files(tmp_path / "expected")


def files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture
def killing(monkeypatch):
    """Kills a worker before it is given a window, if that is one of these places; gives the places."""
    give, places = workers_module.Workers._give, []

    def killing(workers, actor, task):
        if task.place in places:
            places.remove(task.place)
            ray_clusters.kill(ray_clusters.process_of(actor))
        give(workers, actor, task)

    monkeypatch.setattr(workers_module.Workers, "_give", killing)
    return places


def test_two_workers_write_what_one_machine_writes_though_one_is_killed(
    nodes, collection, tiny_encoder, tmp_path, expected, monkeypatch, capsys, killing
):
    seen = set()
    give, encoded = workers_module.Workers._give, workers_module.Workers.encoded

    def counted(workers, actor, task):
        seen.add(actor)
        give(workers, actor, task)

    def by_both(workers, windows, bar):
        workers._start()
        while len(workers.idle) < 2:
            list(workers._answered())
        return encoded(workers, windows, bar)

    monkeypatch.setattr(workers_module.Workers, "_give", counted)
    monkeypatch.setattr(workers_module.Workers, "encoded", by_both)
    killing.append(2)
    main(flags(collection, tiny_encoder, tmp_path / "many", *SHARDS, "--ray", nodes.address))
    printed = capsys.readouterr()
    assert "23 documents x 32" in printed.out
    assert "23/23" in printed.err
    assert len(seen) >= 2 and killing == []
    assert files(tmp_path / "many") == expected


def test_documents_that_kill_every_worker_are_one_line(
    nodes, collection, tiny_encoder, tmp_path, capsys, monkeypatch, killing
):
    killing.append(1)
    monkeypatch.setattr(workers_module, "DEATHS", 0)
    # Not by `refused`: Ray itself says on standard output that a worker died, and cannot be told not to.
    with pytest.raises(SystemExit) as stopped:
        main(flags(collection, tiny_encoder, tmp_path / "many", *SHARDS, "--ray", nodes.address))
    last = capsys.readouterr().err.splitlines()[-1]
    assert stopped.value.code == 2
    assert last.startswith("pyserini_ltre: --ray: 1 workers died over the same documents (")
    assert (tmp_path / "many.shards").is_dir() and not (tmp_path / "many").exists()


def test_an_encoder_can_be_sent(tiny_encoder):
    import pickle

    encoder = BiEncoder.load(tiny_encoder)
    again = pickle.loads(pickle.dumps(encoder))
    assert again.tokenize(["sort list"], "document") == encoder.tokenize(["sort list"], "document")
