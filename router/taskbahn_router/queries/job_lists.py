"""Questions about many jobs: lists of them, and failed ones in groups of those that failed alike.

No question holds up the ones behind it: each looks at a bounded number of rows for a bounded time, and says where to go on.
"""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING, Any, TypeGuard

from taskbahn.errors import InvalidRequest, did_you_mean
from taskbahn.protocol.message_pages import pages, value_bytes
from taskbahn.protocol.past_times import seconds_at
from taskbahn.protocol.states import State
from taskbahn_router.core.error_fingerprint import FINGERPRINT
from taskbahn_router.core.ids import id_text
from taskbahn_router.model.state import id_bytes
from taskbahn_router.model.wire_format import brief, packed
from taskbahn_router.queries.error_groups import Groups
from taskbahn_router.queries.fingerprint_cache import FingerprintCache
from taskbahn_router.stores.contract import Filter, Listed, Reader
from taskbahn_router.stores.rows import JobRow
from taskbahn_router.submission.submission import check_text

if TYPE_CHECKING:
    from collections.abc import Callable

    from taskbahn_router.model.pending_call import PendingCall
    from taskbahn_router.publishing.rollups import MembersRead, Rollups

JOBS_ARGUMENTS = (
    "state",
    "task",
    "queue",
    "tag",
    "worker",
    "caller",
    "since",
    "until",
    "error",
    "before",
    "limit",
    "ids",
    "parent",
    "root",
    "id_part",
)
ID_PART = re.compile(r"(?=(-*[0-9a-fA-F]){4})[0-9a-fA-F-]{4,36}")
MAX_LISTED = 500
MAX_IDS = 1_000
MAX_TEXT = 500  # characters of a pattern
MAX_COUNTED = 20_000  # members of the jobs of one list
MAX_TIME = 1e12  # seconds from the epoch, before or after it
MAX_FAILED = 20_000  # failed jobs that are grouped, the newest
EACH = 250  # failed jobs whose fingerprints are worked out in one go
SECONDS = 0.03  # seconds after which a slice of work lets other questions go first


class JobLists:
    """Answers `taskbahn.view.jobs` and `taskbahn.view.errors`.

    ask: runs a function on the reader's thread for a call.   wall: UTC seconds since the epoch.
    """

    def __init__(self, reader: Reader, rollups: Rollups, ask: Callable[..., None], wall: Callable[[], float]) -> None:
        self._wall = wall
        self._reader = reader
        self._rollups = rollups
        self._ask = ask
        self._fingerprints = FingerprintCache(reader)

    def jobs(self, call: PendingCall) -> None:
        """`taskbahn.view.jobs`."""
        _check_known(call)
        only_ids = bool(call.kwargs.get("ids"))
        wanted, error = (
            filter_of(call.kwargs, MAX_IDS if only_ids else MAX_LISTED, self._wall()),
            _fingerprint(call.kwargs.get("error")),
        )
        if call.scope is not None:
            wanted = wanted._replace(tags=tuple(sorted(call.scope.all_tags)))

        def read() -> tuple[Listed, list[MembersRead]]:
            found = self._reader.jobs(wanted) if error is None else self._failed_alike(wanted, error)
            return found, [] if only_ids else self._rollups.read_all(found.rows, MAX_COUNTED)

        def answer(found: tuple[Listed, list[MembersRead]]) -> None:
            if only_ids:
                call.answer({"ids": [id_text(row.id) for row in found[0].rows], "next": found[0].next})
            else:
                call.answer(self._listed(*found))

        self._ask(call, answer, read)

    def _listed(self, found: Listed, members: list[MembersRead]) -> dict[str, Any]:
        """Return the views of rows, fewer than asked for where they are too large for one message: `next` goes on after the last one."""
        rolled = {read.row.seq: self._rollups.fields(read) for read in members}
        views = [self._rollups.shown(brief(row)) | rolled.get(row.seq, {}) for row in found.rows]
        shown = next(pages(views, value_bytes), [])
        return {"jobs": shown, "next": found.next if len(shown) == len(views) else found.rows[len(shown) - 1].seq}

    def _failed_alike(self, wanted: Filter, error: str) -> Listed:
        """Return failed jobs that have a fingerprint; on the reader's thread."""
        if wanted.states and State.FAILED not in wanted.states:
            return Listed([], None)
        until = time.monotonic() + SECONDS
        found: list[JobRow] = []
        before = wanted.before
        while True:
            rows, end = self._reader.jobs(wanted._replace(states=(State.FAILED,), before=before, limit=EACH))
            for row, its in zip(rows, self._fingerprints.of(rows), strict=True):
                if its == error:
                    found.append(row)
                    if len(found) == wanted.limit:
                        return Listed(found, row.seq)
            if end is None or time.monotonic() > until:
                return Listed(found, end)
            before = end

    def errors(self, call: PendingCall) -> None:
        """`taskbahn.view.errors`: in slices, between which other questions have their turn."""
        groups = Groups(_text("task", call.kwargs.get("task")))

        def pipeline_next_turn(end: int | None) -> None:
            if end is None or groups.looked_at >= MAX_FAILED:
                self._ask(call, call.answer, self._grouped, groups, end is None)
            elif call.open:
                self._ask(call, pipeline_next_turn, self._group, groups, end)

        self._ask(call, pipeline_next_turn, self._group, groups, None)

    def _group(self, groups: Groups, before: int | None) -> int | None:
        """Put some failed jobs into their groups; return where to go on. On the reader's thread."""
        until = time.monotonic() + SECONDS
        while True:
            rows = self._reader.failed(before, EACH)
            wanted = [row for row in rows if groups.wants(row)]
            for row, its in zip(wanted, self._fingerprints.of(wanted), strict=True):
                groups.add(its, row)
            groups.looked_at += len(rows)
            if len(rows) < EACH:
                return None
            before = rows[-1].seq
            if groups.looked_at >= MAX_FAILED or time.monotonic() > until:
                return before

    def _grouped(self, groups: Groups, complete: bool) -> dict[str, Any]:  # noqa: FBT001 - passed through
        """Return the `views.Errors`, with the messages of the newest jobs. On the reader's thread."""
        newest = {group.newest.seq: group for group in groups.most_frequent()}
        for row in self._reader.rows(list(newest)):
            newest[row.seq].error = packed(row.error) or {}
        is_all = complete and len(newest) == len(groups)
        views = [group.view() for group in newest.values()]
        return {"groups": views, "matched": groups.matched, "looked_at": groups.looked_at, "complete": is_all}


