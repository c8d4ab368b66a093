"""Workers on the machines of the cluster: one on each that may compute, or one for each of its GPUs."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pyserini_ltre.index.remote.holder import ShardHolder
from pyserini_ltre.index.remote.placement import Node
from pyserini_ltre.index.sharded.manifest import Manifest


@dataclass
class Worker:
    """A worker, where it is, what it cannot have, what it would have to fetch, and what it answers for."""

    actor: Any
    node: Node
    missing: dict[int, str] = field(default_factory=dict)
    lacking: set[int] = field(default_factory=set)
    shards: set[int] = field(default_factory=set)


def seats(ray: Any, device: str) -> list[Node]:
    """Where workers may be, by name: the machines that are there and may compute; with ``cuda``, their GPUs."""
    found = []
    for node in ray.nodes():
        processors = int(node["Resources"].get("CPU", 0))
        gpus = int(node["Resources"].get("GPU", 0))
        if not node["Alive"]:
            continue
        if device == "cuda":
            found += [
                Node(f"{node['NodeID']}/{gpu}", node["NodeName"], max(1, processors // gpus))
                for gpu in range(gpus)
            ]
        elif processors:
            found.append(Node(node["NodeID"], node["NodeName"], processors))
    return sorted(found, key=lambda node: (node.name, node.key))


def start(ray: Any, node: Node, place: Path | str, manifest: Manifest, device: str) -> Any:
    """Start a worker; it is asked before it is there."""
    from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

    # It takes no processors from what Ray counts: the learner waits while the workers search, and one that has to wait
    # for its share would never take the place of another. A GPU is counted, because Ray then says which is whose.
    made = ray.remote(ShardHolder).options(
        num_cpus=0,
        num_gpus=1 if device == "cuda" else 0,
        scheduling_strategy=NodeAffinitySchedulingStrategy(node.machine, soft=False),
    )
    return made.remote(place, manifest, node.processors, device)
