"""Ray is imported, connected to and started where it is asked for only; where that fails, one line says so in time."""

import socket
import subprocess
import sys
import time

import pytest
import ray_clusters  # noqa: F401 - Ray is not to phone home

from pyserini_ltre import cluster
from pyserini_ltre.cluster import RayOptions, connected, fetched
from pyserini_ltre.errors import InputError
from pyserini_ltre.options import parse_options

MODULES = ("train.__main__", "mine.__main__", "encode.__main__", "index.remote.directory", "encode.remote")


def test_nothing_of_ray_is_imported_unless_it_is_asked_for(tmp_path):
    code = "import sys; " + "".join(f"import pyserini_ltre.{name}; " for name in MODULES)
    code += "print([name for name in sys.modules if name == 'ray' or name.startswith('ray.')])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_without_ray_the_line_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(InputError, match=r"pip install 'pyserini-ltre\[ray\]'"), connected("local"):
        pass


@pytest.mark.parametrize(
    ("given", "address"),
    [([], None), (["--ray"], "auto"), (["--ray", "local"], "local"), (["--ray=a:1"], "a:1")],
)
def test_the_address_may_be_left_out(given, address):
    (options,) = parse_options("try", None, [RayOptions], given)
    assert options.ray == address


def test_an_address_that_does_not_answer_is_one_line_in_time(monkeypatch):
    monkeypatch.setattr(cluster, "RAY_ANSWERS", 3.0)
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        port = silent.getsockname()[1]
        start = time.monotonic()
        with pytest.raises(InputError, match=rf"`ray` 127.0.0.1:{port}: nothing answers there .*ray start"):
            connected(f"127.0.0.1:{port}").__enter__()
        silent.listen()
        with pytest.raises(InputError, match="no Ray answers within 3 s"):
            connected(f"127.0.0.1:{port}").__enter__()
        assert time.monotonic() - start < 30
    for address in ("nonsense", "host:", ":1", "ray://host:port", "127.0.0.1:99999"):
        with pytest.raises(InputError, match=f"`ray` {address}: (give HOST:PORT|nothing answers)"):
            connected(address).__enter__()


def test_what_ray_says_is_handed_on(monkeypatch):
    # Not by a real attempt: another user of this machine may run a cluster, which would be found.
    monkeypatch.setattr(
        cluster, "ATTEMPT", "raise ConnectionError('Could not find any running Ray instance.')"
    )
    with pytest.raises(InputError, match=r"^`ray` auto: ConnectionError: Could not find .*ray start"):
        connected("auto").__enter__()


def test_what_lies_here_is_taken_as_it_is():
    here = {"a": 1}
    assert fetched(here, ["a"]) is here

    class Elsewhere(dict):
        def fetch(self, keys):
            return {key: self[key] for key in keys if key in self}

    assert fetched(Elsewhere(a=1, b=2), ["b", "c"]) == {"b": 2}
