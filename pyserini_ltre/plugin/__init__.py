"""The one place that knows Pyserini's inside: our names in its unmodified commands.

`hook` runs when a Pyserini module is imported and hands that module to the patch made for it: `java`,
`openai_key`, `catalogue`, `encoders`, `indexes`, `topics` and `document_vectors`, one concern each. Nothing
changes for a name that is not ours. `PYSERINI_LTRE_DISABLE=1` switches all off; a patch that fails warns
in one line and leaves Pyserini as it is, unless `PYSERINI_LTRE_STRICT=1` asks for the error.
"""
