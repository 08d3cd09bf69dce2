"""The schedules, compared with what clients made: each due time has fired once, and nothing else has. Pure.

A schedule whose creation was acknowledged fires at each due time after that; one whose was not may not be there, or from a due time on. A
pause leaves out the due times in it, and those that were late when it came.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

from chaos.tasks import DUE
from taskbahn_router.core.firings import job_of
from taskbahn_router.core.ids import id_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from chaos.journal import Entry
    from chaos.reading import Standing

CLOCK = 0.01  # seconds by which the clock of a machine may seem to go back


class Counted(NamedTuple):
    """What there was of schedules, and what is wrong with them: which job, or "", and why."""

    schedules: int
    paused: int
    due: int  # times that had to fire
    fired: int
    wrong: list[tuple[str, str]]


class Made(NamedTuple):
    """A schedule as a client has made it.   acknowledged: when its client learned that it is stored."""

    id: str
    overlap: str
    times: tuple[float, ...]
    acknowledged: float | None
    pauses: tuple[tuple[float, float | None, float | None, float | None], ...]  # when pausing, paused, resuming, resumed

    @property
    def jobs(self) -> dict[str, float]:
        """The due times by the ids of their jobs."""
        return {id_text(job_of(self.id, due)): due for due in self.times}

    def must_fire(self, due: float) -> bool:
        """Whether a due time fires whatever happens."""
        if self.acknowledged is None or due <= self.acknowledged + CLOCK or self.overlap == "skip":
            return False
        return all(resumed is not None and due > resumed + CLOCK for *_, resumed in self.pauses)

    def is_paused(self, due: float) -> bool:
        """Whether a due time lies in a pause, whatever happened meanwhile."""
        return any(
            paused is not None and paused + CLOCK < due < (float("inf") if resuming is None else resuming - CLOCK)
            for _, paused, resuming, _ in self.pauses
        )


def count(entries: Iterable[Entry], last: Mapping[str, Standing]) -> Counted:
    """Hold the schedules of the journals against the jobs at the end."""
    entries = list(entries)
    made = list(_made(entries))
    known = {job: one.id for one in made for job in one.jobs}
    jobs = {id: standing for id, standing in last.items() if standing.task in DUE}
    wrong = [(id, "it is of no due time of any schedule") for id in jobs if id not in known]
    for one in made:
        wrong += _differs(one, jobs)
    for entry in entries:
        if entry["event"] == "started" and "schedule" in entry:
            due = datetime.fromisoformat(entry["due"]).timestamp()
            if id_text(job_of(entry["schedule"], due)) != entry["id"]:
                wrong.append(
                    (entry["id"], f"it was given the due time {entry['due']} of {entry['schedule']}, which is another job's")
                )
    return Counted(
        schedules=len(made),
        paused=sum(bool(one.pauses) for one in made),
        due=sum(one.must_fire(due) for one in made for due in one.times),
        fired=len(jobs),
        wrong=wrong,
    )


def _made(entries: Iterable[Entry]) -> Iterator[Made]:
    of: dict[str, list[Entry]] = defaultdict(list)
    for entry in entries:
        if entry["event"] in ("scheduling", "scheduled", "pausing", "paused", "resuming", "resumed"):
            of[entry["schedule"]].append(entry)
    for id, own in of.items():
        said = {entry["event"]: entry for entry in own}
        first = said["scheduling"]
        number = int((first["end"] - first["start"]) / first["interval"] + 1e-9)
        times = tuple(first["start"] + first["interval"] * step for step in range(number + 1))
        at = {event: entry["at"] for event, entry in said.items()}
        pause = (at["pausing"], at.get("paused"), at.get("resuming"), at.get("resumed")) if "pausing" in at else None
        yield Made(id, first["overlap"], times, at.get("scheduled"), () if pause is None else (pause,))


def _differs(one: Made, jobs: Mapping[str, Standing]) -> Iterator[tuple[str, str]]:
    fired = {id for id in one.jobs if id in jobs}
    begun = False
    for id, due in one.jobs.items():
        if id in fired and one.is_paused(due):
            yield id, f"the schedule {one.id} fired for {due}, when it was paused"
        elif id not in fired and one.must_fire(due):
            yield "", f"the schedule {one.id} did not fire for {due}: {one}"
        elif id not in fired and begun and one.overlap != "skip" and not one.pauses:
            yield "", f"the schedule {one.id} fired before {due} and not for that: {one}"
        begun = begun or id in fired
