"""Put the start-up files at the root of site-packages, where the interpreter looks for them.

setup.cfg names `build_py` as the command class, and setuptools loads this file by its path: nothing here is
installed. `data_files` cannot do this, because editable installs leave them out.
"""

from pathlib import Path

from setuptools.command.build_py import build_py as _build_py

STARTUP_FILES = ("pyserini_ltre.pth", "pyserini_ltre.start")


class build_py(_build_py):
    """Build the packages as always, then add the start-up files beside them."""

    def run(self) -> None:
        """Build, and copy the start-up files to where the wheel takes its root from."""
        super().run()
        # An editable wheel is not made from build_lib: it holds what lies in install_lib.
        editable = self.editable_mode
        root = self.get_finalized_command("install").install_lib if editable else self.build_lib
        self.mkpath(root)
        for name in STARTUP_FILES:
            self.copy_file(str(Path("startup", name)), str(Path(root, name)), preserve_mode=False)

    def get_outputs(self, include_bytecode: bool = True) -> list[str]:
        """List the files that this command makes; setuptools asks for them when it installs."""
        outputs = super().get_outputs(include_bytecode)
        return (
            outputs if self.editable_mode else outputs + [str(Path(self.build_lib, n)) for n in STARTUP_FILES]
        )
