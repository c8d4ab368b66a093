"""Run every benchmark, one after the other: some hours on two cores, and 15 GB on disk. Options are handed on.

``python benchmarks --quick`` takes less than two minutes: it runs those that neither train nor start Pyserini's
commands again and again. Each of the others has a ``--quick`` of its own, half a minute to one and a half.
"""

import argparse
import subprocess
import sys
import time
from pathlib import Path

from measure import common_options

SCRIPTS = (
    "exact_search",
    "large_search",
    "training_step",
    "two_sided_step",
    "growth",
    "pyserini_search",
    "encoding",
    "backends",
    "single_query",
    "feedback",
    "compressed_indexes",
    "ray_step",
    "time_to_quality",
)
QUICK = ("exact_search", "large_search", "training_step", "encoding", "compressed_indexes")


def main() -> None:
    """Run each script in a process of its own; one that fails is named, and the others still run."""
    parser = common_options(argparse.ArgumentParser(description=__doc__.splitlines()[0]))
    arguments = parser.parse_args()
    failed = []
    for script in QUICK if arguments.quick else SCRIPTS:
        print(f"--- {script}", flush=True)
        start = time.perf_counter()
        command = [sys.executable, str(Path(__file__).with_name(f"{script}.py")), *sys.argv[1:]]
        if subprocess.run(command).returncode:
            failed.append(script)
        print(f"--- {script}: {time.perf_counter() - start:.0f} s", flush=True)
    if failed:
        sys.exit(f"failed: {', '.join(failed)}")


if __name__ == "__main__":
    main()
