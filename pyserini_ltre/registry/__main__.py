"""What registered names stand for: ``python -m pyserini_ltre.registry list | show | add | remove | verify``."""

import argparse
from pathlib import Path

from pyserini_ltre.errors import InputError, exit_on_input_error, system_explained, visible
from pyserini_ltre.registry.changes import add, take_out
from pyserini_ltre.registry.entries import load
from pyserini_ltre.registry.listing import entries_of, print_entries, print_names
from pyserini_ltre.registry.registry_file import SECTIONS
from pyserini_ltre.registry.resolve import verify


def parse_arguments(argv: list[str] | None = None) -> argparse.Namespace:
    """Command line of ``python -m pyserini_ltre.registry``."""
    parser = argparse.ArgumentParser(prog="python -m pyserini_ltre.registry", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    command = commands.add_parser("list", help="all names, a line each")
    command.add_argument("--section", choices=SECTIONS, help="only these (default: all)")
    command.add_argument("--all", action="store_true", help="Pyserini's prebuilt indexes one by one")
    command.add_argument("--family", help="only indexes that an encoder of this --encoder-class made")
    command = commands.add_parser("show", help="all that is known about a name, as JSON")
    command.add_argument("name")
    command = commands.add_parser("add", help="write a name into your own registry")
    command.add_argument("section", choices=SECTIONS)
    command.add_argument("name")
    source = command.add_mutually_exclusive_group(required=True)
    source.add_argument("--path", help="a file or directory that is here")
    source.add_argument("--url", help="https:// or file://; a tar archive of a directory, or a plain file")
    command.add_argument("--md5", help="MD5 sum of what the URL gives")
    command.add_argument("--sha256", help="SHA-256 sum of it, beside the MD5 sum or in its place")
    command.add_argument("--size", type=int, help="its size in bytes")
    command.add_argument("--description", help="a few words")
    command.add_argument("--encoder", help="of an index: the encoder that made it, a directory or a hub name")
    command.add_argument("--index", help="of an encoder: the registered index that it belongs to")
    command.add_argument("--replace", action="store_true", help="replace an entry of that name")
    command = commands.add_parser("remove", help="take a name out of your own registry")
    command.add_argument("name")
    command.add_argument("--section", choices=SECTIONS, help="needed if the name is in several")
    command = commands.add_parser("verify", help="read what names stand for; exit status 1 if any is bad")
    command.add_argument("names", nargs="*", metavar="name", help="default: all")
    return parser.parse_args(argv)


@exit_on_input_error
def main(argv: list[str] | None = None) -> None:
    """Run one of the commands; exit status 1 if `verify` finds something, 2 if the input cannot be used."""
    arguments = parse_arguments(argv)
    if arguments.command == "list":
        print_names(arguments.section, arguments.all, arguments.family)
    elif arguments.command == "show":
        print_entries(arguments.name)
    elif arguments.command == "add":
        add(arguments)
    elif arguments.command == "remove":
        take_out(arguments.name, arguments.section)
    else:
        _verify(arguments.names)


def _verify(names: list[str]) -> None:
    for name in names:
        entries_of(name)
    registry = load()
    bad = untouched = 0
    for section in SECTIONS:
        for name, entry in registry[section].items():
            if names and name not in names:
                continue
            try:
                with system_explained():
                    found = verify(section, name, entry, _read)
            except InputError as error:
                bad += 1
                print(visible(f"{section}: {name}: BAD: {error}"))
                continue
            if found is None and not names:
                untouched += 1
            else:
                print(visible(f"{section}: {name}: {found or 'nothing is here yet'}"))
    if untouched:
        print(f"{untouched} names have nothing here yet")
    if bad:
        raise SystemExit(1)


def _read(section: str, place: Path) -> str:
    """Read what stands behind a name; what reads it takes seconds to import, so only what is needed is."""
    if section == "indexes":
        from pyserini_ltre.index.check import describe

        return describe(place)
    if section == "encoders":
        from pyserini_ltre.encode.model import BiEncoder

        encoder = BiEncoder.load(place)
        return f"{type(encoder.backbone).__name__}, {encoder.dimension} dimensions"
    from pyserini_ltre.collection import read_qrels, read_queries

    queries = len(read_queries(place) if section == "topics" else read_qrels(place))
    return f"{queries} queries" if section == "topics" else f"judgements of {queries} queries"


if __name__ == "__main__":
    main()
