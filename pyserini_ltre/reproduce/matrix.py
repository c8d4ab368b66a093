"""Run conditions on collections, measure them, and keep what came out."""

import json
from pathlib import Path

from pyserini_ltre.collection import read_qrels, read_run
from pyserini_ltre.errors import visible
from pyserini_ltre.eval import evaluate
from pyserini_ltre.files import atomic_file
from pyserini_ltre.json_files import check_shape, read_json
from pyserini_ltre.reproduce.collections import Source
from pyserini_ltre.reproduce.conditions import Condition
from pyserini_ltre.reproduce.results import RESULTS, Results, read_results
from pyserini_ltre.reproduce.steps import Plan, Step
from pyserini_ltre.workflow.commands import CommandFailed, command_line, run_command
from pyserini_ltre.workflow.folder import WorkFolder


class Matrix:
    """Runs conditions, reusing whatever an earlier run has left in the work folder.

    Parameters
    ----------
    plan : Plan
        Says what the commands are.
    encoder : str
        Fingerprint of the encoder to start from.
    overwrite : bool
        Whether results of another collection or encoder may be replaced.
    """

    def __init__(self, plan: Plan, encoder: str, overwrite: bool = False) -> None:
        self.plan = plan
        self.encoder = encoder
        self.overwrite = overwrite
        self._folders: dict[str, WorkFolder] = {}
        self._outcomes: dict[tuple[str, str], CommandFailed | None] = {}

    def run(self, condition: Condition, source: Source) -> Results:
        """Run what is not done yet, and measure.

        Returns
        -------
        dict
            What the collection's ``results.json`` now holds: its ``settings``, ``trained_on`` and ``queries``, and
            under ``conditions`` the ``measures``, ``commands`` (with seconds) and BM25 ``weights`` of each.

        Raises
        ------
        InputError
            If the folder holds results of another collection or encoder, or damaged ones.
        CommandFailed
            If a command ends with an error, or has done so for another condition.
        """
        folders = {place.name: self._folder(place) for place in (source, source.trained_on) if place}
        folder = self.plan.folder(source)
        results = read_results(folder, source.name) or {"conditions": {}}
        steps = self.plan.steps(condition, source)
        for step in steps:
            self._run_once(step, folders[step.collection])
        qrels = read_qrels(self.plan.qrels(source))
        run = read_run(self.plan.run_file(condition, source))
        found = {
            "measures": evaluate(run, qrels, source.known.measures),
            "commands": [
                {"command": command_line(*step.words), "seconds": folders[step.collection].seconds[step.name]}
                for step in steps
            ],
        }
        if condition.dense:
            weights_file = self.plan.weights_file(condition, source)
            weights = read_json(weights_file)
            check_shape(weights, {str: float}, weights_file, "remove it, and tune again")
            names = [Path(file).name.removesuffix(".test.txt") for file in weights]
            found["weights"] = " ".join(
                f"{name} {w:g}" for name, w in zip(names, weights.values(), strict=True)
            )
            tuned_on = (source.trained_on or source).name
            print(visible(f"weights, by the dev queries of {tuned_on}: {found['weights']}"))
        results |= {"settings": folders[source.name].settings, "queries": len(qrels)}
        if source.trained_on:
            name, fingerprint = source.trained_on.name, source.trained_on.fingerprint
            results["trained_on"] = {"name": name, "fingerprint": fingerprint}
        results["conditions"][condition.name] = found
        with atomic_file(folder / RESULTS) as file:
            json.dump(results, file, indent=1)
        return results

    def _run_once(self, step: Step, folder: WorkFolder) -> None:
        key = (step.collection, step.name)
        if key not in self._outcomes:
            self._outcomes[key] = None
            try:
                _run_step(step, folder)
            except CommandFailed as error:
                self._outcomes[key] = error
        if failure := self._outcomes[key]:
            raise failure

    def _folder(self, source: Source) -> WorkFolder:
        if source.name not in self._folders:
            settings = {"collection": source.name, "fingerprint": source.fingerprint, "encoder": self.encoder}
            if source.python:
                settings["Python"] = source.python
            path = self.plan.folder(source)
            self._folders[source.name] = WorkFolder(path, settings, self.overwrite)
        return self._folders[source.name]


def _run_step(step: Step, folder: WorkFolder) -> None:
    with folder.stage(step.name, step.output) as to_do:
        if not to_do:
            return
        step.output.parent.mkdir(parents=True, exist_ok=True)
        shows_progress = step.words[0] in ("pyserini_ltre.encode", "pyserini_ltre.train")
        log = folder.path / "logs" / f"{step.name.replace(' ', '-')}.txt"
        run_command(*step.words, log=None if shows_progress else log)
