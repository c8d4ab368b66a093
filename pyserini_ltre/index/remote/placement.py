"""Which machine answers for which shard."""

from collections.abc import Mapping
from typing import NamedTuple


class Node(NamedTuple):
    """A machine of the cluster, as Ray knows it.

    Attributes
    ----------
    key : str
        Ray's id of it.
    name : str
        What it is called in messages.
    processors : int
        How many Ray may use.
    """

    key: str
    name: str
    processors: int


def placed(
    rows: Mapping[int, int],
    holders: Mapping[int, list[Node]],
    loads: Mapping[str, int],
) -> dict[int, Node]:
    """Give each shard to a machine, so that all take about as long; the same choice whenever all is the same.

    Parameters
    ----------
    rows : mapping of int to int
        Size of each shard.
    holders : mapping of int to list of Node
        The machines on which each shard lies, at least one.
    loads : mapping of str to int
        Rows that a machine, by its key, searches already.

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
            key=lambda node: ((busy.get(node.key, 0) + rows[number]) / node.processors, node.key),
        )
        busy[node.key] = busy.get(node.key, 0) + rows[number]
        chosen[number] = node
    return chosen
