"""The published recipe end to end: warm-up, mining, STAR, encoding again, ADORE on the query side; one table.

    python integrations/star_recipe.py --collection python-stdlib --encoder MODEL --output results/star
    python integrations/star_recipe.py --collection SCIFACT --encoder MODEL --output results/star-scifact --epochs 1

Every command is printed, and what is there already is not made again. ``table.md`` has a row for each system, next to
what the authors published for MS MARCO (MRR@10, dev). With sentence-transformers installed, the last row is its
MultipleNegativesRankingLoss, one epoch from the same start, its usual way of training both encoders.
"""

import argparse
import json
import time
from pathlib import Path

from pyserini_ltre.collection import overlapping_queries, read_qrels, read_queries, read_run
from pyserini_ltre.encode.settings import document_text
from pyserini_ltre.eval import evaluate_per_query, markdown_table, paired_t_test
from pyserini_ltre.workflow.commands import run_command

MEASURES = ("nDCG@10", "RR@10")
# arXiv 2104.08051: MRR@10 on the dev queries of MS MARCO passage ranking.
PUBLISHED = {
    "warm-up (in-batch)": "0.264",
    "random negatives": "0.301",
    "STAR": "0.340",
    "ADORE (in-batch)": "0.316",
    "ADORE (random)": "0.326",
    "ADORE (STAR)": "0.347",
}


class Recipe:
    """Makes everything in one folder, and remembers how long each command took.

    Parameters
    ----------
    folder : Path
        Where everything goes.
    collection : str
        See `open_collection`.
    encoder : str
        Where all trainings start.
    epochs : str, optional
        Passes of each training of both sides over the training queries; by default what the command does.
    """

    def __init__(self, folder, collection, encoder, epochs=None):
        self.folder = folder
        self.epochs = ("--epochs", epochs) if epochs else ()
        self.collection = collection
        self.encoder = encoder
        folder.mkdir(parents=True, exist_ok=True)
        self.file = folder / "seconds.json"
        self.seconds = json.loads(self.file.read_text()) if self.file.is_file() else {}

    def make(self, output, *words):
        """Run a command unless its output is there; return the output."""
        output = self.folder / output
        if not output.exists():
            start = time.perf_counter()
            run_command(*words, "--output", output)
            self.record(output.name, time.perf_counter() - start)
        return output

    def record(self, name, seconds):
        self.seconds[name] = seconds
        self.file.write_text(json.dumps(self.seconds, indent=1))

    def judged(self, *splits):
        options = {"train": ("--queries", "--qrels"), "dev": ("--dev-queries", "--dev-qrels")}
        for split in splits:
            queries, qrels = options[split]
            yield from (queries, self.folder / "collection" / f"topics.{split}.tsv")
            yield from (qrels, self.folder / "collection" / f"qrels.{split}.txt")

    def index(self, name, model):
        words = ("pyserini_ltre.encode", "--collection", self.collection, "--encoder", model)
        return self.make(f"index.{name}", *words, "--precision", "auto")

    def both_sides(self, name, method, start, *negatives):
        words = ("pyserini_ltre.train", method, "--collection", self.collection, "--encoder", start)
        return self.make(
            f"model.{name}", *words, *self.judged("train", "dev"), *self.epochs, "--negatives", *negatives
        )

    def query_side(self, name, index, model):
        words = ("pyserini_ltre.train", "adore", "--index", index, "--encoder", model)
        return self.make(f"model.{name}", *words, *self.judged("train", "dev"))

    def mine(self, index, model):
        words = ("pyserini_ltre.mine", "--index", index, "--encoder", model)
        return self.make("negatives.txt", *words, *self.judged("train"))

    def search(self, name, index, model):
        topics = self.folder / "collection" / "topics.test.tsv"
        words = ("pyserini.search.faiss", "--encoder", f"star:{model}", "--index", index, "--topics", topics)
        return read_run(self.make(f"run.{name}.txt", *words, "--hits", "200"))

    def sentence_transformers(self):
        """Train both encoders as most people do today; None where the library is missing."""
        output = self.folder / "model.sentence-transformers"
        if output.exists():
            return output
        try:
            import sentence_transformers as st
            from sentence_transformers.sentence_transformer.losses import MultipleNegativesRankingLoss
        except ImportError:
            return None
        from datasets import Dataset

        from pyserini_ltre.collection import open_collection

        texts = {
            d.docid: document_text(d.title, d.text) for d in open_collection(self.collection).documents()
        }
        queries = read_queries(self.folder / "collection" / "topics.train.tsv")
        qrels = read_qrels(self.folder / "collection" / "qrels.train.txt")
        pairs = [
            {"query": queries[qid], "document": texts[docid]}
            for qid, judged in qrels.items()
            for docid, grade in judged.items()
            if grade > 0 and docid in texts
        ]
        model = st.SentenceTransformer(str(self.encoder), device="cpu")
        model.max_seq_length = 256
        trainer = st.SentenceTransformerTrainer(
            model=model,
            args=st.SentenceTransformerTrainingArguments(
                output_dir=str(self.folder / "sentence-transformers.checkpoints"),
                num_train_epochs=1,
                per_device_train_batch_size=32,
                learning_rate=5e-5,
                warmup_steps=0.1,
                save_strategy="no",
                report_to=[],
                use_cpu=True,
                seed=42,
            ),
            train_dataset=Dataset.from_list(pairs),
            loss=MultipleNegativesRankingLoss(model),
        )
        start = time.perf_counter()
        trainer.train()
        self.record(output.name, time.perf_counter() - start)
        model.save(str(output))
        return output

    def systems(self, baseline):
        """Train and search everything: name -> (index directory, model directory, models trained for it)."""
        self.make("collection", "pyserini_ltre.workflow.export", "--collection", self.collection)
        frozen = self.index("frozen", self.encoder)
        in_batch = self.both_sides("in-batch", "warmup", self.encoder, "in-batch")
        in_batch_index = self.index("in-batch", in_batch)
        negatives = self.mine(in_batch_index, in_batch)
        star = self.both_sides("star", "star", in_batch, negatives)
        star_index = self.index("star", star)
        systems = {
            "frozen": (frozen, self.encoder, []),
            "warm-up (in-batch)": (in_batch_index, in_batch, ["in-batch"]),
            "STAR": (star_index, star, ["in-batch", "star"]),
        }
        adore = self.query_side("adore-star", star_index, star)
        systems["ADORE (STAR)"] = (star_index, adore, ["in-batch", "star", "adore-star"])
        if baseline and (model := self.sentence_transformers()):
            index = self.index("sentence-transformers", model)
            systems["sentence-transformers"] = (index, model, ["sentence-transformers"])
        hard = self.both_sides("hard", "warmup", in_batch, negatives)
        systems["static hard only"] = (self.index("hard", hard), hard, ["in-batch", "hard"])
        rand = self.both_sides("random", "warmup", self.encoder, "random")
        systems["random negatives"] = (self.index("random", rand), rand, ["random"])
        starts = {"in-batch": "warm-up (in-batch)", "random": "random negatives", "frozen": "frozen"}
        for short, name in starts.items():
            index, model, trained = systems[name]
            adore = self.query_side(f"adore-{short}", index, model)
            systems[f"ADORE ({short})"] = (index, adore, [*trained, f"adore-{short}"])
        return systems


