"""What cannot be served is refused in one line before; what can in part is said on the page."""

import shutil
import socket
import urllib.request

from test_page import search, wait

from pyserini_ltre.workbench.__main__ import main


def test_refused_before_serving(refused, folder, tmp_path):
    assert refused(main, tmp_path / "nothing").endswith("name that of the demo, or make one and give --index")
    (tmp_path / "empty").mkdir()
    assert "no folder index in it" in refused(main, tmp_path / "empty")
    assert refused(main, folder, "--lucene", "nowhere").startswith("--lucene nowhere: no such folder")
    assert refused(main, folder, "--qrels", folder / "qrels.test.txt") == "--qrels are of --topics; give both"
    assert refused(main, folder, "--runs", "nothing.txt").startswith("--runs nothing.txt: no such file")
    (folder / "qrels.test.txt").write_text("q1 0 d1\n")
    assert refused(main, folder, "--port", "0").startswith(f"{folder}/qrels.test.txt:1: 3 columns")


def test_a_busy_port_is_told(refused, folder):
    with socket.socket() as busy:
        busy.bind(("127.0.0.1", 0))
        busy.listen()
        line = refused(main, folder, "--port", busy.getsockname()[1])
    assert "cannot be had" in line and line.endswith("name another, or 0 for any that is free")
    assert "--port 70000" in refused(main, folder, "--port", 70000)


def test_a_second_workbench_and_another_collection(refused, folder, serve):
    server = serve(folder)
    assert "another workbench has it open" in refused(main, folder, "--port", "0")
    server.end()
    docids = (folder / "index" / "docid").read_text()
    (folder / "index" / "docid").write_text(docids.replace("d1\n", "other\n"))
    assert "judgements of another collection" in refused(main, folder, "--port", "0")


def test_what_is_amiss_is_said_on_the_page(folder, serve, browser):
    """Hits without texts; an encoder of another index, and one that does not fit; qrels of unknown documents."""
    shutil.rmtree(folder / "collection")
    shutil.copytree(folder / "model", folder / "model-distilled")
    (folder / "model-distilled" / "pyserini_ltre.json").write_text(
        '{"index": {"path": "/elsewhere", "fingerprint": "other"}}'
    )
    (folder / "model" / "model.safetensors").write_bytes(b"damaged")
    with open(folder / "qrels.test.txt", "a") as file:
        file.write("q1 0 unheard-of 1\n")
    server = serve(folder)
    browser.get(server.address)
    search(browser, server.root, "open file", ("BM25", "encoder:distilled", "encoder:trained"), hits=2)
    columns = browser.find_elements("css selector", ".column")
    wait(browser, lambda: len(browser.find_elements("css selector", ".column .warning")) == 2)
    columns = browser.find_elements("css selector", ".column")
    assert "d30" in columns[0].text and "was trained for index /elsewhere" in columns[1].text
    assert "model.safetensors" in columns[2].find_element("css selector", ".warning").text
    browser.refresh()
    said = browser.find_element("id", "main").text
    assert "start again with --collection" in said
    assert "1 of the judged documents, unheard-of first, are not in the index" in said
    text = urllib.request.urlopen(f"{server.root}/document?docid=d1&token={server.token}").read().decode()
    assert "start the workbench with --collection" in text
