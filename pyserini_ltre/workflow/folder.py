"""What a work folder holds already, so that a second run reuses it."""

import os
import shutil
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from pyserini_ltre.errors import InputError
from pyserini_ltre.files import check_output_directory, expanded
from pyserini_ltre.json_files import check_shape, read_json, write_json

FILE = "done.json"
_REMEDY = "add `overwrite` to begin anew, or name another `output`"


class WorkFolder:
    """A folder for results, its settings and the stages that are done.

    Parameters
    ----------
    path : path
        The folder; it is made, or it is one that a run with the same settings has left.
    settings : dict
        What the results depend on.
    overwrite : bool
        Whether a folder that holds anything else may be replaced.

    Attributes
    ----------
    path : Path
        The folder.
    seconds : dict of str to float
        Seconds that each finished stage took.

    Raises
    ------
    InputError
        If the folder holds something else, or results with other settings.
    """

    def __init__(
        self, path: str | os.PathLike[str], settings: Mapping[str, object], overwrite: bool = False
    ) -> None:
        self.path = expanded(path)
        self.settings = settings
        self.seconds: dict[str, float] = {}
        file = self.path / FILE
        if file.is_file() and not overwrite:
            state = read_json(file, _REMEDY)
            check_shape(state, {"settings": dict, "seconds": {str: float}}, file, _REMEDY)
            if state["settings"] != settings:
                changed = ", ".join(k for k in settings if settings[k] != state["settings"].get(k))
                raise InputError(
                    f"{self.path} holds results of another {changed}; add `overwrite`, or name another `output`"
                )
            self.seconds = state["seconds"]
            return
        check_output_directory(self.path, overwrite)
        made = [folder for folder in (self.path, *self.path.parents) if not folder.exists()]
        self.path.mkdir(parents=True, exist_ok=True)
        try:
            self._save()
        except OSError:
            for folder in made:
                folder.rmdir()
            raise

    @contextmanager
    def stage(self, name: str, *outputs: Path) -> Iterator[bool]:
        """Time a stage and note that it is done; gives False if an earlier run did it: nothing is to do then.

        If one was cut off, what it has left at `outputs` is removed first.
        """
        if name in self.seconds:
            print(f"\n[{name}] done before, in {self.seconds[name]:.0f} s")
            yield False
            return
        print(f"\n[{name}]", flush=True)
        for output in outputs:
            if output.is_dir() and not output.is_symlink():
                shutil.rmtree(output)
            else:
                output.unlink(missing_ok=True)
        start = time.perf_counter()
        yield True
        self.seconds[name] = round(time.perf_counter() - start, 1)
        self._save()

    def _save(self) -> None:
        write_json(self.path / FILE, {"settings": self.settings, "seconds": self.seconds})
