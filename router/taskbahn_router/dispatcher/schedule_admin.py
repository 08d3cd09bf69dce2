"""What people change about schedules while the system runs."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from twisted.logger import Logger

from taskbahn.errors import InvalidOption, InvalidRequest, InvalidSchedule, TaskbahnError, TooLarge, from_info
from taskbahn.protocol import messages
from taskbahn.protocol.scheduling import MAX_BACKFILL, SchedulePause
from taskbahn_router.core.firings import ScheduleRow
from taskbahn_router.core.ids import id_text
from taskbahn_router.dispatcher.schedule_book import Drop, changed_row
from taskbahn_router.dispatcher.schedule_firing import CALLER
from taskbahn_router.dispatcher.schedule_specs import call_of, check_templates, effective, fields_of, following, pause_of, spec_of
from taskbahn_router.model.turn import Submission
from taskbahn_router.submission.slices import SLICE_SECONDS, STEPS, run_slice
from taskbahn_router.submission.submission import check_text, new_id

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator

    from taskbahn_router.dispatcher.dispatcher import Dispatcher
    from taskbahn_router.dispatcher.schedule_book import Decision, ScheduleBook
    from taskbahn_router.model.pending_call import PendingCall
    from taskbahn_router.submission.submission import Draft, Submissions

ID = re.compile(r"[A-Za-z0-9_.:-]{1,200}")
MAX_REASON = 500  # characters
MAX_WHO = 200
LAST_TIME = 9_000_000_000.0  # seconds since the epoch


class ScheduleAdmin:
    """Obeys `taskbahn.admin.schedule.*`. *answer* answers a call with the view of a schedule."""

    log = Logger("taskbahn.schedules")

    def __init__(self, dispatcher: Dispatcher, book: ScheduleBook, answer: Callable[[PendingCall, str], None]) -> None:
        self._dispatcher = dispatcher
        self._book = book
        self._answer = answer

    def add(self, call: PendingCall) -> None:
        """`taskbahn.admin.schedule.add`: a new schedule, or all that holds of one that was made so before."""
        id, given = _id(call), call.args[1] if len(call.args) > 1 else call.kwargs.get("spec")
        fields = fields_of(given)
        self._check(fields)

        def decide(row: ScheduleRow | None) -> Decision:
            if row is not None and row.declared is not None:
                raise InvalidSchedule(f"the schedule {id} is declared in code; change it there, or edit it")
            return changed_row(row, id, self._dispatcher.wall(), changed=messages.to_json(fields), who=_who(call))

        self._change(call, id, decide, "is set")

    def edit(self, call: PendingCall) -> None:
        """`taskbahn.admin.schedule.edit`: some fields; one that is as code declares it is no change any more."""
        id, given = _id(call), call.args[1] if len(call.args) > 1 else call.kwargs.get("fields")
        if not isinstance(given, dict) or not given:
            raise InvalidRequest("taskbahn.admin.schedule.edit takes an id and an object with the fields that change")

        def decide(row: ScheduleRow | None) -> Decision:
            row = _known(id, row)
            fields = fields_of({**messages.plain(spec_of(row)), **given})
            self._check(fields)
            if row.declared is not None:
                declared = DEFAULTS | messages.from_json(row.declared)
                fields = {name: value for name, value in (DEFAULTS | fields).items() if value != declared[name]}
            changed = messages.to_json(fields) if fields else None
            return changed_row(row, id, self._dispatcher.wall(), changed=changed, who=_who(call))

        self._change(call, id, decide, "is edited")

    def pause(self, call: PendingCall) -> None:
        """`taskbahn.admin.schedule.pause`: it fires no more, until a time or until it is resumed."""
        id, words, now = _id(call), call.kwargs, self._dispatcher.wall()
        until, within = words.get("until"), words.get("within")
        for name, value in (("until", until), ("within", within)):
            if value is not None and (isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < LAST_TIME):
                raise InvalidOption(f"{name} = {value!r:.100}: it is in seconds, more than 0", option=name)
        if within is not None:
            until = now + within
        reason = str(words.get("reason", ""))[:MAX_REASON]
        check_text("the reason", reason)
        pause = SchedulePause(reason=reason, until=until, by=_who(call), at=now)
        self._change(call, id, lambda row: changed_row(_known(id, row), id, now, pause=pause, who=_who(call)), "is paused")

    def resume(self, call: PendingCall) -> None:
        """`taskbahn.admin.schedule.resume`: it fires again, from the next due time on."""
        id, now = _id(call), self._dispatcher.wall()

        def decide(row: ScheduleRow | None) -> Decision:
            known = _known(id, row)
            pause = pause_of(known)
            if pause is None:
                return None
            if pause.orphaned:  # no code has it any more, so from now on it is one that was made at run time
                changed = messages.to_json(messages.plain(spec_of(known)))
                return changed_row(known, id, now, declared=None, declared_at=None, changed=changed, pause=None, who=_who(call))
            return changed_row(known, id, now, pause=None, who=_who(call))

        self._change(call, id, decide, "is resumed")

    def delete(self, call: PendingCall) -> None:
        """`taskbahn.admin.schedule.delete`: one that code declares is paused instead, until code does so no more."""
        id = _id(call)

        def decide(row: ScheduleRow | None) -> Decision:
            row = _known(id, row)
            pause = pause_of(row)
            if row.declared is not None and not (pause is not None and pause.orphaned):
                raise InvalidSchedule(f"the schedule {id} is declared in code: pause it, or take it out of the code")
            return Drop(row.version)

        self._book.change(id, decide, lambda _: call.answer(None), call.fail)
        self._said(call, id, "is deleted")

    def run(self, call: PendingCall) -> None:
        """`taskbahn.admin.schedule.run`: start its job now, besides its due times; answered with the job's id."""
        id, now = _id(call), self._dispatcher.wall()

        def known(row: ScheduleRow) -> None:
            self._start(call, [{**call_of(spec_of(row), now, row.last_success), "id": new_id(now)[0]}], id, is_one=True)

        self._read(call, id, known)

    def backfill(self, call: PendingCall) -> None:
        """`taskbahn.admin.schedule.backfill`: start the jobs of the due times of a past period; answered with their ids."""
        arguments = dict(zip(("id", "since", "until"), call.args, strict=False)) | call.kwargs
        id, since, until = _id(call), arguments.get("since"), arguments.get("until")
        for name, value in (("since", since), ("until", until)):
            if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < LAST_TIME:
                raise InvalidOption(f"{name} = {value!r:.100}: it is a time in seconds since 1970", option=name)
        assert isinstance(since, int | float)  # noqa: S101 - just checked
        assert isinstance(until, int | float)  # noqa: S101 - likewise
        if not since < until <= self._dispatcher.wall():
            raise InvalidOption(
                "a backfill is of the past: since is before until, and until is not in the future", option="until"
            )
        self._read(call, id, lambda row: self._start(call, _past(row, since, until), id, is_one=False))

    # helpers

    def _check(self, fields: dict[str, Any]) -> None:
        """Raise for what a firing would be refused for now."""
        check_fields(self._dispatcher.intake, fields, self._dispatcher.wall())

    def _read(self, call: PendingCall, id: str, known: Callable[[ScheduleRow], None]) -> None:
        def decide(row: ScheduleRow | None) -> Decision:
            known(_known(id, row))
            return None

        self._book.change(id, decide, lambda _: None, call.fail)

    def _start(self, call: PendingCall, entries: list[dict[str, Any]], id: str, *, is_one: bool) -> None:
        """Submit jobs, and answer with their ids; nothing is submitted if one of them is refused."""
        dispatcher = self._dispatcher

        def steps() -> Iterator[None]:
            draft = yield from dispatcher.intake.read(entries, call.authid)
            refused = next((answer for answer in draft.answers if isinstance(answer, dict)), None)
            if refused is not None:
                raise from_info(refused)
            for job in draft.jobs:
                job.caller = CALLER + id
            yield from dispatcher.admission.take_in(draft, follows=False)
            put(draft)

        def answer(draft: Draft) -> None:
            refused = next((one for one in draft.answers if isinstance(one, dict)), None)
            if refused is not None:
                call.fail(from_info(refused))
            else:
                call.answer(draft.answers[0] if is_one else draft.answers)

        def put(draft: Draft) -> None:
            def stored() -> None:
                answer(draft)

            accepted = dispatcher.large_flows.feed(call, draft, stored, call.fail) if draft.flows else stored
            dispatcher.fair_queue.put(
                Submission(
                    call.caller, draft.jobs, draft.size, accepted, call.fail, draft.answers, counts=draft.counts,
                    has_links=draft.has_links, asks=draft.asks,
                )
            )  # fmt: skip
            dispatcher.loop.schedule_turn()

        if entries:
            self._run(call, steps())
        else:
            call.answer([])

    def _run(self, call: PendingCall, steps: Iterator[None]) -> None:
        try:
            if not run_slice(steps, self._dispatcher.clock, SLICE_SECONDS, STEPS):
                self._dispatcher.clock.callLater(0, self._run, call, steps)
        except TaskbahnError as error:
            call.fail(error)

    def _change(self, call: PendingCall, id: str, decide: Callable[[ScheduleRow | None], Decision], what: str) -> None:
        def done(_: Decision) -> None:
            self._said(call, id, what)
            self._answer(call, id)

        self._book.change(id, decide, done, call.fail)

    def _said(self, call: PendingCall, id: str, what: str) -> None:
        # a warning, for a node logs only those by default, and an operator will ask who did it
        self.log.warn(
            "schedule {id} {what}, says {who} in session {session}",
            id=id, what=what, who=_who(call) or "an unknown caller", session=call.caller,
        )  # fmt: skip


