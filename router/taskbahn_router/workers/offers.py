"""Workers without an SDK: a session that registers `taskbahn.offer.<task>` offers that task; the dispatcher calls it.

Under `taskbahn.offer_job.<task>` it gets its job before the arguments. WAMP lets one session register a URI; several
workers of one task register `taskbahn.offer_as.<name>.<task>` or `taskbahn.offer_job_as.<name>.<task>`, each with its own name.
Each registration is one worker with one slot; its progressive results are progress, its result or error the outcome.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from twisted.internet.defer import Deferred
from twisted.logger import Logger

from taskbahn.errors import InvalidRequest, TaskbahnError, TooDeep
from taskbahn.protocol import messages
from taskbahn.protocol.calls import CHUNK, calls_in
from taskbahn.protocol.progress import Progress
from taskbahn.protocol.secrets import opened, sealed
from taskbahn.signatures.exact_values import is_finite
from taskbahn_router.model.roles import rules_of
from taskbahn_router.submission.own_jobs import check_offers
from taskbahn_router.submission.reports import check_report
from taskbahn_router.submission.submission import check_depth, unpack
from taskbahn_router.workers.offer_uris import Offer, offer_of, problem_of

if TYPE_CHECKING:
    from taskbahn_router.dispatcher.dispatcher import Dispatcher
    from taskbahn_router.model.ports import RouterPort
    from taskbahn_router.model.state import AttachedWorker
    from taskbahn_router.workers.registry import WorkerRegistry


TELL_SECONDS = 0.05  # seconds between two reports of progress; the newest of each attempt counts

GONE_SECONDS = 0.25  # seconds: a session that leaves ends its calls a moment before its registrations


class OfferFailed(Exception):
    """An offered procedure answered with an error; `lost` when its session went away instead."""

    def __init__(self, uri: str, text: str, *, lost: bool) -> None:
        super().__init__(text)
        self.uri = uri
        self.lost = lost


class OfferChannel:
    """The way to an offered procedure: orders become calls, their ends become reports."""

    def __init__(self, dispatcher: Dispatcher, outside: RouterPort, offer: Offer) -> None:
        self._dispatcher = dispatcher
        self._outside = outside
        self._offer = offer
        self._calls: dict[str, Deferred[Any]] = {}
        self._stopped: dict[str, str] = {}  # job -> why the dispatcher stopped it
        self._newest: dict[str, messages.Notice] = {}  # job -> its newest progress that is not reported yet
        self._timer: Any = None
        self.worker: AttachedWorker | None = None

    def order(self, order: dict[str, Any]) -> None:
        """Carry out a `messages.WorkerOrder`."""
        for id, attempt, _, packed, run_within, *_ in order.get("run", ()):
            self._run(id, attempt, packed, run_within)
        for id, _, _ in order.get("cancel", ()):
            self._stop(id, "cancelled")

    def dismiss(self, error: TaskbahnError) -> None:
        """Do nothing: the registration belongs to the session."""

    def _run(self, id: str, attempt: int, packed: str, run_within: float | None) -> None:
        began = self._dispatcher.wall()
        is_chunk = packed.startswith(CHUNK)
        call = Deferred.fromCoroutine(self._chunk(id, attempt, packed)) if is_chunk else self._call(id, attempt, packed)
        self._calls[id] = call
        if run_within is not None:
            timer = self._dispatcher.clock.callLater(run_within, self._stop, id, "time_limit")
            call.addBoth(_and_cancel, timer)
        call.addCallbacks(
            lambda value: self._done(id, attempt, value, began), lambda failure: self._failed(id, attempt, failure, began)
        )

    def _call(self, id: str, attempt: int, packed: str) -> Deferred[Any]:
        args, kwargs = unpack(packed)
        args, kwargs = opened(args), opened(kwargs)  # it gets plain values, as it has no SDK
        if self._offer.knows_job:
            args = [messages.plain(messages.Offered(job=id, attempt=attempt)), *args]
        return self._outside.call_offer(
            self._offer.uri, args, kwargs, lambda *values, **named: self._progress(id, attempt, values, named)
        )

    async def _chunk(self, id: str, attempt: int, packed: str) -> list[Any]:
        """Call the procedure several times, one after the other."""
        return [await self._call(id, attempt, one) for one in calls_in(packed)]

    def _stop(self, id: str, why: str) -> None:
        call = self._calls.get(id)
        if call is not None:
            self._stopped[id] = why
            call.cancel()

    def _progress(self, id: str, attempt: int, values: tuple[Any, ...], named: dict[str, Any]) -> None:
        value: Any = values[0] if len(values) == 1 and not named else {"args": list(values), "kwargs": named}
        progress: dict[str, Any] = {"data": value}
        if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 1:
            progress = {"fraction": float(value)}
        elif isinstance(value, Mapping) and set(value) <= set(Progress.__struct_fields__):
            progress = dict(value)
        self._newest[id] = messages.Notice(id, attempt, "progress", self._dispatcher.wall(), progress)
        if self._timer is None:
            self._tell()

    def _tell(self) -> None:
        """Report progress, unless the store refuses: reports would gather without a bound."""
        self._timer = None
        if not self._newest:
            return
        if self._dispatcher.loop.error is None:
            newest, self._newest = self._newest, {}
            for notice in newest.values():
                self._report(messages.Report(notices=[notice]))
        self._timer = self._dispatcher.clock.callLater(TELL_SECONDS, self._tell)

    def _done(self, id: str, attempt: int, value: Any, began: float) -> None:
        self._over(id)
        try:
            result = pack_result(value)
        except (TypeError, ValueError, RecursionError, TooDeep) as error:
            failed = {"type": "ResultNotSerialisable", "message": str(error)}
            self._report(
                messages.Report(failed=[messages.Failed(id=id, attempt=attempt, kind="error", error=failed, retry=False)])
            )
            return
        self._report(messages.Report(done=[messages.Done(id, attempt, result, began, self._dispatcher.wall())]))

    def _failed(self, id: str, attempt: int, failure: Any, began: float) -> None:
        self._over(id)
        error = failure.value
        why = self._stopped.pop(id, None)
        kind, info = "error", {"type": type(error).__name__, "message": str(error)}
        if isinstance(error, OfferFailed):
            info["type"] = error.uri
            kind = "crash" if error.lost else "error"
        if why == "time_limit":
            info = {"type": "TimeLimitExceeded", "message": "it ran longer than its run_within"}
        kind = why or kind
        now = self._dispatcher.wall()
        failed = messages.Failed(id=id, attempt=attempt, kind=kind, error=info, started_at=began, ended_at=now)  # type: ignore[arg-type]
        report = messages.Report(failed=[failed])
        if kind == "crash":  # with a free slot the next attempt would go to a session that is just leaving
            self._dispatcher.clock.callLater(GONE_SECONDS, self._report, report)
        else:
            self._report(report)

    def _over(self, id: str) -> None:
        self._calls.pop(id, None)
        notice = self._newest.pop(id, None)
        if notice is not None:
            self._report(messages.Report(notices=[notice]))

    def _report(self, report: messages.Report) -> None:
        if self.worker is None:
            return
        try:
            check_report(report)
        except (InvalidRequest, TooDeep) as error:  # the store cannot keep the result, but that the attempt ended
            report.notices.clear()
            for failed in report.failed:
                failed.error = {"type": type(error).__name__, "message": str(error)}
        self._dispatcher.report(None, self.worker, report)


class Offers:
    """Makes a worker of each registration that is an offer (see `offer_uris`)."""

    log = Logger("taskbahn.offers")

    def __init__(self, dispatcher: Dispatcher, registry: WorkerRegistry, outside: RouterPort) -> None:
        self._dispatcher = dispatcher
        self._registry = registry
        self._outside = outside
        self._workers: dict[int, AttachedWorker] = {}

    def created(self, registration: dict[str, Any], role: str | None = None, owner: str | None = None) -> None:
        """A procedure was registered; take it on if it is an offer.

        role, owner: role and name of the session that did so; the role must have the task.
        """
        uri, number = str(registration.get("uri", "")), registration["id"]
        problem = problem_of(uri, registration.get("match", "exact"))
        if problem:
            self.log.warn("{uri} is not taken as an offer: {problem}", uri=uri, problem=problem)
            return
        offer = offer_of(uri)
        if offer is None:
            return
        orders = OfferChannel(self._dispatcher, self._outside, offer)
        known = self._dispatcher.state.tasks.get(offer.task)
        declaration = known.declaration if known else messages.TaskDeclaration(name=offer.task, pool="offer")
        id = self._worker_id(offer, number, owner)
        hello = messages.Hello(protocol=messages.PROTOCOL, worker=id, slots=1, tasks=[declaration])
        queue = declaration.options.get("queue")
        if queue:
            hello.queues = [queue]
        try:
            check_offers(rules_of(role), [offer.task], hello.queues)
            worker = self._registry.add(hello, orders, owner)
        except TaskbahnError as error:
            self.log.warn("{uri} is not taken as an offer: {error}", uri=uri, error=error)
            return
        orders.worker = worker
        self._workers[number] = worker
        self._dispatcher.room_changed()

    def deleted(self, registration: int) -> None:
        """A registration is gone; its attempts are lost at once, for no session can come back under it."""
        worker = self._workers.pop(registration, None)
        if worker is not None:
            self._registry.lose(worker, at_once=True)

    def _worker_id(self, offer: Offer, number: int, owner: str | None) -> str:
        """Return the id of an offer's worker; it is that of an earlier worker only if that one has left."""
        if not offer.name:
            return f"offer-{number}"
        id = f"offer-{offer.name}.{offer.task}"
        attached = self._dispatcher.state.workers.get(id)
        is_free = attached is None or (attached.orders is None and attached.owner == owner)
        return id if is_free else f"{id}-{number}"


def _and_cancel(result: Any, timer: Any) -> Any:
    if timer.active():
        timer.cancel()
    return result


def pack_result(value: Any) -> str:
    """Return a result as JSON text; raises TypeError, ValueError or TooDeep for what is not data or too large."""
    result = sealed(messages.JSON_ENCODE(value)).decode()
    if "null" in result and not is_finite(value):
        raise ValueError("the result has a number that is not finite (NaN or an infinity), which JSON has no word for")
    if len(result) > messages.MAX_RESULT:
        raise ValueError(f"the result has {len(result):,} bytes, more than the {messages.MAX_RESULT:,} allowed")
    check_depth("the result", result)
    return result
