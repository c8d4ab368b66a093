"""Pair Pyserini's prebuilt dense indexes with their encoders: ``python integrations/prebuilt_indexes.py``.

Writes ``resources/prebuilt_indexes.json`` from the catalogue of the installed Pyserini (1.6 to 2.3 carry that of FAISS
themselves and that of Lucene in Anserini's jar; 2.4 has both on the web), and from the commands of its reproductions
(2CR), which say the encoder, its class and its prefix for most of FAISS's. The rest is in `FURTHER`. Pyserini is read,
not imported.
"""

import ast
import importlib.util
import json
import re
import shlex
import urllib.request
import zipfile
from collections import Counter
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import yaml

from pyserini_ltre.encode.families import FAMILIES, REFUSED, family_named
from pyserini_ltre.encode.settings import NO_LIMIT

CATALOGUE = Path(__file__).parents[1] / "resources" / "prebuilt_indexes.json"
# Where the files of Pyserini 2.4's catalogue are.
WEB = "https://raw.githubusercontent.com/castorini/prebuilt-indexes/{commit}/{path}"
BGE = {
    "encoder_class": "auto",
    "normalise": True,
    "query_prefix": "Represent this sentence for searching relevant passages: ",
}
# What no command of the reproductions searches on the fly, after Pyserini's documentation.
FURTHER: dict[str, dict[str, Any]] = {
    r"msmarco-v1-(passage|doc)\.tct_colbert(\.hnsw)?": {"encoder": "castorini/tct_colbert-msmarco"},
    r"(msmarco-v1-passage\.|cast2019-)tct_colbert-v2(\.hnsw)?": {
        "encoder": "castorini/tct_colbert-v2-msmarco"
    },
    r"msmarco-v1-passage\.tct_colbert-v2-hn": {"encoder": "castorini/tct_colbert-v2-hn-msmarco"},
    r"msmarco-v1-.*\.tct_colbert-v2-hnp(\.hnsw)?": {"encoder": "castorini/tct_colbert-v2-hnp-msmarco"},
    r"msmarco-v1-doc\.ance-maxp": {"encoder": "castorini/ance-msmarco-doc-maxp"},
    r"msmarco-v2\.1-.*\.arctic-embed-l": {"encoder": "Snowflake/snowflake-arctic-embed-l"},
    r"msmarco-v2\.1-.*\.arctic-embed-m-v1\.5": {"encoder": "Snowflake/snowflake-arctic-embed-m-v1.5"},
    # ANCE's encoder of open-domain questions is a DPR, and Pyserini takes it for one.
    r"wikipedia-dpr-100w\.ance-multi": {"encoder": "castorini/ance-dpr-question-multi"},
    r"wiki-all-6-3\.dpr2-multi-retriever": {"encoder": "castorini/wiki-all-6-3-multi-dpr2-query-encoder"},
    r"bright-.*\.bge-large-en-v1\.5(\.flat)?": {"encoder": "BAAI/bge-large-en-v1.5", **BGE},
    # Lucene's, after the classes of `io.anserini.encoder.dense`: BGE's instruction is put before every query there,
    # before those of Quora and ArguAna, too.
    r".*\.bge-base-en-v1\.5\.(flat|hnsw|hnsw-int8)": {"encoder": "BAAI/bge-base-en-v1.5", **BGE},
    r"msmarco-v2\.1-.*\.arctic-embed-l\.hnsw-int8": {"encoder": "Snowflake/snowflake-arctic-embed-l"},
    r"msmarco-v1-passage\.cosdpr-distil\.(hnsw|hnsw-int8)": {"encoder": "castorini/cosdpr-distil"},
}
LUCENE = {"flat": "LUCENE_FLAT_INDEX_INFO_", "hnsw": "LUCENE_HNSW_INDEX_INFO_"}
LEFT_OUT = {
    r"m-beir-.*|mmeb-.*|atomic-.*|wiki-ss-nq\.dse|.*\.dse": "its encoder takes images",
    r".*\.(openai|cohere)-.*": "its encoder lies behind a service",
    r".*\.bpr-.*": "its vectors are binary, and Pyserini searches them in a way of its own",
}


def main() -> None:
    """Write the file, and print how many there are of each family and what was left out."""
    folder = Path(importlib.util.find_spec("pyserini").submodule_search_locations[0])
    paired, left_out = pair(dict(catalogue(folder)), dict(recipes(folder)))
    lines = ",\n".join(f"    {json.dumps(name)}: {json.dumps(entry)}" for name, entry in paired.items())
    reasons = ",\n".join(f"    {json.dumps(name)}: {json.dumps(entry)}" for name, entry in left_out.items())
    CATALOGUE.write_text(f'{{\n  "indexes": {{\n{lines}\n  }},\n  "left out": {{\n{reasons}\n  }}\n}}\n')
    print(Counter(entry["encoder_class"] for entry in paired.values()))
    print(Counter(entry["description"] for entry in left_out.values()))


