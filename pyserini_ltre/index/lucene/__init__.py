"""Lucene's dense indexes, as Anserini writes them, read where they lie: no Java, and no copy of the vectors.

`data` reads numbers and words as Lucene writes them, `files` finds the files of a segment, `segments` the segments of
an index, `vectors` and `docids` what is in them; `directory` puts it behind the retrieval seam.
"""
