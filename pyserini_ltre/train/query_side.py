"""Train the query side of a dense index, choose the best encoder on dev (the frozen one included), save it."""

import os
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from transformers import PrinterCallback, TrainingArguments

from pyserini_ltre.collection.records import Qrels, Queries
from pyserini_ltre.encode.batching import encode_texts, resolve_precision
from pyserini_ltre.encode.model import BiEncoder
from pyserini_ltre.errors import InputError
from pyserini_ltre.eval import PairedComparison, paired_t_test
from pyserini_ltre.index import IndexDirectory
from pyserini_ltre.train.data import Judged, TrainingQueries, hold_out, judged_queries
from pyserini_ltre.train.development import MEASURE, DevelopmentSet
from pyserini_ltre.train.objective import HITS, QuerySideObjective
from pyserini_ltre.train.progress import ProgressLine
from pyserini_ltre.train.trainer import RetrievalTrainer


@dataclass(frozen=True)
class Schedule:
    """How long and how fast is trained.

    Attributes
    ----------
    epochs : float
        Passes over the training queries.
    batch_size : int
        Queries a step.
    learning_rate : float
        Peak of AdamW's rate; a tenth of the steps warms up, then it falls linearly to 0.
    evaluations : int
        Dev measurements over the training, spread evenly; each leaves a checkpoint to choose from.
    precision : {"fp32", "bf16", "auto"}
        Arithmetic of the encoder while training (``auto``: bf16 where the device has it); weights are float32.
    seed : int
        Of the order of the queries and of dropout.
    """

    epochs: float = 3.0
    batch_size: int = 32
    learning_rate: float = 5e-5
    evaluations: int = 10
    precision: str = "auto"
    seed: int = 42


@dataclass(frozen=True)
class TrainingResult:
    """What training came to.

    Attributes
    ----------
    before, after : dict of str to float
        Dev measures of the frozen encoder and of the one that was kept.
    comparison : PairedComparison
        The two on dev, query by query.
    improved : bool
        False if no trained encoder was better on dev: then the frozen one was kept.
    best_step, steps : int
        Step of the encoder that was kept, and of the last one.
    curve : list of tuple of (int, float)
        Step and dev measure, step 0 first.
    train, dev : Judged
        The queries used, and what had to be left out of them.
    """

    before: dict[str, float]
    after: dict[str, float]
    comparison: PairedComparison
    improved: bool
    best_step: int
    steps: int
    curve: list[tuple[int, float]]
    train: Judged
    dev: Judged


