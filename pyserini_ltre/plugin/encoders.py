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
from types import ModuleType
from typing import Any

from pyserini_ltre.errors import InputError
from pyserini_ltre.files import expanded
from pyserini_ltre.plugin.command import is_pyserini_command, one_line_in_commands
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
    if is_pyserini_command():
        _extend_choices()


def is_ours(encoder: Any) -> bool:
    """Tell whether an encoder is ours, be it a name or an encoder that has been made."""
    return is_encoder_name(encoder) or type(encoder).__module__.startswith("pyserini_ltre.")


def make_query_encoder(encoder_dir: str, **options: Any) -> Any:
    """Make the query encoder that a name means.

    Parameters
    ----------
    encoder_dir : str
        One of our names, a model directory, or a name on the Hugging Face hub.
    **options
        What Pyserini passes to an encoder: `device`, `prefix`, `fp16` and so on.

    Raises
    ------
    InputError
        If nothing usable stands behind the name; within a Pyserini command, one line and exit status 2.
    """
    from pyserini_ltre.encode.pyserini_encoders import LtreQueryEncoder

    with one_line_in_commands():
        return LtreQueryEncoder(_model(encoder_dir), **options)


def make_document_encoder(model_name: str, **options: Any) -> Any:
    """Make the document encoder that a name means; see `make_query_encoder`."""
    from pyserini_ltre.encode.pyserini_encoders import LtreDocumentEncoder

    with one_line_in_commands():
        return LtreDocumentEncoder(_model(model_name), **options)


def _model(name: str) -> str:
    if is_encoder_name(name):
        return str(encoder_directory(name))
    directory = expanded(name)
    if directory.is_dir():
        return str(directory)
    # Hub names are NAME or OWNER/NAME.
    if directory.exists() or name.startswith(("/", ".", "~")) or name.count("/") > 1:
        raise InputError(f"{name} is not a model directory; name one that exists")
    return name


def _hand_over(base: Any, make: Callable[..., Any]) -> None:
    own = vars(base).get("__new__")

    def new(cls: Any, *args: Any, **kwargs: Any) -> Any:
        if cls.__module__.startswith("pyserini.") and any(
            map(is_encoder_name, (*args[:1], *kwargs.values()))
        ):
            options = _arguments(cls, args, kwargs)
            name = next((options.pop(known) for known in MODEL_PARAMETERS if known in options), None)
            if is_encoder_name(name):
                return make(name, **options)
        before = own or super(base, cls).__new__
        # `object` takes no arguments where somebody else has a `__new__`, as we have now.
        return before(cls) if before is object.__new__ else before(cls, *args, **kwargs)

    base.__new__ = new


def _arguments(cls: Any, args: tuple, kwargs: dict[str, Any]) -> dict[str, Any]:
    _self, *names = inspect.signature(cls.__init__).parameters
    arguments = dict(zip(names, args, strict=False)) | kwargs
    # pyserini.encode.query sets this tokenizer itself when it takes a name for one of an ANCE model.
    if cls.__name__ == "AnceQueryEncoder" and arguments.get("tokenizer_name") == "roberta-base":
        del arguments["tokenizer_name"]
    return arguments


def _extend_choices() -> None:
    parser_class: Any = argparse.ArgumentParser
    add_argument = parser_class.add_argument

    @functools.wraps(add_argument)
    def add_argument_with_our_choices(self: argparse.ArgumentParser, *flags: str, **options: Any) -> Any:
        # This list is Pyserini's: what else runs in the command has no such encoder class.
        if "--encoder-class" in flags and "tct_colbert" in (options.get("choices") or ()):
            known = options["choices"]
            options["choices"] = [*known, *(name for name in METHODS if name not in known)]
        return add_argument(self, *flags, **options)

    parser_class.add_argument = add_argument_with_our_choices
