"""Where the slow checks find the real collections, and where they leave what they made."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[1]
DATA = REPOSITORY.parent / "shared" / "data"
COLLECTIONS = ("nfcorpus", "scifact", "cacm", "cranfield", "python-stdlib")

# The quick tests have the measures that trec_eval shares, and the program; the checks here use them on real runs.
sys.path.append(str(REPOSITORY / "tests" / "eval"))


@pytest.fixture(scope="session")
def work(tmp_path_factory):
    """Work folder of the matrix: ``$LTRE_MATRIX``, which is kept and reused, or a temporary one."""
    kept = os.environ.get("LTRE_MATRIX")
    return Path(kept) if kept else tmp_path_factory.mktemp("matrix")


@pytest.fixture(params=COLLECTIONS)
def collection(request):
    """The name of each collection; skips those that are not on this machine."""
    if request.param != "python-stdlib" and not (DATA / request.param).is_dir():
        pytest.skip(f"{DATA / request.param} is not on this machine")
    return request.param


# Of python-stdlib: enough for dev queries to choose on, few enough for a demo of two minutes.
FUNCTIONS = 250
# One thread: sums are split among threads, so that their last digits depend on the number. One hash seed: Pyserini's
# hybrid search takes which of equally good hits is the last one from the order of a set.
ALONE = {
    "OMP_NUM_THREADS": "1",
    "OMP_WAIT_POLICY": "PASSIVE",
    "TOKENIZERS_PARALLELISM": "false",
    "PYTHONHASHSEED": "0",
}


class Commands:
    """Commands of one home, run to the end or killed."""

    def __init__(self, home: Path) -> None:
        self.environment = os.environ | ALONE | {"PYSERINI_LTRE_HOME": str(home)}

    def start(self, *arguments: object) -> "subprocess.Popen[bytes]":
        """Start a command in a group of processes of its own: a kill is to reach those that it has started, too."""
        return subprocess.Popen(
            [sys.executable, "-m", *map(str, arguments)],
            env=self.environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )

    def run(self, *arguments: object) -> float:
        """Run a command, which must succeed; give its seconds."""
        start = time.monotonic()
        process = self.start(*arguments)
        _, error = process.communicate()
        assert process.returncode == 0, error.decode()[-2000:]
        return time.monotonic() - start

    def killed(self, seconds: float, *arguments: object) -> bool:
        """Start a command and kill it after a while; tells whether it had not ended by then."""
        process = self.start(*arguments)
        try:
            _, error = process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, 9)
            process.communicate()
            return True
        assert process.returncode == 0, error.decode()[-2000:]
        return False


@pytest.fixture(scope="session")
def commands(tmp_path_factory: pytest.TempPathFactory) -> Commands:
    """Commands with a registry of their own."""
    return Commands(tmp_path_factory.mktemp("home"))


@pytest.fixture(scope="session")
def demo(commands: Commands, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, float]:
    """The demo as it ends when nobody disturbs it, and its seconds: what the other commands read, too.

    ``$LTRE_DEMO`` names a folder that is kept and reused.
    """
    kept = os.environ.get("LTRE_DEMO")
    output = Path(kept) if kept else tmp_path_factory.mktemp("demo") / "demo"
    return output, commands.run("pyserini_ltre.demo", "--limit", FUNCTIONS, "--output", output)
