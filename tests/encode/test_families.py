"""Each family gives what Pyserini's class gives, also saved and trained (importing Pyserini starts a JVM)."""

import json
import random
import runpy
import shutil

import numpy as np
import pytest
import torch
from sentence_transformers import SentenceTransformer
from small_input import WORDS
from tokenizers import ByteLevelBPETokenizer
from transformers import (
    AutoTokenizer,
    BertConfig,
    BertForMaskedLM,
    BertModel,
    DistilBertConfig,
    DPRConfig,
    DPRContextEncoder,
    DPRQuestionEncoder,
    Qwen3Config,
    Qwen3Model,
    RobertaConfig,
    RobertaModel,
)

from pyserini_ltre.encode.__main__ import main as encode
from pyserini_ltre.encode.aggretriever import Aggretriever, read_aggretriever, write_aggretriever
from pyserini_ltre.encode.batching import encode_texts
from pyserini_ltre.encode.encode_collection import encode_collection
from pyserini_ltre.encode.families import BOTH, FAMILIES
from pyserini_ltre.encode.model import BiEncoder
from pyserini_ltre.encode.settings import document_text
from pyserini_ltre.errors import InputError
from pyserini_ltre.train.__main__ import main as train
from pyserini_ltre.train.trainable import TRAINABLE

