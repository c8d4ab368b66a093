"""Each family gives what Pyserini's class gives, also saved and trained (importing Pyserini starts a JVM)."""

import json

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from sentence_transformers import SentenceTransformer
from tokenizers import ByteLevelBPETokenizer
from transformers import (
    AutoTokenizer,
    BertConfig,
    BertForMaskedLM,
    BertModel,
    DPRConfig,
    DPRContextEncoder,
    DPRQuestionEncoder,
    Qwen3Config,
    Qwen3Model,
    RobertaConfig,
    RobertaModel,
)

from pyserini_ltre.encode.batching import encode_texts
from pyserini_ltre.encode.families import FAMILIES
from pyserini_ltre.encode.model import BiEncoder
from pyserini_ltre.encode.settings import document_text

QUERIES = ["sort list", "open the file", "query " * 40, "x"]
TEXTS = ["open the file and read it, then close it again", "sort", "search " * 140]
TITLES = ["read", "sort a list", "tree " * 20]
# Its words fill the slices that Aggretriever lays over each other.
SIZES = {"vocab_size": 1082, "hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2}
SIZES |= {"intermediate_size": 48, "max_position_embeddings": 300, "initializer_range": 0.2}
SENTENCE = {"pooling": "mean", "l2_norm": True}
# Family -> Pyserini's classes, and what its commands pass to them.
CLASSES = {
    "tct_colbert": ("TctColBertQueryEncoder", "TctColBertDocumentEncoder", {}),
    "dpr": ("DprQueryEncoder", "DprDocumentEncoder", {}),
    "dkrr": ("DkrrDprQueryEncoder", None, {}),
    "bpr": ("BprQueryEncoder", None, {}),
    "ance": ("AnceQueryEncoder", "AnceDocumentEncoder", {}),
    "sentence": ("AutoQueryEncoder", "AutoDocumentEncoder", SENTENCE),
    "contriever": ("AutoQueryEncoder", "AutoDocumentEncoder", {"pooling": "mean", "l2_norm": False}),
    "cosdpr": ("CosDprQueryEncoder", "CosDprDocumentEncoder", {}),
    "aggretriever": ("AggretrieverQueryEncoder", "AggretrieverDocumentEncoder", {}),
    "arctic": ("ArcticQueryEncoder", "ArcticDocumentEncoder", {}),
    "qwen3": ("Qwen3QueryEncoder", "Qwen3DocumentEncoder", {"prefix": ""}),
    "auto": ("AutoQueryEncoder", "AutoDocumentEncoder", {}),
}


@pytest.fixture(scope="module")
def pyserini_encode():
    from pyserini_ltre.plugin import hook

    hook.install()  # finds a Java that is new enough
    import pyserini.encode as module
    from pyserini.encode import _aggretriever, _ance, _cosdpr

    with pytest.MonkeyPatch.context() as patch:
        # Transformers 5 asks models of transformers 4 for what they do not have.
        for kind in (_ance.AnceEncoder, _cosdpr.CosDprEncoder, _aggretriever.BertAggretrieverEncoder):
            patch.setattr(kind, "all_tied_weights_keys", {}, raising=False)
        yield module


@pytest.fixture(scope="module")
def models(tiny_encoder, tmp_path_factory):
    """Make a model directory of each family, as those that published it have it; DPR has two."""
    folder = tmp_path_factory.mktemp("families")
    words = AutoTokenizer.from_pretrained(tiny_encoder, model_max_length=50)

    def saved(name, model, tokenizer=words):
        model.save_pretrained(folder / name)
        tokenizer.save_pretrained(folder / name)

    def written(name, config, architecture, parts, tokenizer=words):
        weights = {f"{p}.{n}": v.clone() for p, m in parts.items() for n, v in m.state_dict().items()}
        (folder / name).mkdir()
        save_file(weights, folder / name / "model.safetensors", {"format": "pt"})
        content = {**config.to_dict(), "architectures": [architecture]}
        (folder / name / "config.json").write_text(json.dumps(content))
        tokenizer.save_pretrained(folder / name)

    torch.manual_seed(5)
    bert = BertConfig(**SIZES)
    saved("bert", BertModel(bert))
    saved("dpr", DPRQuestionEncoder(DPRConfig(**SIZES)))
    saved("dpr-passages", DPRContextEncoder(DPRConfig(**SIZES, projection_dim=24)))
    heads = {"num_key_value_heads": 1, "head_dim": 16}
    saved("qwen3", Qwen3Model(Qwen3Config(**SIZES, **heads)))
    linear = torch.nn.Linear(32, 32)
    written("cosdpr", bert, "CosDprEncoder", {"bert": BertModel(bert), "linear": linear})
    masked = BertConfig(**SIZES, output_hidden_states=True)
    parts = {"tok_proj": torch.nn.Linear(32, 1), "cls_proj": torch.nn.Linear(32, 128)}
    written("aggretriever", masked, "X", {"encoder": BertForMaskedLM(masked), **parts})
    trained = ByteLevelBPETokenizer()
    special = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
    trained.train_from_iterator([*TEXTS, *QUERIES], 300, special_tokens=special)
    pairs = tmp_path_factory.mktemp("byte-pairs")
    trained.save_model(str(pairs))
    (pairs / "config.json").write_text('{"model_type": "roberta"}')
    roberta = RobertaConfig(**SIZES, pad_token_id=1, type_vocab_size=1)
    parts = {"embeddingHead": torch.nn.Linear(32, 768), "norm": torch.nn.LayerNorm(768)}
    parts = {"roberta": RobertaModel(roberta), **parts}
    written("ance", roberta, "RobertaDot_NLL_LN", parts, AutoTokenizer.from_pretrained(pairs))
    names = {"bpr": "dpr", **{name: name for name in ("dpr", "ance", "cosdpr", "aggretriever", "qwen3")}}
    return {
        **{name: folder / names.get(name, "bert") for name in CLASSES},
        "dpr-passages": folder / "dpr-passages",
    }


@pytest.fixture
def theirs(pyserini_encode, monkeypatch):
    """What Pyserini's class makes of queries or documents, given a model directory."""

    def encode(family, side, directory, texts, titles=None):
        query_class, document_class, options = CLASSES[family]
        if side == "query":
            if family == "dkrr":  # which has its tokenizer from the hub
                own = AutoTokenizer.from_pretrained(directory)
                patched = type("Own", (), {"from_pretrained": staticmethod(lambda *a, **k: own)})
                monkeypatch.setattr("pyserini.encode._dkrr.BertTokenizerFast", patched)
            encoder = getattr(pyserini_encode, query_class)(str(directory), **options)
            vectors = [encoder.encode(text) for text in texts]
            return np.stack([vector["dense"] if family == "bpr" else vector for vector in vectors])
        encoder = getattr(pyserini_encode, document_class)(str(directory), device="cpu", **options)
        groups = (
            [[number] for number in range(len(texts))] if family == "aggretriever" else [range(len(texts))]
        )
        vectors = [
            encoder.encode(texts=[texts[i] for i in group], titles=titles and [titles[i] for i in group])
            for group in groups
        ]
        return np.concatenate([v.detach().numpy() if isinstance(v, torch.Tensor) else v for v in vectors])

    return encode


def ours(encoder, side, texts, titles=None):
    if side == "document":
        form = encoder.settings.document_form
        texts = [document_text(t, x, form) for t, x in zip(titles or [None] * len(texts), texts, strict=True)]
    return encode_texts(encoder, texts, side)


def take_a_step(encoder, side):
    """Train with a rate that moves every embedding."""
    encoder.eval()
    batch = encoder.pad(encoder.tokenize(["sort list", "open"], side))
    optimiser = torch.optim.SGD(encoder.parameters(), 0.05)
    (encoder(**batch) ** 3).sum().backward()
    optimiser.step()


CASES = [(name, side) for name in CLASSES for side in FAMILIES[name].sides]


@pytest.mark.parametrize(("family", "side"), CASES)
def test_as_pyserini_embeds_also_saved_and_trained(models, theirs, tmp_path, family, side):
    directory = models["dpr-passages" if (family, side) == ("dpr", "document") else family]
    encoder = BiEncoder.load(directory, encoder_class=family)
    assert encoder.settings.family == family
    texts = QUERIES if side == "query" else TEXTS
    both = [None] if side == "query" else [None, TITLES]
    before = {}
    for titles in both:
        expected = theirs(family, side, directory, texts, titles)
        np.testing.assert_allclose(ours(encoder, side, texts, titles), expected, atol=1e-5)
        before[titles is None] = expected
    take_a_step(encoder, side)
    encoder.save(tmp_path, method="ltre")
    again = BiEncoder.load(tmp_path)
    assert again.settings == encoder.settings
    for titles in both:
        expected = theirs(family, side, tmp_path, texts, titles)
        assert np.abs(expected - before[titles is None]).max() > 1e-3
        np.testing.assert_allclose(ours(encoder, side, texts, titles), expected, atol=1e-5)
        np.testing.assert_allclose(ours(again, side, texts, titles), expected, atol=1e-5)
    if FAMILIES[family].portable:
        model = SentenceTransformer(str(tmp_path), device="cpu")
        encode = model.encode_query if side == "query" else model.encode_document
        np.testing.assert_allclose(encode(texts[:2]), ours(again, side, texts[:2]), atol=1e-5)
    else:
        with pytest.raises(Exception, match="Pooling"):
            SentenceTransformer(str(tmp_path), device="cpu")