class QuerySideTrainer:
    """Train a query encoder against an index that stays as it is.

    Parameters
    ----------
    encoder : BiEncoder or str
        The encoder to start from: the one whose document side made the index. Trained in place.
    index : IndexDirectory or path
        Pyserini's index directory.
    method : {"adore", "ltre"}
        Objective.
    schedule : Schedule, optional
        How long and how fast.
    anchor : float
        Weight of the squared distance to the frozen encoder's embeddings.
    hits : int, optional
        Documents retrieved a query and step; by default 200, or all if the index has fewer.
    metric_cut : int, optional
        Rank beyond which ADORE's gain is 0; by default `hits`.
    score_scale : float, optional
        Factor on inner products; by default 20 for encoders that normalise, 1 for others.
    backend : {"exact", "faiss"}, optional
        See `IndexDirectory.open`.

    Raises
    ------
    InputError
        If encoder and index do not fit, or a setting does not fit the index.
    """

    def __init__(
        self,
        encoder: BiEncoder | str | os.PathLike,
        index: IndexDirectory | str | os.PathLike,
        method: str = "adore",
        schedule: Schedule | None = None,
        anchor: float = 1.0,
        hits: int | None = None,
        metric_cut: int | None = None,
        score_scale: float | None = None,
        backend: str | None = None,
    ) -> None:
        self.directory = index if isinstance(index, IndexDirectory) else IndexDirectory(index)
        self.encoder = encoder if isinstance(encoder, BiEncoder) else BiEncoder.load(encoder)
        self.index = self.directory.open(backend)
        if self.index.dimension != self.encoder.dimension:
            raise InputError(
                f"{self.directory.path}: its vectors have {self.index.dimension} dimensions, those of encoder "
                f"{self.encoder.name} {self.encoder.dimension}; give the encoder that the index was made with"
            )
        hits = min(HITS, len(self.index)) if hits is None else hits
        self.objective = QuerySideObjective(
            method=method,
            hits=hits,
            metric_cut=hits if metric_cut is None else metric_cut,
            score_scale=(20.0 if self.encoder.normalises else 1.0) if score_scale is None else score_scale,
            anchor=anchor,
        )
        self.objective.check(self.index)
        self.schedule = schedule or Schedule()

    def fit(self, queries: Queries, qrels: Qrels, dev: tuple[Queries, Qrels] | None = None) -> TrainingResult:
        """Train, and leave `encoder` with the weights that were best on dev.

        Parameters
        ----------
        queries : dict of str to str
            Training queries.
        qrels : dict of str to dict of str to int
            Their judgements.
        dev : pair of queries and qrels, optional
            What to choose the encoder on; by default a tenth of the training queries is held out.

        Returns
        -------
        TrainingResult
            Measures before and after, and what was left out.
        """
        train = judged_queries(queries, qrels, self.directory.row_of, "training judgements")
        if dev is None:
            train, held_out = hold_out(train)
        else:
            held_out = judged_queries(*dev, self.directory.row_of, "dev judgements")
        development = DevelopmentSet(held_out, self.index, self.directory.docids)
        before, before_each = development.measure(self.encoder), development.measure_per_query(self.encoder)
        frozen_weights = {name: value.clone() for name, value in self.encoder.state_dict().items()}
        frozen = torch.from_numpy(
            encode_texts(self.encoder, list(train.queries.values()), "query", progress=True)
        )
        data = TrainingQueries(self.encoder, train, self.directory.row_of, frozen)

        with tempfile.TemporaryDirectory(prefix="pyserini-ltre-") as checkpoints:
            trainer = self._trainer(data, development, before[MEASURE], Path(checkpoints))
            trainer.train()
        state = trainer.state
        improved = state.best_metric is not None and state.best_metric > before[MEASURE]
        if not improved:
            self.encoder.load_state_dict(frozen_weights)
        self.encoder.eval()
        after, after_each = development.measure(self.encoder), development.measure_per_query(self.encoder)
        logged = [
            (entry["step"], entry[f"eval_{MEASURE}"])
            for entry in state.log_history
            if f"eval_{MEASURE}" in entry
        ]
        return TrainingResult(
            before=before,
            after=after,
            comparison=paired_t_test(before_each, after_each),
            improved=improved,
            best_step=state.best_global_step if improved else 0,
            steps=state.global_step,
            curve=[(0, before[MEASURE]), *logged],
            train=train,
            dev=held_out,
        )

    def _trainer(
        self, data: TrainingQueries, development: DevelopmentSet, before: float, checkpoints: Path
    ) -> RetrievalTrainer:
        schedule = self.schedule
        steps = max(1, int(-(-len(data) // schedule.batch_size) * schedule.epochs))
        every = max(1, -(-steps // schedule.evaluations))
        steps = -(-steps // every) * every  # the last step is measured too
        arguments = TrainingArguments(
            output_dir=str(checkpoints),
            max_steps=steps,
            per_device_train_batch_size=schedule.batch_size,
            learning_rate=schedule.learning_rate,
            lr_scheduler_type="linear",
            warmup_steps=steps // 10,
            weight_decay=0.0,
            bf16=resolve_precision(schedule.precision, self.encoder.device) == "bf16",
            eval_strategy="steps",
            eval_steps=every,
            save_strategy="steps",
            save_steps=every,
            save_total_limit=1,
            load_best_model_at_end=True,
            metric_for_best_model=MEASURE,
            greater_is_better=True,
            logging_steps=min(10, every),
            report_to=[],
            disable_tqdm=True,
            remove_unused_columns=False,
            dataloader_pin_memory=False,
            use_cpu=self.encoder.device.type == "cpu",
            seed=schedule.seed,
            data_seed=schedule.seed,
        )
        trainer = RetrievalTrainer(
            objective=self.objective,
            index=self.index,
            development=development,
            model=self.encoder,
            args=arguments,
            train_dataset=data,
            eval_dataset=data,
            data_collator=data.collate,
            callbacks=[ProgressLine(before)],
        )
        trainer.remove_callback(PrinterCallback)
        return trainer

    def description(self, result: TrainingResult) -> dict[str, object]:
        """What ``pyserini_ltre.json`` records: all that is needed to repeat the training."""
        return {
            "method": self.objective.method,
            "base_encoder": self.encoder.name,
            "index": {"path": str(self.directory.path), "fingerprint": self.directory.fingerprint},
            "objective": asdict(self.objective),
            "schedule": asdict(self.schedule),
            "queries": {"train": len(result.train.queries), "dev": len(result.dev.queries)},
            "measures": {"before": result.before, "after": result.after},
            "comparison": asdict(result.comparison),
            "improved": result.improved,
            "best_step": result.best_step,
            "steps": result.steps,
            "curve": result.curve,
        }
