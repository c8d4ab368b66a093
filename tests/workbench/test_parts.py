"""What the page is made of, without a server."""

import random

import pytest
from small_input import WORDS

from pyserini_ltre.collection import Document
from pyserini_ltre.errors import InputError
from pyserini_ltre.run.fuse import fuse_runs
from pyserini_ltre.workbench.agreement import agreements, cohens_kappa
from pyserini_ltre.workbench.database import Database
from pyserini_ltre.workbench.gains import HEIGHT, bars, find_gains
from pyserini_ltre.workbench.judgements import Judgements
from pyserini_ltre.workbench.loading import FAILED, Systems
from pyserini_ltre.workbench.pools import Pools, unjudged_places
from pyserini_ltre.workbench.snippets import LOOKED_AT, marked, query_words, snippet
from pyserini_ltre.workbench.texts import Texts


@pytest.fixture
def database(tmp_path):
    database = Database(tmp_path / "own", "fingerprint")
    yield database
    database.close()


@pytest.fixture
def judgements(database):
    judgements = Judgements(database)
    for name in ("Ada", "Bo"):
        judgements.add_assessor(name)
    return judgements


def test_the_newest_word_counts_and_is_taken_back_first(judgements):
    query = ("q1", "open a file")
    for docid, grade in (("d1", 1), ("d2", 3), ("d1", 0)):
        judgements.judge("Ada", query, docid, grade, note=f"said {grade}")
    assert [(j.docid, j.grade, j.note) for j in judgements.of("Ada")] == [
        ("d1", 0, "said 0"),
        ("d2", 3, "said 3"),
    ]
    assert judgements.of("Bo") == [] and judgements.topics() == {"q1": "open a file"}
    assert judgements.undo("Ada") == ("q1", "d1", 1)
    assert judgements.qrels("Ada") == {"q1": {"d1": 1, "d2": 3}}
    assert judgements.undo("Ada") == ("q1", "d2", None)
    assert judgements.undo("Ada") == ("q1", "d1", None)
    assert judgements.undo("Ada") is None


def test_all_together_is_the_median(judgements):
    judgements.add_assessor("Cy")
    for name, grades in (("Ada", (3, 2)), ("Bo", (0, 1)), ("Cy", (2, None))):
        for docid, grade in zip(("d1", "d2"), grades, strict=True):
            if grade is not None:
                judgements.judge(name, ("q", "text"), docid, grade)
    assert judgements.qrels() == {"q": {"d1": 2, "d2": 1}}


@pytest.mark.parametrize("name", ["ada", " ADA ", "\uff21da", "", "x" * 61, "a\u202eb"])
def test_two_assessors_of_one_name_are_refused(judgements, name):
    with pytest.raises(InputError, match="assessor"):
        judgements.add_assessor(name)
    assert judgements.assessors() == ["Ada", "Bo"]


def test_nobody_judges_unknown_and_no_unknown_grades(judgements):
    with pytest.raises(InputError, match="say who judges"):
        judgements.judge("Eve", ("q", "text"), "d", 1)
    with pytest.raises(InputError, match="judge with 0, 1, 2, 3"):
        judgements.judge("Ada", ("q", "text"), "d", 4)
    assert judgements.qrels() == {}


def test_kappa_is_that_of_scikit_learn():
    metrics = pytest.importorskip("sklearn.metrics")
    chance = random.Random(3)
    for _ in range(20):
        pairs = [(chance.randrange(4), chance.choice([0, 1, 1, 3])) for _ in range(chance.randrange(10, 40))]
        expected = metrics.cohen_kappa_score(*zip(*pairs, strict=True))
        assert cohens_kappa(pairs) == pytest.approx(expected)
    assert cohens_kappa([(1, 1), (1, 1)]) is None and cohens_kappa([]) is None


def test_disagreements_are_listed_the_furthest_apart_first(judgements):
    for docid, one, other in (("a", 1, 1), ("b", 1, 2), ("c", 3, 0)):
        judgements.judge("Ada", ("q", "text"), docid, one)
        judgements.judge("Bo", ("q", "text"), docid, other)
    judgements.judge("Bo", ("q", "text"), "alone", 1)
    (pair,) = agreements(judgements)
    assert (pair.both, pair.equal) == (3, 1)
    assert [one.docid for one, _ in pair.disagreements] == ["c", "b"]
    assert pair.kappa == cohens_kappa([(1, 1), (1, 2), (3, 0)])


def test_a_pool_is_the_union_shuffled_and_blind(database, judgements):
    pools = Pools(database)
    queries = {"q1": "one", "q2": "two"}
    runs = {
        "frozen": {"q1": {f"d{i}": 9.0 - i for i in range(9)}, "q2": {"e1": 1.0}},
        "BM25": {"q1": {f"d{i}": float(i) for i in (8, 7, 1, 0)}},
    }
    number = pools.make(runs, queries, 3)
    pairs = pools.pairs(number)
    assert sorted(pairs) == [("q1", f"d{i}") for i in (0, 1, 2, 7, 8)] + [("q2", "e1")]
    assert [qid for qid, _ in pairs] == ["q1"] * 5 + ["q2"] and pairs != sorted(pairs)
    pool = pools.get(number)
    assert (pool.depth, pool.systems, pool.documents) == (3, ["frozen", "BM25"], 6)
    judgements.judge("Ada", ("q1", "one"), pairs[1][1], 0, pool=number)
    assert unjudged_places(pairs, judgements, "Ada") == [0, 2, 3, 4, 5]
    assert unjudged_places(pairs, judgements, "Bo") == [0, 1, 2, 3, 4, 5]
    with pytest.raises(InputError, match="found nothing"):
        pools.make({"frozen": {}}, queries, 3)


