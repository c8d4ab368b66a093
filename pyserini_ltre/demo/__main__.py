"""Teach the query side of a dense index, then search with it in Pyserini: ``python -m pyserini_ltre.demo``."""

import argparse
import resource
import sys
import time

from pyserini_ltre.collection import PythonStdlib
from pyserini_ltre.demo.report import write_report
from pyserini_ltre.demo.stages import build_indexes, export_collection, search, train, trec_eval
from pyserini_ltre.encode.encoder_options import find_device
from pyserini_ltre.errors import exit_on_input_error, visible, visible_lines
from pyserini_ltre.workflow.commands import CommandFailed, check_installed, command_line, packaged_encoder
from pyserini_ltre.workflow.folder import WorkFolder


def parse_arguments(argv: list[str] | None = None) -> argparse.Namespace:
    """Command line of ``python -m pyserini_ltre.demo``."""
    parser = argparse.ArgumentParser(prog="python -m pyserini_ltre.demo", description=__doc__)
    parser.add_argument("--output", default="ltre-demo", help="folder for everything (default: ltre-demo)")
    parser.add_argument("--overwrite", action="store_true", help="begin anew in a folder that is not empty")
    parser.add_argument("--limit", type=int, help="use so many functions only, for a quick look")
    parser.add_argument("--device", default="cpu", help="cpu, cuda, cuda:1 ... (default: cpu)")
    return parser.parse_args(argv)


@exit_on_input_error
def main(argv: list[str] | None = None) -> None:
    """Run every stage that is not done yet, and report."""
    arguments = parse_arguments(argv)
    start = time.perf_counter()
    find_device(arguments.device)
    encoder = packaged_encoder()
    check_installed()
    collection = PythonStdlib(arguments.limit)
    name = "python-stdlib" if arguments.limit is None else f"python-stdlib-{arguments.limit}"
    settings = {
        "collection": name,
        "Python": collection.python_version,
        "fingerprint": collection.fingerprint,
    }
    folder = WorkFolder(arguments.output, settings, arguments.overwrite)
    try:
        export_collection(folder, collection, name)
        build_indexes(folder, name, encoder, arguments.device)
        train(folder, encoder, arguments.device)
        alpha = search(folder, name, arguments.device)
        measured = trec_eval(folder, name)
    except CommandFailed as failure:
        print(visible_lines(failure), file=sys.stderr)
        raise SystemExit(2 if failure.status == 2 else 1) from None
    print("\n" + write_report(folder, collection, alpha, measured))
    memory = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 2**20
    print(f"\n{time.perf_counter() - start:.0f} s in all, at most {memory:.1f} GB of memory in one process")
    print(f"picture: {folder.path / 'results.png'}; numbers: {folder.path / 'results.json'}")
    print(
        "\nFrom any folder, now:\n"
        f"python -m pyserini.search.faiss --encoder ltre --index {name} --topics {name}-test --output my-run.txt"
        "\nTo see in the browser what training changed, to judge, and to teach again:\n"
        + visible(command_line("pyserini_ltre.workbench", arguments.output))
    )


if __name__ == "__main__":
    main()
