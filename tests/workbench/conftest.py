"""A small folder such as the demo leaves, a workbench that serves it, and a browser that looks."""

import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from browsers import headless_chromium

from pyserini_ltre.collection import (
    Document,
    write_beir,
    write_json_collection,
    write_qrels,
    write_run,
    write_topics,
)

ROOT = Path(__file__).parents[2]
TOPICS = ("open file", "sort list", "search index", "lock thread", "hash map", "parse date")
EVIL = "<script>document.title='bad'</script>"


@pytest.fixture(scope="session")
def made_folder(tmp_path_factory, tiny_encoder):
    """What the demo's folder has: collection, index, Lucene index, topics, judgements and two run files."""
    from pyserini_ltre import encode_collection

    path = tmp_path_factory.mktemp("workbench") / "demo"
    path.mkdir()
    documents = [
        Document(f"d{i}", topic, f"{topic} {i} value " + ("number string path " * 40 if i % 7 == 0 else ""))
        for i, topic in enumerate(TOPICS * 6)
    ]
    documents[3] = Document("d3", EVIL, f"lock thread {EVIL} שלום עולם")
    queries = {f"q{i}": f"{TOPICS[i % 6]} name {i}" for i in range(24)}
    qrels = {f"q{i}": {f"d{j}": 1 for j in range(i % 6, 36, 6)} for i in range(24)}
    write_beir(path / "collection", documents, {"test": queries}, {"test": qrels})
    write_topics(path / "topics.test.tsv", queries)
    write_qrels(path / "qrels.test.txt", qrels)
    (path / "runs").mkdir()
    for name, right in (("frozen", 3), ("trained", 1)):
        run = {
            f"q{i}": {f"d{j}": 1.0 / (1 + abs(j - (i % 6) * (1 if i % right == 0 else 2))) for j in range(36)}
            for i in range(24)
        }
        write_run(path / "runs" / f"{name}.txt", run, name)
    encode_collection(path / "collection", tiny_encoder, path / "index", progress=False)
    shutil.copytree(tiny_encoder, path / "model")
    write_json_collection(documents, path / "corpus")
    command = f"-m pyserini.index.lucene --collection JsonCollection --input {path}/corpus --index {path}/bm25-index"
    done = subprocess.run(
        [sys.executable, *command.split()], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return path


@pytest.fixture
def folder(made_folder, tmp_path):
    """A copy of it, to write into."""
    return Path(shutil.copytree(made_folder, tmp_path / "demo"))


class Server:
    """A workbench in a process of its own."""

    def __init__(self, *arguments):
        self.process = subprocess.Popen(
            [sys.executable, "-m", "pyserini_ltre.workbench", *map(str, arguments)],
            cwd=ROOT,
            env={**os.environ, "OMP_NUM_THREADS": "1"},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.address = self.process.stdout.readline().strip()
        if not self.address:
            pytest.fail(self.process.communicate()[1][-2000:])
        self.root, self.token = re.fullmatch(
            r"(http://127\.0\.0\.1:\d+)/\?token=([\w-]+)", self.address
        ).groups()

    def end(self, number=signal.SIGTERM):
        """End it, and wait."""
        self.process.send_signal(number)
        self.process.communicate(timeout=60)
        return self.process.returncode


@pytest.fixture
def serve():
    """Start workbenches, and end them with the test."""
    servers = []

    def start(*arguments):
        servers.append(Server(*arguments, "--port", "0"))
        return servers[-1]

    yield start
    for server in servers:
        if server.process.poll() is None:
            server.end(signal.SIGKILL)


@pytest.fixture(scope="session")
def shared_browser():
    with headless_chromium() as browser:
        browser.set_page_load_timeout(60)
        yield browser


@pytest.fixture
def browser(shared_browser):
    """It, and afterwards: nothing was refused or broken that the page needs."""
    shared_browser.get_log("browser")
    yield shared_browser
    said = shared_browser.get_log("browser")
    shared_browser.delete_all_cookies()
    # A page that asks again and again would miss its server.
    shared_browser.get("about:blank")
    assert said == []