def test_a_database_is_of_one_collection_one_workbench_and_sound(tmp_path):
    folder = tmp_path / "own"
    database = Database(folder, "one")
    with pytest.raises(InputError, match="another workbench has it open"):
        Database(folder, "one")
    database.close()
    with pytest.raises(InputError, match=r"judgements\.sqlite: judgements of another collection"):
        Database(folder, "two")
    Database(folder, "one").close()
    for left in folder.iterdir():
        left.unlink()
    (folder / "judgements.sqlite").write_text("no database at all\n" * 100)
    with pytest.raises(InputError, match=r"judgements\.sqlite: file is not a database; put a copy"):
        Database(folder, "one")


def test_a_change_that_fails_leaves_nothing(database, judgements):
    with pytest.raises(InputError), database.changing() as connection:
        connection.execute("INSERT INTO topics VALUES ('q', 'text')")
        raise InputError("in the middle")
    assert judgements.topics() == {}


def test_the_snippet_is_where_the_words_are():
    filler = " ".join(WORDS)
    document = Document("d", "title", f"{filler} the Quick brown fox, quick! {filler}")
    pieces = snippet(document, query_words("a quick FOX of the forest"))
    assert [part for part, is_word in pieces if is_word] == ["Quick", "fox", "quick"]
    assert pieces[0] == ("… ", False) and pieces[-1] == (" …", False)
    whole = marked(document.text, query_words("fox"))
    assert "".join(part for part, _ in whole) == document.text
    assert snippet(Document("d", "only a title", ""), frozenset({"title"}))[-1] == ("title", True)
    assert query_words("the of") == {"the", "of"}
    long = Document("d", "", "word " * (LOOKED_AT + 10) + "fox")
    assert snippet(long, frozenset({"fox"}))


def test_gains_are_those_of_the_measure_and_drawn():
    qrels = {"q1": {"a": 1}, "q2": {"a": 1}, "q3": {"a": 1}, "none": {"a": 0}, "stranger": {"a": 1}}
    topics = {"q1": "one", "q2": "two", "q3": "three", "none": "no relevant document"}
    first, second = {"a": 2.0, "b": 1.0}, {"a": 1.0, "b": 2.0}
    before = {"q1": first, "q2": second, "q3": first}
    after = {"q1": second, "q2": first, "q3": first}
    gains = find_gains(before, after, qrels, topics)
    second_place = 1 / 1.584962500721156
    assert [topic.qid for topic in gains.topics] == ["q2", "q3", "q1"] == gains.order()
    assert gains.before == gains.after == pytest.approx((2 + second_place) / 3)
    up, flat, down = bars(gains)
    assert up.y + up.height == pytest.approx(HEIGHT / 2) and down.y == HEIGHT / 2 and flat.height == 0
    assert up.height == down.height == pytest.approx((1 - second_place) * HEIGHT / 2)
    assert gains.mean({"q1"}) == (1, 1.0, pytest.approx(second_place)) and gains.mean({"x"}) is None
    for unjudged in ({}, {"none": {"a": 0}}):
        with pytest.raises(InputError, match="judge"):
            find_gains(before, after, unjudged, topics)


def test_texts_are_read_again_when_the_collection_changes(tmp_path, made_folder):
    collection = tmp_path / "collection"
    collection.mkdir()
    for name in ("corpus.jsonl", "queries.jsonl"):
        (collection / name).write_text((made_folder / "collection" / name).read_text())
    (collection / "qrels").mkdir()
    texts = Texts(tmp_path / "texts", str(collection))
    texts.prepare()
    assert texts.get(["d1", "nothing"]) == {"d1": Document("d1", "sort list", "sort list 1 value ")}
    made = texts.file.stat().st_mtime_ns
    texts.prepare()
    assert texts.file.stat().st_mtime_ns == made
    (collection / "corpus.jsonl").write_text('{"_id": "new", "title": "", "text": "t"}\n')
    texts.prepare()
    assert list(texts.get(["d1", "new"])) == ["new"]
    texts.file.write_text("damaged")
    with pytest.raises(InputError, match="remove it; it is made again"):
        texts.get(["new"])


class Answering:
    """A system that answers everything alike, and counts how often it is asked."""

    warning = None

    def __init__(self, name, hits, broken=False):
        self.name = self.title = name
        self.hits, self.broken, self.asked = hits, broken, 0

    def load(self):
        if self.broken:
            raise InputError("cannot be read")

    def search(self, queries, hits):
        self.asked += 1
        return {qid: self.hits for qid in queries}


def test_systems_are_loaded_asked_once_and_combined():
    dense = Answering("encoder:frozen", {"a": 0.9, "b": 0.8, "c": 0.1})
    sparse = Answering("BM25", {"c": 20.0, "b": 15.0})
    systems = Systems([dense, sparse, Answering("encoder:bad", {}, broken=True)])
    systems.wait(["hybrid:encoder:frozen"])
    query = {"q": "text"}
    for weight in (0.0, 0.3, 1.0):
        expected = fuse_runs([{"q": dense.hits}, {"q": sparse.hits}], [1 - weight, weight])
        assert systems.search("hybrid:encoder:frozen", query, weight) == expected
    assert systems.search("BM25", query, 0.0, 1) == {"q": {"c": 20.0}}
    assert dense.asked == sparse.asked == 1
    with pytest.raises(InputError, match="bad: cannot be read"):
        systems.wait(["encoder:bad"])
    assert systems.state("hybrid:encoder:bad") == (FAILED, "cannot be read")
    with pytest.raises(InputError, match="no system nobody"):
        systems.want("nobody")
    systems.add(Answering("BM25", {"new": 1.0}))
    systems.wait(["BM25"])
    assert systems.search("BM25", query, 0.0) == {"q": {"new": 1.0}}
