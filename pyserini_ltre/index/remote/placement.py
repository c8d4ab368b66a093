"""Which machine answers for which shard."""

from collections.abc import Mapping
from typing import NamedTuple


class Node(NamedTuple):
    """A machine of the cluster, or one of its GPUs, as Ray knows it.

    Attributes
    ----------
    key : str
        Ray's id of it; of a GPU, with its number behind a slash.
    name : str
        What it is called in messages.
    processors : int
        How many Ray may use.
    """

    key: str
    name: str
    processors: int

    @property
    def machine(self) -> str:
        """Ray's id of the machine."""
        return self.key.partition("/")[0]


def placed(
    rows: Mapping[int, int],
    holders: Mapping[int, list[Node]],
    loads: Mapping[str, int],
    lacking: Mapping[str, set[int]] | None = None,
) -> dict[int, Node]:
    """Give each shard to a machine, so that all take about as long; the same choice whenever all is the same.

    Parameters
    ----------
    rows : mapping of int to int
        Size of each shard.
    holders : mapping of int to list of Node
        The machines on which each shard lies, or which can fetch it, at least one.
    loads : mapping of str to int
        Rows that a machine, by its key, searches already.
    lacking : mapping of str to set of int, optional
        The shards that a machine would have to fetch first: of equals, it is one that has not to.

    Returns
    -------
    dict of int to Node
        By number of shard.
    """
    busy = dict(loads)
    chosen = {}
    # The shards with the least choice first, of these the largest.
    for number in sorted(rows, key=lambda number: (len(holders[number]), -rows[number], number)):
        node = min(
            holders[number],
            key=lambda node: (
                (busy.get(node.key, 0) + rows[number]) / node.processors,
                number in (lacking or {}).get(node.key, ()),
                node.key,
            ),
        )
        busy[node.key] = busy.get(node.key, 0) + rows[number]
        chosen[number] = node
    return chosen
