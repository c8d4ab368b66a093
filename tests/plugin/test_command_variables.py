"""Names that Pyserini's commands give to what we read, in its installed source and with stand-ins."""

import ast
import importlib.util
import sys
import types
import warnings
from pathlib import Path

import pytest

from pyserini_ltre.plugin.command_variables import (
    ARGUMENTS,
    PLAIN_TEXT,
    VARIABLES,
    argument,
    document_encoder,
    queries_in_order,
)


def source_of(module):
    """Parse a module of the installed Pyserini without importing it, which would start Java."""
    (folder,) = importlib.util.find_spec("pyserini").submodule_search_locations
    return ast.parse(Path(folder, *module.split(".")[1:]).with_suffix(".py").read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    ("command", "variable"), [*VARIABLES.items(), *((command, "args") for command in ARGUMENTS)]
)
def test_the_command_has_that_variable(command, variable):
    block = source_of(command).body[-1]
    assert ast.unparse(block.test) == "__name__ == '__main__'"
    names = {target.id for target in ast.walk(block) if isinstance(target, ast.Name)}
    assert variable in names, f"Pyserini has renamed `{variable}` of {command}"


def test_the_class_of_plain_text_has_that_name():
    classes = {
        node.name for node in source_of("pyserini.query_iterator").body if isinstance(node, ast.ClassDef)
    }
    assert PLAIN_TEXT in classes, f"Pyserini has renamed {PLAIN_TEXT}"


class DefaultQueryIterator(list):
    """As Pyserini's: pairs of topic id and query."""


class KiltQueryIterator(list):
    """Another one of Pyserini's."""


@pytest.fixture
def command(monkeypatch):
    """Make `__main__` a command with these variables."""

    def run(name, **variables):
        module = types.ModuleType("__main__")
        vars(module).update(variables, __spec__=types.SimpleNamespace(name=name))
        monkeypatch.setitem(sys.modules, "__main__", module)

    return run


@pytest.mark.parametrize("name", ["pyserini.search.faiss.__main__", "pyserini.search.hybrid.__main__"])
def test_queries_are_those_of_the_command_in_its_order(command, name):
    command(name, query_iterator=DefaultQueryIterator([(2, "b"), (1, "a")]))
    assert queries_in_order() == ["b", "a"]


@pytest.mark.parametrize(
    ("name", "topics"),
    [
        ("pyserini.search.faiss.__main__", KiltQueryIterator([(1, "a")])),
        ("pyserini.search.faiss.__main__", DefaultQueryIterator([(1, "a"), (2, None)])),
        ("pyserini.encode.query", DefaultQueryIterator([(1, "a")])),
        ("somebody.elses", DefaultQueryIterator([(1, "a")])),
    ],
)
def test_other_topics_and_other_programs_have_no_queries(command, name, topics):
    command(name, query_iterator=topics)
    assert queries_in_order() == []


def test_document_encoder_of_the_command(command):
    command("pyserini.encode.__main__", encoder="it")
    assert document_encoder() == "it"
    command("somebody.elses", encoder="it")
    assert document_encoder() is None


def test_arguments_of_the_command(command):
    command("pyserini.search.faiss.__main__", args=types.SimpleNamespace(prf_depth=3))
    assert argument("prf_depth") == 3
    command("somebody.elses", args=types.SimpleNamespace(prf_depth=3))
    assert argument("prf_depth") is None


@pytest.mark.parametrize(
    ("name", "read", "instead"),
    [
        ("pyserini.search.faiss.__main__", queries_in_order, []),
        ("pyserini.search.hybrid.__main__", queries_in_order, []),
        ("pyserini.encode.__main__", document_encoder, None),
    ],
)
def test_a_renamed_variable_is_one_warning_or_an_error_where_that_was_asked_for(
    command, monkeypatch, name, read, instead
):
    command(name, renamed="it")
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        assert read() == instead
    (warning,) = caught
    assert name in str(warning.message) and VARIABLES[name] in str(warning.message)
    monkeypatch.setenv("PYSERINI_LTRE_STRICT", "1")
    with pytest.raises(AttributeError, match=VARIABLES[name]):
        read()
