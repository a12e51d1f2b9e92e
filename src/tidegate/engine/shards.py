"""Steps of a run, and shards: the share of its slices that one of several processes works."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Shard:
    """The `number`-th (from 1) of `count` shares. Which slices are its own never changes."""

    number: int = 1
    count: int = 1

    def __post_init__(self) -> None:
        if not 1 <= self.number <= self.count:
            raise ValueError(f"there is no shard {self}")

    def takes(self, task: int, number: int) -> bool:
        """Whether a slice is its own, by the numbers of the task in the run and of the slice in the task:
        tasks of one slice each are spread, too.
        """
        return (task + number) % self.count == self.number - 1

    @property
    def is_whole(self) -> bool:
        return self.count == 1

    def __str__(self) -> str:
        return f"{self.number}/{self.count}"


@dataclass(frozen=True, slots=True)
class Step:
    """What a process does of a run: `fetches` what is missing (else only what stands is looked at), of one
    `shard` and of one `stage` (None: of all), and `lands` what is whole.
    """

    fetches: bool = True
    lands: bool = True
    shard: Shard = field(default_factory=Shard)
    stage: int | None = None


RUN = Step()
COMMIT = Step(fetches=False)


def extract(shard: Shard, stage: int | None) -> Step:
    return Step(lands=False, shard=shard, stage=stage)
