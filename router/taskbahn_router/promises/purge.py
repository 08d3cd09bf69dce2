"""Which gates go: those that are as if they were new, else each key that ever came would leave a row for ever.

The gate of fair turns goes when no lane has its key and its virtual time has passed in each of the limit's partitions: else a key that
trickles jobs would win every turn. In a partition without lanes nothing waits for a turn, so its virtual time rises to that of the gate.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from taskbahn_router.core.rows import Gate, Need, Rows, costs_of, limit_of
from taskbahn_router.promises.choose import TURN, turn_of
from taskbahn_router.promises.limits import is_paused

if TYPE_CHECKING:
    from collections.abc import Collection, Generator, Iterable, Mapping

    from taskbahn_router.core.rows import Purge
    from taskbahn_router.promises.overlay import Overlay

MAX_LANES = 1000  # lanes that one purge reads; where more wait, the gates of fair turns stay


def purge_gates(
    overlay: Overlay, purge: Purge, turns: Mapping[str, Collection[int]]
) -> Generator[Need, Rows, str | None]:  # fmt: skip
    """Clear the gates of one page that are as if they were new; return the key after which to go on.  None: it was the last page."""
    rows = yield Need(next_gates=purge.after, most=purge.limit)
    overlay.absorb_gates(rows.next_gates, ())
    page = [overlay.gates[row.key] for row in rows.next_gates]
    idle = [gate for gate in page if is_idle(gate, overlay.now_us)]
    yield from _pass_turns([gate for gate in idle if gate.limit in turns], turns, overlay)
    needed = {turn_of(partition) for partitions in turns.values() for partition in partitions}
    for gate in idle:
        if gate.limit not in turns and (gate.limit != TURN or gate.key not in needed):
            _clear(gate, overlay)
    return page[-1].key if len(page) == purge.limit else None


def is_idle(gate: Gate, now_us: int) -> bool:
    """Return whether nothing holds a permit, waits or is paused, and all that was taken is paid back."""
    is_needed = gate.used or gate.blocked or gate.wakes_at_us is not None or is_paused(gate, now_us)
    return not is_needed and gate.time_us <= now_us


def _pass_turns(gates: list[Gate], turns: Mapping[str, Collection[int]], overlay: Overlay) -> Generator[Need, Rows, None]:
    """Clear the gates whose turns have passed."""
    partitions = sorted({partition for limit in {gate.limit for gate in gates} for partition in turns[limit]})
    if not partitions:
        for gate in gates:
            _clear(gate, overlay)
        return
    rows = yield Need(lanes_of=partitions, most=MAX_LANES)
    if len(rows.lanes_of) == MAX_LANES:
        return
    yield from overlay.load_gates(map(turn_of, partitions))
    lanes = {lane.id for lane in rows.lanes_of} | {id for id, lane in overlay.lanes.items() if not lane.is_gone}
    busy = {partition for partition, _ in lanes}
    waiting = {key for partition, keys in lanes for key in _keys(partition, keys, overlay)}
    for gate in gates:
        own = set(turns[gate.limit])
        if gate.key not in waiting and all(_turn(one, overlay) >= gate.virtual_time for one in own & busy):
            for partition in own - busy:
                _raise_turn(partition, gate.virtual_time, overlay)
            _clear(gate, overlay)


def _keys(partition: int, keys: str, overlay: Overlay) -> Iterable[str]:
    return [key for key, _ in (*overlay.hung.get(partition, ()), *(costs_of(keys) if keys else ()))]


def _turn(partition: int, overlay: Overlay) -> int:
    """Return how far the turns of a partition are."""
    return overlay.gates[turn_of(partition)].virtual_time


def _raise_turn(partition: int, virtual_time: int, overlay: Overlay) -> None:
    gate = overlay.gates[turn_of(partition)]
    overlay.gates[gate.key] = gate._replace(virtual_time=max(gate.virtual_time, virtual_time))


def _clear(gate: Gate, overlay: Overlay) -> None:
    """Leave nothing of a gate, so that its row goes."""
    overlay.gates[gate.key] = Gate(gate.key, limit_of(gate.key))
