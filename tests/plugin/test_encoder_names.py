"""Our encoder names among classes that stand in for Pyserini's."""

import argparse
import pickle
import sys
import types

import pytest

from pyserini_ltre import registry
from pyserini_ltre.errors import InputError
from pyserini_ltre.plugin import encoders


class QueryEncoder:
    def __init__(self, encoded_query_dir=None):
        self.encoded_query_dir = encoded_query_dir


class AutoQueryEncoder(QueryEncoder):
    def __init__(self, encoder_dir=None, tokenizer_name=None, device="cpu", pooling="cls", **kwargs):
        self.given = (encoder_dir, tokenizer_name, device, pooling, kwargs)


class AnceQueryEncoder(QueryEncoder):
    def __init__(self, encoder_dir=None, tokenizer_name=None, device="cpu", **kwargs):
        self.given = (encoder_dir, tokenizer_name, device)


class CachedQueryEncoder(QueryEncoder):
    def __init__(self, encoded_query_dir):
        self.given = encoded_query_dir


class DocumentEncoder:
    pass


class AutoDocumentEncoder(DocumentEncoder):
    def __init__(self, model_name, tokenizer_name=None, device="cuda:0"):
        self.given = (model_name, tokenizer_name, device)


class Ours:
    def __init__(self, model, **options):
        self.model, self.options = model, options


class OurQueryEncoder(Ours, QueryEncoder):
    pass


class OurDocumentEncoder(Ours, DocumentEncoder):
    pass


PYSERINIS = (AutoQueryEncoder, AnceQueryEncoder, CachedQueryEncoder, AutoDocumentEncoder)


@pytest.fixture
def encode(monkeypatch):
    """The stand-in for `pyserini.encode`, patched in a command; everything is as before at the end."""
    monkeypatch.setattr(encoders, "is_pyserini_command", lambda: True)
    return patched_encode(monkeypatch)


def patched_encode(monkeypatch):
    for base in (QueryEncoder, DocumentEncoder):
        monkeypatch.setattr(base, "__new__", base.__new__)
    for cls in PYSERINIS:
        monkeypatch.setattr(cls, "__module__", "pyserini.encode._made")
    monkeypatch.setattr(argparse.ArgumentParser, "add_argument", argparse.ArgumentParser.add_argument)
    ours = types.SimpleNamespace(LtreQueryEncoder=OurQueryEncoder, LtreDocumentEncoder=OurDocumentEncoder)
    monkeypatch.setitem(sys.modules, "pyserini_ltre.encode.pyserini_encoders", ours)
    module = types.ModuleType("pyserini.encode")
    module.QueryEncoder, module.DocumentEncoder = QueryEncoder, DocumentEncoder
    module.query_encoder_class_map = {"ance": AnceQueryEncoder, "auto": AutoQueryEncoder, "mmeb": None}
    module.document_encoder_class_map = {"auto": AutoDocumentEncoder}
    patch = encoders.encoder_names(module)
    next(patch)
    next(patch, None)
    return module


@pytest.fixture
def model(tmp_path, monkeypatch):
    monkeypatch.setenv("PYSERINI_LTRE_HOME", str(tmp_path / "home"))
    directory = tmp_path / "relevance" / "model"
    directory.mkdir(parents=True)
    registry.register("encoders", "ltre", path=directory)
    return str(directory)


def test_class_maps_list_what_they_listed_and_answer_for_ours(encode, model):
    classes = encode.query_encoder_class_map
    assert list(classes.items()) == [("ance", AnceQueryEncoder), ("auto", AutoQueryEncoder), ("mmeb", None)]
    assert classes["ance"] is AnceQueryEncoder
    assert "ltre" not in classes and len(classes) == 3
    made = classes["ltre"](encoder_dir=model, tokenizer_name=None, device="cpu", prefix="q:", fp16=False)
    assert type(made) is OurQueryEncoder and made.model == model
    assert made.options == {"tokenizer_name": None, "device": "cpu", "prefix": "q:", "fp16": False}
    assert (
        type(encode.document_encoder_class_map["star"](model_name=model, device="cpu")) is OurDocumentEncoder
    )
    with pytest.raises(KeyError):
        classes["bm25"]


def test_whatever_class_was_picked_hands_over(encode, model):
    for cls in (AutoQueryEncoder, AnceQueryEncoder):
        for name in ("ltre", f"ltre:{model}", f"adore:{model}"):
            made = cls(encoder_dir=name, tokenizer_name="t", device="cpu", l2_norm=True)
            assert type(made) is OurQueryEncoder and made.model == model
            assert made.options == {"tokenizer_name": "t", "device": "cpu", "l2_norm": True}
    made = AutoDocumentEncoder(model_name="ltre", device="cpu")
    assert type(made) is OurDocumentEncoder and (made.model, made.options) == (model, {"device": "cpu"})


