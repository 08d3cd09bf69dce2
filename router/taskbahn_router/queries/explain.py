"""Everything between a job and its start, each with whether it is open now and why."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from taskbahn.errors import UnknownJob
from taskbahn.protocol import messages
from taskbahn.protocol.states import State
from taskbahn.protocol.views import WaitReason
from taskbahn_router.core.firings import CALLER, FIRED, HISTORY
from taskbahn_router.core.ids import id_text
from taskbahn_router.core.job_times import is_over
from taskbahn_router.core.reactions import HAS_NOTES, HELD, IS_FLOW
from taskbahn_router.core.rows import Gate, costs_of, limit_of
from taskbahn_router.core.schedule_waits import why_scheduled
from taskbahn_router.core.wait_reason import (
    MAX_AHEAD,
    WHY_AT_LATEST,
    WHY_PARKED,
    WHY_SLEEPING,
    WHY_UNTIL,
    why_answer,
    why_asked,
    why_behind,
    why_circle,
    why_deadline,
    why_job_paused,
    why_kept,
    why_last,
    why_paused,
    why_too_late,
)
from taskbahn_router.model.state import id_bytes
from taskbahn_router.queries.behind import Behind, behind, holds_up, is_suspended

if TYPE_CHECKING:
    from taskbahn_router.core.reactions import Edge
    from taskbahn_router.core.rows import Costs
    from taskbahn_router.dispatcher.dispatcher import Dispatcher
    from taskbahn_router.model.pending_call import PendingCall
    from taskbahn_router.publishing.queue_position import QueuePositions, Served
    from taskbahn_router.publishing.start_estimate import JobPosition
    from taskbahn_router.queries.asking import Ask
    from taskbahn_router.stores.contract import Reader
    from taskbahn_router.stores.rows import JobRow

MAX_EDGES = 1_000  # edges to a job that are read
MAX_NAMED = 10  # jobs before it that are named
MAX_LAST = 3  # jobs behind those that are named
LAST = 1 << 62


class _Found(NamedTuple):
    """What the store says of a job: its place, its own keys, and the gates of all its keys."""

    placed: JobPosition
    costs: Costs
    gates: dict[str, Gate]
    waits_for: list[tuple[Edge, JobRow]]  # the first of the jobs before it that have not ended as it needs
    more: int  # how many of these there are besides
    names: list[str]  # of notes for which its function waits
    behind: Behind
    asking: dict[int, str]  # what those that it waits for in the end ask people, by seq
    scheduled: str = ""  # the schedule that has started it, and for when, as a sentence


class Explain:
    """Answers `taskbahn.job.explain`."""

    def __init__(self, dispatcher: Dispatcher, positions: QueuePositions, reader: Reader, ask: Ask) -> None:
        self._dispatcher = dispatcher
        self._book = dispatcher.limit_book
        self._positions = positions
        self._reader = reader
        self._ask = ask

    def explain(self, call: PendingCall) -> None:
        """`taskbahn.job.explain`: what is closed comes first; nothing is between a job that has started and its start."""
        id = call.args[0] if call.args else call.kwargs.get("id")
        raw = id_bytes(id)

        def answer(found: _Found | None) -> None:
            if found is None:
                call.fail(UnknownJob(id_text(raw)))
            else:
                reasons = _with_deadline(found.placed.row, self._reasons(found))
                if found.scheduled:
                    reasons.append(WaitReason(rule="schedule", open=True, why=found.scheduled))
                call.answer(messages.plain(reasons))

        self._ask(call, answer, self._read, raw, self._positions.served(), dict(self._book.hung))

    def _read(self, raw: bytes, served: Served, hung: dict[int, Costs]) -> _Found | None:
        with self._reader.snapshot():
            row = self._reader.job(raw)
            if row is None:
                return None
            own = self._reader.keys(row.seq)
            costs = (*hung.get(row.partition, ()), *(costs_of(own) if own else ()))
            gates = {gate.key: gate for gate in self._reader.gates([key for key, _ in costs])}
            parents, more = self._parents(row)
            is_running = row.state == State.RUNNING
            names = self._reader.awaited(row.seq, MAX_NAMED) if is_suspended(row) else self._asked(row) if is_running else []
            far = behind(self._reader, row) if parents else Behind([], [])
            asking = {last.seq: asked[0] for _, last in far.last[:MAX_LAST] if (asked := self._asked(last))}
            placed = self._positions.placed([row], served)[0]
            return _Found(placed, costs, gates, parents, more, names, far, asking, self._scheduled(row))

    def _scheduled(self, row: JobRow) -> str:
        """Say which schedule has started a job, or the whole of which it is a part."""
        raw = row.root or row.id
        if row.caller is None or not row.caller.startswith(CALLER):
            return ""
        schedule = row.caller.removeprefix(CALLER)
        entry = next(
            (one for one, _ in self._reader.firings(schedule, LAST, HISTORY) if one.job == raw and one.outcome == FIRED), None
        )
        return why_scheduled(schedule, raw, entry)

    def _parents(self, row: JobRow) -> tuple[list[tuple[Edge, JobRow]], int]:
        """Return the jobs for which a job waits, and how many more there are."""
        if row.state != State.WAITING and not row.flags & IS_FLOW:
            return [], 0
        edges = [edge for edge in self._reader.edges_to([row.seq], MAX_EDGES) if holds_up(edge, row)]
        first = {edge.parent: edge for edge in reversed(edges)}
        rows = self._reader.rows(sorted(first)[:MAX_NAMED])[::-1]
        return [(first[parent.seq], parent) for parent in rows], len(first) - len(rows)

    def _reasons(self, found: _Found) -> list[WaitReason]:
        row, ahead = found.placed.row, found.placed.ahead
        paused = _paused(found.placed)
        if row.flags & IS_FLOW:
            return paused if State(row.state).is_final else paused + self._behind(found)
        if row.state not in (State.READY, State.WAITING):
            return paused + self._inside(found)
        estimate = self._positions.start_estimate()
        reasons = paused + self._behind(found)
        reasons += [WaitReason(rule=f"answer:{name}", open=False, why=why_answer(name)) for name in found.names]
        if row.state == State.WAITING and row.due_at is not None and not (paused and row.due_at <= self._dispatcher.wall()):
            is_asleep = is_suspended(row) and not reasons
            of_place = (estimate.place(found.placed._replace(pause=None)) or {}).get("why", "")
            why = WHY_SLEEPING if is_asleep else WHY_AT_LATEST if of_place == WHY_UNTIL else of_place
            reasons.append(WaitReason(rule="time", open=False, why=why, opens_at=row.due_at))
        reasons += self._pauses(row)
        why, its_hands = estimate.workers(row)
        reasons.append(WaitReason(rule="workers", open=its_hands.free > 0, why=_of_slots(why, its_hands.slots, its_hands.free)))
        reasons += self._limits(found)
        if ahead is not None:
            reasons.append(WaitReason(rule="order", open=ahead == 0, why=_before(ahead)))
        return sorted(reasons, key=lambda reason: reason.open)

    def _asked(self, row: JobRow) -> list[str]:
        """Return the open questions that a job has asked."""
        if not row.flags & HAS_NOTES:
            return []
        return [messages.from_json(one.value)["question"] for one in self._reader.questions(row.seq, 0, MAX_NAMED)]

    def _inside(self, found: _Found) -> list[WaitReason]:
        """Return for what the function of a running job waits, if its attempt has given its slot back."""
        id = id_text(found.placed.row.id)
        job = self._dispatcher.state.jobs.get(id)
        if job is None or job.worker is None or id not in job.worker.parked:
            return []
        asked = [WaitReason(rule=f"answer:{name}", open=False, why=why_asked(name)) for name in found.names]
        return asked or [WaitReason(rule="function", open=False, why=WHY_PARKED)]

    def _behind(self, found: _Found) -> list[WaitReason]:
        reasons = []
        if found.behind.circle:
            ids = [id_text(id) for id in found.behind.circle]
            reasons.append(WaitReason(rule="circle", open=False, why=why_circle(ids), holders=ids[1:]))
        for edge, parent in found.waits_for:
            id = id_text(parent.id)
            why = why_behind(id, parent.task, parent.state, edge.policy, is_held=edge.state == HELD)
            reasons.append(WaitReason(rule=f"job:{id}", open=False, why=why, holders=[id]))
        if found.more:
            reasons.append(WaitReason(rule="jobs", open=False, why=f"It waits for {found.more:,} more jobs"))
        for edge, last in found.behind.last[:MAX_LAST]:
            id = id_text(last.id)
            why = why_last(id, last.task, last.state, is_held=edge.state == HELD, asks=found.asking.get(last.seq))
            reasons.append(WaitReason(rule=f"behind:{id}", open=False, why=why, holders=[id]))
        return reasons

    def _pauses(self, row: JobRow) -> list[WaitReason]:
        pauses = self._book.pauses.all_holding(row.queue, row.task)
        return [WaitReason(rule="pause", open=False, why=why_paused(pause), opens_at=pause.until) for pause in pauses]

    def _limits(self, found: _Found) -> list[WaitReason]:
        now_us = int(self._dispatcher.wall() * 1e6)
        reasons = []
        for key, cost in found.costs:
            limit = self._book.limit(limit_of(key))
            if limit.name.startswith("@"):
                continue  # a pause of all jobs of the partition
            gate = found.gates.get(key) or Gate(key, limit.name)
            pause = self._book.pauses.on(gate)
            has_room = limit.room(gate, now_us, cost) > 0
            kept_for = self._kept_for(found, key) if has_room else None
            is_open = has_room and kept_for is None
            opens_at = None if has_room else limit.opens_at(gate, now_us, cost)
            why = limit.why(gate) if pause is None else why_paused(pause)
            if kept_for is not None:
                why = why_kept(limit.named(key), id_text(kept_for))
            if is_open:
                used, capacity = limit.usage(gate, now_us)
                why = f"The limit {key} lets it through" + ("" if limit.kind.orders else f": {used:,} of {capacity:,} in use")
            reasons.append(
                WaitReason(
                    rule=f"limit:{key}", open=is_open, why=why, opens_at=None if opens_at is None else opens_at / 1e6,
                    holders=self._holders(found, key),
                )
            )  # fmt: skip
        return reasons

    @staticmethod
    def _kept_for(found: _Found, key: str) -> bytes | None:
        """Return the job for which a gate keeps permits, if that holds this one."""
        held = found.placed.held
        return found.placed.kept_for if held is not None and held.gate.key == key else None

    @staticmethod
    def _holders(found: _Found, key: str) -> list[str]:
        held = found.placed.held
        return [id_text(id) for id in held.holders] if held is not None and held.gate.key == key else []


def _paused(placed: JobPosition) -> list[WaitReason]:
    """Return the pause of a job, or of one of which it is a part."""
    if placed.pause is None:
        return []
    id, pause = placed.pause
    other = None if id == placed.row.id else id_text(id)
    return [
        WaitReason(
            rule="pause", open=False, why=why_job_paused(pause, other), opens_at=pause.until, holders=[other] if other else []
        )
    ]


def _with_deadline(row: JobRow, reasons: list[WaitReason]) -> list[WaitReason]:
    """Add when the job has to have ended, and whether it is known that it will not have."""
    if row.deadline is None or State(row.state).is_final:
        return reasons
    times = [reason.opens_at for reason in reasons if reason.rule == "time" and reason.why != WHY_AT_LATEST]
    if any(is_over(row.deadline, time) for time in times if time is not None):
        return [WaitReason(rule="deadline", open=False, why=why_too_late(row.deadline)), *reasons]
    return [*reasons, WaitReason(rule="deadline", open=True, why=why_deadline(row.deadline))]


def _of_slots(why: str, slots: int, free: int) -> str:
    return f"{free:,} of {slots:,} slots of the workers that can run it are free" if free else why


def _before(ahead: int) -> str:
    if not ahead:
        return "No ready job comes before it"
    count = f"{ahead:,}{' or more' if ahead >= MAX_AHEAD else ''}"
    return f"{count} ready job{' comes' if ahead == 1 else 's come'} before it"