ORDER = (
    *("frozen", "ADORE (frozen)", "warm-up (in-batch)", "random negatives", "static hard only", "STAR"),
    *("ADORE (in-batch)", "ADORE (random)", "ADORE (STAR)", "sentence-transformers"),
)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--collection", required=True)
    parser.add_argument("--encoder", required=True)
    parser.add_argument("--output", required=True, type=Path)
    parser.add_argument("--baseline", action="store_true", help="train with sentence-transformers too")
    parser.add_argument("--epochs", help="passes of each training of both sides (default: the command's own)")
    arguments = parser.parse_args()
    recipe = Recipe(arguments.output, arguments.collection, arguments.encoder, arguments.epochs)
    systems = recipe.systems(arguments.baseline)
    test, train = (
        read_qrels(arguments.output / "collection" / f"qrels.{split}.txt") for split in ("test", "train")
    )
    shared = overlapping_queries(test, train)
    each = {}
    for name in ORDER:
        if name in systems:
            index, model, _ = systems[name]
            each[name] = evaluate_per_query(
                recipe.search(name.replace(" ", "-"), index, model), test, MEASURES
            )
    rows = []
    for name, measures in each.items():
        index, _, trained = systems[name]
        values = measures["nDCG@10"]
        others = [value for qid, value in values.items() if qid not in shared]
        rows.append(
            (
                name,
                *(f"{sum(measures[m].values()) / len(values):.4f}" for m in MEASURES),
                f"{sum(others) / len(others):.4f}" if others else "-",
                f"{paired_t_test(each['frozen']['nDCG@10'], values).p_value:.1g}" if name != "frozen" else "",
                f"{paired_t_test(each['STAR']['nDCG@10'], values).p_value:.1g}" if name != "STAR" else "",
                f"{sum(recipe.seconds[f'model.{model}'] for model in trained):.0f}" if trained else "",
                f"{recipe.seconds[index.name]:.0f}",
                PUBLISHED.get(name, ""),
            )
        )
    header = (
        f"{len(test)} test queries",
        *MEASURES,
        f"nDCG@10, {len(test) - len(shared)} others",
        "p against frozen",
        "p against STAR",
        "seconds of training",
        "seconds of encoding",
        "published MRR@10",
    )
    table = markdown_table(header, rows)
    (arguments.output / "table.md").write_text(table + "\n", encoding="utf-8")
    print("\n" + table)


if __name__ == "__main__":
    main()
