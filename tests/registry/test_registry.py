"""Names on top of names: the packaged registry, the user's own, and what an encoder name means."""

import json
from pathlib import Path

import pytest

from pyserini_ltre import registry
from pyserini_ltre.convert.__main__ import parse_arguments as parse_convert
from pyserini_ltre.errors import InputError
from pyserini_ltre.registry.sources import location


@pytest.fixture(autouse=True)
def own_home(tmp_path, monkeypatch):
    monkeypatch.setenv("PYSERINI_LTRE_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.fixture
def model(tmp_path):
    directory = tmp_path / "model"
    directory.mkdir()
    return directory


def test_home_is_beside_pyserinis_cache_unless_it_is_given(tmp_path, monkeypatch):
    assert registry.home() == tmp_path / "home"
    monkeypatch.delenv("PYSERINI_LTRE_HOME")
    monkeypatch.setenv("PYSERINI_CACHE", str(tmp_path / "caches" / "pyserini"))
    assert registry.home() == tmp_path / "caches" / "pyserini_ltre"
    monkeypatch.delenv("PYSERINI_CACHE")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert registry.home() == tmp_path / ".cache" / "pyserini_ltre"


def test_packaged_registry_describes_the_encoders_and_gives_no_path(own_home):
    loaded = registry.load()
    assert set(loaded) == set(registry.SECTIONS)
    assert set(loaded["encoders"]) == set(registry.METHODS)
    for entry in loaded["encoders"].values():
        assert entry["description"] and "path" not in entry
    assert not own_home.exists()


@pytest.mark.parametrize(
    ("task", "length", "text"), [("passage", 256, "passage"), ("document", 512, "url<sep>title<sep>body")]
)
@pytest.mark.parametrize("name", ["star", "adore"])
def test_packaged_registry_tells_what_was_published_and_what_to_type(name, task, length, text):
    told = registry.lookup("encoders", name)["on MS MARCO"][task]
    assert told["published at"].startswith("https://")
    assert (told["query_max_length"], told["document_max_length"]) == (32, length)
    assert told["tokenisation"] == "star"
    assert told["document text"].startswith(text)
    _, _, _, *typed = told["once it is on disk"].split()
    arguments = parse_convert(typed)
    assert (arguments.command, arguments.task, arguments.register) == ("model", task, name)


def test_register_keeps_other_entries_and_makes_paths_absolute(own_home, model, monkeypatch):
    monkeypatch.chdir(model.parent)
    registry.register("encoders", "ltre", path="model")
    registry.register("indexes", "toy", path=Path("model"), encoder="sentence-transformers/all-MiniLM-L6-v2")
    registry.register("indexes", "toy2", path="model", encoder="model")
    assert registry.lookup("encoders", "ltre")["path"] == str(model)
    assert registry.lookup("encoders", "ltre")["description"]
    assert registry.lookup("indexes", "toy") == {
        "path": str(model),
        "encoder": "sentence-transformers/all-MiniLM-L6-v2",
    }
    assert registry.lookup("indexes", "toy2")["encoder"] == str(model)
    assert registry.lookup("indexes", "other") is None
    assert sorted(file.name for file in own_home.iterdir()) == [".locks", "registry.json"]


def test_a_new_entry_takes_the_place_of_the_old_one(model):
    registry.register("indexes", "toy", path=model, encoder="a")
    registry.register("indexes", "toy", path=model)
    assert registry.lookup("indexes", "toy") == {"path": str(model)}


@pytest.mark.parametrize("name", ["", "a b", "a/b", "ltre:x", "../x"])
def test_names_that_could_be_taken_for_paths_are_refused(name, model, own_home):
    with pytest.raises(InputError, match="registered name"):
        registry.register("topics", name, path=model)
    assert not own_home.exists()


def test_relative_path_in_the_users_file_counts_from_that_file(own_home):
    own_home.mkdir()
    (own_home / "registry.json").write_text('{"topics": {"toy": {"path": "toy/topics.tsv"}}}')
    assert registry.lookup("topics", "toy")["path"] == str(own_home / "toy" / "topics.tsv")


def test_file_that_is_not_json_is_named_with_line_and_column_and_left_alone(own_home, model):
    own_home.mkdir()
    file = own_home / "registry.json"
    file.write_text('{\n  "encoders": {,}\n}')
    with pytest.raises(InputError, match=rf"^{file}:2:16: not JSON"):
        registry.load()
    with pytest.raises(InputError, match="not JSON"):
        registry.register("encoders", "ltre", path=model)
    assert file.read_text() == '{\n  "encoders": {,}\n}'


@pytest.mark.parametrize(
    "content", [[], {"encoders": []}, {"encoders": {"ltre": "model"}}, {"encoders": {"ltre": {"path": 3}}}]
)
def test_json_of_another_shape_is_refused(content, own_home):
    own_home.mkdir()
    (own_home / "registry.json").write_text(json.dumps(content))
    with pytest.raises(InputError, match=r"registry\.json: .* correct the file$"):
        registry.load()


@pytest.mark.parametrize(
    ("content", "line", "what"),
    [
        (
            '{"topics": {"toy": {"path": "a"}},\n"indexes": {\n"toy": {"path": "a"},\n"toy": {"path": "b"}}}',
            4,
            "indexes / toy",
        ),
        ('{"indexes": {},\n"topics": {},\n"indexes": {}}', 3, "indexes"),
    ],
)
def test_two_entries_of_one_name_are_refused(content, line, what, own_home, model):
    own_home.mkdir()
    file = own_home / "registry.json"
    file.write_text(content)
    with pytest.raises(InputError, match=f"^{file}:{line}: {what} is there twice"):
        registry.load()
    with pytest.raises(InputError, match="twice"):
        registry.register("indexes", "other", path=model)
    assert file.read_text() == content


def test_remove_leaves_other_entries(own_home, model):
    registry.register("indexes", "toy", path=model)
    registry.register("topics", "toy", path=model)
    assert registry.remove("indexes", "toy") == {"path": str(model)}
    assert registry.lookup("indexes", "toy") is None and registry.lookup("topics", "toy")
    with pytest.raises(InputError, match=r"indexes: no toy in .*registry\.json"):
        registry.remove("indexes", "toy")
    with pytest.raises(InputError, match="ltre comes with the package"):
        registry.remove("encoders", "ltre")


def test_find_takes_a_path_before_a_name(model, monkeypatch):
    registry.register("topics", "model", path=model.parent / "home" / "registry.json")
    monkeypatch.chdir(model.parent)
    assert registry.find("topics", "model") == Path("model")
    monkeypatch.chdir(model)
    assert registry.find("topics", "model").name == "registry.json"
    assert registry.find("topics", "nowhere.tsv") == Path("nowhere.tsv")


def test_packaged_prebuilt_indexes_have_what_a_download_needs(own_home, monkeypatch):
    monkeypatch.setenv("PYSERINI_CACHE", str(own_home))
    prebuilt = {name: entry for name, entry in registry.load()["indexes"].items() if entry.get("prebuilt")}
    assert "msmarco-v1-passage.ance" in prebuilt and "beir-v1.0.0-scifact.bge-base-en-v1.5" in prebuilt
    for name, entry in prebuilt.items():
        place = location("indexes", name, entry)
        assert place.parent == own_home / "indexes" and place.name.endswith(entry["md5"])
        assert entry["encoder"] and entry["description"] and entry["size"] > 1_000_000


def test_sections_of_a_newer_version_survive(own_home, model):
    own_home.mkdir()
    (own_home / "registry.json").write_text('{"models": {"x": {"note": 1}}}')
    registry.register("indexes", "toy", path=model)
    assert registry.load()["models"] == {"x": {"note": 1}}


def test_path_that_is_gone_is_an_error_with_the_file_to_correct(model, own_home):
    registry.register("indexes", "toy", path=model / "gone")
    with pytest.raises(InputError, match=f"toy is registered .*gone, which does not exist.*{own_home}"):
        registry.path_of("indexes", "toy")
    assert registry.path_of("indexes", "other") is None


@pytest.mark.parametrize("name", ["ltre", "star", "adore", "ltre:/some/path", "adore:x"])
def test_our_encoder_names(name):
    assert registry.is_encoder_name(name)


@pytest.mark.parametrize(
    "name", ["./ltre", "models/ltre", "/data/ltre:1", "start", "my-star", "LTRE-x", "", None, 3]
)
def test_names_that_merely_contain_such_a_word(name):
    assert not registry.is_encoder_name(name)


def test_encoder_directory_of_alias_path_and_registered_name(model, monkeypatch):
    registry.register("encoders", "star", path=model)
    registry.register("encoders", "mine", path=model)
    monkeypatch.chdir(model.parent)
    for name in ("star", f"ltre:{model}", "adore:model", "ltre:mine", "ltre:star"):
        assert registry.encoder_directory(name) == model


@pytest.mark.parametrize(
    ("name", "message"),
    [
        (
            "adore",
            r"no encoder is registered as adore yet; take .*registry show adore.*train one with --register adore, "
            r"or .* adore:PATH$",
        ),
        (
            "ltre",
            r"no encoder is registered as ltre yet; train one with .* --register ltre, or .* ltre:PATH$",
        ),
        ("ltre:nowhere", r"^ltre:nowhere: nowhere is neither .*registered: mine\)$"),
        ("ltre:", r"^ltre:: nothing after the colon is neither"),
        ("bm25", r"^bm25 is no encoder name; use ltre, star, adore"),
    ],
)
def test_encoder_directory_says_what_to_do(name, message, model):
    registry.register("encoders", "mine", path=model)
    with pytest.raises(InputError, match=message):
        registry.encoder_directory(name)


def test_encoder_directory_refuses_a_file(model):
    weights = model / "model.safetensors"
    weights.write_text("")
    with pytest.raises(InputError, match="is a file"):
        registry.encoder_directory(f"ltre:{weights}")
