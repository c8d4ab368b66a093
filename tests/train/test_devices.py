"""What is trained on a GPU is what is trained on the CPU, and is saved for machines without one."""

import numpy as np
import pytest
import torch

from pyserini_ltre.encode.batching import encode_texts
from pyserini_ltre.encode.model import BiEncoder
from pyserini_ltre.encode.pyserini_encoders import LtreQueryEncoder
from pyserini_ltre.index import IndexDirectory
from pyserini_ltre.index.compress import compress
from pyserini_ltre.train.loop.schedule import Schedule
from pyserini_ltre.train.losses.objective import Objective
from pyserini_ltre.train.query_side import QuerySideTrainer

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
TEXTS = ["open read write", "a sorted list of names", "x", "search query " * 20]


@pytest.mark.parametrize("search_backend", ["exact", "exact-bf16", "faiss"])
@pytest.mark.parametrize("trainable", ["encoder", "adapter", "lora"])
def test_training_ends_as_on_the_cpu(problem, tiny_encoder, tmp_path, trainable, search_backend):
    schedule = Schedule(epochs=3, batch_size=16, learning_rate=1e-3, evaluations=3, precision="fp32")
    results = {}
    for device in ("cpu", "cuda"):
        encoder = BiEncoder.load(tiny_encoder).to(device)
        for part in encoder.modules():  # the two devices draw other numbers
            if isinstance(part, torch.nn.Dropout):
                part.p = 0.0
        trainer = QuerySideTrainer(
            encoder, problem.directory, Objective(hits=20), trainable, schedule, search_backend=search_backend
        )
        results[device] = trainer.fit(problem.queries, problem.qrels, problem.dev)
    cpu, cuda = results["cpu"], results["cuda"]
    assert cuda.encoder.device.type == "cuda"
    assert [step for step, _ in cuda.dev_history] == [step for step, _ in cpu.dev_history]
    np.testing.assert_allclose([v for _, v in cuda.dev_history], [v for _, v in cpu.dev_history], atol=0.02)
    expected, found = (encode_texts(result.encoder, TEXTS, "query") for result in (cpu, cuda))
    np.testing.assert_allclose(found, expected, atol=5e-3)
    cuda.encoder.save(tmp_path / "saved")
    np.testing.assert_allclose(
        encode_texts(BiEncoder.load(tmp_path / "saved"), TEXTS, "query"), found, atol=1e-5
    )


def test_texts_are_embedded_as_on_the_cpu(tiny_encoder):
    encoder = BiEncoder.load(tiny_encoder).to("cpu")
    expected = encode_texts(encoder, TEXTS, "document")
    np.testing.assert_allclose(encode_texts(encoder.to("cuda"), TEXTS, "document"), expected, atol=1e-5)
    half = encode_texts(encoder, TEXTS, "document", precision="bf16")
    assert (half * expected).sum(1).min() > 0.999
    reader = LtreQueryEncoder(str(tiny_encoder), device="cuda:0")
    np.testing.assert_allclose(reader.encode(TEXTS[0]), expected[0], atol=1e-5)


def test_a_compressed_index_is_searched_beside_the_gpu(problem, tmp_path):
    compress(IndexDirectory(problem.directory), "SQ8", tmp_path / "small")
    queries = IndexDirectory(problem.directory).open().vectors(torch.arange(5))
    for directory in (problem.directory, tmp_path / "small"):
        on_cpu, on_gpu = (
            IndexDirectory(directory).open(device=device).search(queries.to(device), 10)
            for device in ("cpu", "cuda")
        )
        assert on_gpu[0].device.type == on_gpu[1].device.type == "cuda"
        torch.testing.assert_close(on_gpu[0].cpu(), on_cpu[0], atol=1e-5, rtol=0)
        assert torch.equal(on_gpu[1].cpu(), on_cpu[1])
