"""The commands of the conditions: what they need comes first, and those of the collection that is trained on."""

import pytest

from pyserini_ltre.reproduce.collections import find_source
from pyserini_ltre.reproduce.conditions import CONDITIONS, STAR, Condition
from pyserini_ltre.reproduce.steps import Plan


@pytest.fixture
def plan(tmp_path):
    return Plan(tmp_path / "work", tmp_path / "model", 384)


def names(steps):
    return [f"{step.collection}: {step.name}" for step in steps]


def words(steps, name):
    (step,) = [step for step in steps if step.name == name]
    return [str(word) for word in step.words]


@pytest.mark.parametrize("condition", CONDITIONS.values(), ids=str)
@pytest.mark.parametrize("collection", ["scifact", "cacm"])
def test_every_input_is_made_by_a_step_before(plan, data, condition, collection):
    made = set()
    for step in plan.steps(condition, find_source(collection, data)):
        written = {str(step.output), str(plan.weights_file(condition, find_source(collection, data)))}
        for word in step.words:
            path = str(word).removeprefix("ltre:")
            if path.startswith(str(plan.work)) and path not in written:
                assert any(path == output or path.startswith(f"{output}/") for output in made), (step, word)
        made.add(str(step.output))
    assert str(plan.run_file(condition, find_source(collection, data))) in made


def test_steps_are_there_once(plan, data):
    steps = names(plan.steps(CONDITIONS["adapter+bm25"], find_source("cacm", data)))
    assert len(set(steps)) == len(steps)


def test_searching_is_pyserinis_own(plan, data):
    for condition in CONDITIONS.values():
        searches = [
            s for s in plan.steps(condition, find_source("cacm", data)) if s.name.startswith("search")
        ]
        assert searches and all(s.words[0].startswith("pyserini.search.") for s in searches)


def test_trained_encoders_and_weights_are_transferred(plan, data):
    steps = plan.steps(CONDITIONS["adore+bm25"], find_source("cacm", data))
    assert "scifact: train adore" in names(steps) and "cacm: train adore" not in names(steps)
    search = words(steps, "search adore test")
    assert f"ltre:{plan.work}/scifact/models/adore" in search and f"{plan.work}/cacm/index" in search
    fuse = words(steps, "combine adore+bm25")
    tuned_on = fuse[fuse.index("--dev-runs") + 1 : fuse.index("--qrels") + 2]
    assert all("/scifact/" in word for word in tuned_on if word != "--qrels")


def test_nothing_is_transferred_that_is_not_needed(plan, data):
    assert all(
        step.collection == "cacm"
        for step in plan.steps(CONDITIONS["frozen"], find_source("cacm", data / "cacm", trained=False))
    )


def test_the_compressed_index_has_a_thirty_second_of_the_bytes(plan, data):
    compress = words(plan.steps(CONDITIONS["compressed"], find_source("scifact", data)), "compress the index")
    assert compress[compress.index("--factory") + 1] == "OPQ48,PQ48"


def test_star_trains_both_sides_and_encodes_again(plan, data):
    star_adore = Condition("star-adore", "STAR, then ADORE", STAR, objective="adore")
    steps = plan.steps(star_adore, find_source("cacm", data))
    order = names(steps)
    expected = ["scifact: mine for star", "scifact: train star", "scifact: encode index-star"]
    places = [order.index(name) for name in [*expected, "scifact: train star-adore"]]
    assert places == sorted(places) and "cacm: encode index-star" in order
    train = words(steps, "train star-adore")
    assert train[train.index("--encoder") + 1] == f"{plan.work}/scifact/models/star"


def test_what_is_distilled_takes_no_judgements_and_its_own_documents(plan, data):
    steps = plan.steps(CONDITIONS["distil+bm25"], find_source("cacm", data, trained=False))
    assert all(step.collection == "cacm" for step in steps)
    train = words(steps, "train distil")
    assert "--collection" in train and train[train.index("--exclude") + 1].endswith(
        "cacm/collection/topics.test.tsv"
    )
    assert not any("qrels" in word for step in steps for word in map(str, step.words))
    fuse = words(steps, "combine distil+bm25")
    assert fuse[fuse.index("--weights") + 1] == "bm25.test.txt=0.3" and "--tune" not in fuse


def test_judged_and_unjudged_are_learned_from_together_where_the_judgements_are(plan, data):
    train = words(plan.steps(CONDITIONS["adore+distil"], find_source("cacm", data)), "train adore+distil")
    assert train[1] == "adore" and "--qrels" in train
    assert train[train.index("--collection") + 1].endswith("scifact")


@pytest.mark.parametrize("reads", [False, True])
def test_feedback_is_learned_behind_the_trained_encoder_where_there_are_judgements(plan, data, reads):
    condition = CONDITIONS["adore+distil+reading" if reads else "adore+distil+feedback"]
    steps = plan.steps(condition, find_source("scifact", data))
    models = f"{plan.work}/scifact/models"
    order = names(steps)
    trained, learned = "scifact: train adore+distil", f"scifact: train {condition.name}"
    assert order.index(trained) < order.index(learned) < order.index(f"scifact: search {condition.name} test")
    train = words(steps, "train adore+distil")
    assert train[train.index("--output") + 1] == f"{models}/adore+distil"
    learn = words(steps, f"train {condition.name}")
    assert learn[1] == "feedback" and learn[learn.index("--encoder") + 1] == f"{models}/adore+distil"
    assert ("--texts" in learn) == reads
    search = words(steps, f"search {condition.name} test")
    assert search[search.index("--encoder") + 1] == f"ltre:{models}/{condition.name}"
    # It searches an index of its own: elsewhere, the encoder is searched with as it is.
    elsewhere = plan.steps(condition, find_source("cacm", data))
    assert not any(name.endswith(condition.name) and " train " in name for name in names(elsewhere))
    search = words(elsewhere, f"search {condition.name} test")
    assert search[search.index("--encoder") + 1] == f"ltre:{models}/adore+distil"
