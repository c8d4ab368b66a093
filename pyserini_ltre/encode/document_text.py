"""What is encoded of a document: how its title and text are joined."""

from pyserini_ltre.encode.settings import DocumentForm

# Of a document in STAR's form.
STAR_CHARACTERS = 10_000


def document_text(title: str | None, text: str | None, form: DocumentForm = "plain") -> str:
    """What is encoded of a document.

    Parameters
    ----------
    title, text : str, optional
        Its parts.
    form : {"plain", "star"}
        ``plain``: title and text with a space between, as Pyserini joins them. ``star``: URL, title and text with
        ``<sep>`` between, the first 10,000 characters, as STAR was trained on the documents of MS MARCO. The URL is
        the first word of the title, as our reader of these documents puts it; a title without one has none.

    Returns
    -------
    str
        The text; parts that the document does not have are left out, but for the title behind a URL.
    """
    if form == "plain":
        return " ".join(part for part in (title, text) if part)
    first, _, rest = (title or "").partition(" ")
    heading = [first, rest] if "://" in first else [title] if title else []
    return "<sep>".join(part.rstrip() for part in (*heading, text or ""))[:STAR_CHARACTERS]
