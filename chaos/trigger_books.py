"""What triggers have started, compared with the events that clients sent: one job for each trigger that an event means, and no other. Pure.

An event that was answered has started all of its jobs, however often it came. One that was not has started all of them, or none.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

from chaos.triggers import TRIGGERED
from taskbahn_router.core.ids import id_text
from taskbahn_router.core.triggers import job_of_event

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from chaos.journal import Entry
    from chaos.reading import Standing


class Counted(NamedTuple):
    """What there was of events, and what is wrong with them: which job, or "", and why."""

    published: int
    posted: int
    again: int  # times that one of them came once more
    due: int  # jobs that had to be started
    started: int
    wrong: list[tuple[str, str]]


class Sent(NamedTuple):
    """An event that a client was about to send.   jobs: the trigger of each job that it starts.   answers: the jobs of each answer."""

    arrival: str
    way: str
    jobs: Mapping[str, str]
    answers: list[list[str]]


def count(entries: Iterable[Entry], last: Mapping[str, Standing], noted: Mapping[str, int] | None = None) -> Counted:
    """Hold the events of the journals against the jobs at the end.   noted: the events that each trigger counts as started."""
    entries = list(entries)
    sent = _sent(entries)
    known = {job: trigger for one in sent.values() for job, trigger in one.jobs.items()}
    jobs = {id for id, standing in last.items() if standing.task in TRIGGERED}
    wrong = [(id, "a trigger has started it, and no event that any client sent means it") for id in sorted(jobs - known.keys())]
    for one in sent.values():
        wrong += _differs(one, jobs)
    wrong += _misled(entries)
    if noted is not None:
        real = Counter(known[id] for id in jobs & known.keys())
        wrong += [
            ("", f"the trigger {id} counts {noted.get(id, 0):,} events that started jobs, and there are {real[id]:,}")
            for id in sorted(noted.keys() | real.keys())
            if noted.get(id, 0) != real[id]
        ]
    return Counted(
        published=sum(one.way == "publish" for one in sent.values()),
        posted=sum(one.way == "post" for one in sent.values()),
        again=sum(entry["event"] == "again" for entry in entries),
        due=sum(len(one.jobs) for one in sent.values() if one.answers),
        started=len(jobs),
        wrong=wrong,
    )


def _sent(entries: Iterable[Entry]) -> dict[str, Sent]:
    found: dict[str, Sent] = {}
    for entry in entries:
        if entry["event"] == "triggering":
            arrival = entry["arrival"]
            jobs = {id_text(job_of_event(trigger, arrival)): trigger for trigger in entry["triggers"]}
            found[arrival] = Sent(arrival, entry["way"], jobs, [])
        elif entry["event"] == "triggered":
            found[entry["arrival"]].answers.append(entry["ids"])
    return found


def _differs(one: Sent, jobs: set[str]) -> Iterator[tuple[str, str]]:
    missing = {id: trigger for id, trigger in one.jobs.items() if id not in jobs}
    if missing and (one.answers or len(missing) < len(one.jobs)):
        why = "it was answered" if one.answers else "it has started others"
        for id, trigger in missing.items():
            yield id, f"the trigger {trigger} has no job of {one.arrival}, and {why}"
    for ids in one.answers:
        if sorted(ids) != sorted(one.jobs):
            yield "", f"{one.arrival} was answered with the jobs {ids}, and those that it means are {list(one.jobs)}"


def _misled(entries: Iterable[Entry]) -> Iterator[tuple[str, str]]:
    """Find the jobs that were given an event that is another job's."""
    for entry in entries:
        if entry["event"] == "started" and "trigger" in entry:
            own = id_text(job_of_event(entry["trigger"], entry["arrival"]))
            if own != entry["id"]:
                yield entry["id"], f"it was given {entry['arrival']} by {entry['trigger']}, which is the job {own}"