QUERIES = ["sort list", "open the file", "query " * 40, "x"]
TEXTS = ["open the file and read it, then close it again", "sort", "search " * 140]
TITLES = ["read", "sort a list", "tree " * 20]
# Its words fill the slices that Aggretriever lays over each other.
SIZES = {"vocab_size": 1082, "hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2}
SIZES |= {"intermediate_size": 48, "max_position_embeddings": 300, "initializer_range": 0.1}
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
        # Transformers 5 asks models of transformers 4 for what they do not have in Pyserini 1.6.
        for kind in (_ance.AnceEncoder, _cosdpr.CosDprEncoder, _aggretriever.BertAggretrieverEncoder):
            if not hasattr(kind, "all_tied_weights_keys"):
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
        torch.save(weights, folder / name / "pytorch_model.bin")
        content = {**config.to_dict(), "architectures": [architecture]}
        (folder / name / "config.json").write_text(json.dumps(content))
        tokenizer.save_pretrained(folder / name)

    torch.manual_seed(5)
    bert = BertConfig(**SIZES)
    saved("bert", BertModel(bert))
    saved("dpr", DPRQuestionEncoder(DPRConfig(**SIZES)))
    saved("dpr-passages", DPRContextEncoder(DPRConfig(**SIZES)))
    saved("bpr", DPRQuestionEncoder(DPRConfig(**SIZES, projection_dim=24)))
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
                _give_tokenizer(AutoTokenizer.from_pretrained(directory), monkeypatch)
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


def _give_tokenizer(tokenizer, monkeypatch):
    from pyserini.encode import _dkrr

    def given(*args, **kwargs):
        return tokenizer

    if hasattr(_dkrr, "load_bert_tokenizer"):
        monkeypatch.setattr(_dkrr, "load_bert_tokenizer", given)
    else:  # Pyserini 1.6
        patched = type("Own", (), {"from_pretrained": staticmethod(given)})
        monkeypatch.setattr(_dkrr, "BertTokenizerFast", patched)


def ours(encoder, side, texts, titles=None):
    if side == "document":
        form = encoder.settings.document_form
        texts = [document_text(t, x, form) for t, x in zip(titles or [None] * len(texts), texts, strict=True)]
    return encode_texts(encoder, texts, side)


def take_a_step(encoder, side):
    """Train with a rate that moves every embedding, and none far."""
    encoder.eval()
    batch = encoder.pad(encoder.tokenize(["sort list", "open"], side))
    optimiser = torch.optim.SGD(encoder.parameters(), 0.3)
    (encoder(**batch) ** 3).sum().backward()
    torch.nn.utils.clip_grad_norm_(encoder.parameters(), 1.0)
    optimiser.step()


# What Pyserini 2.4 looks for in a file named pytorch_model.bin alone.
ONLY_BIN = ("ance", "cosdpr", "aggretriever")
FILES = {"queries": "topics.tsv", "qrels": "qrels"}
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
    if family in ONLY_BIN:
        assert not (tmp_path / "model.safetensors").exists()
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


def search_with_pyserini(arguments, output, monkeypatch):
    """Run ``python -m pyserini.search.faiss`` in this process."""
    arguments = ["-m", *map(str, arguments), "--output", str(output), "--hits", "20"]
    monkeypatch.setattr("sys.argv", arguments)
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # as our encoder computes; the last digits of Pyserini's depend on it
    try:
        runpy.run_module("pyserini.search.faiss", run_name="__main__", alter_sys=True)
    finally:
        torch.set_num_threads(threads)
    return [line.split()[:5] for line in output.read_text().splitlines()]


@pytest.mark.parametrize("family", ["tct_colbert", "dpr", "ance", "cosdpr", "aggretriever", "qwen3"])
def test_another_back_end_embeds_a_family_as_torch_does(models, family):
    encoder = BiEncoder.load(models[family], encoder_class=family)
    expected = encode_texts(encoder, QUERIES, "query")
    for backend in ("openvino", "onnx"):
        np.testing.assert_allclose(
            encode_texts(encoder, QUERIES, "query", backend=backend), expected, atol=1e-5
        )


# All but those that Pyserini has no documents of: BPR's it also searches in another way.
SEARCHED = [name for name in CLASSES if FAMILIES[name].sides == BOTH]
# Nothing behind the pooling whose last digits depend on how it is computed.
EXACT = ("tct_colbert", "dpr")
LAST_DIGITS = 5e-6
# Three epochs make nothing of their random weights that would be kept: they are moved by a step instead.
NOT_BETTER = ("ance", "arctic", "auto", "cosdpr")


@pytest.mark.parametrize("family", SEARCHED)
def test_trained_run_is_pyserinis_hit_for_hit(pyserini_encode, models, tmp_path, monkeypatch, family):
    of_documents = "dpr-passages" if family == "dpr" else family
    rng = random.Random(3)
    texts = [" ".join(rng.choices(WORDS, k=rng.randint(2, 30))) for _ in range(120)]
    documents = [{"_id": f"d{i}", "title": text[:9], "text": text} for i, text in enumerate(texts)]
    queries = [{"_id": f"q{i}", "text": " ".join(text.split()[:4])} for i, text in enumerate(texts[:30])]
    for name, lines in (("corpus", documents), ("queries", queries)):
        (tmp_path / f"{name}.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    judged = [f"{query['_id']} 0 d{i} 1\n" for i, query in enumerate(queries)]
    (tmp_path / "qrels").write_text("".join(judged))
    (tmp_path / "topics.tsv").write_text("".join(f"{q['_id']}\t{q['text']}\n" for q in queries))
    index, trained = tmp_path / "index", tmp_path / "trained"
    said = ["--encoder-class", family]
    of_documents = BiEncoder.load(models[of_documents], encoder_class=family)
    encode_collection(tmp_path, of_documents, index, progress=False)
    assert json.loads((index / "encoder.json").read_text())["family"] == family
    if family in NOT_BETTER:
        encoder = BiEncoder.load(models[family], encoder_class=family)
        take_a_step(encoder, "query")
        trained.mkdir()
        encoder.save(trained, method="ltre")
    else:
        files = [f"--{dev}{what}={tmp_path / name}" for dev in ("", "dev-") for what, name in FILES.items()]
        start = ["adore", f"--index={index}", f"--encoder={models[family]}", f"--output={trained}"]
        quick = ["--epochs=3", "--learning-rate=3e-3", "--evaluations=1", "--anchor=0", "--hits=20"]
        train([*start, *said, *files, *quick])
    shared = ["--index", index, "--topics", tmp_path / "topics.tsv"]
    frozen = search_with_pyserini(["--encoder", models[family], *said, *shared], tmp_path / "0", monkeypatch)
    theirs = search_with_pyserini(["--encoder", trained, *said, *shared], tmp_path / "1", monkeypatch)
    ours = search_with_pyserini(["--encoder", f"ltre:{trained}", *shared], tmp_path / "2", monkeypatch)
    assert len(theirs) == 600
    assert [line[2] for line in theirs] != [line[2] for line in frozen]  # more than the last digits
    if family in EXACT:
        assert ours == theirs
    scores = [{(line[0], line[2]): float(line[4]) for line in run} for run in (ours, theirs)]
    both = scores[0].keys() & scores[1].keys()
    assert len(both) > 597  # a tie may stand at rank 20
    np.testing.assert_allclose(*([of[pair] for pair in sorted(both)] for of in scores), rtol=LAST_DIGITS)
    in_order = ([float(line[4]) for line in run] for run in (ours, theirs))
    np.testing.assert_allclose(*in_order, rtol=LAST_DIGITS)


@pytest.mark.parametrize("family", ["tct_colbert", "dpr", "ance", "aggretriever"])
@pytest.mark.parametrize("trainable", ["adapter", "lora"])
def test_what_is_trained_around_a_family_loads_again(models, tmp_path, family, trainable):
    encoder = BiEncoder.load(models[family], encoder_class=family)
    before = ours(encoder, "query", QUERIES)
    part = TRAINABLE[trainable](encoder)
    for name, value in part.module.named_parameters():
        if "up" in name or "lora_B" in name:
            torch.nn.init.normal_(value, std=0.1)
    part.finish().save(tmp_path)
    expected = ours(encoder, "query", QUERIES)
    assert np.abs(expected - before).max() > 1e-2
    np.testing.assert_allclose(ours(BiEncoder.load(tmp_path), "query", QUERIES), expected, atol=1e-5)


@pytest.mark.parametrize(
    ("directory", "family"),
    [("dpr", "dpr"), ("dpr-passages", "dpr"), ("cosdpr", "cosdpr"), ("aggretriever", "aggretriever")],
)
def test_a_directory_that_tells_its_family_needs_no_word(models, directory, family, recwarn):
    assert BiEncoder.load(models[directory]).settings.family == family
    assert not recwarn


def test_aggretriever_of_distilbert_has_its_own_class_in_pyserini(pyserini_encode, tmp_path):
    from pyserini.encode import _aggretriever

    names = {"dim": "hidden_size", "n_layers": "num_hidden_layers", "n_heads": "num_attention_heads"}
    names |= {"hidden_dim": "intermediate_size", "vocab_size": "vocab_size"}
    config = DistilBertConfig(**{name: SIZES[size] for name, size in names.items()})
    torch.manual_seed(2)
    backbone = Aggretriever(config)
    write_aggretriever(tmp_path, backbone)
    batch = {"input_ids": torch.tensor([[2, 9, 8, 3]]), "attention_mask": torch.ones(1, 4, dtype=torch.long)}
    theirs = _aggretriever.DistlBertAggretrieverEncoder.from_pretrained(tmp_path)
    again = read_aggretriever(tmp_path, allow_partial=False)[0]
    with torch.no_grad():
        expected = theirs(**batch)
        for model in (backbone, again):
            torch.testing.assert_close(
                model.eval()(**batch).last_hidden_state[:, 0], expected, atol=1e-5, rtol=0
            )


def test_ance_that_tells_its_family_keeps_its_lengths(models, tmp_path):
    directory = shutil.copytree(models["ance"], tmp_path / "copy")
    config = json.loads((directory / "config.json").read_text())
    (directory / "config.json").write_text(json.dumps({**config, "architectures": ["AnceEncoder"]}))
    settings = BiEncoder.load(directory).settings
    assert (settings.family, settings.tokenisation, settings.query_max_length) == ("ance", "own", 298)
    assert BiEncoder.load(directory, encoder_class="ance").settings.query_max_length == 64


def test_what_is_assumed_is_said_unless_it_is_told(models, tmp_path, recwarn):
    named = shutil.copytree(models["auto"], tmp_path / "tct_colbert-v2")
    for options in ({"pooling": "cls"}, {"encoder_class": "auto"}):
        BiEncoder.load(named, **options)
    assert not recwarn
    said = r"does not tell how it embeds \(Pyserini would take it for tct_colbert, .*plain: mean pooling, not scaled"
    with pytest.warns(UserWarning, match=said):
        BiEncoder.load(named).save(tmp_path)
    recwarn.clear()
    assert BiEncoder.load(tmp_path).settings.family == "plain"
    assert not recwarn


def test_modules_that_a_family_does_not_have_are_said_to_be_left_out(tiny_encoder, recwarn):
    BiEncoder.load(tiny_encoder, encoder_class="sentence-transformers")
    assert not recwarn
    said = "modules.json: says mean pooling and Normalize; taken as contriever"
    with pytest.warns(UserWarning, match=said):
        assert not BiEncoder.load(tiny_encoder, encoder_class="contriever").normalises


def test_what_is_done_of_modules_is_not_said_to_be_left_out(tiny_encoder, recwarn):
    chosen = BiEncoder.load(tiny_encoder, encoder_class="auto", pooling="mean", normalise=True)
    assert chosen.normalises and not recwarn
    with pytest.warns(UserWarning, match="mean pooling and Normalize; taken as auto"):
        BiEncoder.load(tiny_encoder, encoder_class="auto", pooling="mean")


def test_auto_pools_scales_and_puts_its_prefix_behind_the_title(pyserini_encode, models):
    options = {"pooling": "mean", "l2_norm": True, "prefix": "find"}
    encoder = BiEncoder.load(models["auto"], encoder_class="auto", pooling="mean", normalise=True)
    encoder.update_settings(query_prefix="find ", document_prefix="find ")
    theirs = pyserini_encode.AutoQueryEncoder(str(models["auto"]), **options)
    expected = np.stack([theirs.encode(text) for text in QUERIES])
    np.testing.assert_allclose(ours(encoder, "query", QUERIES), expected, atol=1e-5)
    theirs = pyserini_encode.AutoDocumentEncoder(str(models["auto"]), device="cpu", **options)
    expected = theirs.encode(TEXTS, titles=TITLES)
    np.testing.assert_allclose(ours(encoder, "document", TEXTS, TITLES), expected, atol=1e-5)


def test_an_empty_title_is_a_title_and_none_is_not(models, theirs):
    encoder = BiEncoder.load(models["dpr-passages"])
    for titles in ([""] * 3, None):
        expected = theirs("dpr", "document", models["dpr-passages"], TEXTS, titles)
        np.testing.assert_allclose(ours(encoder, "document", TEXTS, titles), expected, atol=1e-5)
    assert encoder.tokenize([document_text("a", "b\x1fc", "parts"), "d"], "document") == [
        encoder.tokenizer("a", "b c")["input_ids"],
        encoder.tokenizer("d")["input_ids"],
    ]


@pytest.mark.parametrize(
    ("model", "options", "message"),
    [
        ("auto", ["--encoder-class=dpr"], "no weights question_encoder.* or ctx_encoder.*, so it is no"),
        (
            "auto",
            ["--encoder-class=bert"],
            "--encoder-class bert: use one of dkrr, cosdpr, dpr, bpr, tct_col",
        ),
        ("auto", ["--encoder-class=clip"], "takes more than text; encode the queries with Pyserini"),
        ("auto", ["--encoder-class=openai-api"], "instead: --trainable adapter with --query-vectors"),
        ("auto", ["--encoder-class=splade"], "--encoder-class splade gives no dense vectors; use one of"),
        ("auto", ["--encoder-class=cosdpr"], "weights do not fit CosDprEncoder: missing bert.embeddings"),
        ("auto", ["--encoder-class=ance"], "weights do not fit RobertaDot: missing roberta."),
        ("auto", ["--encoder-class=aggretriever"], "weights do not fit Aggretriever: missing"),
        ("qwen3", ["--encoder-class=aggretriever"], "Aggretriever is a BERT or DistilBERT with 30522 words"),
        ("ance", ["--encoder-class=tct_colbert"], "a model of type roberta, but tct_colbert is made of bert"),
        ("dpr", [], "dpr encodes queries only; give the encoder of documents"),
        ("dpr-passages", ["--encoder-class=bpr"], "encodes passages, but bpr is for queries; name dpr"),
        ("auto", ["--encoder-class=dkrr"], "dkrr encodes queries only; give the encoder of documents"),
        ("auto", ["--encoder-class=arctic", "--pooling=mean"], "--pooling mean: arctic pools by cls"),
        ("auto", ["--encoder-class=sentence", "--l2-norm=false"], "sentence scales its embeddings"),
        ("auto", ["--encoder-class=tct_colbert", "--max-length=4"], "takes 5 to 300"),
    ],
)
def test_what_does_not_fit_is_refused_in_one_line(models, tmp_path, refused, model, options, message):
    collection = tmp_path / "collection"
    (collection / "qrels").mkdir(parents=True)
    (collection / "qrels" / "test.tsv").write_text("query-id\tcorpus-id\tscore\n1\t1\t1\n")
    for name in ("corpus", "queries"):
        (collection / f"{name}.jsonl").write_text('{"_id": "1", "title": "", "text": "sort list"}\n')
    files = [f"--collection={collection}", f"--output={tmp_path / 'index'}"]
    assert message in refused(encode, f"--encoder={models[model]}", *options, *files)


def test_what_was_saved_as_one_family_is_not_taken_for_another(models, tmp_path):
    BiEncoder.load(models["tct_colbert"], encoder_class="tct_colbert").save(tmp_path)
    with pytest.raises(InputError, match=r"was saved as tct_colbert, not as auto; leave `encoder_class` out"):
        BiEncoder.load(tmp_path, encoder_class="auto")
