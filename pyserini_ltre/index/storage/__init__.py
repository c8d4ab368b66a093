"""Sharded indexes in object storage, or wherever else fsspec reaches: each shard is fetched once, and checked.

`reading` reads a file of them in bounded time; `copy` is what a machine has of such an index, an index directory in the
end. fsspec itself is imported when the first file is read.
"""
