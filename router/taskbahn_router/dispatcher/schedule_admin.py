"""What people change about schedules while the system runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from twisted.logger import Logger

from taskbahn.errors import InvalidOption, InvalidSchedule, TaskbahnError, TooLarge, from_info
from taskbahn.protocol import messages
from taskbahn.protocol.scheduling import MAX_BACKFILL
from taskbahn_router.core.firings import ScheduleChange, ScheduleRow
from taskbahn_router.core.ids import id_text
from taskbahn_router.dispatcher.kept_admin import KeptAdmin
from taskbahn_router.dispatcher.schedule_book import changed_row
from taskbahn_router.dispatcher.schedule_firing import CALLER
from taskbahn_router.dispatcher.schedule_specs import call_of, check_templates, effective, fields_of, following, spec_of
from taskbahn_router.model.turn import Submission
from taskbahn_router.submission.slices import SLICE_SECONDS, STEPS, run_slice
from taskbahn_router.submission.submission import new_id

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator

    from taskbahn_router.dispatcher.schedule_book import Decision
    from taskbahn_router.model.pending_call import PendingCall
    from taskbahn_router.submission.submission import Draft, Submissions

LAST_TIME = 9_000_000_000.0  # seconds since the epoch


class ScheduleAdmin(KeptAdmin[ScheduleRow, ScheduleChange]):
    """Obeys `taskbahn.admin.schedule.*`."""

    log = Logger("taskbahn.schedules")
    what = "schedule"
    procedures = "taskbahn.admin.schedule."

    def invalid(self, sentence: str) -> TaskbahnError:
        """Return the error of schedules."""
        return InvalidSchedule(sentence)

    def fields_of(self, plain: Any) -> dict[str, Any]:
        """Return all fields of a spec after the checks of their forms."""
        return fields_of(plain)

    def check(self, fields: dict[str, Any]) -> None:
        """Raise for what a firing would be refused for now."""
        check_fields(self._dispatcher.intake, fields, self._dispatcher.wall())

    def spec_of(self, row: ScheduleRow) -> dict[str, Any]:
        """Return what holds."""
        fields: dict[str, Any] = messages.plain(spec_of(row))
        return fields

    def complete(self, fields: dict[str, Any]) -> dict[str, Any]:
        """Return fields with the defaults of those that are left out."""
        return DEFAULTS | fields

    def changed(self, row: ScheduleRow | None, id: str, now: float, **words: Any) -> ScheduleChange:
        """Return the change of a schedule."""
        return changed_row(row, id, now, is_right="pause" not in words, **words)  # `check` has tried what is added or edited

    def run(self, call: PendingCall) -> None:
        """`taskbahn.admin.schedule.run`: start its job now, besides its due times; answered with the job's id."""
        id, now = self._id(call), self._dispatcher.wall()

        def known(row: ScheduleRow) -> None:
            self._start(call, [{**call_of(spec_of(row), now, row.last_success), "id": new_id(now)[0]}], id, is_one=True)

        self._read(call, id, known)

    def backfill(self, call: PendingCall) -> None:
        """`taskbahn.admin.schedule.backfill`: start the jobs of the due times of a past period; answered with their ids."""
        arguments = dict(zip(("id", "since", "until"), call.args, strict=False)) | call.kwargs
        id, since, until = self._id(call), arguments.get("since"), arguments.get("until")
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

    def _read(self, call: PendingCall, id: str, known: Callable[[ScheduleRow], None]) -> None:
        def decide(row: ScheduleRow | None) -> Decision:
            known(self._known(id, row))
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


DEFAULTS: dict[str, Any] = {
    "zone": "UTC", "start": None, "end": None, "times": None, "jitter": 0.0, "overlap": "skip", "catch_up": 60.0, "alarm_after": None,
    "note": "",
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
