"""The hook alone, with modules and patches made here: Pyserini is not imported."""

import importlib.machinery
import importlib.util
import re
import sys
import types
import warnings

import pytest

from pyserini_ltre import plugin
from pyserini_ltre.errors import InputError
from pyserini_ltre.plugin import hook

FAKE_PATCH = "pyserini_ltre.plugin.patch_made_by_a_test"


@pytest.fixture
def import_patched(tmp_path, monkeypatch):
    """Import the module `fakeserini.part` with a patch, which is a generator function."""
    package = tmp_path / "fakeserini"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "part.py").write_text("seen = __import__('os').environ.get('FAKE_KEY')\nvalue = 1\n")
    (package / "broken.py").write_text("1 / 0\n")
    monkeypatch.syspath_prepend(tmp_path)
    for switch in ("PYSERINI_LTRE_DISABLE", "PYSERINI_LTRE_STRICT"):
        monkeypatch.delenv(switch, raising=False)
    monkeypatch.setattr(sys, "meta_path", [hook.PyseriniLtreFinder, *sys.meta_path])
    patches = types.ModuleType(FAKE_PATCH)
    monkeypatch.setitem(sys.modules, FAKE_PATCH, patches)

    def import_it(patch, name="fakeserini.part"):
        patches.patch = patch
        monkeypatch.setattr(hook, "HOOKED", {name: (FAKE_PATCH.rpartition(".")[2], "patch")})
        return importlib.import_module(name)

    yield import_it
    for name in [name for name in sys.modules if name.startswith("fakeserini")]:
        del sys.modules[name]


def doubles(module):
    yield
    module.value *= 2


def test_patch_runs_before_and_after_the_module(import_patched, monkeypatch):
    def patch(module):
        assert not hasattr(module, "value")
        monkeypatch.setenv("FAKE_KEY", "set before")
        yield
        module.value += 41

    module = import_patched(patch)
    assert (module.seen, module.value) == ("set before", 42)


def test_other_modules_are_left_to_the_other_finders(import_patched):
    import_patched(doubles)
    assert hook.find_spec("json") is None
    assert hook.find_spec("fakeserini.broken") is None
    assert "exec_module" not in vars(importlib.util.find_spec("fakeserini").loader)


def test_loader_keeps_its_type_and_the_original_stays_clean(import_patched):
    module = import_patched(doubles)
    assert module.value == 2
    assert isinstance(module.__spec__.loader, importlib.machinery.SourceFileLoader)
    assert "value = 1" in module.__spec__.loader.get_source("fakeserini.part")


def test_disabled(import_patched, monkeypatch):
    monkeypatch.setenv("PYSERINI_LTRE_DISABLE", "1")
    assert import_patched(doubles).value == 1


def test_zero_does_not_disable(import_patched, monkeypatch):
    monkeypatch.setenv("PYSERINI_LTRE_DISABLE", "0")
    assert import_patched(doubles).value == 2


def fails_before(module):
    raise AttributeError("Pyserini has changed")
    yield


def fails_after(module):
    yield
    raise AttributeError("Pyserini has changed")


@pytest.mark.parametrize("patch", [fails_before, fails_after])
def test_failing_patch_warns_in_one_line_and_the_module_works(import_patched, patch):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        module = import_patched(patch)
    assert module.value == 1
    (warning,) = caught
    printed = warnings.formatwarning(warning.message, warning.category, warning.filename, warning.lineno)
    assert printed.count("\n") == 1
    assert "fakeserini.part" in printed and "AttributeError: Pyserini has changed" in printed


@pytest.mark.parametrize("patch", [fails_before, fails_after])
def test_strict_raises(import_patched, patch, monkeypatch):
    monkeypatch.setenv("PYSERINI_LTRE_STRICT", "1")
    with pytest.raises(AttributeError, match="Pyserini has changed"):
        import_patched(patch)


def test_patch_is_undone_when_the_module_itself_fails(import_patched):
    undone = []

    def patch(module):
        try:
            yield
        finally:
            undone.append(module.__name__)

    with pytest.raises(ZeroDivisionError):
        import_patched(patch, "fakeserini.broken")
    assert undone == ["fakeserini.broken"]


def test_bad_input_is_not_a_failing_patch(import_patched):
    def patch(module):
        raise InputError("no Java")
        yield

    with pytest.raises(InputError, match="no Java"):
        import_patched(patch)


def test_install_puts_one_finder_in_front(monkeypatch):
    monkeypatch.setattr(sys, "meta_path", [f for f in sys.meta_path if not hook._is_ours(f)])
    hook.install()
    hook.install()
    assert sys.meta_path[0] is hook.PyseriniLtreFinder
    assert sum(map(hook._is_ours, sys.meta_path)) == 1


def test_install_leaves_the_start_up_files_finder(monkeypatch):
    from_start_up_file = type("PyseriniLtreFinder", (), {})
    monkeypatch.setattr(
        sys, "meta_path", [from_start_up_file, *filter(lambda f: not hook._is_ours(f), sys.meta_path)]
    )
    hook.install()
    assert sum(map(hook._is_ours, sys.meta_path)) == 1


def test_every_patch_that_the_table_names_exists():
    for patch_module, function in hook.HOOKED.values():
        module = importlib.import_module(f"pyserini_ltre.plugin.{patch_module}")
        assert callable(getattr(module, function))


def test_the_packages_docstring_lists_every_patch():
    listed = re.findall(r"^\* `([\w.]+)` \(`(\w+)`\): ", plugin.__doc__, re.MULTILINE)
    assert listed == [(name, patch_module) for name, (patch_module, _) in hook.HOOKED.items()]
    assert plugin.__doc__.count("\n* ") == len(listed)
