import ast

import pytest

from pyserini_ltre.collection.python_source import read_functions, split_words

SOURCE = '''"""Module docstring."""
import os

class Outer:
    """Class docstring."""

    class Inner:
        @property
        def parse_HTTPHeader(self, raw):
            """Parse a header ö.

            Second paragraph.
            """
            # a comment, ö
            value = "a 'string' kept"; self._x = raw.strip()

            def helper(part):
                "Helper docstring."
                return part

            class Local:
                """Local docstring."""
            return helper(value)

        async def fetch(self): "One line."; return await self.parse

if os.name == "nt":
    def twice(): return 1
else:
    def twice():
        """Only a docstring."""

def plain(a,
          b):
    return """not a docstring"""
'''


def test_functions_have_qualified_names_and_docstrings():
    assert [(function.name, function.docstring) for function in read_functions(SOURCE, "pkg.module")] == [
        ("pkg.module.Outer.Inner.parse_HTTPHeader", "Parse a header ö.\n\nSecond paragraph."),
        ("pkg.module.Outer.Inner.parse_HTTPHeader.helper", "Helper docstring."),
        ("pkg.module.Outer.Inner.fetch", "One line."),
        ("pkg.module.twice", ""),
        ("pkg.module.twice", "Only a docstring."),
        ("pkg.module.plain", ""),
    ]


def test_code_keeps_comments_and_strings_but_no_docstring():
    functions = {function.name.rpartition(".")[2]: function for function in read_functions(SOURCE, "m")}
    code = functions["parse_HTTPHeader"].code
    assert code.startswith("def parse_HTTPHeader(self, raw):")
    assert code.endswith("return helper(value)")
    assert "# a comment, ö" in code
    assert "a 'string' kept" in code
    for gone in ("Parse", "Second", "Helper docstring", "Local docstring"):
        assert gone not in code
    assert " ".join(functions["helper"].code.split()) == "def helper(part): return part"
    assert " ".join(functions["fetch"].code.split()) == "async def fetch(self): ; return await self.parse"
    assert functions["fetch"].body == "return await self.parse"
    assert functions["twice"].code.strip() == "def twice():"
    assert functions["twice"].body == ""
    assert functions["plain"].body == 'return """not a docstring"""'


def test_deeply_nested_expressions_are_no_obstacle():
    source = "def f(x):\n    return " + "+".join(["x"] * 900) + "\n"
    assert len(read_functions(source, "m")) == 1


def test_source_that_does_not_parse_is_reported():
    with pytest.raises(SyntaxError):
        read_functions("def f(:\n", "m")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("json.decoder.JSONDecoder.raw_decode", "json decoder JSON Decoder raw decode"),
        ("self._readAll()", "self read All()"),
        ("__init__", "init"),
        ("x = 1.5\n    utf8Name", "x = 1.5 utf8 Name"),
        ("wait ... Done.", "wait ... Done."),
    ],
)
def test_identifiers_are_split_into_words(text, words):
    assert split_words(text) == words


def test_names_of_this_file_are_found():
    with open(__file__, encoding="utf-8") as file:
        source = file.read()
    names = [function.name for function in read_functions(source, "me")]
    assert names == [
        f"me.{node.name}" for node in ast.parse(source).body if isinstance(node, ast.FunctionDef)
    ]
