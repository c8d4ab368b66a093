"""Pyserini's REST and MCP servers, unmodified, each in its own process: registered indexes with our encoders."""

import asyncio
import importlib.util
import json
import os
import re
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import faiss
import numpy as np
import pytest

from pyserini_ltre.index.writing import write_index_directory

REPOSITORY = Path(__file__).parents[2]
QUERY = "open file value"

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("pyserini.server.search_controller") is None,
    reason="Pyserini 2.x has its servers configured in another way",
)


def free_port():
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


def wait_for(port, process):
    for _ in range(600):
        with socket.socket() as trial:
            if trial.connect_ex(("127.0.0.1", port)) == 0:
                return
        assert process.poll() is None, process.stdout.read()
        time.sleep(0.5)
    raise TimeoutError("the server has not started")


@pytest.fixture(scope="module")
def servers(lucene_indexes, tiny_encoder, tmp_path_factory):
    """Ports of both servers by name, and the hits that a command finds for the query in the FAISS index."""
    folder = tmp_path_factory.mktemp("servers")
    index = faiss.IndexFlatIP(32)
    index.add(np.load(lucene_indexes / "vectors.npy"))
    docids = json.loads((lucene_indexes / "docids.json").read_text())
    write_index_directory(folder / "faiss", index, docids, None)
    paths = {
        "toy-faiss": folder / "faiss",
        **{f"toy-{kind}": lucene_indexes / kind for kind in ("flat", "hnsw", "pieces")},
    }
    names = {
        "encoders": {"ltre": {"path": str(tiny_encoder)}},
        "indexes": {name: {"path": str(path)} for name, path in paths.items()},
    }
    (folder / "registry.json").write_text(json.dumps(names))
    (folder / "topics.tsv").write_text(f"1\t{QUERY}\n")
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY), "PYSERINI_LTRE_HOME": str(folder)}
    environment |= {"OMP_NUM_THREADS": "1", "PYSERINI_LTRE_STRICT": "1"}

    def start(*command):
        return subprocess.Popen(
            [sys.executable, "-m", "pyserini_ltre", *command],
            cwd=folder,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    ports = {"rest": free_port(), "mcp": free_port()}
    processes = {
        "rest": start("pyserini.server.rest", "--port", str(ports["rest"])),
        "mcp": start("pyserini.server.mcp", "--transport", "http", "--port", str(ports["mcp"])),
    }
    flags = "--index toy-faiss --topics topics.tsv --encoder ltre --hits 5 --output run.txt".split()
    search = start("pyserini.search.faiss", *flags)
    try:
        printed, _ = search.communicate()
        assert search.returncode == 0, printed
        hits = [
            (line.split()[2], float(line.split()[4]))
            for line in (folder / "run.txt").read_text().splitlines()
        ]
        for name, process in processes.items():
            wait_for(ports[name], process)
        yield ports, hits
    finally:
        for process in (*processes.values(), search):
            process.kill()
            process.wait()


def ask(port, path, **question):
    """Ask the REST server; give the status and the answer."""
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}/v1/indexes/{path}",
        data=json.dumps(question).encode() if question else None,
        headers={"content-type": "application/json"},
    )
    try:
        with urllib.request.urlopen(request, timeout=120) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)


def same(found, hits, name):
    """Whether hits are those of the command; Lucene's scores are (1 + inner product) / 2."""
    scores = [score if name == "toy-faiss" else 2 * score - 1 for _, score in found]
    assert [docid for docid, _ in found] == [docid for docid, _ in hits]
    assert scores == pytest.approx([score for _, score in hits], abs=1e-5)


@pytest.mark.parametrize("name", ["toy-faiss", "toy-flat", "toy-hnsw"])
def test_rest_gives_the_hits_of_the_command(servers, name):
    ports, hits = servers
    for _ in range(2):  # the second time from the index that it keeps
        status, answer = ask(ports["rest"], f"{name}/search", query=QUERY, hits=5, encoder="ltre")
        assert status == 200, answer
        same([(one["docid"], one["score"]) for one in answer["candidates"]], hits, name)
    status, answer = ask(ports["rest"], f"{name}/documents/{hits[0][0]}")
    assert status == 404 and "has vectors, no texts" in answer["detail"]


@pytest.mark.parametrize(
    ("name", "encoder", "fault"),
    [
        ("nowhere", "ltre", "nowhere not currently supported"),
        ("toy-pieces", None, "name an encoder for the query"),
        ("toy-pieces", "star", "no encoder is registered as star yet"),
    ],
)
def test_the_server_outlives_what_it_cannot_answer(servers, name, encoder, fault):
    status, answer = ask(servers[0]["rest"], f"{name}/search", query=QUERY, encoder=encoder)
    assert status == 404 and fault in answer["detail"]


def test_mcp_gives_the_hits_of_the_command(servers):
    from fastmcp import Client

    ports, hits = servers

    async def search(name):
        async with Client(f"http://127.0.0.1:{ports['mcp']}/mcp") as client:
            question = {"query": {"query_txt": QUERY}, "index_name": name, "k": 5, "encoder": "ltre"}
            return await client.call_tool("search", question)

    for name in ("toy-faiss", "toy-flat"):
        texts = " ".join(part.text for part in asyncio.run(search(name)).content)
        found = re.findall(r"DocID: (\S+) \| Score: ([-.e\d]+)", texts)
        same([(docid, float(score)) for docid, score in found], hits, name)
