"""Python source -> its functions: name, docstring, and the code without any docstring."""

import ast
import re
import warnings
from collections.abc import Iterator
from typing import NamedTuple

# Where an identifier is split: underscores, dots before a name, fooBar, HTTPServer.
_BOUNDARY = re.compile(r"_+|\.(?=[^\W\d])|(?<=[a-z\d])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)


class Function(NamedTuple):
    """A function or method as it stands in a source file.

    Parameters
    ----------
    name : str
        Qualified name with the module: ``json.decoder.JSONDecoder.decode``.
    docstring : str
        Its docstring, indentation removed; empty if it has none.
    code : str
        Signature and body, comments included, docstrings (those of nested functions too) left out.
    body : str
        The part of `code` after the signature, white space around it removed.
    """

    name: str
    docstring: str
    code: str
    body: str


def split_words(text: str) -> str:
    """Split identifiers into words (``parse_HTTPHeader`` -> ``parse HTTP Header``) and fold white space."""
    return " ".join(_BOUNDARY.sub(" ", text).split())


def read_functions(source: str, module: str) -> list[Function]:
    """Find the functions and methods of a source file, those inside classes and other functions too.

    They come in the order of the file; a name that is defined twice is there twice. `module` is the module's full name.

    Raises
    ------
    SyntaxError, ValueError
        If the source is not valid for this Python.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # invalid escapes and the like are the author's concern
        tree = ast.parse(source)
    # The columns that ast gives count UTF-8 bytes.
    lines = [bytearray(line.encode()) for line in source.split("\n")]
    for node in ast.walk(tree):
        if isinstance(node, _DOCUMENTED) and ast.get_docstring(node, clean=False) is not None:
            _blank(lines, node.body[0])
    functions = []
    for name, node in _named_functions(tree, module):
        docstring = ast.get_docstring(node)
        statements = node.body if docstring is None else node.body[1:]
        code = _slice(lines, node, node)
        body = _slice(lines, statements[0], node).strip() if statements else ""
        functions.append(Function(name, docstring or "", code, body))
    return functions


def _named_functions(
    parent: ast.AST, prefix: str
) -> Iterator[tuple[str, ast.FunctionDef | ast.AsyncFunctionDef]]:
    for child in ast.iter_child_nodes(parent):
        if isinstance(child, ast.expr):
            continue  # holds no definitions, and may nest deeper than Python recurses
        name = prefix
        if isinstance(child, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            name = f"{prefix}.{child.name}"
            if not isinstance(child, ast.ClassDef):
                yield name, child
        yield from _named_functions(child, name)


def _blank(lines: list[bytearray], node: ast.stmt) -> None:
    """Overwrite a statement with spaces, so that the positions of all others stay right."""
    assert node.end_lineno is not None and node.end_col_offset is not None  # ast.parse says where all end
    for number in range(node.lineno - 1, node.end_lineno):
        start = node.col_offset if number == node.lineno - 1 else 0
        end = node.end_col_offset if number == node.end_lineno - 1 else len(lines[number])
        lines[number][start:end] = b" " * (end - start)


def _slice(lines: list[bytearray], first: ast.stmt, last: ast.stmt) -> str:
    """Cut out the text from the start of one statement to the end of another."""
    part = [bytes(line) for line in lines[first.lineno - 1 : last.end_lineno]]
    part[-1] = part[-1][: last.end_col_offset]
    part[0] = part[0][first.col_offset :]
    return b"\n".join(part).decode()
