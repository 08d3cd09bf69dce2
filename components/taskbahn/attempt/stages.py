"""The stages that an attempt shows: those that began, those that are said beforehand, and those of forked copies."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import msgspec

from taskbahn.attempt.plain_data import number_of, text_of
from taskbahn.protocol.progress import Progress, Stage

if TYPE_CHECKING:
    from collections.abc import Callable

MAX_NAME = 200  # characters of a stage, a level, a logger
MAX_STAGES = 200  # stages that an attempt shows; ended ones make room for new ones
MAX_SAID = 100  # stages that are said at once
TOO_MANY_STAGES = (
    f"more than {MAX_STAGES} stages: of those that have ended the oldest are not shown any more, nor new ones while all are open"
)


class StageBook:
    """The stages in the progress of one attempt.

    warn: takes a sentence for the job's log.   count: stages that have an id already, in the attempt that a copy was forked from.
    """

    def __init__(self, progress: Progress, warn: Callable[[str], None], count: int = 0) -> None:
        self.count = count  # number of all stages, also of those that made room
        self._progress = progress
        self._warn = warn
        self._relayed: dict[tuple[int, int], Stage] = {}  # stages of forked copies, by process and number there
        self._said: set[int | None] = set()  # stages in which others were said beforehand; None: the attempt
        self._is_crowded = False

    def begin(self, stage: Stage) -> Stage:
        """Show a stage that begins; return it with its id. One that was said beforehand begins in its place."""
        if stage.parent in self._said:
            for said in self._progress.stages:
                if said.is_to_come and said.parent == stage.parent and said.name == stage.name:
                    said.started_at, said.total, said.done = stage.started_at, stage.total, stage.done
                    said.ended_at, said.failed = stage.ended_at, stage.failed
                    said.weight = said.weight if stage.weight is None else stage.weight
                    return said
        return self._add(stage)

    def say(self, parent: int | None, weights: list[tuple[str, float]]) -> None:
        """Show stages that will begin in *parent*, with their weights; what was said before for it counts no more."""
        self.forget(parent)
        whole = sum(weight for _, weight in weights)
        for name, weight in weights:
            self._add(Stage(id=0, name=name, parent=parent, weight=weight / whole))
        self._said.add(parent)

    def forget(self, parent: int | None) -> None:
        """A unit of *parent* is done: what was said for it is over, and counts no more."""
        if parent in self._said:
            self.drop(parent)
            for stage in self._progress.stages:
                if stage.parent == parent and stage.weight is not None:
                    stage.weight = 0.0

    def drop(self, parent: int | None) -> None:
        """Those that were said for *parent* and did not begin will not come."""
        if parent in self._said:
            self._said.discard(parent)
            self._progress.stages[:] = [one for one in self._progress.stages if one.parent != parent or not one.is_to_come]

    def relayed(self, pid: int, said: list[Stage]) -> None:
        """Show the stages of the process *pid*, a forked copy of this one."""
        for stage in said:
            ours = self._relayed.get((pid, stage.id))
            if ours is None:
                parent = self._relayed.get((pid, stage.parent or 0))
                ours = self.begin(msgspec.structs.replace(stage, parent=stage.parent if parent is None else parent.id))
                self._relayed[pid, stage.id] = ours
            ours.done, ours.total, ours.ended_at = stage.done, stage.total, stage.ended_at
            ours.started_at, ours.failed = stage.started_at, stage.failed
            ours.weight = ours.weight if stage.weight is None else stage.weight

    def _add(self, stage: Stage) -> Stage:
        self.count += 1
        stage.id = self.count
        if len(self._progress.stages) < MAX_STAGES or self._make_room():
            self._progress.stages.append(stage)
        return stage

    def _make_room(self) -> bool:
        if not self._is_crowded:
            self._is_crowded = True
            self._warn(TOO_MANY_STAGES)
        stages = self._progress.stages
        ended = [stage for stage in stages if stage.ended_at is not None]
        oldest = next((stage for stage in ended if not stage.weight), ended[0] if ended else None)
        if oldest is None:
            return False
        heir = next((stage for stage in ended if stage.parent == oldest.parent and stage is not oldest), None)
        if oldest.weight and heir is not None:
            heir.weight = (heir.weight or 0.0) + oldest.weight
        stages.remove(oldest)
        return True


def weight_of(weight: Any) -> float | None:
    """Return the weight of a stage, as its task gives it; raises TypeError and ValueError."""
    if weight is None:
        return None
    share = number_of(weight, "the weight of a stage")
    if not 0 <= share <= 1:
        message = f"the weight of a stage is its share of the whole around it, from 0 to 1, and not {weight!r}"
        raise ValueError(f'{message}; for proportions say all stages before: current.stages({{"read": 1, "write": 3}})')
    return float(share)


def weights_of(names: Any) -> list[tuple[str, float]]:
    """Return names and weights of stages that are said beforehand; raises TypeError and ValueError."""
    if isinstance(names, str) or not isinstance(names, Iterable):
        message = (
            'current.stages() takes names, such as ["read", "write"], or names with weights, such as {"read": 1, "write": 3}'
        )
        raise TypeError(f"{message}; not {names!r}")
    given = list(names.items()) if isinstance(names, Mapping) else [(name, 1) for name in names]
    if len(given) > MAX_SAID:
        raise ValueError(f"current.stages() takes at most {MAX_SAID} names, and not {len(given)}: use one stage with a total")
    weights = [(text_of(name, MAX_NAME), float(number_of(weight, f"the weight of stage {name!r}"))) for name, weight in given]
    for name, weight in weights:
        if weight < 0:
            raise ValueError(f"the weight of stage {name!r} is at least 0, and not {weight:g}")
    if not any(weight for _, weight in weights):
        raise ValueError("current.stages() takes at least one name with a weight of more than 0")
    return weights
