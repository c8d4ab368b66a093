"""The part of a document that says most of what was asked, with the matched words marked."""

import re
from functools import lru_cache
from itertools import islice

from pyserini_ltre.collection import Document

Pieces = list[tuple[str, bool]]
"""Parts of a text in their order, and whether each is a word of the query."""

# Characters of a snippet.
LENGTH = 260
# Of which so many are left around the words.
MARGIN = 40
# Of a long document, only so many matched words are looked at for the best part.
LOOKED_AT = 2000
# Found everywhere, so that marking them says nothing.
STOP = frozenset("a an and are as at be by for from in is it of on or that the this to was with".split())


def query_words(query: str) -> frozenset[str]:
    """Find the words of a query that are worth marking: all but the commonest, unless there are no others."""
    words = {word.casefold() for word in re.findall(r"\w+", query)}
    return frozenset(words - STOP or words)


def marked(text: str, words: frozenset[str]) -> Pieces:
    """Divide a whole text at the words to mark."""
    pieces: Pieces = []
    end = 0
    for found in _matches(words).finditer(text):
        pieces += [(text[end : found.start()], False), (found[0], True)]
        end = found.end()
    return [(part, is_word) for part, is_word in (*pieces, (text[end:], False)) if part]


def snippet(document: Document, words: frozenset[str]) -> Pieces:
    """Find the part of a document's text with the most different words of the query, the first of equals."""
    text = document.text or document.title
    if len(text) <= LENGTH:
        return marked(text, words)
    start = _best_start(text, words)
    end = min(start + LENGTH, len(text))
    # No half words at the ends, unless a word is as long as the snippet.
    if start:
        start = text.find(" ", start, end) + 1 or start
    if end < len(text):
        last = text.rfind(" ", start, end)
        end = last if last > start else end
    before: Pieces = [("… ", False)] if start else []
    after: Pieces = [(" …", False)] if end < len(text) else []
    return [*before, *marked(text[start:end], words), *after]


@lru_cache(maxsize=256)
def _matches(words: frozenset[str]) -> re.Pattern[str]:
    """What finds the words, and nothing if there are none."""
    longest_first = sorted(words, key=lambda word: (-len(word), word))
    return re.compile(
        rf"\b(?:{'|'.join(map(re.escape, longest_first))})\b" if words else r"(?!)", re.IGNORECASE
    )


def _best_start(text: str, words: frozenset[str]) -> int:
    """Where the part begins: its words are in the middle of it."""
    found = [
        (match.start(), match.end(), match[0].casefold())
        for match in islice(_matches(words).finditer(text), LOOKED_AT)
    ]
    most, best, last = 0, 0, 0
    inside: dict[str, int] = {}
    for first, (start, _, word) in enumerate(found):
        while last < len(found) and found[last][1] <= start + LENGTH - MARGIN:
            inside[found[last][2]] = inside.get(found[last][2], 0) + 1
            last += 1
        if len(inside) > most:
            most = len(inside)
            best = (start + found[max(first, last - 1)][1] - LENGTH) // 2
        if first < last:
            inside[word] -= 1
            if not inside[word]:
                del inside[word]
        else:
            last = first + 1
    return max(0, min(best, len(text) - LENGTH))
