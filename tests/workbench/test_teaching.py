"""The loop of judging, teaching and looking, in the browser; and the commands that the page shows."""

import json
import subprocess
import sys

import pytest
from conftest import ROOT
from test_page import become, ids, search, wait

from pyserini_ltre import registry
from pyserini_ltre.collection import read_run
from pyserini_ltre.errors import InputError
from pyserini_ltre.workbench.__main__ import parse_arguments
from pyserini_ltre.workbench.database import Database
from pyserini_ltre.workbench.judgements import Judgements
from pyserini_ltre.workbench.sources import find_sources
from pyserini_ltre.workbench.taught import Taught, name_encoder


def test_judge_teach_and_see_the_new_column(folder, serve, browser):
    with_judgements(folder)
    server = serve(folder)
    browser.get(server.address)
    become(browser, "Ada2")
    browser.get(f"{server.root}/teach")
    assert "24 topics have a relevant one" in browser.find_element("id", "main").text
    browser.find_element("css selector", "#teach button").click()
    wait(browser, lambda: browser.find_elements("css selector", ".taught"), 240)
    assert not browser.find_elements("css selector", "main .warning")
    taught = folder / "workbench" / "taught" / "1"
    about = json.loads((taught / "about.json").read_text())
    assert about["told"] and len(read_run(taught / "run.txt")) == 24
    browser.get(f"{server.root}/")
    chosen = [box.get_attribute("value") for box in browser.find_elements("css selector", "[name=c]")]
    assert chosen[:2] == ["encoder:frozen", "encoder:taught 1"]
    search(browser, server.root, "open file", ("encoder:taught 1",))
    assert "just trained (taught 1)" in browser.find_element("css selector", ".column h2").text
    assert len(ids(browser, 0)) == 10
    browser.get(f"{server.root}/topics?a=run:frozen&b=run:taught+1")
    wait(browser, lambda: "24 topics that it was taught with" in browser.find_element("id", "main").text)
    browser.get(f"{server.root}/teach")
    browser.find_element("css selector", ".taught [name=name]").send_keys("my-own")
    browser.find_element("css selector", ".taught form button").click()
    wait(browser, lambda: "ltre:my-own" in browser.find_element("id", "main").text)
    assert registry.path_of("encoders", "my-own") == taught / "model"
    same_by_command(about["commands"][0], taught)


def with_judgements(folder):
    """Let somebody judge, before the workbench is opened, as the qrels do."""
    sources = find_sources(parse_arguments([str(folder)]))
    database = Database(sources.own, sources.fingerprint())
    judgements = Judgements(database)
    judgements.add_assessor("Ada")
    judgements.import_qrels("Ada", sources.read_qrels(), sources.read_topics())
    database.close()


def same_by_command(command, taught):
    """The command that the page shows makes the same encoder."""
    words = command.replace("my-encoder", str(taught.parent / "by-command")).split()
    assert words[:4] == ["python", "-m", "pyserini_ltre.train", "adore"]
    done = subprocess.run([sys.executable, *words[1:]], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    from safetensors.numpy import load_file

    for one in sorted((taught / "model").glob("**/*.safetensors")):
        other = taught.parent / "by-command" / one.relative_to(taught / "model")
        expected, found = load_file(one), load_file(other)
        assert all(found[name] == pytest.approx(value, abs=1e-4) for name, value in expected.items())


def test_a_name_that_stands_for_something_else_is_refused(tmp_path):
    for number in ("1", "2"):
        folder = tmp_path / number
        (folder / "model").mkdir(parents=True)
        (folder / "about.json").write_text('{"commands": [], "told": [], "topics": []}')
    first, second = (Taught(tmp_path / number) for number in ("1", "2"))
    assert name_encoder(first, "mine").endswith(f"add encoders mine --path {first.model}")
    assert name_encoder(first, "mine")
    for name in ("mine", "star"):
        with pytest.raises(InputError, match="registered already"):
            name_encoder(second, name)
    with pytest.raises(InputError, match="cannot be a registered name"):
        name_encoder(second, "a/b")
