"""The page in a real browser: search, compare, judge by keys, pools; nothing is lost when it ends."""

import os
import re
import signal
import subprocess
import sys
import urllib.error
import urllib.parse
import urllib.request

import pytest
from conftest import EVIL, ROOT

from pyserini_ltre.collection import read_qrels


def wait(browser, condition, seconds=90):
    from selenium.common.exceptions import StaleElementReferenceException, TimeoutException
    from selenium.webdriver.support.ui import WebDriverWait

    try:
        # What was found may belong to the page before.
        return WebDriverWait(browser, seconds, 0.1, [StaleElementReferenceException]).until(
            lambda _: condition()
        )
    except TimeoutException:
        pytest.fail(f"{browser.current_url}: {browser.find_element('tag name', 'body').text[-1500:]}")


def press(browser, key):
    browser.switch_to.active_element.send_keys(key)


def become(browser, name):
    field = browser.find_element("css selector", ".who [name=new]")
    field.send_keys(name)
    field.submit()
    wait(browser, lambda: name in browser.find_element("css selector", ".who").text)


def search(browser, root, query="open file", columns=("encoder:frozen", "BM25"), hits=1):
    query = urllib.parse.urlencode({"q": query, "c": columns}, doseq=True)
    browser.get(f"{root}/?{query}")
    wait(browser, lambda: len(browser.find_elements("css selector", ".column ol")) >= hits)


def ids(browser, column):
    chosen = browser.find_elements("css selector", ".column")[column]
    return [hit.get_attribute("data-docid") for hit in chosen.find_elements("css selector", ".hit")]


def pressed(browser):
    """Document id -> the grades that are shown as given."""
    found = {}
    for hit in browser.find_elements("css selector", ".judgeable"):
        given = [b.text for b in hit.find_elements("css selector", ".judge [aria-pressed=true]")]
        found.setdefault(hit.get_attribute("data-docid"), set()).update(given)
    return found


def status(browser):
    return browser.find_element("id", "status").text


def test_search_compare_judge_reload_and_kill(folder, serve, browser):
    server = serve(folder)
    browser.get(server.address)
    become(browser, "Ada")
    search(
        browser,
        server.root,
        columns=("encoder:frozen", "BM25", "hybrid:encoder:trained", "run:frozen"),
        hits=3,
    )
    assert len(ids(browser, 0)) == len(ids(browser, 2)) == 10
    columns = browser.find_elements("css selector", ".column")
    assert "no hits for this query" in columns[3].text
    # BM25 finds the documents that have the words, and says so.
    assert set(ids(browser, 1)) == {f"d{i}" for i in range(0, 36, 6)}
    assert {mark.text for mark in columns[1].find_elements("tag name", "mark")} == {"open", "file"}
    moves = [move.text for move in columns[1].find_elements("css selector", ".move")]
    assert len(moves) == 6
    for docid, move in zip(ids(browser, 1), moves, strict=True):
        if docid in ids(browser, 0):
            gained = ids(browser, 0).index(docid) - ids(browser, 1).index(docid)
            assert move == (f"▲{gained}" if gained > 0 else f"▼{-gained}" if gained < 0 else "=")
    # By keys alone: into the hits, down, right, judged.
    browser.find_element("css selector", ".column .hit").send_keys("\ue015", "\ue014")
    docid = browser.switch_to.active_element.get_attribute("data-docid")
    assert docid == ids(browser, 1)[1]
    press(browser, "2")
    wait(browser, lambda: pressed(browser)[docid] == {"2"})
    press(browser, "n")
    browser.switch_to.active_element.send_keys("just this", "\ue007")
    wait(browser, lambda: "kept" in status(browser))
    browser.refresh()
    wait(browser, lambda: pressed(browser).get(docid) == {"2"})
    other = ids(browser, 1)[2]
    browser.find_elements("css selector", f".hit[data-docid='{other}']")[0].send_keys("1")
    wait(browser, lambda: pressed(browser)[other] == {"1"})
    # The moment that it is shown, it is on disk: the server dies without a chance to do anything more.
    server.end(signal.SIGKILL)
    again = serve(folder)
    browser.get(again.address)
    search(browser, again.root, columns=("BM25",))
    assert pressed(browser)[docid] == {"2"} and pressed(browser)[other] == {"1"}
    note = browser.find_element(
        "css selector", f".hit[data-docid='{docid}'] .note [name=note]:not([type=hidden])"
    )
    assert note.get_attribute("value") == "just this"
    # Taken back: that of before the kill, newest first.
    browser.find_element("css selector", ".hit").send_keys("u")
    wait(browser, lambda: "taken back" in status(browser))
    assert pressed(browser)[other] == set() and pressed(browser)[docid] == {"2"}
    assert again.end() == 143


