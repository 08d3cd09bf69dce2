"""What can be started: a task, a task known only by its name, or either of them with options."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any, Concatenate, Generic, ParamSpec, Protocol, TypeVar, Unpack, overload

from taskbahn.attempt.blocking import check_may_block
from taskbahn.attempt.memory import begin_again, id_for, ids_for, is_after_failure
from taskbahn.attempt.waiting import Awaiting, Wait, wait_here
from taskbahn.errors import CallerError, InvalidArguments, InvalidFlow, InvalidOption
from taskbahn.flows.arguments import has_outputs
from taskbahn.flows.nodes import CALLBACKS
from taskbahn.protocol import messages
from taskbahn.protocol.error_words import say_also
from taskbahn.protocol.message_pages import text_bytes
from taskbahn.protocol.options import Where
from taskbahn.protocol.other_words import TASK_WORDS, refuse
from taskbahn.signatures.signature import pack_plain
from taskbahn.tasks.encrypting import ENCRYPT, encrypted_calls, key_name, of_call
from taskbahn.tasks.many_calls import BULK_JOBS, accept, arguments_of, bulks, complete
from taskbahn.tasks.options import CallOptions, as_dict, id_of, make_options

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from uuid import UUID

    from taskbahn.client.client import HasClient
    from taskbahn.flows.nodes import Part, Reference
    from taskbahn.future import Future
    from taskbahn.jobs.batch import Batch
    from taskbahn.jobs.job import Job
    from taskbahn.signatures.signature import TaskSignature
    from taskbahn.tasks.flow import Flow

P = ParamSpec("P")
Q = ParamSpec("Q")
R = TypeVar("R")
A = TypeVar("A")
B = TypeVar("B")
D = TypeVar("D")
E = TypeVar("E")
X = TypeVar("X")
F_co = TypeVar("F_co", covariant=True)

INTERNAL = {
    "app",
    "declaration",
    "declared_limits",
    "defaults",
    "encrypts",
    "key_name",
    "has_limits",
    "source",
}  # what worker and flows use
WINDOW_JOBS = 100_000  # jobs that `start_many` checks before it sends the first of them


class Typed(Protocol[F_co]):
    """For type checkers alone: something with the parameters of a function, of which `Concatenate` can take the first."""

    @property
    def _types(self) -> F_co: ...


class TaskHandle(Generic[P, R]):
    """Starts jobs of the task `name`, wherever its workers are."""

    if TYPE_CHECKING:

        @property
        def _types(self) -> Callable[P, R]: ...

    def __init__(self, app: HasClient, name: str) -> None:
        self.app = app
        self.name = name
        self._call_options: dict[str, Any] = {}
        self._after: tuple[Reference, ...] = ()
        self._callbacks: Mapping[str, tuple[Part, ...]] = {}
        self._id: str | None = None
        self.encrypts = False  # the arguments of its calls, and all that becomes of them

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any:
            refuse(self, name, TASK_WORDS)

    @property
    def signature(self) -> TaskSignature | None:
        """What the task takes and gives; None if that is known at the other end only."""
        return None

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name}>"

    def __dir__(self) -> Iterable[str]:
        return [name for name in super().__dir__() if name not in INTERNAL]

    def options(self, **options: Unpack[CallOptions]) -> TaskHandle[P, R]:
        """Return the same task with these options for what it starts; raises InvalidOption, InvalidFlow."""
        given: dict[str, Any] = dict(options)
        after, id, encrypt = given.pop("after", None), given.pop("id", None), given.pop(ENCRYPT, None)
        callbacks = {word: given.pop(word) for word in CALLBACKS if given.get(word) is not None}
        made = Prepared(self, {**self._call_options, **as_dict(make_options(given, Where.CALL))})
        made._after = self._after if after is None else _references_to(after)  # noqa: SLF001 - of this module
        made.encrypts = self.encrypts if encrypt is None else of_call(self.app, self.name, encrypt, is_declared=self.encrypts)
        made._id = self._id if id is None else id_of(id)  # noqa: SLF001
        made._callbacks = {**self._callbacks, **_callbacks_of(callbacks)} if callbacks else self._callbacks  # noqa: SLF001
        return made

    def start(self, *args: P.args, **kwargs: P.kwargs) -> Job[R]:
        """Start a job; it is accepted and durable when this returns.

        Raises InvalidArguments, TooLarge, UnknownTask, RouterUnavailable and other CallerErrors and ServiceErrors.
        """
        check_may_block(f"{self.name}.start()", "await task.start_async(...)")
        job, accepted = self._start(args, kwargs)
        job.id = accepted.get()
        if again := retrying(self.app, [job.id]):
            again.get()
        self.app.client.started(job)
        return job

    async def start_async(self, *args: P.args, **kwargs: P.kwargs) -> Job[R]:
        """As `start`, for asyncio and Twisted."""
        job, accepted = self._start(args, kwargs)
        job.id = await accepted
        if again := retrying(self.app, [job.id]):
            await again
        self.app.client.started(job)
        return job

    def call(self, *args: P.args, **kwargs: P.kwargs) -> R:
        """Start a job and return its result; raises what `start` and `Job.result` raise."""
        check_may_block(f"{self.name}.call()", "await task.call_async(...)")
        if is_after_failure():
            return self.start(*args, **kwargs).result()
        job, accepted = self._start(args, kwargs, follow=True)
        wait_here(accepted, Wait((job.id,)))  # the answer may bring the outcome, and come as late as that
        job.id = accepted.now()
        return job.result()

    async def call_async(self, *args: P.args, **kwargs: P.kwargs) -> R:
        """As `call`, for asyncio and Twisted."""
        if is_after_failure():
            return await (await self.start_async(*args, **kwargs))
        job, accepted = self._start(args, kwargs, follow=True)
        job.id = await Awaiting(accepted, Wait((job.id,)))
        return await job

    @overload
    def start_many(self: Typed[Callable[Concatenate[A, ...], X]], calls: Iterable[A]) -> Batch[X]: ...
    @overload
    def start_many(self: Typed[Callable[Concatenate[A, ...], X]], calls: Iterable[tuple[A]]) -> Batch[X]: ...
    @overload
    def start_many(self: Typed[Callable[Concatenate[A, B, ...], X]], calls: Iterable[tuple[A, B]]) -> Batch[X]: ...
    @overload
    def start_many(self: Typed[Callable[Concatenate[A, B, D, ...], X]], calls: Iterable[tuple[A, B, D]]) -> Batch[X]: ...
    @overload
    def start_many(self, calls: Iterable[tuple[Sequence[Any], dict[str, Any]]]) -> Batch[R]: ...
    @overload
    def start_many(self, calls: Iterable[tuple[()]]) -> Batch[R]: ...
    @overload
    def start_many(
        self: Typed[Callable[Concatenate[A, B, D, E, ...], X]], calls: Iterable[tuple[A, B, D, E, *tuple[Any, ...]]]
    ) -> Batch[X]: ...
    def start_many(self, calls: Iterable[Any]) -> Batch[Any]:
        """Start a job for each item; all are accepted when this returns.

        calls: each item is `(args, kwargs)` with a list or tuple and a dict, or a tuple of the arguments, or the only argument.
        All are checked before the first is sent (of more than 100,000, that many at a time). If some are refused, raises the first
        error, with the number of those that are accepted in `detail["accepted"]` and the batch of them in its `batch`.
        """
        check_may_block(f"{self.name}.start_many()", "await task.start_many_async(...)")
        batch = self._batch()
        sent: list[tuple[list[str], Future[Any]]] = []
        for ids, texts in self._windows(calls):
            for start, end in bulks(texts):
                sent.append((ids[start:end], self._send(ids[start:end], texts[start:end])))
            while len(sent) > WINDOW_JOBS // BULK_JOBS:
                accept(batch, sent.pop(0))
        for one in sent:
            accept(batch, one)
        if again := retrying(self.app, batch.ids):
            again.get()
        return complete(batch)

    @overload
    async def start_many_async(self: Typed[Callable[Concatenate[A, ...], X]], calls: Iterable[A]) -> Batch[X]: ...
    @overload
    async def start_many_async(self: Typed[Callable[Concatenate[A, ...], X]], calls: Iterable[tuple[A]]) -> Batch[X]: ...
    @overload
    async def start_many_async(self: Typed[Callable[Concatenate[A, B, ...], X]], calls: Iterable[tuple[A, B]]) -> Batch[X]: ...
    @overload
    async def start_many_async(
        self: Typed[Callable[Concatenate[A, B, D, ...], X]], calls: Iterable[tuple[A, B, D]]
    ) -> Batch[X]: ...
    @overload
    async def start_many_async(self, calls: Iterable[tuple[Sequence[Any], dict[str, Any]]]) -> Batch[R]: ...
    @overload
    async def start_many_async(self, calls: Iterable[tuple[()]]) -> Batch[R]: ...
    @overload
    async def start_many_async(
        self: Typed[Callable[Concatenate[A, B, D, E, ...], X]], calls: Iterable[tuple[A, B, D, E, *tuple[Any, ...]]]
    ) -> Batch[X]: ...
    async def start_many_async(self, calls: Iterable[Any]) -> Batch[Any]:
        """As `start_many`, for asyncio and Twisted."""
        batch = self._batch()
        for ids, texts in self._windows(calls):
            sent = [(ids[start:end], self._send(ids[start:end], texts[start:end])) for start, end in bulks(texts)]
            for one in sent:
                await one[1]
                accept(batch, one)
        if again := retrying(self.app, batch.ids):
            await again
        return complete(batch)

    def job(self, id: str | UUID) -> Job[R]:
        """Return the job of this id, which is one of this task: if it is not, what waits for it or reads it raises WrongTask."""
        from taskbahn.jobs.found_job import FoundJob, id_in

        return FoundJob(self.app, id_in(id), {self.name: self}, self.name)

    @overload
    def s(self, *args: P.args, **kwargs: P.kwargs) -> Flow[object, R]: ...
    @overload
    def s(self: Typed[Callable[Concatenate[A, Q], X]], *args: Q.args, **kwargs: Q.kwargs) -> Flow[A, X]: ...
    def s(self, *args: Any, **kwargs: Any) -> Flow[Any, Any]:
        """Describe a call, for a flow: what comes before it is its first argument.

        Raises InvalidArguments, InvalidFlow, TooLarge, TooDeep.
        """
        from taskbahn.tasks.members import following

        return following(self, self._said(), args, kwargs)

    def si(self, *args: P.args, **kwargs: P.kwargs) -> Flow[object, R]:
        """As `s`, of a call that takes nothing of what comes before it."""
        return self._immutable(args, kwargs)

    def map(self: Typed[Callable[Concatenate[A, ...], X]], items: Iterable[A], /) -> Flow[object, list[X]]:
        """Describe a group with a job for each item, its only argument.  Raises as `s`."""
        return _map(self, ((item,) for item in items))

    def starmap(self: Typed[Callable[Concatenate[A, B, ...], X]], items: Iterable[tuple[A, B]], /) -> Flow[object, list[X]]:
        """Describe a group with a job for each tuple of arguments.  Raises as `s`."""
        return _map(self, map(tuple, items))

    @overload
    def chunks(
        self: Typed[Callable[Concatenate[A, B, ...], X]], items: Iterable[tuple[A, B]], size: int, /
    ) -> Flow[object, list[list[X]]]: ...
    @overload
    def chunks(
        self: Typed[Callable[Concatenate[A, ...], X]], items: Iterable[A], size: int, /
    ) -> Flow[object, list[list[X]]]: ...
    def chunks(self, items: Iterable[Any], size: int, /) -> Flow[Any, Any]:
        """Describe a group with a job for each *size* items, which does them one after the other; its result is the list of all results.

        items: as `start_many` takes them: a tuple has the arguments of a call, anything else is the only one.
        A job fails with the first of its items that fails, and does all of them again when it is retried.  Raises as `s`.
        """
        from taskbahn.tasks.members import chunked

        return chunked(self, self._said(), map(arguments_of, items), size)

    def _said(self) -> dict[str, Any]:
        options = {**self._call_options, ENCRYPT: True} if self.encrypts else self._call_options
        return {"options": options, "id": self._id, "after": self._after, **self._callbacks}

    def _immutable(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Flow[object, R]:
        from taskbahn.tasks.members import immutable

        return immutable(self, self._said(), args, kwargs)

    def _start(self, args: tuple[Any, ...], kwargs: dict[str, Any], *, follow: bool = False) -> tuple[Job[R], Future[Any]]:
        job, send = self._prepare(args, kwargs)
        return job, send(follow)

    def _prepare(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[Job[R], Callable[[bool], Future[Any]]]:
        """Return a job that has its id and is not started, and what sends it: with True the caller waits for its outcome.

        What sends it gives the id of the accepted job, which is another one if that job was there already.
        """
        if self._after or self._callbacks:
            return self._immutable(args, kwargs).prepared()
        signature = self.signature
        try:
            packed = signature.pack(args, kwargs) if signature else pack_plain(self.name, args, kwargs)
        except (InvalidArguments, InvalidFlow):
            if not has_outputs(args, kwargs):
                raise
            return self._immutable(args, kwargs).prepared()
        from taskbahn.jobs.job import Job  # late: the processes of a worker need neither Twisted nor a client

        job: Job[R] = Job(self.app, self._id or id_for(f"{self.name}\0{packed}"), self.name, signature)
        if self.encrypts:
            (packed,) = encrypted_calls(self.app, self.name, [job.id], [packed])
            job.encrypted_by = key_name(self)
        content: dict[str, Any] = {"task": self.name, "id": job.id, "packed": packed, "options": self._call_options}
        if signature:
            content["checked"] = signature.wire.digest

        def send(follow: bool) -> Future[Any]:  # noqa: FBT001 - its only argument
            sinks = (job.followed(),) if follow else ()
            return self.app.client.submit(content, 1, text_bytes(packed), *sinks)

        return job, send

    def _batch(self) -> Batch[R]:
        from taskbahn.jobs.batch import Batch

        for name in ("id", "key"):
            if (name == "id" and self._id is not None) or name in self._call_options:
                raise InvalidOption(f"option {name} names one job, and start_many starts many: call start for each", option=name)
        return Batch(self.app, self.name, self.signature, key_name(self))

    def _windows(self, calls: Iterable[Any]) -> Iterator[tuple[list[str], list[str]]]:
        """Pack the arguments, some ten thousand jobs at a time; give their ids with them."""
        if self._after or self._callbacks:
            raise InvalidFlow(
                f"{self.name}.start_many() starts jobs by themselves, without `after` and callbacks of their own: "
                "start task.map(...).options(...)"
            )
        source = iter(calls)
        signature = self.signature
        number = 0
        while items := list(islice(source, WINDOW_JOBS)):
            texts: list[str] = []
            for item in items:
                args, kwargs = arguments_of(item)
                try:
                    texts.append(signature.pack(args, kwargs) if signature else pack_plain(self.name, args, kwargs))
                except CallerError as error:
                    say_also(
                        error, f"in call number {number + len(texts)} (from 0); no job of it and of those after it was started"
                    )
                    raise
            number += len(texts)
            ids = ids_for(self.name, texts)
            yield ids, encrypted_calls(self.app, self.name, ids, texts) if self.encrypts else texts

    def _send(self, ids: list[str], texts: list[str]) -> Future[Any]:
        content: dict[str, Any] = {"task": self.name, "calls": list(zip(ids, texts, strict=True)), "options": self._call_options}
        if self.signature:
            content["checked"] = self.signature.wire.digest
        return self.app.client.submit(content, len(ids), sum(map(text_bytes, texts)))


def retrying(app: HasClient, ids: list[str]) -> Future[Any] | None:
    """Retry those children that failed with an attempt before this one; return what is done then, None: there are none."""
    again = begin_again(ids)
    asked = [
        app.client.ask(messages.JOB_RETRY, again[start : start + messages.MAX_WAIT])
        for start in range(0, len(again), messages.MAX_WAIT)
    ]
    return asked[-1] if asked else None


class Prepared(TaskHandle[P, R]):
    """A task with options for what it starts."""

    SHOWN_AS = "Task"

    def __init__(self, base: TaskHandle[P, R], options: dict[str, Any]) -> None:
        super().__init__(base.app, base.name)
        self._base = base
        self._call_options = options

    @property
    def signature(self) -> TaskSignature | None:
        """What the task takes and gives."""
        return self._base.signature

    def __repr__(self) -> str:
        said = {**self._call_options, **({} if self._id is None else {"id": self._id})}
        words = [f"{name}={value!r}" for name, value in said.items()]
        words += [f"after {len(self._after)}"] if self._after else []
        words += sorted(self._callbacks)
        return f"<Task {self.name} with {', '.join(words) or 'no options'}>"


def _references_to(after: Any) -> tuple[Reference, ...]:
    from taskbahn.tasks.flow import references_to

    return references_to(after)


def _callbacks_of(given: Mapping[str, Any]) -> dict[str, tuple[Part, ...]]:
    from taskbahn.tasks.callbacks import callbacks_of

    return {word: callbacks_of(word, flows) for word, flows in given.items()}


def _map(handle: Any, calls: Iterable[tuple[Any, ...]]) -> Flow[Any, Any]:
    from taskbahn.tasks.members import mapped

    return mapped(handle, handle._said(), calls)  # noqa: SLF001 - of this module
