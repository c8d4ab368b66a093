"""The commands ``add`` and ``remove``: what is refused, written and said."""

import argparse
import shutil

from pyserini_ltre.errors import InputError, visible
from pyserini_ltre.files import expanded
from pyserini_ltre.home import home
from pyserini_ltre.registry.download import SUMS, check_sum, sums_of
from pyserini_ltre.registry.entries import load, register, remove
from pyserini_ltre.registry.listing import entries_of
from pyserini_ltre.registry.registry_file import read_registry_file, user_file
from pyserini_ltre.registry.sources import local_path, location


def add(arguments: argparse.Namespace) -> None:
    """Register what the arguments of ``add`` say, once what can be checked here is."""
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


def take_out(name: str, section: str | None) -> None:
    """Take a name out of the user's registry, and remove what was downloaded for it alone."""
    if section is None:
        own = [known for known, entries in read_registry_file(user_file()).items() if name in entries]
        if len(own) > 1:
            raise InputError(f"{name} is registered under {' and '.join(own)}; add --section")
        section = own[0] if own else next(iter(entries_of(name)))
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
