"""A storage for fsspec, ``slow://PATH``, that the tests stop and watch: also in processes that they start."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

MODULE = '''
import os
import time

from fsspec.spec import AbstractFileSystem

LOG = {log!r}


class SlowStorage(AbstractFileSystem):
    """Files of this machine; each that is opened is noted in a log."""

    protocol = "slow"

    def _open(self, path, mode="rb", **options):
        with open(LOG, "a") as log:
            log.write(path + "\\n")
        return Slow(path)


class Slow:
    """While a file of its name with .hold after it is there, nothing comes but the first bytes; .break breaks once."""

    def __init__(self, path):
        self.path, self.file = path, open(path, "rb")
        self.seek = self.file.seek

    def read(self, size):
        here = self.file.tell()
        if here and os.path.exists(self.path + ".break"):
            os.unlink(self.path + ".break")
            raise OSError("the connection is broken")
        while here and os.path.exists(self.path + ".hold"):
            time.sleep(0.01)
        watched = os.path.exists(self.path + ".hold") or os.path.exists(self.path + ".break")
        return self.file.read(10 if watched else size)

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.file.close()
'''
POINTS = "[fsspec.specs]\nslow = slow_fsspec:SlowStorage\n"


class SlowStorage:
    """The storage, installed into a folder that is to be on ``PYTHONPATH`` of whoever reads from it.

    Parameters
    ----------
    folder : Path
        An empty folder.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.log = folder / "opened.log"
        (folder / "slow_fsspec.py").write_text(MODULE.format(log=str(self.log)))
        about = folder / "slow_fsspec-1.dist-info"
        about.mkdir()
        (about / "METADATA").write_text("Metadata-Version: 2.1\nName: slow-fsspec\nVersion: 1\n")
        (about / "entry_points.txt").write_text(POINTS)

    def use_here(self) -> None:
        """Let this process read from it."""
        import fsspec

        scope: dict[str, type] = {}
        exec(MODULE.format(log=str(self.log)), scope)
        fsspec.register_implementation("slow", scope["SlowStorage"], clobber=True)

    def opened(self) -> list[str]:
        """What has been opened since one last asked, but for manifests: SHARD/FILE."""
        read = self.log.read_text().splitlines() if self.log.exists() else []
        self.log.unlink(missing_ok=True)
        return sorted("/".join(Path(path).parts[-2:]) for path in read if not path.endswith("manifest.json"))

    @contextlib.contextmanager
    def held(self, file: Path) -> Iterator[None]:
        """Let only the first bytes of a file come for a block."""
        hold = file.with_name(f"{file.name}.hold")
        hold.touch()
        try:
            yield
        finally:
            hold.unlink()
