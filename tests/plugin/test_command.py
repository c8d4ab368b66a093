"""When bad input ends the process with one line, and when it is an exception."""

import sys
import types

import pytest

from pyserini_ltre.errors import InputError
from pyserini_ltre.plugin.command import is_pyserini_command, one_line_in_commands


@pytest.fixture
def main_is(monkeypatch):
    def set_main(name):
        module = types.ModuleType("__main__")
        module.__spec__ = name and types.SimpleNamespace(name=name)
        monkeypatch.setitem(sys.modules, "__main__", module)

    return set_main


@pytest.mark.parametrize(
    "name", ["pyserini.search.faiss.__main__", "pyserini.eval.trec_eval", "pyserini_ltre.__main__"]
)
def test_command_ends_with_one_line_and_status_2(name, main_is, capsys):
    main_is(name)
    with pytest.raises(SystemExit) as end, one_line_in_commands():
        raise InputError("no such thing; do this")
    assert end.value.code == 2
    assert capsys.readouterr().err == "pyserini_ltre: no such thing; do this\n"


@pytest.mark.parametrize(
    "name", [None, "pytest.__main__", "pyserini_ltre.train.__main__", "pyserini.server.rest"]
)
def test_programs_and_servers_get_the_exception(name, main_is):
    main_is(name)
    with pytest.raises(InputError), one_line_in_commands():
        raise InputError("no such thing; do this")


@pytest.mark.parametrize("option", [["-m", "pyserini.search.faiss"], ["-mpyserini.search.faiss"]])
def test_command_whose_packages_are_still_being_imported(option, main_is, monkeypatch):
    main_is(None)
    monkeypatch.setattr(sys, "argv", ["-m", "--index", "-m"])
    monkeypatch.setattr(sys, "orig_argv", ["python", "-I", *option, "--index", "-m"])
    assert is_pyserini_command()
    monkeypatch.setattr(sys, "argv", ["program.py", "--index", "-m"])
    assert not is_pyserini_command()


def test_other_errors_keep_their_traceback(main_is):
    main_is("pyserini.search.faiss.__main__")
    with pytest.raises(KeyError), one_line_in_commands():
        raise KeyError("unexpected")
