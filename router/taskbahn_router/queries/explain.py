"""Everything between a job and its start, each with whether it is open now and why."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from taskbahn.errors import UnknownJob
from taskbahn.protocol import messages
from taskbahn.protocol.states import State
from taskbahn.protocol.views import WaitReason
from taskbahn_router.core.ids import id_text
from taskbahn_router.core.rows import Gate, costs_of, limit_of
from taskbahn_router.core.wait_reason import MAX_AHEAD, why_kept, why_paused
from taskbahn_router.model.state import id_bytes

if TYPE_CHECKING:
    from collections.abc import Callable

    from twisted.internet.defer import Deferred

    from taskbahn_router.core.rows import Costs
    from taskbahn_router.dispatcher.dispatcher import Dispatcher
    from taskbahn_router.model.pending_call import PendingCall
    from taskbahn_router.model.ports import Runner
    from taskbahn_router.publishing.queue_position import QueuePositions, Served
    from taskbahn_router.publishing.start_estimate import JobPosition
    from taskbahn_router.stores.contract import Reader
    from taskbahn_router.stores.rows import JobRow


class _Found(NamedTuple):
    """What the store says of a job: its place, its own keys, and the gates of all its keys."""

    placed: JobPosition
    costs: Costs
    gates: dict[str, Gate]


class Explain:
    """Answers `taskbahn.job.explain`. *runner* runs what reads the store; *fail* answers a call whose question to it failed."""

    def __init__(
        self,
        dispatcher: Dispatcher,
        positions: QueuePositions,
        reader: Reader,
        runner: Runner,
        fail: Callable[[PendingCall, Any], None],
    ) -> None:
        self._dispatcher = dispatcher
        self._book = dispatcher.limit_book
        self._positions = positions
        self._reader = reader
        self._runner = runner
        self._fail = fail

    def explain(self, call: PendingCall) -> None:
        """`taskbahn.job.explain`: what is closed comes first; nothing is between a job that has started and its start."""
        id = call.args[0] if call.args else call.kwargs.get("id")
        raw = id_bytes(id)

        def answer(found: _Found | None) -> None:
            if found is None:
                call.fail(UnknownJob(id_text(raw)))
            else:
                call.answer(messages.plain(self._reasons(found)))

        asked: Deferred[Any] = self._runner.run(self._read, raw, self._positions.served(), dict(self._book.hung))
        asked.addCallback(answer)
        asked.addErrback(lambda failure: self._fail(call, failure))

    def _read(self, raw: bytes, served: Served, hung: dict[int, Costs]) -> _Found | None:
        with self._reader.snapshot():
            row = self._reader.job(raw)
            if row is None:
                return None
            own = self._reader.keys(row.seq)
            costs = (*hung.get(row.partition, ()), *(costs_of(own) if own else ()))
            gates = {gate.key: gate for gate in self._reader.gates([key for key, _ in costs])}
            return _Found(self._positions.placed([row], served)[0], costs, gates)

    def _reasons(self, found: _Found) -> list[WaitReason]:
        row, ahead = found.placed.row, found.placed.ahead
        if row.state not in (State.READY, State.WAITING):
            return []
        estimate = self._positions.start_estimate()
        reasons = self._time(row, estimate.place(found.placed)) if row.state == State.WAITING else []
        reasons += self._pauses(row)
        why, its_hands = estimate.workers(row)
        reasons.append(WaitReason(rule="workers", open=its_hands.free > 0, why=_of_slots(why, its_hands.slots, its_hands.free)))
        reasons += self._limits(found)
        if ahead is not None:
            reasons.append(WaitReason(rule="order", open=ahead == 0, why=_before(ahead)))
        return sorted(reasons, key=lambda reason: reason.open)

    def _time(self, row: JobRow, place: dict[str, Any] | None) -> list[WaitReason]:
        return [WaitReason(rule="time", open=False, why=(place or {}).get("why", ""), opens_at=row.due_at)]

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


def _of_slots(why: str, slots: int, free: int) -> str:
    return f"{free:,} of {slots:,} slots of the workers that can run it are free" if free else why


def _before(ahead: int) -> str:
    if not ahead:
        return "No ready job comes before it"
    count = f"{ahead:,}{' or more' if ahead >= MAX_AHEAD else ''}"
    return f"{count} ready job{' comes' if ahead == 1 else 's come'} before it"
