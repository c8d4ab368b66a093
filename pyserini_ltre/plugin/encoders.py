"""Our encoder names wherever Pyserini makes an encoder.

Pyserini picks a class by `--encoder-class`, or by a keyword that it finds anywhere in `--encoder`, or else
takes `AutoQueryEncoder` or `AutoDocumentEncoder`. No keyword is added, since it would catch other people's
paths. Instead, whatever class was picked hands over when the name it was given is one of ours; and
`--encoder-class ltre` is answered without being listed.
"""

import argparse
import functools
import inspect
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

from pyserini_ltre.errors import InputError
from pyserini_ltre.plugin.command import one_line_in_commands
from pyserini_ltre.registry import METHODS, encoder_directory, is_encoder_name

# What Pyserini's encoders call the model that they load.
MODEL_PARAMETERS = ("encoder_dir", "model_name", "model_name_or_path")


class ClassMap(dict):
    """A class map of Pyserini that lists what it always listed, and answers for our names as well."""

    def __init__(self, classes: dict[str, Any], ours: Callable[..., Any]) -> None:
        super().__init__(classes)
        self.ours = ours

    def __missing__(self, name: str) -> Callable[..., Any]:
        if name in METHODS:
            return self.ours
        raise KeyError(name)


def encoder_names(module: ModuleType) -> Iterator[None]:
    """Teach `pyserini.encode` our names."""
    yield
    for base, class_map, make in (
        (module.QueryEncoder, "query_encoder_class_map", make_query_encoder),
        (module.DocumentEncoder, "document_encoder_class_map", make_document_encoder),
    ):
        setattr(module, class_map, ClassMap(getattr(module, class_map), make))
        _hand_over(base, make)
    _extend_choices()


def make_query_encoder(encoder_dir: str, **options: Any) -> Any:
    """Make the query encoder that a name means.

    Parameters
    ----------
    encoder_dir : str
        One of our names, a model directory, or a name on the Hugging Face hub.
    **options
        What Pyserini passes to a query encoder: `device`, `prefix`, `fp16` and so on.

    Returns
    -------
    LtreQueryEncoder

    Raises
    ------
    InputError
        If nothing usable stands behind the name; within a Pyserini command, one line and exit status 2.
    """
    from pyserini_ltre.encode.pyserini_encoders import LtreQueryEncoder

    with one_line_in_commands():
        return LtreQueryEncoder(model_of(encoder_dir), **options)


def make_document_encoder(model_name: str, **options: Any) -> Any:
    """Make the document encoder that a name means.

    Parameters
    ----------
    model_name : str
        One of our names, a model directory, or a name on the Hugging Face hub.
    **options
        What Pyserini passes to a document encoder: `device`, `prefix` and so on.

    Returns
    -------
    LtreDocumentEncoder

    Raises
    ------
    InputError
        If nothing usable stands behind the name; within a Pyserini command, one line and exit status 2.
    """
    from pyserini_ltre.encode.pyserini_encoders import LtreDocumentEncoder

    with one_line_in_commands():
        return LtreDocumentEncoder(model_of(model_name), **options)


def model_of(name: str) -> str:
    """Resolve what was given as encoder.

    Parameters
    ----------
    name : str
        One of our names, a model directory, or a name on the Hugging Face hub.

    Returns
    -------
    str
        A directory that exists, or the hub name as it is.

    Raises
    ------
    InputError
        If nothing stands behind one of our names, or a path does not exist.
    """
    if is_encoder_name(name):
        return str(encoder_directory(name))
    directory = Path(name).expanduser()
    if directory.is_dir():
        return str(directory)
    # Hub names are NAME or OWNER/NAME.
    if directory.exists() or name.startswith(("/", ".", "~")) or name.count("/") > 1:
        raise InputError(f"{name} is not a model directory; name one that exists")
    return name


def _hand_over(base: type, make: Callable[..., Any]) -> None:
    parameter = next(iter(inspect.signature(make).parameters))

    def new(cls: type, *args: Any, **kwargs: Any) -> Any:
        if cls.__module__.startswith("pyserini.") and any(
            map(is_encoder_name, (*args[:1], *kwargs.values()))
        ):
            options = _arguments(cls, args, kwargs)
            name = next((options.pop(known) for known in MODEL_PARAMETERS if known in options), None)
            if is_encoder_name(name):
                return make(**{parameter: name}, **options)
        return object.__new__(cls)

    base.__new__ = new


def _arguments(cls: type, args: tuple, kwargs: dict[str, Any]) -> dict[str, Any]:
    signature = inspect.signature(cls.__init__)
    arguments = dict(signature.bind_partial(None, *args, **kwargs).arguments)
    for name, parameter in signature.parameters.items():
        if parameter.kind is inspect.Parameter.VAR_KEYWORD:
            arguments |= arguments.pop(name, {})
    del arguments[next(iter(signature.parameters))]  # self
    # pyserini.encode.query sets this tokenizer itself when it takes a name for one of an ANCE model.
    if cls.__name__ == "AnceQueryEncoder" and arguments.get("tokenizer_name") == "roberta-base":
        del arguments["tokenizer_name"]
    return arguments


def _extend_choices() -> None:
    add_argument = argparse.ArgumentParser.add_argument

    @functools.wraps(add_argument)
    def add_argument_with_our_choices(self: argparse.ArgumentParser, *flags: str, **options: Any) -> Any:
        # This list is Pyserini's: other programs have no such encoder class.
        if "--encoder-class" in flags and "tct_colbert" in (options.get("choices") or ()):
            known = options["choices"]
            options["choices"] = [*known, *(name for name in METHODS if name not in known)]
        return add_argument(self, *flags, **options)

    argparse.ArgumentParser.add_argument = add_argument_with_our_choices
