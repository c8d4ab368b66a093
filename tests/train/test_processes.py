"""Several processes train together and leave one model."""

import json
import os
import subprocess
import sys

from pyserini_ltre.collection import write_beir, write_qrels, write_topics
from pyserini_ltre.collection.records import Document


def train_in_two_processes(folder, *arguments):
    """Run the command with ``folder/model`` as output; see that one model is left, and return its description."""
    command = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node", "2", "--standalone"]
    done = subprocess.run(
        [*command, "-m", "pyserini_ltre.train", *arguments, "--output", str(folder / "model")],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert done.stdout.count("saved in") == 1
    assert not (folder / "model.checkpoints").exists()
    return json.loads((folder / "model" / "pyserini_ltre.json").read_text())


def test_two_processes_train_one_encoder(problem, judged_files, tiny_encoder, tmp_path):
    options = f"--index {problem.directory} --encoder {tiny_encoder}"
    options += "".join(f" {flag} {file}" for flag, file in judged_files.items())
    options += " --epochs 6 --batch-size 8 --evaluations 3 --hits 20 --anchor 0 --learning-rate 1e-3 --precision fp32"
    description = train_in_two_processes(tmp_path, "ltre", *options.split())
    assert description["steps"] == 24  # 63 queries, 2 x 8 a step
    assert description["measures"]["after"]["nDCG@10"] > description["measures"]["before"]["nDCG@10"]


def test_two_processes_train_both_sides(tiny_encoder, tmp_path):
    asks, tells = "open read sort list index".split(), "close write search query vector".split()
    documents = (Document(f"d{i}", "", f"{tells[i % 5]} number {i}") for i in range(40))
    queries = {f"{i:03d}": f"{asks[i % 5]} stack {i}" for i in range(70)}
    write_topics(tmp_path / "queries.tsv", queries)
    qrels = {qid: {f"d{j}": 1 for j in range(40) if j % 5 == int(qid) % 5} for qid in queries}
    write_beir(tmp_path / "collection", documents, {"train": queries}, {"train": qrels})
    write_qrels(tmp_path / "qrels.txt", qrels)
    options = f"--collection {tmp_path}/collection --encoder {tiny_encoder}"
    options += f" --queries {tmp_path}/queries.tsv --qrels {tmp_path}/qrels.txt --negatives in-batch random"
    options += " --epochs 6 --batch-size 8 --evaluations 3 --learning-rate 3e-3 --precision fp32"
    description = train_in_two_processes(tmp_path, "warmup", *options.split())
    assert description["steps"] == 24  # 63 queries, 2 x 8 a step
    assert description["measures"]["after"]["nDCG@10"] > description["measures"]["before"]["nDCG@10"] + 0.2
