"""The triggers that the dispatcher has in memory, and changes of them, by people and by code."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from twisted.logger import Logger

from taskbahn.protocol import messages
from taskbahn.protocol.triggers import TopicTrigger
from taskbahn_router.core.kept import is_over, pause_of
from taskbahn_router.core.topic_events import fits, is_meant
from taskbahn_router.core.triggers import TriggerChange, TriggerRow
from taskbahn_router.dispatcher.kept_book import Drop, KeptBook
from taskbahn_router.dispatcher.trigger_specs import effective, spec_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from twisted.internet.defer import Deferred

    from taskbahn.protocol.scheduling import SchedulePause
    from taskbahn_router.core.topic_events import TopicEvent
    from taskbahn_router.dispatcher.dispatcher import Dispatcher
    from taskbahn_router.model.kept_input import KeptInput
    from taskbahn_router.model.ports import Runner
    from taskbahn_router.stores.contract import Reader

PAGE = 500
KEEP: Any = object()
Key = tuple[str, str]  # topic, match


def changed_row(
    row: TriggerRow | None,
    id: str,
    now: float,
    *,
    declared: str | None = KEEP,
    changed: str | None = KEEP,
    declared_at: float | None = KEEP,
    pause: SchedulePause | None = KEEP,
    who: str | None = KEEP,
) -> TriggerChange:
    """Return the change of a trigger to new values."""
    before = row or TriggerRow(id, "", None, None, None, 0, None, None, now)
    declared = before.declared if declared is KEEP else declared
    changed = before.changed if changed is KEEP else changed
    held = pause_of(before) if pause is KEEP else pause
    kind = str(effective(declared, changed).__struct_config__.tag)
    return TriggerChange(
        id, kind, declared, changed, before.declared_at if declared_at is KEEP else declared_at, before.version,
        None if held is None else messages.to_json(held), before.changed_by if who is KEEP else who,
        before.changed_at if who is KEEP else now,
    )  # fmt: skip


class TriggerBook(KeptBook[TriggerRow, TriggerChange]):
    """Knows all triggers by id, and hears the topics of those of the kind `topic`.

    heard: called with an event, and the triggers of the subscription that brought it.
    """

    log = Logger("taskbahn.triggers")
    what = "trigger"

    def __init__(self, dispatcher: Dispatcher, reader: Reader, runner: Runner) -> None:
        super().__init__(dispatcher, reader.trigger, runner)
        self._reader = reader
        self.rows: dict[str, TriggerRow] = {}
        self.heard: Callable[[TopicEvent, Iterable[TriggerRow]], None] = lambda *_: None
        self._topics: dict[Key, dict[str, Callable[[TopicEvent], None]]] = {}  # -> triggers, each with the ear of them all

    def begin(self, after: str = "") -> Deferred[None]:
        """Read all triggers, page by page, and hear their topics."""

        def found(rows: list[TriggerRow]) -> Deferred[None] | None:
            for row in rows:
                if row.id not in self.rows:  # a change may have come before the answer
                    self._take(row.id, row)
            return self.begin(rows[-1].id) if len(rows) == PAGE else None

        asked: Deferred[Any] = self._runner.run(self._reader.triggers, after, PAGE)
        asked.addCallback(found)
        asked.addErrback(lambda failure: self.log.failure("triggers cannot be read", failure))
        return asked

    def input(self) -> KeptInput[TriggerChange]:
        """Return what takes its changes to the next commit."""
        return self._dispatcher.turn_input.triggers

    def holds(self, id: str, row: TriggerRow | None, decision: TriggerChange | Drop) -> None:
        """Follow a change that is stored."""
        self._take(id, decision.row(row) if isinstance(decision, TriggerChange) else None)

    # what is asked of it

    def meant_by(self, topic: str) -> list[TriggerRow]:
        """Return the triggers that an event of a topic means."""
        keys = (key for key in self._topics if is_meant(topic, *key))
        return [self.rows[id] for key in keys for id in self._topics[key]]

    def fitting(self, rows: Iterable[TriggerRow], data: Any) -> Iterator[TriggerRow]:
        """Return those that are not paused, and whose filter lets what has come through."""
        now = self._dispatcher.wall()
        for row in rows:
            pause = pause_of(row)
            if (pause is None or is_over(pause, now)) and fits(data, spec_of(row).where):
                yield row

    # the topics

    def _take(self, id: str, row: TriggerRow | None) -> None:
        before = self.rows.pop(id, None)
        old, new = _key(before), _key(row)
        if row is not None:
            self.rows[id] = row
        if old == new:
            return
        if new is not None:
            self._hear(id, new)
        if old is not None:
            self._leave(id, old)

    def _hear(self, id: str, key: Key) -> None:
        known = self._topics.get(key)
        if known:
            known[id] = next(iter(known.values()))
            return

        def ear(event: TopicEvent) -> None:
            self.heard(event, [self.rows[one] for one in self._topics.get(key, ())])

        self._topics[key] = {id: ear}
        self._dispatcher.topics.hear(key[0], ear, key[1])

    def _leave(self, id: str, key: Key) -> None:
        ear = self._topics[key].pop(id)
        if not self._topics[key]:
            del self._topics[key]
            self._dispatcher.topics.leave(key[0], ear, key[1])


def _key(row: TriggerRow | None) -> Key | None:
    spec = None if row is None else spec_of(row)
    return (spec.topic, spec.match) if isinstance(spec, TopicTrigger) else None
