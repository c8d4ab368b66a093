"""Several processes train together and leave one model."""

import json
import os
import subprocess
import sys

from pyserini_ltre.collection import write_qrels, write_topics


def test_two_processes_train_one_encoder(problem, tiny_encoder, tmp_path):
    write_topics(tmp_path / "queries.tsv", problem.queries)
    write_qrels(tmp_path / "qrels.txt", problem.qrels)
    options = f"--index {problem.directory} --encoder {tiny_encoder} --output {tmp_path}/model"
    options += f" --queries {tmp_path}/queries.tsv --qrels {tmp_path}/qrels.txt"
    options += " --epochs 6 --batch-size 8 --evaluations 3 --hits 20 --anchor 0 --learning-rate 1e-3 --precision fp32"
    command = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node", "2", "--standalone"]
    done = subprocess.run(
        [*command, "-m", "pyserini_ltre.train", "ltre", *options.split()],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert done.stdout.count("saved in") == 1
    description = json.loads((tmp_path / "model" / "pyserini_ltre.json").read_text())
    assert description["steps"] == 24  # 63 queries, 2 x 8 a step
    assert description["measures"]["after"]["nDCG@10"] > description["measures"]["before"]["nDCG@10"]
    assert not (tmp_path / "model.checkpoints").exists()