DEFAULTS: dict[str, Any] = {
    "zone": "UTC", "start": None, "end": None, "times": None, "jitter": 0.0, "overlap": "skip", "catch_up": 60.0, "note": "",
}  # fmt: skip


def check_fields(intake: Submissions, fields: dict[str, Any], now: float) -> None:
    """Raise if a schedule never fires, has unknown templates, or its task does not take the arguments."""
    spec = effective(None, messages.to_json(fields))
    check_templates(spec)
    if following(spec, "x", now) is None:
        raise InvalidSchedule("the schedule never fires: all of its times are over")
    steps = intake.read([call_of(spec, now, now)], None)
    answer = drained(steps).answers[0]
    if isinstance(answer, dict):
        raise from_info(answer)


def drained(steps: Generator[None, None, Draft]) -> Draft:
    """Return what steps lead to, without a pause between them."""
    try:
        while True:
            next(steps)
    except StopIteration as end:
        draft: Draft = end.value
        return draft


def _past(row: ScheduleRow, since: float, until: float) -> list[dict[str, Any]]:
    """Return the calls of the due times of a period, its ends included."""
    spec = spec_of(row)
    entries: list[dict[str, Any]] = []
    found = following(spec, row.id, since - 0.000_001)
    while found is not None and found.due <= until:
        if len(entries) == MAX_BACKFILL:
            raise TooLarge(
                "due times of a backfill", len(entries) + 1, MAX_BACKFILL, "take a shorter period, and then the next one"
            )
        entries.append({**call_of(spec, found.due, row.last_success), "id": id_text(new_id(found.due)[1])})
        found = following(spec, row.id, found.due)
    return entries


def _known(id: str, row: ScheduleRow | None) -> ScheduleRow:
    if row is None:
        raise InvalidSchedule(f"there is no schedule {id!r}; `taskbahn schedules` lists them")
    return row


def _id(call: PendingCall) -> str:
    id = call.args[0] if call.args else call.kwargs.get("id")
    if not isinstance(id, str) or not ID.fullmatch(id):
        raise InvalidRequest(f"the id of a schedule has 1 to 200 letters, digits, '_', '.', ':' and '-', not {id!r:.100}")
    return id


def _who(call: PendingCall) -> str | None:
    who = str(call.kwargs.get("who") or "")[:MAX_WHO]
    check_text("who", who)
    return who or call.authid
