"""An index in shards: directories of contiguous rows that share a manifest, each an index directory by itself.

Examples
--------
>>> shard("indexes/python-stdlib", 4, "indexes/in-four")  # doctest: +SKIP
>>> merge("indexes/in-four", "indexes/in-one")  # doctest: +SKIP
"""
