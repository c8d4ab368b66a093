"""Let Pyserini 1.x be imported without an OpenAI key."""

import os
from collections.abc import Iterator
from types import ModuleType


def placeholder_key(module: ModuleType) -> Iterator[None]:
    """Set a placeholder while `pyserini.encode._openai` is imported.

    Pyserini 1.x makes an OpenAI client at import, for everybody, and current openai packages refuse to make
    one without a key. Who really uses OpenAI's encoders still has to give a key: they read it again.
    """
    key = os.environ.get("OPENAI_API_KEY")
    os.environ["OPENAI_API_KEY"] = key or "not set"
    try:
        yield
    finally:
        if key is None:
            del os.environ["OPENAI_API_KEY"]
        else:
            os.environ["OPENAI_API_KEY"] = key