def catalogue(folder: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """All dense indexes that Pyserini knows, by name; an `OSError` says if they are on the web and out of reach."""
    statements = ast.parse((folder / "prebuilt_index_info.py").read_text()).body
    values = {s.targets[0].id: s.value for s in statements if isinstance(s, ast.Assign)}
    for name, value in values.items():
        if name.startswith("FAISS_INDEX_INFO_"):
            if isinstance(value, ast.Dict):
                yield from ast.literal_eval(value).items()
            else:
                for part in _on_the_web(values, value):
                    yield from part.items()
        elif name.startswith(tuple(LUCENE.values())) and not isinstance(value, ast.Dict):
            for part in _on_the_web(values, value):
                yield from _lucene(part)
    for jar in (folder / "resources" / "jars").glob("anserini-*.jar"):
        with zipfile.ZipFile(jar) as archive:
            for file in archive.namelist():
                if re.fullmatch(r"prebuilt-indexes/.*(flat|hnsw).*\.json", file):
                    yield from _lucene(json.loads(archive.read(file)))


def _on_the_web(values: dict[str, ast.expr], part: ast.expr) -> Iterator[Any]:
    """What the files of one part of 2.4's catalogue hold."""
    commit = ast.literal_eval(values["PREBUILT_INDEXES_COMMIT"])
    for node in ast.walk(part):
        if isinstance(node, ast.Constant) and str(node.value).endswith(".json"):
            with urllib.request.urlopen(WEB.format(commit=commit, path=node.value), timeout=10) as answer:
                yield json.load(answer)


def _lucene(records: list[dict[str, Any]]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Lucene's indexes of vectors among the records of one file; the inverted ones have other types."""
    for record in records:
        if record["type"] in LUCENE:
            keys = {"filename": "filename", "urls": "urls", "md5": "md5", "compressed_size": "size"}
            info = {ours: record[theirs] for theirs, ours in keys.items()}
            yield record["name"], {"lucene": record["type"], "texts": record["corpus_index"], **info}


def recipes(folder: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """Which encoder each reproduction takes, by index; where it names several data sets, for each of them."""
    for file in sorted((folder / "2cr").glob("*.yaml")):
        for condition in yaml.safe_load(file.read_text())["conditions"]:
            commands = condition.get("command") or []
            for command in [commands] if isinstance(commands, str) else commands:
                if "${dataset}" not in command:
                    yield from _recipe(command)
                    continue
                for data in condition["datasets"]:
                    yield from _with_prefix(command, data["dataset"], data.get("query_prefix", ""), file.stem)


def _with_prefix(
    command: str, dataset: str, instruction: str, of: str
) -> Iterator[tuple[str, dict[str, Any]]]:
    if of == "beir":  # its program has the prefix, for all but two
        instruction = "" if dataset in ("quora", "arguana") else '"' + BGE["query_prefix"].strip() + '"'
    yield from _recipe(command.replace("${query_prefix}", instruction).replace("${dataset}", dataset))


def _recipe(command: str) -> Iterator[tuple[str, dict[str, Any]]]:
    if "pyserini.search.faiss" not in command or "--encoder " not in command:
        return
    command = re.sub(r"\$\$'", "'", command).replace("\\n", "\n")
    words = shlex.split(command + ("'" if command.count("'") % 2 else ""))
    given = {flag: value for flag, value in pairwise(words) if flag.startswith("--")}
    recipe: dict[str, Any] = {"encoder": given["--encoder"]}
    if "--encoder-class" in given:
        recipe["encoder_class"] = given["--encoder-class"]
    if "--l2-norm" in words:
        recipe["normalise"] = True
    prefix = given.get("--query-prefix", "")
    if prefix and not prefix.startswith("--"):
        # Of all classes, Qwen3's alone puts no space behind it.
        recipe["query_prefix"] = prefix if recipe.get("encoder_class") == "qwen3" else f"{prefix} "
    yield given["--index"], recipe


def pair(
    infos: dict[str, dict[str, Any]], known: dict[str, dict[str, Any]]
) -> tuple[dict[str, dict[str, Any]], dict[str, dict[str, Any]]]:
    """Entries of the registry for indexes with an encoder that we have, and a reason for each of the others."""
    paired, left_out = {}, {}
    for name, info in infos.items():
        reason = next((why for pattern, why in LEFT_OUT.items() if re.fullmatch(pattern, name)), None)
        further = next((recipe for pattern, recipe in FURTHER.items() if re.fullmatch(pattern, name)), None)
        recipe = known.get(name) or further
        if reason:
            left_out[name] = {"description": reason}
            continue
        if recipe is None:
            raise SystemExit(f"{name}: no command and no row of FURTHER names its encoder")
        paired[name] = {
            "description": _description(info),
            "prebuilt": True,
            **_complete(recipe),
            "url": info["urls"][0],
            "md5": info["md5"],
            "size": info["size"] if "size" in info else info["size compressed (bytes)"],
        }
        if not info["urls"][0].endswith(f"/{info['filename']}"):
            paired[name]["filename"] = info["filename"]
    return paired, left_out


def _description(info: dict[str, Any]) -> str:
    texts = info["texts"].removesuffix(".flat")
    if "lucene" in info:
        return f"Lucene index ({info['lucene']}) of {texts}"
    return f"{info['documents']} documents of {texts}"


def _complete(recipe: dict[str, Any]) -> dict[str, Any]:
    """The class that Pyserini takes by the encoder's name where none is given, and what that leaves open."""
    by_name = next((word for word in FAMILIES if word in recipe["encoder"].lower()), "auto")
    word = recipe.get("encoder_class", by_name)
    assert word not in REFUSED, word
    family = FAMILIES[family_named(word)]
    settings = {**recipe, "encoder_class": word, "pooling": family.poolings[0]}
    if settings.get("query_prefix") == family.query_prefix:
        del settings["query_prefix"]
    if family.query_length not in (None, NO_LIMIT):
        settings["query_max_length"] = family.query_length
    return settings


if __name__ == "__main__":
    main()
