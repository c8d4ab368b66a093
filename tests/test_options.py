"""Options declared once: wrong ones are refused from Python and from the command line, with their choices."""

import pytest

from pyserini_ltre.encode.encoder_options import find_device
from pyserini_ltre.errors import InputError
from pyserini_ltre.train.__main__ import main
from pyserini_ltre.train.loop.schedule import Schedule
from pyserini_ltre.train.losses.objective import Objective
from pyserini_ltre.train.losses.pair_objective import PairObjective
from pyserini_ltre.train.query_side import QuerySideTrainer
from pyserini_ltre.train.trainable.both_sides import MemoryOptions

WRONG = [
    (Schedule, "optimizer", "sgd", "adamw, lamb"),
    (Schedule, "lr_scheduler_type", "step", "linear, cosine, constant_with_warmup"),
    (Schedule, "precision", "fp16", "fp32, bf16, auto"),
    (Schedule, "epochs", 0, "a number above 0"),
    (Schedule, "learning_rate", float("nan"), "a number above 0"),
    (Schedule, "batch_size", 0, "a whole number of 1 or more"),
    (Schedule, "seed", -1, "a whole number of 0 or more"),
    (Objective, "gain", "dcg", "reciprocal-rank, ndcg"),
    (Objective, "anchor", -0.1, "a number of 0 or more"),
    (Objective, "hits", 0, "a whole number of 1 or more"),
    (Objective, "max_appended_positives", -1, "a whole number of 0 or more"),
    (PairObjective, "depth", 0, "a whole number of 1 or more"),
    (MemoryOptions, "chunk", 0, "a whole number of 1 or more"),
]


@pytest.mark.parametrize(("group", "name", "value", "choices"), WRONG)
def test_wrong_options_name_parameter_and_choices_in_python(group, name, value, choices):
    with pytest.raises(InputError, match=f"^`{name}` {value}: .*{choices}") as caught:
        group(**{name: value})
    assert isinstance(caught.value, ValueError)


@pytest.mark.parametrize(("group", "name", "value", "choices"), WRONG)
def test_wrong_options_name_flag_and_choices_in_commands(group, name, value, choices, refused):
    method = "star" if group in (PairObjective, MemoryOptions) else "adore"
    needed = "--collection c" if method == "star" else "--index i"
    flag = "--" + name.replace("_", "-")
    options = f"{needed} --queries q --qrels r --output never {flag}={value}"
    said = refused(main, method, *options.split())
    assert name in said.replace("-", "_")
    assert choices in said.replace("'", "")  # how argparse quotes differs between versions of Python


def test_a_wrong_part_and_a_wrong_method_are_refused(problem_free_index):
    with pytest.raises(InputError, match="`trainable` head: use one of encoder, adapter, lora"):
        QuerySideTrainer("e", problem_free_index, trainable="head")
    with pytest.raises(InputError, match="`method` lrte: use one of adore, ltre, softmax"):
        QuerySideTrainer("e", problem_free_index, "lrte")


@pytest.fixture
def problem_free_index(tmp_path):
    """A path that is never read: options are looked at first."""
    return tmp_path / "nowhere"


@pytest.mark.parametrize("name", ["tpu", "cuda:99", "gpu0"])
def test_devices_that_are_not_there_are_refused(name):
    with pytest.raises(InputError, match=f"`device` {name}: "):
        find_device(name)


def test_options_are_documented_by_their_help():
    assert "gradient_accumulation_steps\n        batches whose gradients" in Schedule.__doc__


def test_an_unknown_option_is_refused_and_named(refused):
    said = refused(main, "distil", *"--index i --collection c --output never --stepps 3".split())
    assert "--stepps 3" in said and "--help" in said
