"""``pyserini_ltre.encode --ray``: the same bytes whatever the number of workers, and whoever of them dies."""

from pathlib import Path

import pytest
import ray_clusters
import torch
from test_encode_shards import flags, write

from pyserini_ltre.cluster import connected
from pyserini_ltre.encode import batching, document_stream, shards
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


def test_two_workers_write_what_one_machine_writes(
    nodes, collection, tiny_encoder, tmp_path, expected, monkeypatch, capsys
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
    main(flags(collection, tiny_encoder, tmp_path / "many", *SHARDS, "--ray", nodes.address))
    printed = capsys.readouterr()
    assert "23 documents x 32" in printed.out
    assert "23/23" in printed.err
    assert len(seen) == 2
    assert files(tmp_path / "many") == expected


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


def test_the_window_of_a_worker_that_is_killed_is_encoded_again(
    nodes, collection, tiny_encoder, tmp_path, expected, killing
):
    killing.append(2)
    main(flags(collection, tiny_encoder, tmp_path / "many", *SHARDS, "--ray", nodes.address))
    assert killing == [] and files(tmp_path / "many") == expected


def test_after_a_kill_of_the_driver_only_missing_shards_are_encoded(
    nodes, collection, tiny_encoder, tmp_path, expected, monkeypatch
):
    write_shard, written = shards.write_index_directory, []

    def counted(place, *arguments):
        if len(written) == 2:
            raise KeyboardInterrupt
        write_shard(place, *arguments)
        written.append(place.name)

    monkeypatch.setattr(shards, "write_index_directory", counted)
    with pytest.raises(SystemExit):
        main(flags(collection, tiny_encoder, tmp_path / "many", *SHARDS, "--ray", nodes.address))
    assert not (tmp_path / "many").exists() and written == ["00000", "00001"]
    windows = []
    give = workers_module.Workers._give
    monkeypatch.setattr(
        workers_module.Workers,
        "_give",
        lambda self, actor, task: (windows.append(task.texts), give(self, actor, task)),
    )
    monkeypatch.setattr(shards, "write_index_directory", write_shard)
    main(flags(collection, tiny_encoder, tmp_path / "many", *SHARDS, "--ray", nodes.address))
    # Ten documents are there; of the window in which the third shard begins, two are encoded again.
    assert sum(len(texts) for texts in windows) == 23 - 8
    assert files(tmp_path / "many") == expected


def test_documents_that_kill_every_worker_are_one_line(
    nodes, collection, tiny_encoder, tmp_path, refused, monkeypatch, killing
):
    killing.append(1)
    monkeypatch.setattr(workers_module, "DEATHS", 0)
    line = refused(main, *flags(collection, tiny_encoder, tmp_path / "many", *SHARDS, "--ray", nodes.address))
    assert line.startswith("--ray: 1 workers died over the same documents (")
    assert (tmp_path / "many.shards").is_dir() and not (tmp_path / "many").exists()


def test_an_encoder_can_be_sent(tiny_encoder):
    import pickle

    encoder = BiEncoder.load(tiny_encoder)
    again = pickle.loads(pickle.dumps(encoder))
    assert again.tokenize(["sort list"], "document") == encoder.tokenize(["sort list"], "document")
