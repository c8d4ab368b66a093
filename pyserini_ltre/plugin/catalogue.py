"""Let Pyserini 2.x be imported without a network.

It reads its catalogue of prebuilt indexes from the web when somebody asks for one of them, which is fine, but
looks two of them up at import. Offline, these two get stand-ins for the time of the import. They leave
after it, so that asking for them fails as asking for any other prebuilt index does.
"""

import io
import json
import re
import urllib.request
from collections.abc import Iterator
from typing import Any

STAND_IN = {"description": "stand-in: offline", "filename": "", "urls": [], "md5": "", "size": 0}


def offline_catalogue(module: Any) -> Iterator[None]:
    """Answer with stand-ins while `pyserini.prebuilt_index_info` is imported, if the web is out of reach."""
    source = module.__spec__.loader.get_source(module.__name__) or ""
    if "urlopen" not in source:  # 1.x carries its catalogue with it
        yield
        return
    names = sorted(set(re.findall(r'[A-Z_]_INFO\w*\["([^"]+)"\]', source)))
    answer = json.dumps([{"name": name, **STAND_IN} for name in names]).encode()
    urlopen = urllib.request.urlopen
    offline = False

    def urlopen_or_stand_in(*args: Any, **kwargs: Any) -> Any:
        nonlocal offline
        # Once is enough: where connections hang, each attempt takes until its timeout.
        if not offline:
            try:
                return urlopen(*args, **kwargs)
            except OSError:
                offline = True
        return io.BytesIO(answer)

    urllib.request.urlopen = urlopen_or_stand_in
    try:
        yield
    finally:
        urllib.request.urlopen = urlopen
        if getattr(module, "urlopen", None) is urlopen_or_stand_in:
            module.urlopen = urlopen
    if offline:
        _forget_stand_ins(module)


def _forget_stand_ins(module: Any) -> None:
    for value in vars(module).values():
        if isinstance(value, dict):
            for name in [name for name, info in value.items() if _is_stand_in(info)]:
                del value[name]
        elif any(_is_stand_in(info) for info in (getattr(value, "_info", None) or {}).values()):
            value._info = None


def _is_stand_in(info: Any) -> bool:
    return isinstance(info, dict) and info.get("description") == STAND_IN["description"]