def _check_known(call: PendingCall) -> None:
    """Raise `InvalidRequest` for what is no filter: a client that lists jobs to cancel them must not get all because of a slip."""
    if call.args:
        raise InvalidRequest(f"taskbahn.view.jobs takes named arguments only: {', '.join(JOBS_ARGUMENTS)}")
    for name in call.kwargs:
        if name not in JOBS_ARGUMENTS:
            near = did_you_mean(name[:100], JOBS_ARGUMENTS)
            raise InvalidRequest(f"taskbahn.view.jobs has no argument {name[:100]!r}{near}; it has {', '.join(JOBS_ARGUMENTS)}")


def filter_of(given: dict[str, Any], most: int, now: float) -> Filter:
    """Return what a caller asks for at a time; raises `InvalidRequest`."""
    states = given.get("state")
    states = [states] if isinstance(states, str) else states or []
    if not isinstance(states, list | tuple) or not all(isinstance(state, str) for state in states):
        raise InvalidRequest("state must be text or a list of texts")
    for state in states:
        if state not in set(State):
            raise InvalidRequest(f"state: there is no {state[:100]!r}{did_you_mean(state, State)}; there are {', '.join(State)}")
    before, limit = given.get("before"), given.get("limit", 50)
    if not is_number(limit) or not 0 < limit <= most:
        raise InvalidRequest(f"limit must be 1 to {most:,}, not {limit!r:.100}")
    if before is not None and not is_number(before):
        raise InvalidRequest(f"before must be the `next` of an earlier answer, not {before!r:.100}")
    task, queue, tag, worker, caller = (_text(name, given.get(name)) for name in ("task", "queue", "tag", "worker", "caller"))
    since, until = (_time(name, given.get(name), now) for name in ("since", "until"))
    parent, root = (None if given.get(name) is None else id_bytes(given[name], name) for name in ("parent", "root"))
    return Filter(
        tuple(states), task, queue, tag, worker, since, until, before, limit, parent, root, caller, _id_part(given.get("id_part"))
    )


def is_number(value: Any) -> TypeGuard[int]:
    """Return whether a value fits the store's integers (a bool is no number here)."""
    return isinstance(value, int) and not isinstance(value, bool) and abs(value) < 2**63


def _text(name: str, value: Any) -> str | None:
    if value is None:
        return None
    if not isinstance(value, str):
        raise InvalidRequest(f"{name} must be text")
    if len(value) > MAX_TEXT:
        raise InvalidRequest(f"{name} must be text of no more than {MAX_TEXT} characters, not {len(value):,}")
    check_text(name, value)
    return value


def _time(name: str, value: Any, now: float) -> float | None:
    if value is None:
        return None
    try:
        at = seconds_at(value, now)
    except ValueError as error:
        raise InvalidRequest(f"{name} = {value!r:.100}: {error}") from None
    if not abs(at) < MAX_TIME:
        raise InvalidRequest(f"{name} = {value!r:.100}: that is no time that a job can have")
    return at


def _id_part(value: Any) -> str | None:
    if value is None:
        return None
    if isinstance(value, str) and ID_PART.fullmatch(value):
        return value.replace("-", "").lower()
    raise InvalidRequest("id_part must be the beginning or the end of an id: 4 hexadecimal digits or more")


def _fingerprint(value: Any) -> str | None:
    if value is None or (isinstance(value, str) and FINGERPRINT.fullmatch(value)):
        return value
    raise InvalidRequest("error must be a fingerprint, as taskbahn.view.errors tells it: 12 hexadecimal digits")
