"""A sharded index whose shards lie on the machines of a Ray cluster, searched by one worker a machine.

`holder` is what runs there; `workers` asks all of them, and puts others in the place of those that die; `directory` is
an index directory, `searching` the retrieval seam over them. Ray itself is imported by `workers`, when one is made.
"""
