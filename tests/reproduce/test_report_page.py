"""The page: what it says, and that a browser opens its rows."""

import json
import re

import pytest
from browsers import headless_chromium

from pyserini_ltre.reproduce.expected import record
from pyserini_ltre.reproduce.picture import draw_bars
from pyserini_ltre.reproduce.report import NOT_RUN, write_report


@pytest.fixture
def page(tmp_path, expected_file, make_results):
    work = tmp_path / "work"
    scifact = make_results("scifact", {"bm25": 0.5, "frozen": 0.6, "adore": 0.7, "adore+bm25": 0.75})
    cacm = make_results("cacm", {"frozen": 0.4, "adore": 0.45}, trained_on="s" * 64)
    for condition in ("bm25", "adore"):
        record(scifact, condition)
    scifact["conditions"]["adore"]["measures"]["nDCG@10"] = 0.65
    for results in (scifact, cacm):
        folder = work / results["settings"]["collection"]
        folder.mkdir(parents=True)
        (folder / "results.json").write_text(json.dumps(results))
    return write_report(work, tmp_path / "report")


def test_the_page_is_whole_without_a_network(page):
    text = page.read_text()
    assert "<script src" not in text and "<link" not in text and "@import" not in text and "url(" not in text
    assert [path.name for path in page.parent.iterdir()] == ["index.html"]


def test_scores_stand_beside_the_expected_ones(page):
    text = page.read_text()
    assert "0.5000 &#177; 0.001" in text and '<td class="pass">pass</td>' in text
    assert "-0.0500" in text and '<td class="fail">fail</td>' in text
    assert "no expected score<br>for this condition" in text


def test_transfer_and_published_figures_are_labelled(page):
    text = page.read_text()
    assert text.count('<span class="transfer">from scifact</span>') == 1  # not the frozen encoder's row
    assert text.count(NOT_RUN) == 13
    assert "<td>0.347</td>" in text and "<td>0.405</td>" in text


def test_commands_are_escaped(page):
    assert "'a &lt;b&gt;'" in page.read_text() or "&#x27;a &lt;b&gt;&#x27;" in page.read_text()


def test_bars_are_drawn_for_what_was_measured():
    picture = draw_bars({"bm25": 0.2, "frozen": 0.3, "frozen+bm25": 0.4}, "scores")
    # Two bars above each other and BM25's line, as long and as far as the scores say; the other two are the legend.
    bars = re.findall(r'class="(\w+)" x="0" y="(\d+)" width="([\d.]+)" height="12"', picture)
    assert bars == [("plain", "56", "315.0"), ("hybrid", "69", "420.0")] and picture.count("<rect") == 4
    assert '<line class="sparse" x1="210.0"' in picture and "BM25 0.200" in picture
    assert draw_bars({"bm25": 0.2}, "scores") == ""


@pytest.fixture
def browser():
    with headless_chromium() as browser:
        yield browser


def test_a_click_on_a_row_opens_its_commands(page, browser):
    from selenium.webdriver.support.ui import WebDriverWait

    browser.get(page.as_uri())
    row = browser.find_element("xpath", "//tr[@class='row'][.//button='ADORE + BM25']")
    commands = browser.find_element("id", "scifact-adore+bm25")
    assert not commands.is_displayed()
    row.click()
    assert commands.is_displayed()
    shown = [code.text for code in commands.find_elements("tag name", "code")]
    assert shown[0] == "python -m pyserini.search.lucene --topics 'a <b>' # adore+bm25"
    button = commands.find_element("class name", "copy")
    button.click()
    # The clipboard answers later; a browser that refuses it selects the command instead.
    WebDriverWait(browser, 20).until(lambda _: button.text in ("copied", "selected"))
    assert commands.is_displayed()
    row.find_element("tag name", "button").click()
    assert not commands.is_displayed()
    for width in (1200, 360):
        browser.set_window_size(width, 800)
        wide = browser.execute_script("return document.documentElement.scrollWidth - innerWidth")
        assert wide <= 0
    assert browser.get_log("browser") == []


@pytest.mark.parametrize("field", ["fingerprint", "Python", "queries", "weights"])
def test_nothing_of_the_results_reaches_the_page_as_markup(tmp_path, make_results, field):
    results = make_results("scifact", {"frozen": 0.6, "frozen+bm25": 0.7})
    bad = "<script>alert(1)</script>"
    if field == "queries":
        results[field] = bad
    elif field == "weights":
        results["conditions"]["frozen+bm25"][field] = bad
    else:
        results["settings"][field] = bad
    (tmp_path / "work" / "scifact").mkdir(parents=True)
    (tmp_path / "work" / "scifact" / "results.json").write_text(json.dumps(results))
    text = write_report(tmp_path / "work", tmp_path / "report").read_text()
    assert "<script>alert" not in text and "&lt;script&gt;" in text.replace(
        "&lt;script&gt;a", "&lt;script&gt;"
    )
