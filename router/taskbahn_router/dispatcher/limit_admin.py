"""Operators change limits while jobs wait."""

from __future__ import annotations

from typing import TYPE_CHECKING

from taskbahn.errors import InvalidOption, InvalidRequest, did_you_mean
from taskbahn.protocol.limit_kinds import short
from taskbahn.protocol.limits import capacity_of
from taskbahn.protocol.overrides import Override, overridden, parse_override, value_of
from taskbahn_router.submission.submission import check_text

if TYPE_CHECKING:
    from collections.abc import Callable

    from taskbahn.protocol.messages import DeclaredLimit
    from taskbahn_router.dispatcher.dispatcher import Dispatcher
    from taskbahn_router.dispatcher.kept_limits import KeptLimit
    from taskbahn_router.model.pending_call import PendingCall

MAX_NAME = 300  # characters of a limit's name that are looked up
MAX_WHO = 200  # characters of who changes it


class LimitAdmin:
    """Obeys `taskbahn.admin.limit`. *answer* answers a call with the view of a limit."""

    def __init__(self, dispatcher: Dispatcher, answer: Callable[[PendingCall, str], None]) -> None:
        self._dispatcher = dispatcher
        self._book = dispatcher.limit_book
        self._answer = answer

    def limit(self, call: PendingCall) -> None:
        """`taskbahn.admin.limit`: answered when the override, or its removal, is stored."""
        arguments = dict(zip(("name", "value", "who"), call.args, strict=False)) | call.kwargs
        name, who = arguments.get("name"), arguments.get("who") or ""
        call.about(str(name)[:MAX_NAME])
        if not isinstance(name, str) or "value" not in arguments or not isinstance(who, str):
            raise InvalidRequest("taskbahn.admin.limit takes a limit's name, a value or null, and optionally who changes it")
        check_text("a limit's name", name)
        check_text("who", who)
        kept = self._known(name[:MAX_NAME])
        override = None if arguments["value"] is None else parse_override(kept.declared, arguments["value"])
        if override is not None:
            self._check_costs(kept.declared, override)
        by = call.by(who[:MAX_WHO])
        self._book.override(name, override, by, self._dispatcher.wall())
        effect = "as declared again" if override is None else f"now {value_of(kept.declared, override)}"
        self._book.note_act(call.about(name, name=who[:MAX_WHO] or None), effect)
        self._dispatcher.turn_input.add_limit_change(lambda: self._answer(call, name))
        self._dispatcher.loop.schedule_turn()

    def _known(self, name: str) -> KeptLimit:
        kept = self._book.kept.get(name)
        if kept is None:
            names = [limit.declared.name for limit in self._book.kept]
            raise InvalidOption(f"there is no limit named {short(name)}{did_you_mean(name, names)}", option="name")
        return kept

    def _check_costs(self, declared: DeclaredLimit, override: Override) -> None:
        """Raise InvalidOption if each job of a task costs more than an override allows; 0 holds all jobs."""
        effective = overridden(declared, override)
        if effective.limit == 0:
            return
        for name in self._book.declaring(declared.name):
            for limit in self._dispatcher.state.tasks[name].declaration.limits:
                if limit.name == declared.name and isinstance(limit.cost, int) and limit.cost > capacity_of(effective):
                    raise InvalidOption(
                        f"with {short(value_of(declared, override))} no job of {name} would start: each costs {limit.cost:,}; give more",
                        option="value",
                        limit=declared.name,
                    )
