"""How long each stage of a command took."""

import time


class Stages:
    """Times stages that follow one another."""

    def __init__(self) -> None:
        self.start = time.perf_counter()
        self.seconds: dict[str, float] = {}

    def end(self, stage: str) -> None:
        """What has passed since the stage before belongs to this one."""
        now = time.perf_counter()
        self.seconds[stage] = round(now - self.start, 1)
        self.start = now

    def __str__(self) -> str:
        return "seconds: " + ", ".join(f"{stage} {seconds}" for stage, seconds in self.seconds.items())
