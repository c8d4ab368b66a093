"""Run by `backends.py` with another Python: a back end of sentence-transformers, which encodes when it is told to."""

import json
import os
import sys

os.environ |= {"HF_HUB_OFFLINE": "1", "TRANSFORMERS_OFFLINE": "1", "TOKENIZERS_PARALLELISM": "false"}

import torch
from sentence_transformers import SentenceTransformer

TOKENS = 256


def load(model: str, backend: str, threads: int) -> SentenceTransformer:
    """A model on so many threads."""
    options = {}
    if backend == "openvino":
        options = {"ov_config": {"INFERENCE_NUM_THREADS": str(threads)}}
    if backend == "onnx":
        import onnxruntime

        session = onnxruntime.SessionOptions()
        session.intra_op_num_threads = threads
        options = {"provider": "CPUExecutionProvider", "session_options": session}
    loaded = SentenceTransformer(model, device="cpu", backend=backend, model_kwargs=options)
    loaded.max_seq_length = TOKENS
    return loaded


def main() -> None:
    """Answer each line with `done`."""
    model, backend, file, threads = sys.argv[1:]
    with open(file, encoding="utf-8") as opened:
        texts = json.load(opened)
    of_documents, of_queries = load(model, backend, int(threads)), load(model, backend, 1)
    print("done", flush=True)
    for line in sys.stdin:
        if line.strip() == "documents":
            torch.set_num_threads(int(threads))
            of_documents.encode(texts["documents"], show_progress_bar=False)
        else:
            torch.set_num_threads(1)
            for query in texts["queries"]:
                of_queries.encode(query, show_progress_bar=False)
        print("done", flush=True)


if __name__ == "__main__":
    main()
