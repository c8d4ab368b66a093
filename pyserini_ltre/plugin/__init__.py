"""The one place that knows Pyserini's inside: our names in its unmodified commands.

`hook` runs when a module is imported that we change, and hands it to its patch. These are all (patch in brackets):

* `jnius` (`java`): before the JVM starts, `JAVA_HOME`, `PATH` and `jnius_config` get a Java that is new enough.
* `pyserini.pyclass` (`java`): the same, and an error where there is none; importing it starts the JVM.
* `pyserini.2cr` (`reproductions`): `__path__` gets our folder, so that `python -m pyserini.2cr.ltre` exists.
* `pyserini.prebuilt_index_info` (`catalogue`): `urlopen` has stand-ins during import, which 2.x cannot do offline.
* `pyserini.encode` (`encoders`): the two class maps and `__new__` of the two base classes answer for our names;
  inside a command, `argparse.ArgumentParser.add_argument` adds them to the choices of `--encoder-class`.
* `pyserini.encode._openai` (`openai_key`): `OPENAI_API_KEY` is set during import, which 1.x cannot do without it.
* `pyserini.encode.optional._faiss` (`document_vectors`): `FaissRepresentationWriter.__init__` compares its dimension
  with that of our encoder, before an index is written that does not fit.
* `pyserini.output_writer` (`dense_search`): `TrecWriter.write` writes the hits of the fast way a topic at a time.
* `pyserini.search._base` (`topics`): `get_topics` and `get_qrels_file` know the registered names.
* `pyserini.search.faiss` (`dense_search`): `FaissSearcher.search` and `batch_search` are faster with our encoders;
  a command that names one does not collect garbage during import.
* `pyserini.search.faiss._searcher` (`indexes`): `FaissSearcher.from_prebuilt_index` knows the registered names, and
  `load_index` checks that the index fits our encoder, and lets every kind of index take part in feedback (`feedback`).
* `pyserini.search.lucene._hnsw_searcher` (`lucene_vectors`): `__init__`, `search` and `batch_search` of the two
  searchers of dense vectors encode with our encoders, and their `from_prebuilt_index` knows the registered names.
* `pyserini.search.lucene._searcher` (`indexes`): `LuceneSearcher.from_prebuilt_index` knows the registered names.
* `pyserini.server.search_controller` (`servers`): `SearchController._add_index` and `get_document` know the registered
  dense indexes, for the REST and the MCP server of Pyserini 1.x, which can be imported without UniIR's package.

Nothing changes for a name that is not ours. `PYSERINI_LTRE_DISABLE=1` switches all off; a patch that fails warns
in one line and leaves Pyserini as it is, unless `PYSERINI_LTRE_STRICT=1` asks for the error.
"""
