"""What limits allow, who changed them, and which of their keys are in use or have jobs waiting."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from taskbahn.errors import InvalidRequest
from taskbahn.protocol import messages
from taskbahn.protocol.overrides import value_of
from taskbahn.protocol.views import LimitDeclaration, LimitKeyView, Limits, LimitView
from taskbahn_router.promises.limits import is_paused
from taskbahn_router.queries.limit_facts import disagreements

if TYPE_CHECKING:
    from collections.abc import Callable

    from taskbahn.protocol.limit_fields import WhenFull
    from taskbahn_router.core.rows import GateUse
    from taskbahn_router.dispatcher.dispatcher import Dispatcher
    from taskbahn_router.dispatcher.kept_limits import KeptLimit
    from taskbahn_router.model.pending_call import PendingCall
    from taskbahn_router.promises.limits import Limit
    from taskbahn_router.queries.asking import Ask
    from taskbahn_router.queries.limit_problems import Declared
    from taskbahn_router.stores.contract import Reader

MAX_LIMITS = 500  # limits in one answer
MAX_KEYS = 20  # keys of each
MAX_TASKS = 100  # tasks of each
MAX_WORKERS = 20  # workers of each declaration
MAX_JOBS = 1_000  # waiting jobs that are counted for a key


class LimitQueries:
    """Answers `taskbahn.view.limits`."""

    def __init__(self, dispatcher: Dispatcher, reader: Reader, ask: Ask) -> None:
        self._dispatcher = dispatcher
        self._book = dispatcher.limit_book
        self._reader = reader
        self._ask = ask

    def view(self, call: PendingCall) -> None:
        """`taskbahn.view.limits`: all of them, or that of the argument `name`, each with its fullest `keys`."""
        arguments = dict(zip(("name", "keys"), call.args, strict=False)) | call.kwargs
        name, keys = arguments.get("name"), arguments.get("keys", MAX_KEYS)
        if not isinstance(name, str | None) or not isinstance(keys, int) or not 0 <= keys <= MAX_KEYS:
            raise InvalidRequest(
                f"taskbahn.view.limits takes a limit's name, and how many of its keys, 0 to {MAX_KEYS}; or nothing"
            )

        def answer(found: list[LimitView]) -> None:
            found.sort(key=lambda limit: (-limit.jobs, limit.name))
            call.answer(messages.plain(Limits(limits=found[:MAX_LIMITS], count=len(found))))

        self._answer(call, answer, name, keys)

    def answer_one(self, call: PendingCall, name: str) -> None:
        """Answer a call with one limit, null if it was forgotten meanwhile."""
        self._answer(call, lambda found: call.answer(messages.plain(found[0]) if found else None), name, MAX_KEYS)

    def _answer(self, call: PendingCall, answer: Callable[[list[LimitView]], None], name: str | None, keys: int) -> None:
        now_us = int(self._dispatcher.wall() * 1_000_000)
        self._ask(
            call,
            lambda uses: answer(self._views(uses, now_us, name, keys)),
            self._reader.gates_in_use,
            now_us,
            MAX_KEYS,
            MAX_JOBS,
        )

    def _views(self, uses: list[GateUse], now_us: int, name: str | None, keys: int) -> list[LimitView]:
        by_limit: dict[str, list[GateUse]] = {}
        for use in uses:
            by_limit.setdefault(use.gate.limit, []).append(use)
        wanted = self._book.kept if name is None else [kept for kept in [self._book.kept.get(name)] if kept is not None]
        disagreeing = disagreements(self._dispatcher.state, self._book)
        return [self._view(kept, by_limit.get(kept.declared.name, []), now_us, keys, disagreeing) for kept in wanted]

    def _view(
        self, kept: KeptLimit, uses: list[GateUse], now_us: int, keys: int, disagreeing: dict[str, list[Declared]]
    ) -> LimitView:
        declared = kept.declared
        limit = self._book.limit(declared.name)
        return LimitView(
            name=declared.name,
            kind=declared.kind,
            tasks=self._book.declaring(declared.name)[:MAX_TASKS],
            template=declared.key or "",
            declared=value_of(declared),
            override=None if kept.override is None else value_of(declared, kept.override),
            changed_by=kept.changed_by,
            changed_at=kept.changed_at,
            keys=[_key_view(limit, use, now_us) for use in uses[:keys]],
            key_count=uses[0].keys if uses else 0,
            jobs=sum(use.jobs for use in uses),
            oldest=min((use.oldest for use in uses if use.oldest is not None), default=None),
            paused_keys=sum(is_paused(use.gate, now_us) for use in uses),
            when_full=cast("WhenFull", limit.when_full),
            declarations=[
                LimitDeclaration(said=said, workers=workers[:MAX_WORKERS], counts=counts)
                for said, workers, counts in disagreeing.get(declared.name, ())
            ],
        )


def _key_view(limit: Limit, use: GateUse, now_us: int) -> LimitKeyView:
    gate = use.gate
    used, capacity = limit.usage(gate, now_us)
    return LimitKeyView(
        key=gate.key.removeprefix(limit.name),
        used=used,
        capacity=capacity,
        lanes=gate.blocked,
        jobs=use.jobs,
        oldest=use.oldest,
        wakes_at=None if gate.wakes_at_us is None else gate.wakes_at_us / 1e6,
        paused=is_paused(gate, now_us),
    )
