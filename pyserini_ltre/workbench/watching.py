"""The steps of a training, told to who shows them; imports transformers, as nothing does that the first page needs."""

from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from pyserini_ltre.workbench.teaching import Progress


class Watching(TrainerCallback):
    """Tells the steps of a training.

    Parameters
    ----------
    progress : Progress
        Where they are told.
    """

    def __init__(self, progress: Progress) -> None:
        self.progress = progress

    def on_step_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **unused: object
    ) -> None:
        """One more is done."""
        self.progress.step, self.progress.steps = state.global_step, state.max_steps
