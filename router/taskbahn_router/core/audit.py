"""Entries of the audit: who did what to which object, from where, with what effect; what a commit writes of them is decided here."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

from taskbahn_router.core.ids import id_text

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Sequence

    Found = Callable[["Part"], tuple[bool, str | None]]  # whether a part was done, and why not; None: it is tried again

MAX_OBJECT = 300  # characters of the name of an object, of a query and of an effect
ID_BYTES = 16
UNKNOWN = "unknown"  # why a job is not changed that the store does not have


class Origin(NamedTuple):
    """Where a call comes from.   authid, role: as Crossbar gives them.   address: of the peer.   transport: as "websocket, tls"."""

    authid: str | None = None
    role: str | None = None
    address: str | None = None
    transport: str | None = None


class AuditRow(NamedTuple):
    """An entry as it is stored.

    at: of its commit, seconds since the epoch.   name: that the person gave.   object: the id of what it is about; "": of several jobs.
    session: of WAMP.   query: by which the jobs were found.   changed: jobs, or other objects, that it changed.
    times: how often it happened, if entries that changed nothing were counted into this one.   jobs: the ids of those that it
    changed, 16 bytes each, where *object* does not say it.
    """

    at: float
    authid: str | None
    role: str | None
    name: str | None
    verb: str
    kind: str
    object: str
    address: str | None
    session: int | None
    transport: str | None
    reason: str
    query: str
    effect: str
    changed: int
    times: int = 1
    jobs: bytes | None = None


class Act(NamedTuple):
    """What a session asked for.   done: the word for what becomes of an object, as "cancelled"."""

    kind: str
    verb: str
    done: str
    origin: Origin = Origin()
    session: int | None = None
    object: str = ""
    name: str | None = None
    reason: str = ""
    query: str = ""

    def row(self, effect: str, changed: int, jobs: bytes | None = None, at: float = 0.0) -> AuditRow:
        """Return its entry."""
        origin = self.origin
        return AuditRow(
            at, origin.authid, origin.role, self.name, self.verb, self.kind, self.object[:MAX_OBJECT], origin.address, self.session,
            origin.transport, self.reason, self.query[:MAX_OBJECT], effect[:MAX_OBJECT], changed, 1, jobs,
        )  # fmt: skip


class Part(NamedTuple):
    """What a commit does for an act.

    where: the list of the `CommitResult` that says what became of it; "new": *number* is the seq of a job that is submitted.
    """

    where: str
    number: int
    job: bytes | None = None


class ActParts(NamedTuple):
    """An act, and what a commit does for it.   parts: if there are none, *effect* is certain."""

    act: Act
    parts: tuple[Part, ...] = ()
    effect: str = ""

    def without(self, seqs: Collection[int]) -> ActParts | None:
        """Return it without the new jobs that are turned away; None: nothing is left of it."""
        parts = tuple(part for part in self.parts if part.where != "new" or part.number not in seqs)
        return self if parts == self.parts else self._replace(parts=parts) if parts else None


def rows_of(acts: Sequence[ActParts], found: Found, at: float) -> list[AuditRow | None]:
    """Return the entry of each act that changed something; None: it changed nothing, and `unchanged` says why."""
    return [_row(one, found, at) for one in acts]


def unchanged(one: ActParts, found: Found) -> str | None:
    """Return why an act changed nothing; None: it is not over, for others were faster, or the ids may be other names of jobs."""
    whys = Counter(why for part in one.parts for is_done, why in (found(part),) if not is_done)
    if not whys.keys() - {None, UNKNOWN}:
        return None
    return f"nothing: it is {next(iter(whys))}" if one.act.object else f"no job {one.act.done}: {_listed(whys)}"


def jobs_in(row: AuditRow) -> Iterator[str]:
    """Return the ids of the jobs that an entry has changed besides its object."""
    jobs = row.jobs or b""
    return (id_text(jobs[start : start + ID_BYTES]) for start in range(0, len(jobs), ID_BYTES))


def _row(one: ActParts, found: Found, at: float) -> AuditRow | None:
    act = one.act
    if not one.parts:
        return act.row(one.effect or act.done, 1, None, at)
    jobs, whys = [], Counter[str | None]()
    for part in one.parts:
        is_done, why = found(part)
        if is_done:
            jobs.append(part.job)
        else:
            whys[why] += 1
    if not jobs:
        return None
    changed, ids = len(jobs), [job for job in jobs if job is not None]
    if act.kind == "job" and act.object:
        return act.row(act.done, 1, None if id_text(ids[0]) == act.object else ids[0], at)
    if not ids:
        return act.row(one.effect or act.done, changed, None, at)
    effect = f"{changed:,} {'job' if changed == 1 else 'jobs'} {act.done}"
    return act.row(f"{effect}; unchanged: {_listed(whys)}" if whys else effect, changed, b"".join(ids), at)


def _listed(whys: Counter[str] | Counter[str | None]) -> str:
    return ", ".join(f"{count:,} {why}" for why, count in whys.most_common())
