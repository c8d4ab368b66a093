"""What registered names stand for: ``python -m pyserini_ltre.registry list | show | add | remove | verify``."""

import argparse
import json
import shutil
from collections import Counter
from pathlib import Path

from pyserini_ltre.errors import InputError, exit_on_input_error, system_explained, visible, visible_lines
from pyserini_ltre.files import expanded
from pyserini_ltre.home import home
from pyserini_ltre.registry.download import SUMS, check_sum, sums_of
from pyserini_ltre.registry.entries import left_out, load, register, remove
from pyserini_ltre.registry.registry_file import SECTIONS, Entry, read_registry_file, user_file
from pyserini_ltre.registry.resolve import verify
from pyserini_ltre.registry.sources import local_path, location, used_where_it_lies


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
        _list(arguments.section, arguments.all, arguments.family)
    elif arguments.command == "show":
        _show(arguments.name)
    elif arguments.command == "add":
        _add(arguments)
    elif arguments.command == "remove":
        _remove(arguments.name, arguments.section)
    else:
        _verify(arguments.names)


def _list(only: str | None, every: bool, family: str | None) -> None:
    hidden: Counter[str] = Counter()
    registry = load()
    if family is not None:
        of_family = {n: e for n, e in registry["indexes"].items() if e.get("encoder_class") == family}
        if not of_family:
            known = {str(entry.get("encoder_class")) for entry in registry["indexes"].values()} - {"None"}
            raise InputError(f"--family {family}: no index; use one of {', '.join(sorted(known))}")
        registry, every = {"indexes": of_family}, True
    for section, entries in registry.items():
        if section not in SECTIONS or only not in (None, section):
            continue
        for name, entry in sorted(entries.items()):
            try:
                with system_explained():
                    place = location(section, name, entry)
                    state = _state(entry, place)
                what = entry.get("description") or place or ""
            except InputError as error:
                state, what = "BAD", error
            if entry.get("prebuilt") and state == "not downloaded" and not every:
                hidden[entry.get("encoder_class") or "other"] += 1
            else:
                print(visible(f"{section:<9} {name:<40} {state:<15} {what}"))
    if hidden:
        families = ", ".join(f"{name} {count}" for name, count in hidden.most_common())
        print(
            f"and {hidden.total()} prebuilt indexes of Pyserini that are not downloaded; --all lists them, --family "
            f"those of a family ({families})"
        )


def _state(entry: Entry, place: Path | None) -> str:
    if place is None:
        return "none yet"
    if place.exists():
        return "here"
    return "missing" if used_where_it_lies(entry) else "not downloaded"


def _show(name: str) -> None:
    own = read_registry_file(user_file())
    shown = {}
    for section, entry in _entries_of(name).items():
        place = location(section, name, entry)
        shown[section] = {
            **entry,
            "registered in": str(user_file()) if name in own[section] else "the package",
            "location": place and str(place),
            "state": _state(entry, place),
        }
    print(visible_lines(json.dumps(shown, indent=2, ensure_ascii=False)))


def _add(arguments: argparse.Namespace) -> None:
    section, name = arguments.section, arguments.name
    others = ("command", "section", "name", "replace")
    entry = {key: value for key, value in vars(arguments).items() if key not in others and value is not None}
    for option, of in (("encoder", "indexes"), ("index", "encoders")):
        if option in entry and section != of:
            raise InputError(f"--{option} is for {of}; leave it out")
    if name in read_registry_file(user_file())[section] and not arguments.replace:
        raise InputError(f"{section} has a {name} already; choose another name, or add --replace")
    if arguments.path:
        if {*SUMS, "size"} & entry.keys():
            raise InputError("--md5, --sha256 and --size are for --url; leave them out")
        if not expanded(arguments.path).exists():
            raise InputError(f"{arguments.path} does not exist; name what is there, or give --url")
    else:
        location(section, name, entry)  # refuses what could not be fetched
        file = local_path(entry)
        if file is not None and not file.exists():
            raise InputError(f"{file} does not exist; name what is there")
        if file is not None and file.is_file():
            check_sum(file, str(file), entry)
            if SUMS.keys() & entry.keys():
                entry |= sums_of(file)
    if "index" in entry and entry["index"] not in load()["indexes"]:
        raise InputError(f"no index is registered as {entry['index']}; register the index first")
    register(section, name, **entry)
    print(visible(f"{section}: {name} is {entry.get('path') or entry['url']}, in {user_file()}"))


def _remove(name: str, section: str | None) -> None:
    if section is None:
        own = [known for known, entries in read_registry_file(user_file()).items() if name in entries]
        if len(own) > 1:
            raise InputError(f"{name} is registered under {' and '.join(own)}; add --section")
        section = own[0] if own else next(iter(_entries_of(name)))
    entry = remove(section, name)
    print(visible(f"{section}: {name} is removed from {user_file()}"))
    try:
        place = location(section, name, entry)
    except InputError:
        return  # an entry that could not be used has no copy
    if "path" not in entry and place is not None and place.is_relative_to(home() / section):
        # What was downloaded for this name alone; a file of the user's own stays.
        fetched = home() / section / place.relative_to(home() / section).parts[0]
        shutil.rmtree(fetched, ignore_errors=True)
        print(visible(f"its copy {fetched} is removed as well"))


def _verify(names: list[str]) -> None:
    for name in names:
        _entries_of(name)
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


def _entries_of(name: str) -> dict[str, Entry]:
    registry = load()
    found = {section: registry[section][name] for section in SECTIONS if name in registry[section]}
    reason = None if found else left_out(name)
    if reason:
        raise InputError(
            f"{name}: Pyserini's index is not registered here: {reason}; search it with Pyserini"
        )
    if not found:
        raise InputError(f"nothing is registered as {name}; list shows what there is")
    return found


if __name__ == "__main__":
    main()
