import pytest

from pyserini_ltre.collection import (
    BeirFolder,
    HuggingFaceCollection,
    PyseriniTopics,
    PythonStdlib,
    open_collection,
    write_beir,
)
from pyserini_ltre.errors import InputError


def test_each_name_opens_its_kind(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_beir("owner/name", [], {}, {})
    assert isinstance(open_collection("python-stdlib"), PythonStdlib)
    assert isinstance(open_collection("owner/name"), BeirFolder)
    assert isinstance(open_collection("owner/another"), HuggingFaceCollection)
    assert isinstance(open_collection("pyserini:dl19-passage"), PyseriniTopics)


@pytest.mark.parametrize("name", ["nowhere", "./no/where", "/no/where", "../nowhere", "~/no/where", ""])
def test_a_path_that_is_not_there_is_refused_without_asking_the_hub(name):
    with pytest.raises(InputError, match=r"no such folder; name one|no corpus\.jsonl"):
        open_collection(name)


def test_a_folder_with_nothing_in_it_is_refused(tmp_path):
    with pytest.raises(InputError, match=r"no corpus\.jsonl"):
        open_collection(tmp_path)
