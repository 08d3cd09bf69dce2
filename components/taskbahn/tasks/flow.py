"""`Flow`: work that is described and not started."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Generic, Literal, TypeVar, Unpack, cast, overload
from uuid import UUID

import msgspec

from taskbahn.attempt.blocking import check_may_block
from taskbahn.attempt.memory import id_for, is_after_failure
from taskbahn.attempt.waiting import Awaiting, Wait, wait_here
from taskbahn.client.applications import only_application
from taskbahn.errors import InvalidFlow, InvalidOption, TooLarge
from taskbahn.flows.data import NOTHING, Before, describe
from taskbahn.flows.nodes import CALLBACKS, POLICIES, Chain, Group, Many, Member, Part, Shape, shape
from taskbahn.flows.output import Output
from taskbahn.flows.results import result_type
from taskbahn.protocol import messages
from taskbahn.protocol.options import Where
from taskbahn.protocol.other_words import FLOW_WORDS, refuse
from taskbahn.tasks.encrypting import ENCRYPT, encrypted_flow, of_call
from taskbahn.tasks.options import CallOptions, as_dict, id_of, make_options
from taskbahn.tasks.task_handle import retrying

if TYPE_CHECKING:
    from collections.abc import Callable

    from taskbahn.client.client import HasClient
    from taskbahn.flows.nodes import Node, Policy, Reference
    from taskbahn.future import Future
    from taskbahn.jobs.job import Job

Takes_contra = TypeVar("Takes_contra", contravariant=True)
R_co = TypeVar("R_co", covariant=True)
N = TypeVar("N")
X = TypeVar("X")

SHARED = ("queue", "priority", "tags")  # options of a flow of one task that its root has too
OF_ATTEMPTS = frozenset(
    ("retries", "retry_delays", "retry_backoff", "retry_backoff_max", "retry_jitter", "crash_attempts", "run_within", "delivery")
)
UNSET: Any = object()
FRAME_BYTES = 1000  # of a submission, around the flow
ENCRYPTED = b'"encrypt":true'  # in a described flow, where a member is to be encrypted


class Flow(Generic[Takes_contra, R_co]):
    """Takes what comes before it, gives a result. `Flow[object, R]` takes nothing: it can be started, and can follow anything.

    It never changes, and may be used several times. A shape runs it once for each place that it has there; `output` and `after` only
    refer to it.
    """

    __slots__ = ("_app", "_part")

    def __init__(self, app: HasClient | None, part: Part) -> None:
        self._app = app
        self._part = part

    def __or__(self, then: Flow[R_co, N], /) -> Flow[Takes_contra, N]:
        if not isinstance(then, Flow):
            return NotImplemented
        return joined(Chain, (self, then))

    @property
    def output(self) -> R_co:
        """What stands for the result of this flow in the arguments of others, which wait for it.

        It is a whole argument, or an item of a list that is one. Raises InvalidFlow if `if_fails("skip")` leaves the result out.
        """
        if self._part.if_fails == "skip":
            raise InvalidFlow(
                "if_fails('skip') leaves the result out, so it has no output: write if_fails('none'), and None is given"
            )
        return cast("R_co", Output(self._part))

    def options(self, **options: Unpack[CallOptions]) -> Flow[Takes_contra, R_co]:
        """Return another flow, with these options; of a chain or group, those of the whole.

        after: jobs, flows and ids of jobs that it waits for. Raises InvalidOption, InvalidFlow.
        """
        given: dict[str, Any] = dict(options)
        after, id, encrypt = given.pop("after", None), given.pop("id", None), given.pop(ENCRYPT, None)
        callbacks = {word: parts_of(_listed(given.pop(word))) for word in CALLBACKS if given.get(word) is not None}
        node = self._part.node
        made = as_dict(make_options(given, Where.CALL))
        if not isinstance(node, Member):
            for name in sorted(OF_ATTEMPTS & made.keys() | ({ENCRYPT} if encrypt is not None else set())):
                raise InvalidOption(
                    f"option {name} is said by the tasks of a flow, as in task.s().options({name}=...)", option=name
                )
        elif of_call(self._home, node.task, encrypt, is_declared=ENCRYPT in node.options):
            made[ENCRYPT] = True
        return self._with(
            options={**node.options, **made},
            id=node.id if id is None else id_of(id),
            after=node.after if after is None else references_to(after),
            **callbacks,
        )

    @overload
    def if_fails(self, do: Literal["fail", "skip", "hold"], /) -> Flow[Takes_contra, R_co]: ...
    @overload
    def if_fails(self, do: Literal["none"], /) -> Flow[Takes_contra, R_co | None]: ...
    def if_fails(self, do: Policy, /) -> Flow[Takes_contra, Any]:
        """Return the same flow, with what becomes of those that need its result if it does not succeed.

        fail: they fail, and the whole fails (without if_fails, too); skip: a group leaves the result out; none: they get None;
        hold: they wait until a person has retried or skipped it.
        """
        if do not in POLICIES:
            raise InvalidFlow(f"if_fails({do!r}): it is one of {', '.join(POLICIES)}")
        return Flow(self._app, Part(self._part.node, do))

    def on_success(self, *flows: Flow[R_co, Any]) -> Flow[Takes_contra, R_co]:
        """Return another flow, after whose success these start; they get its result as their first argument, `si` gets nothing."""
        return self._with(on_success=(*self._part.node.on_success, *parts_of(flows)))

    def on_failure(self, *flows: Flow[str, Any]) -> Flow[Takes_contra, R_co]:
        """Return another flow, after whose failure these start; they get the id of its job."""
        return self._with(on_failure=(*self._part.node.on_failure, *parts_of(flows)))

    def on_end(self, *flows: Flow[str, Any]) -> Flow[Takes_contra, R_co]:
        """Return another flow, after whose end these start, however it ends; they get the id of its job."""
        return self._with(on_end=(*self._part.node.on_end, *parts_of(flows)))

    def _with(self, **changes: Any) -> Flow[Takes_contra, R_co]:
        return Flow(self._app, self._part._replace(node=msgspec.structs.replace(self._part.node, **changes)))

    @overload
    def start(self: Flow[object, X], /) -> Job[X]: ...
    @overload
    def start(self, before: Takes_contra, /) -> Job[R_co]: ...
    def start(self, before: Any = UNSET, /) -> Job[Any]:
        """Start the flow; it is accepted and durable when this returns. One job is the whole.

        before: the first argument of the first task, if that is missing.
        Raises InvalidFlow, InvalidArguments, TooLarge, UnknownTask, RouterUnavailable and other CallerErrors and ServiceErrors.
        """
        check_may_block("flow.start()", "await flow.start_async()")
        job, send = self.prepared(before)
        job.id = send(False).get()
        if again := retrying(self._home, [job.id]):
            again.get()
        self._home.client.started(job)
        return job

    @overload
    async def start_async(self: Flow[object, X], /) -> Job[X]: ...
    @overload
    async def start_async(self, before: Takes_contra, /) -> Job[R_co]: ...
    async def start_async(self, before: Any = UNSET, /) -> Job[Any]:
        """As `start`, for asyncio and Twisted."""
        job, send = self.prepared(before)
        job.id = await send(False)
        if again := retrying(self._home, [job.id]):
            await again
        self._home.client.started(job)
        return job

    def _start_in_group_of(self: Flow[object, X], job: str) -> Job[X]:
        """Start the flow as a member of the group of which a job is one.  Raises InvalidFlow."""
        check_may_block("current.add_to_group()", "await current.add_to_group_async(...)")
        started, send = self.prepared(group_of=job)
        started.id = send(False).get()
        return started

    async def _start_in_group_of_async(self: Flow[object, X], job: str) -> Job[X]:
        started, send = self.prepared(group_of=job)
        started.id = await send(False)
        return started

    @overload
    def call(self: Flow[object, X], /) -> X: ...
    @overload
    def call(self, before: Takes_contra, /) -> R_co: ...
    def call(self, before: Any = UNSET, /) -> Any:
        """Start the flow and return its result; raises what `start` and `Job.result` raise."""
        check_may_block("flow.call()", "await flow.call_async()")
        if is_after_failure():
            return self.start(before).result()
        job, send = self.prepared(before)
        accepted = send(True)
        wait_here(accepted, Wait((job.id,)))  # the answer may bring the outcome, and come as late as that
        job.id = accepted.now()
        return job.result()

    @overload
    async def call_async(self: Flow[object, X], /) -> X: ...
    @overload
    async def call_async(self, before: Takes_contra, /) -> R_co: ...
    async def call_async(self, before: Any = UNSET, /) -> Any:
        """As `call`, for asyncio and Twisted."""
        if is_after_failure():
            return await (await self.start_async(before))
        job, send = self.prepared(before)
        job.id = await Awaiting(send(True), Wait((job.id,)))
        return await job

    def data(self) -> dict[str, Any]:
        """Return the flow as plain data, which any WAMP client can submit; raises InvalidFlow, InvalidArguments, TooLarge, TooDeep."""
        data = describe(self._part)
        return data if self._app is None else encrypted_flow(self._app, data, is_fixed=True)

    @property
    def _home(self) -> HasClient:
        app = self._app or only_application()
        if app is None:
            raise InvalidFlow("a flow without a task can be started where there is one Taskbahn() alone; put a task into it")
        return app

    def prepared(self, before: Any = UNSET, group_of: str | None = None) -> tuple[Job[Any], Callable[[bool], Future[Any]]]:
        """Return a job that has its id and is not started, and what sends it: with True the caller waits for its outcome."""
        from taskbahn.jobs.job import Job  # late: the processes of a worker need neither Twisted nor a client

        app, node = self._home, self._part.node
        data = describe(self._part, NOTHING if before is UNSET else Before(comes=True, value=(before,)))
        options = _options_of_member(node) if isinstance(node, Member) else data.pop("options", {})
        text = msgspec.json.encode(data)
        size = len(text) + FRAME_BYTES
        name = "taskbahn.group" if isinstance(node, Group | Many) else "taskbahn.chain"
        if isinstance(node, Member) and "with" not in data:  # the job is the whole
            name = node.task
        job: Job[Any] = Job(app, node.id or id_for(f"\0{text.decode()}"), name, result_type(node))
        if ENCRYPTED in text:
            data = encrypted_flow(app, data)
            size = len(msgspec.json.encode(data)) + FRAME_BYTES
        check_size(size)
        content = {"flow": data, "id": job.id, "options": options} | ({} if group_of is None else {"group_of": group_of})

        def send(follow: bool) -> Future[Any]:  # noqa: FBT001 - its only argument
            sinks = (job.followed(),) if follow else ()
            return app.client.submit(content, max(1, node.size), size, *sinks)

        return job, send

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any:
            refuse(self, name, FLOW_WORDS)

        def __call__(self, *_: Any) -> Any:
            raise TypeError("a flow is not called: write flow.start(), or flow.call() for its result")

    def __repr__(self) -> str:
        return f"<Flow of {_shown(self._part.node)}>"


def check_size(size: int) -> None:
    """Raise TooLarge for a flow that fits into no message."""
    if size > messages.MAX_MESSAGE:
        raise TooLarge("a flow in bytes", size, messages.MAX_MESSAGE, "start it in parts, or pass references")


def joined(kind: type[Chain | Group], flows: Iterable[Flow[Any, Any]]) -> Flow[Any, Any]:
    """Make a chain or a group; raises InvalidFlow for what is no flow."""
    given = list(flows)
    parts = parts_of(given)
    app = next((flow._app for flow in given if flow._app is not None), None)  # noqa: SLF001 - of this module
    return Flow(app, Part(shape(kind, parts)))


def parts_of(flows: Iterable[Any]) -> tuple[Part, ...]:
    """Return what is in flows; raises InvalidFlow for what is none."""
    parts = []
    for flow in flows:
        if not isinstance(flow, Flow):
            raise InvalidFlow(f"{flow!r:.200} is no flow: write task.s(...) or task.si(...)")
        parts.append(flow._part)  # noqa: SLF001 - of this module
    return tuple(parts)


def _listed(flows: Any) -> Iterable[Any]:
    return flows if isinstance(flows, Iterable) and not isinstance(flows, str) else (flows,)


def references_to(after: Any) -> tuple[Reference, ...]:
    """Return what `after=` names; raises InvalidFlow."""
    if isinstance(after, str) or not isinstance(after, Iterable):
        raise InvalidFlow(f"after={after!r:.200}: it is a list of jobs, flows and ids of jobs")
    return tuple(map(_reference_to, after))


def _reference_to(given: Any) -> Reference:
    from taskbahn.jobs.job import Job  # late, as above

    if isinstance(given, Flow):
        return given._part  # noqa: SLF001 - of this module
    text = given.id if isinstance(given, Job) else given
    try:
        return str(text if isinstance(text, UUID) else UUID(text))
    except (ValueError, AttributeError, TypeError, InvalidFlow):  # the last: an output, which is used as no value
        raise InvalidFlow(f"after: {given!r:.200} is no job, no flow and no id of a job") from None


def _options_of_member(node: Member) -> dict[str, Any]:
    return {name: node.options[name] for name in SHARED if name in node.options}


def _shown(node: Node) -> str:
    if isinstance(node, Shape):
        return f"a {type(node).__name__.lower()} of {node.size:,} members"
    return f"{node.size:,} {node.task}" if isinstance(node, Many) else f"{node.task}" if isinstance(node, Member) else ""
