"""What is packaged; the start-up files: built into the right place, cheap, harmless without the package."""

import configparser
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]


def python(code: str, *options: str, path: Path | str = REPOSITORY, **kwargs) -> str:
    home = os.environ["PYSERINI_LTRE_HOME"]
    environment = {"PYTHONPATH": str(path), "PATH": "/usr/bin:/bin", "PYSERINI_LTRE_HOME": home}
    command = [sys.executable, *options, "-c", code]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, **kwargs)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_every_package_is_listed():
    setup = configparser.ConfigParser()
    setup.read(REPOSITORY / "setup.cfg")
    modules = (REPOSITORY / "pyserini_ltre").rglob("*.py")
    packages = {".".join(module.parent.relative_to(REPOSITORY).parts) for module in modules}
    assert set(setup["options"]["packages"].split()) == packages | {"pyserini_ltre.resources"}


def test_build_puts_the_files_beside_the_packages(tmp_path):
    source = tmp_path / "source"
    source.mkdir()
    for name in ("setup.cfg", "pyproject.toml", "MANIFEST.in"):
        shutil.copy(REPOSITORY / name, source)
    for folder in ("pyserini_ltre", "resources", "startup"):
        shutil.copytree(REPOSITORY / folder, source / folder, ignore=shutil.ignore_patterns("__pycache__"))
    built = tmp_path / "built"
    command = [
        sys.executable,
        "-c",
        "import setuptools; setuptools.setup()",
        "-q",
        "build_py",
        "--build-lib",
        built,
    ]
    subprocess.run(command, cwd=source, check=True, capture_output=True, timeout=60)
    assert sorted(path.name for path in built.iterdir()) == [
        "pyserini_ltre",
        "pyserini_ltre.pth",
        "pyserini_ltre.start",
    ]
    # What is built works without the checkout, its packaged data included.
    code = "from pyserini_ltre import registry; print(registry.__file__, sorted(registry.load()['encoders']))"
    where, _, names = python(code, path=built, cwd=tmp_path).partition(" ")
    assert where.startswith(str(built)) and names == "['adore', 'ltre', 'star']"


PROGRAM = """
import site, sys
sys.meta_path[:] = [finder for finder in sys.meta_path if getattr(finder, "__name__", "") != "PyseriniLtreFinder"]
for _ in range(2):  # some Pythons read the files of a virtual environment twice
    site.addsitedir({startup!r})
print(sum(getattr(finder, "__name__", "") == "PyseriniLtreFinder" for finder in sys.meta_path))
print("pyserini_ltre" in sys.modules)
{then}
"""


def test_pth_file_installs_one_finder_and_imports_nothing():
    then = "import email, jnius_config; print('pyserini_ltre' in sys.modules)"
    program = PROGRAM.format(startup=str(REPOSITORY / "startup"), then=then)
    assert python(program).split() == ["1", "False", "False"]


@pytest.fixture
def small_pyserini(tmp_path):
    for name in ("pyserini/__init__.py", "pyserini/part.py", "jnius/__init__.py"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("")
    return tmp_path


def test_pth_file_brings_the_hook_when_pyserini_is_imported(small_pyserini):
    then = """
import jnius; print('pyserini_ltre' in sys.modules)
import pyserini; print('pyserini_ltre' in sys.modules)
import pyserini.part; print('pyserini_ltre.plugin.hook' in sys.modules)
"""
    program = PROGRAM.format(startup=str(REPOSITORY / "startup"), then=then)
    answers = python(program, path=f"{small_pyserini}:{REPOSITORY}").split()
    assert answers == ["1", "False", "False", "False", "True"]


def test_pth_file_without_the_package_harms_nobody(small_pyserini):
    shutil.copytree(REPOSITORY / "startup", small_pyserini / "startup")
    then = """
sys.path[:] = [folder for folder in sys.path if "site-packages" not in folder]
sys.meta_path[:] = [finder for finder in sys.meta_path if "Editable" not in repr(finder)]
import pyserini.part; print('ok')
"""
    program = PROGRAM.format(startup=str(small_pyserini / "startup"), then=then)
    assert python(program, path=small_pyserini, cwd=small_pyserini).split() == ["1", "False", "ok"]


def test_start_file_names_a_function_that_exists():
    (line,) = [
        line
        for line in (REPOSITORY / "startup" / "pyserini_ltre.start").read_text().splitlines()
        if not line.startswith("#")
    ]
    code = f"import pkgutil, sys; pkgutil.resolve_name({line!r})(); print(sys.meta_path[0].__name__)"
    assert python(code) == "PyseriniLtreFinder"


def test_hook_imports_nothing_that_costs_time():
    code = f"""
import os, sys  # the interpreter imports os by itself
sys.path.insert(0, {str(REPOSITORY)!r})
before = set(sys.modules)
import pyserini_ltre.plugin.hook
print(sorted(set(sys.modules) - before))
"""
    expected = ["__future__", "pyserini_ltre", "pyserini_ltre.plugin", "pyserini_ltre.plugin.hook"]
    assert python(code, "-I", "-S") == str(expected)


def test_registry_needs_the_standard_library_only():
    code = f"""
import sys
sys.path.insert(0, {str(REPOSITORY)!r})
import pyserini_ltre.registry
roots = {{name.partition(".")[0] for name in sys.modules}}
print(sorted(roots - sys.stdlib_module_names - {{"__main__"}}))
"""
    assert python(code, "-I", "-S") == "['pyserini_ltre']"
