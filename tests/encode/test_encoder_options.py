"""What the registry says of an index's encoder need not be said again."""

import pytest

from pyserini_ltre import registry
from pyserini_ltre.encode.encoder_options import QueryEncoderOptions
from pyserini_ltre.encode.model import BiEncoder
from pyserini_ltre.errors import InputError

PREBUILT = "msmarco-v1-passage.tct_colbert-v2-hnp"


def test_what_the_registry_says_is_filled_in_and_said():
    with pytest.warns(UserWarning, match=f"{PREBUILT}: encoder 'castorini/tct.*, as the registry says"):
        options = QueryEncoderOptions(query_max_length=30).of_index(PREBUILT)
    assert options.encoder == "castorini/tct_colbert-v2-hnp-msmarco"
    assert (options.encoder_class, options.pooling, options.query_max_length) == ("tct_colbert", "mean", 30)


def test_a_copy_of_the_encoder_is_read_as_the_registry_says(tiny_encoder, tmp_path, recwarn):
    given = QueryEncoderOptions(encoder=str(tiny_encoder))
    with pytest.warns(UserWarning, match="encoder class 'tct_colbert'"):
        assert given.of_index(PREBUILT).load().settings.family == "tct_colbert"
    recwarn.clear()
    BiEncoder.load(tiny_encoder).save(tmp_path)
    for encoder in (str(tmp_path), f"ltre:{tmp_path}"):  # which says itself how it embeds
        assert QueryEncoderOptions(encoder=encoder).of_index(PREBUILT).encoder_class is None
    assert not recwarn


def test_an_index_of_nobody_tells_nothing(tmp_path, monkeypatch, recwarn):
    monkeypatch.chdir(tmp_path)
    (tmp_path / PREBUILT).mkdir()  # a directory of that name goes first
    for index in ("unknown", str(tmp_path), PREBUILT):
        assert QueryEncoderOptions().of_index(index) == QueryEncoderOptions()
    assert not recwarn


def test_a_registered_setting_is_checked(tmp_path):
    registry.register("indexes", "wrong", path=str(tmp_path), encoder="some", pooling="most")
    with pytest.warns(UserWarning), pytest.raises(InputError, match="`pooling` most: use one of"):
        QueryEncoderOptions().of_index("wrong")