def test_topics_by_gain_and_the_picture(folder, serve, browser):
    server = serve(folder)
    browser.get(server.address)
    browser.get(f"{server.root}/topics")
    wait(browser, lambda: browser.find_elements("css selector", "#gains a"))
    gains = [cell.text for cell in browser.find_elements("css selector", "tbody td:nth-child(2)")]
    assert len(gains) == 24 and gains == sorted(gains, key=float, reverse=True) and float(gains[0]) > 0
    text = browser.find_element("id", "main").text
    done = subprocess.run(
        [sys.executable, "-m", "pyserini_ltre.eval", "--qrels", folder / "qrels.test.txt", "--runs"]
        + [folder / "runs" / f"{name}.txt" for name in ("frozen", "trained")]
        + ["--measures", "nDCG@10"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    means = re.findall(r"0\.\d{4}", done.stdout)
    assert f"{means[0]} to" in text.replace("\n", " ") and means[1] in text
    # The tallest bar is the first topic; a click on it opens the topic, from where one walks on by gain.
    bar = browser.find_element("css selector", "#gains a .reach")
    browser.execute_script("arguments[0].dispatchEvent(new MouseEvent('click', {bubbles: true}))", bar)
    wait(browser, lambda: "Topic 1 of 24" in browser.find_element("id", "main").text)
    first = browser.find_element("name", "q").get_attribute("value")
    browser.find_element("css selector", "[rel=next]").click()
    wait(browser, lambda: "Topic 2 of 24" in browser.find_element("id", "main").text)
    assert browser.find_element("name", "q").get_attribute("value") != first


def test_a_pool_of_two_assessors_is_blind_and_compared(folder, serve, browser, tmp_path):
    server = serve(folder)
    browser.get(server.address)
    become(browser, "Ada")
    browser.get(f"{server.root}/pools")
    boxes = "[name=system]:checked"
    for name, value in (("depth", "2"), ("topics", "2")):
        field = browser.find_element("name", name)
        field.clear()
        field.send_keys(value)
    for box in browser.find_elements("css selector", boxes):
        if box.get_attribute("value") not in ("BM25", "encoder:frozen"):
            box.click()
    browser.find_element("css selector", "#make button").click()
    wait(browser, lambda: browser.find_elements("css selector", ".document.judgeable"))
    pool = browser.current_url
    said = browser.find_element("id", "main").text
    assert "BM25" not in said and "frozen" not in said
    total = int(re.search(r"0 of (\d+) judged", said)[1])
    assert 3 <= total <= 8
    for name, keys in (("Ada", "0123" * 2), ("Bo", "0120" * 2)):
        if name == "Bo":
            become(browser, name)
            browser.get(pool)
        for done in range(total):
            # Nothing has the focus but the page itself.
            wait(
                browser,
                lambda done=done: f"{done} of {total} judged" in browser.find_element("id", "main").text,
            )
            browser.find_element("tag name", "body").send_keys(keys[done])
        wait(browser, lambda: "All of it is judged" in browser.find_element("id", "main").text)
    browser.find_element("tag name", "body").send_keys("u")
    wait(browser, lambda: f"{total - 1} of {total} judged" in browser.find_element("id", "main").text)
    browser.find_element("tag name", "body").send_keys(keys[total - 1])
    wait(browser, lambda: "All of it is judged" in browser.find_element("id", "main").text)
    browser.get(f"{server.root}/judgements")
    disagreements = browser.find_elements("css selector", "details tbody tr")
    assert len(disagreements) == total // 4
    kappa = browser.find_element("css selector", ".kappa").text
    assert re.fullmatch(r"0\.\d{3}", kappa)
    browser.get(f"{server.root}/pools")
    row = browser.find_element("css selector", "tbody tr").text
    assert f"Ada {total}, Bo {total}" in row and "frozen, BM25" in row
    check_export(browser, server, folder, total)


def check_export(browser, server, folder, total):
    """What is exported has all judgements, and `pyserini_ltre.eval` takes it; it can be taken in again."""
    request = urllib.request.Request(f"{server.root}/qrels?token={server.token}")
    text = urllib.request.urlopen(request).read().decode()
    file = folder / "workbench" / "qrels.txt"
    assert file.read_text() == text
    assert sum(map(len, read_qrels(file).values())) == total
    browser.get(f"{server.root}/judgements")
    command = browser.find_element("css selector", ".command").text.split()
    assert command[:3] == ["python", "-m", "pyserini_ltre.eval"]
    done = subprocess.run(
        [sys.executable, *command[1:]], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0 and "nDCG@10" in done.stdout
    stranger = folder.parent / "imported.txt"
    stranger.write_text(text + "q1 0 unheard-of 1\n")
    browser.find_element("name", "file").send_keys(str(stranger))
    browser.find_element("css selector", "#import [name=name]").send_keys("Cy")
    browser.find_element("css selector", "#import button").click()
    wait(browser, lambda: "taken in as Cy" in status(browser))
    assert "1 of the judged documents, unheard-of first, are not in the index" in status(browser)
    browser.find_element("css selector", "#import button").click()
    wait(browser, lambda: "there is an assessor Cy already" in status(browser))
    (refusal,) = browser.get_log("browser")
    assert "/import" in refusal["message"] and "400" in refusal["message"]


def test_everything_is_escaped_and_fits(folder, serve, browser):
    server = serve(folder)
    browser.get(server.address)
    search(browser, server.root, f'lock "{EVIL}" &<b>', columns=("BM25",))
    assert "bad" not in browser.title.rpartition(">")[2]
    assert EVIL in browser.find_element("id", "hits").text
    browser.find_element("xpath", "//li[@data-docid='d3']//a").click()
    wait(browser, lambda: browser.find_elements("css selector", "dialog[open] .text"))
    assert EVIL in browser.find_element("css selector", "dialog .text").text
    assert "שלום" in browser.find_element("css selector", "dialog .text").text
    browser.find_element("css selector", "dialog form button").click()
    for address in ("/", "/topics", "/pools", "/judgements", "/teach", "/?q=open+file&c=BM25"):
        browser.get(server.root + address)
        for width in (1300, 500):
            browser.set_window_size(width, 900)
            assert browser.execute_script("return document.documentElement.scrollWidth - innerWidth") <= 0
        unnamed = browser.execute_script(
            "return [...document.querySelectorAll('input:not([type=hidden]), select')]"
            ".filter(field => !field.labels.length).length"
        )
        assert unnamed == 0


@pytest.mark.parametrize(
    "headers, query, method",
    [
        ({}, "", "GET"),
        ({}, "?token=guessed", "GET"),
        ({"Host": "evil.example"}, "?token={token}", "GET"),
        ({"Origin": "http://evil.example"}, "?token={token}", "GET"),
        ({"Origin": "null"}, "?token={token}", "POST"),
        ({"Sec-Fetch-Site": "cross-site"}, "?token={token}", "POST"),
    ],
)
def test_others_are_refused(one_server, headers, query, method):
    address = f"{one_server.root}/judgements{query.format(token=one_server.token)}"
    if method == "POST":
        address = address.replace("/judgements", "/undo")
    request = urllib.request.Request(
        address, headers=headers, method=method, data=b"" if method == "POST" else None
    )
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(request)
    assert refused.value.code == 403
    assert "default-src 'none'" in refused.value.headers["Content-Security-Policy"]


@pytest.fixture(scope="module")
def one_server(made_folder, tmp_path_factory):
    import shutil

    from conftest import Server

    server = Server(shutil.copytree(made_folder, tmp_path_factory.mktemp("one") / "demo"), "--port", "0")
    yield server
    server.end(signal.SIGKILL)


@pytest.mark.parametrize(
    "address, said",
    [
        ("/?q=" + "x" * 2001, "at most 2000"),
        ("/?qid=nobody", "no topic nobody"),
        ("/?q=x&w=2", "a weight of 0 to 1"),
        ("/?q=x&n=7", "10, 20, 50 hits"),
        ("/?q=x&c=nothing", "no system nothing"),
        ("/topics?a=nothing&b=run:frozen", "no run nothing"),
        ("/pool?number=7", "no pool 7"),
        ("/pool?number=x", "a number of 1 or more"),
        ("/qrels", "nothing is judged yet"),
        ("/qrels?by=Eve", "no assessor Eve"),
    ],
)
def test_bad_addresses_are_answered_in_one_line(one_server, address, said):
    joint = "&" if "?" in address else "?"
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(f"{one_server.root}{address}{joint}token={one_server.token}")
    assert refused.value.code == 400 and said in refused.value.read().decode()


def test_the_command_of_the_docs(folder, tmp_path):
    (command,) = re.findall(
        r"^```bash\n(.*?)\n```", (ROOT / "docs" / "workbench.md").read_text(), re.M | re.S
    )
    python, *words = command.split()
    assert python == "python" and words[-1] == "ltre-demo"
    (tmp_path / "ltre-demo").symlink_to(folder)
    process = subprocess.Popen(
        [sys.executable, *words, "--port", "0"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        address = process.stdout.readline().strip()
        assert b"Search side by side" in urllib.request.urlopen(address).read()
    finally:
        process.terminate()
        process.communicate(timeout=60)
    assert (folder / "workbench" / "judgements.sqlite").is_file()


def test_an_assessor_of_another_workbench_is_nobody(one_server):
    request = urllib.request.Request(
        f"{one_server.root}/judgements?token={one_server.token}", headers={"Cookie": "assessor=Stranger"}
    )
    assert "Nobody has judged yet" in urllib.request.urlopen(request).read().decode()