def test_positional_name_and_the_tokenizer_that_encode_query_sets(encode, model):
    made = AnceQueryEncoder(f"ltre:{model}", device="cpu", tokenizer_name="roberta-base")
    assert made.model == model and made.options == {"device": "cpu"}


@pytest.mark.parametrize(
    "name", ["castorini/ance", "./ltre", "/data/ltre/adore", "my-star", "start/ltre", None]
)
def test_other_names_make_what_they_made(encode, model, name):
    made = AutoQueryEncoder(encoder_dir=name, device="cuda:0", pooling="mean", l2_norm=True)
    assert type(made) is AutoQueryEncoder
    assert made.given == (name, None, "cuda:0", "mean", {"l2_norm": True})
    assert type(AnceQueryEncoder(name)) is AnceQueryEncoder
    assert type(AutoDocumentEncoder(name)) is AutoDocumentEncoder


def test_our_word_in_another_argument_is_left_alone(encode, model):
    made = AutoQueryEncoder("castorini/x", tokenizer_name="ltre", pooling="star")
    assert type(made) is AutoQueryEncoder and made.given[:2] == ("castorini/x", "ltre")
    assert CachedQueryEncoder("ltre").given == "ltre"
    assert QueryEncoder("star").encoded_query_dir == "star"


def test_other_peoples_subclasses_are_left_alone(encode, model):
    class Theirs(AutoQueryEncoder):
        pass

    assert type(Theirs(encoder_dir="ltre")) is Theirs


def test_new_of_pyserini_and_of_other_bases_is_called(model, monkeypatch):
    class Counted:
        def __new__(cls, *args, **kwargs):
            made = object.__new__(cls)
            made.counted = (args, kwargs)
            return made

    class Both(AutoQueryEncoder, Counted):
        pass

    def own_new(cls, *args, **kwargs):
        made = object.__new__(cls)
        made.from_own_new = (args, kwargs)
        return made

    patched_encode(monkeypatch)
    monkeypatch.delattr(QueryEncoder, "__new__")
    encoders._hand_over(QueryEncoder, encoders.make_query_encoder)
    assert Both("x", device="cpu").counted == (("x",), {"device": "cpu"})
    assert type(Both(encoder_dir=f"ltre:{model}")) is Both  # not a class of Pyserini
    monkeypatch.setattr(QueryEncoder, "__new__", own_new)
    encoders._hand_over(QueryEncoder, encoders.make_query_encoder)
    assert AutoQueryEncoder("x", device="cpu").from_own_new == (("x",), {"device": "cpu"})
    assert type(AutoQueryEncoder("ltre")) is OurQueryEncoder


@pytest.mark.parametrize(
    ("encoder", "ours"),
    [("ltre", True), ("star:somewhere", True), ("castorini/ance", False), (None, False), (object(), False)],
)
def test_ours_is_a_name_of_ours_or_what_we_made(encoder, ours):
    assert encoders.is_ours(encoder) is ours
    made = type("Made", (), {"__module__": "pyserini_ltre.encode.made_by_a_test"})()
    assert encoders.is_ours(made)


def test_encoders_can_still_be_pickled(encode, model, monkeypatch):
    monkeypatch.setattr(AutoQueryEncoder, "__module__", __name__)
    assert pickle.loads(pickle.dumps(AutoQueryEncoder("x"))).given[0] == "x"


@pytest.mark.parametrize(
    ("name", "message"),
    [("star", "no encoder is registered as star"), ("ltre:/nowhere", "/nowhere is neither")],
)
def test_name_that_nothing_stands_behind(encode, model, name, message):
    with pytest.raises(InputError, match=message):
        AutoQueryEncoder(encoder_dir=name)


def test_encoder_class_with_path_or_hub_name(encode, model):
    make = encode.query_encoder_class_map["ltre"]
    assert make(encoder_dir="owner/name").model == "owner/name"
    assert make(encoder_dir="ltre").model == model
    for missing in ("/no/such/model", "./model", "some/deeper/path"):
        with pytest.raises(InputError, match="is not a model directory"):
            make(encoder_dir=missing)


def test_choices_of_encoder_class_are_extended_and_nothing_else_is(encode):
    parser = argparse.ArgumentParser()
    theirs = ["dpr", "tct_colbert"]
    action = parser.add_argument("--encoder-class", choices=theirs, default=None)
    assert action.choices == ["dpr", "tct_colbert", "ltre", "star", "adore"]
    assert theirs == ["dpr", "tct_colbert"]
    assert parser.add_argument("--pooling", choices=["cls", "mean"]).choices == ["cls", "mean"]
    other = argparse.ArgumentParser()
    assert other.add_argument("--encoder-class", choices=["gpt"]).choices == ["gpt"]
    assert parser.parse_args(["--encoder-class", "ltre"]).encoder_class == "ltre"


def test_argparse_of_other_programs_is_not_touched(monkeypatch):
    add_argument = argparse.ArgumentParser.add_argument
    patched_encode(monkeypatch)
    assert argparse.ArgumentParser.add_argument is add_argument
