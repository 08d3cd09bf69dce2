"""`Taskbahn`: the tasks of an application, and its way to the router."""

from __future__ import annotations

import atexit
import os
import threading
from typing import TYPE_CHECKING, Any, Never, ParamSpec, Self, TypeVar, Unpack, overload
from weakref import WeakSet

from taskbahn.client.applications import note_application
from taskbahn.encryption.keyring import keyring_of
from taskbahn.errors import InvalidName, InvalidOption
from taskbahn.fork_imports import forget_half_imports, wait_for_imports
from taskbahn.jobs.browser_tokens import MakesTokens
from taskbahn.protocol.other_words import APP_WORDS, INIT_WORDS, refuse, refuse_words
from taskbahn.transport.access import access_of, check_use
from taskbahn.transport.address import DEFAULT_URL, check_address, shown_address
from taskbahn.transport.credentials import split_address
from taskbahn.transport.login import login_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Coroutine, Generator, Iterable, Iterator, Mapping, Sequence
    from pathlib import Path
    from uuid import UUID

    from taskbahn.client.client import Client
    from taskbahn.encryption.keyring import KeyRing
    from taskbahn.jobs.admin import Admin
    from taskbahn.jobs.job import Job
    from taskbahn.jobs.queries import Views
    from taskbahn.protocol.hooks import Scheme
    from taskbahn.protocol.schedule_fields import DeclaredSchedule
    from taskbahn.protocol.trigger_fields import DeclaredTrigger
    from taskbahn.schedules.when import When
    from taskbahn.tasks.built_in import Mail, Webhook
    from taskbahn.tasks.declaring_schedules import ScheduleOptions
    from taskbahn.tasks.declaring_triggers import HookOptions, TopicOptions
    from taskbahn.tasks.kept_schedules import KeptSchedules
    from taskbahn.tasks.kept_triggers import KeptTriggers
    from taskbahn.tasks.options import TaskOptions
    from taskbahn.tasks.task import AsyncTask, StreamTask, Task, TaskDecorator
    from taskbahn.tasks.task_handle import TaskHandle

P = ParamSpec("P")
R = TypeVar("R")
C = TypeVar("C")
S = TypeVar("S")
TaskT = TypeVar("TaskT", bound="TaskHandle[..., Any]")

INTERNAL = {
    "access",
    "add",
    "client",
    "declared_schedules",
    "declared_triggers",
    "keys",
    "substitute",
}  # what decorators, jobs and workers use


class Taskbahn(MakesTokens):
    """An application: `tasks` by name.

    url: the router's, as wss://TOKEN@host/ws with a login in it; by default TASKBAHN_URL, or ws://127.0.0.1:8080/ws.
    timeout: seconds that a call waits for a router that does not answer, before it raises RouterUnavailable.
    connect_within: seconds that it waits where no router has answered yet.   ca: a file with the certificates that a wss: address
    is checked by, TASKBAHN_CA or those of the system.
    headers: of the request that opens the WebSocket, for a proxy in front of the node; else the lines of TASKBAHN_HEADERS.
    token: of a node with login, or a function that returns one, which each connection calls; else TASKBAHN_TOKEN, or TASKBAHN_USER
    and TASKBAHN_PASSWORD.   key_file: a key in place of a token; else that of TASKBAHN_KEY_FILE. Without all of them the login that
    TASKBAHN_CREDENTIALS, a file like .netrc, has for the address; else that of ~/.config/taskbahn/credentials.
    client_cert, client_key: files of a certificate that the client shows of itself, and of its key if that is not in the same one;
    else those of TASKBAHN_CLIENT_CERT and TASKBAHN_CLIENT_KEY.
    keys: of tasks with encrypt=True; else those of TASKBAHN_KEYS or TASKBAHN_KEYS_FILE.
    Raises InvalidOption for a url that is no address, and for what cannot be.
    """

    def __init__(
        self,
        url: str | None = None,
        *,
        timeout: float = 30.0,
        connect_within: float = 1.0,
        ca: str | Path | None = None,
        headers: Mapping[str, str] | None = None,
        token: str | Callable[[], str] | None = None,
        key_file: str | Path | None = None,
        client_cert: str | Path | None = None,
        client_key: str | Path | None = None,
        keys: KeyRing | None = None,
        **others: Never,
    ) -> None:
        """Make an application; what it takes is said of the class. It connects at its first use.  Raises InvalidOption."""
        refuse_words("Taskbahn()", others, INIT_WORDS)
        self.tasks: dict[str, Task[..., Any]] = {}
        self.declared_schedules: dict[str, DeclaredSchedule] = {}  # by id
        self.declared_triggers: dict[str, DeclaredTrigger] = {}  # likewise
        self.timeout = _check_timeout(timeout)
        self.connect_within = _check_timeout(connect_within, "connect_within")
        self.access = access_of(ca, headers, client_cert, client_key)._replace(login=login_of(token, key_file, url))
        self.url = url
        check_use(self.url, ca, headers, client_cert)  # checks the address of the environment now, too
        self.keys = keyring_of(keys)
        self._client: Client | None = None
        self.substitute: Callable[[], Client] | None = None  # gives the client instead, in tests
        note_application(self)

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any:
            refuse(self, name, APP_WORDS)

    @property
    def client(self) -> Client:
        """The connection to the router, made when it is first needed; a forked child makes its own."""
        if self.substitute is not None:
            return self.substitute()
        client = self._client
        if client is None or client.link.process != os.getpid() or client.link.is_closed:
            client = self._connect()
        return client

    def _connect(self) -> Client:
        from taskbahn.attempt.blocking import is_worker
        from taskbahn.client.client import Client
        from taskbahn.client.guard import GUARD
        from taskbahn.client.requests import Link

        GUARD.check(self.url)
        with _connecting:
            client = self._client
            if client is None or client.link.process != os.getpid() or client.link.is_closed:
                patience = self.timeout if is_worker() else self.connect_within  # a worker had a router, which is back soon
                client = self._client = Client(Link(self.url, self.timeout, patience, self.access), self.tasks)
                _connected.add(self)
            return client

    def job(self, id: str | UUID) -> Job[Any]:
        """Return the job of this id; whether it exists is found out when it is asked for something.

        Its result has the type that the task says, if the task is declared here; `task.job(id)` says that to type checkers too.
        """
        from taskbahn.jobs.found_job import FoundJob, id_in

        return FoundJob(self, id_in(id), self.tasks)

    @property
    def view(self) -> Views:
        """Questions about tasks, jobs, queues and workers."""
        from taskbahn.jobs.queries import Views

        return Views(self)

    @property
    def admin(self) -> Admin:
        """What operators change while the system runs."""
        from taskbahn.jobs.admin import Admin

        return Admin(self)

    @property
    def schedules(self) -> KeptSchedules:
        """The schedules of the router, by id."""
        from taskbahn.tasks.kept_schedules import KeptSchedules

        return KeptSchedules(self)

    @property
    def webhook(self) -> Webhook:
        """The task of the node that posts what became of a job: `on_end=app.webhook.s("https://example.org/hook")`."""
        from taskbahn.tasks.built_in import Webhook

        return Webhook(self)

    @property
    def mail(self) -> Mail:
        """The task of the node that sends a mail about a job: `on_failure=app.mail.s("ops@example.org")`."""
        from taskbahn.tasks.built_in import Mail

        return Mail(self)

    def schedule(
        self,
        when: When | str,
        /,
        *,
        zone: str | None = None,
        args: Sequence[Any] = (),
        kwargs: Mapping[str, Any] | None = None,
        id: str | None = None,
        **options: Unpack[ScheduleOptions],
    ) -> Callable[[TaskT], TaskT]:
        """Start a task at certain times, as `@app.schedule("0 3 * * *", zone="Europe/Berlin")` on top of `@app.task`.

        Workers of this application bring the schedule to the router.   when: a cron line, in *zone*, or a `When`.   id: the name
        of the task if it is left out.   args, kwargs: of the task; texts in them may have `{@due}`.  Raises InvalidSchedule,
        InvalidArguments; what the line says is checked when a worker comes.
        """
        from taskbahn.tasks.declaring_schedules import declare

        return lambda task: declare(self, task, when, zone, args, kwargs or {}, id, options)

    @property
    def triggers(self) -> KeptTriggers:
        """The triggers of the router, by id."""
        from taskbahn.tasks.kept_triggers import KeptTriggers

        return KeptTriggers(self)

    def on(self, topic: str, /, *, id: str | None = None, **options: Unpack[TopicOptions]) -> Callable[[TaskT], TaskT]:
        """Start a task when an event arrives, as `@app.on("orders.created", kwargs={"day": "{event.day}"})` on top of `@app.task`.

        Workers of this application bring the trigger to the router.   match: what *topic* means, as in a subscription.
        where: fields that the event has, with these values.   args, kwargs: of the task, with templates; without both the task gets the
        arguments of the event.   id: the name of the task and the topic if it is left out.  Raises InvalidOption, InvalidArguments.
        """
        from taskbahn.tasks.declaring_triggers import declare_on

        return lambda task: declare_on(self, task, topic, id, options)

    def hook(
        self, name: str, /, *, scheme: Scheme, secret: str, id: str | None = None, **options: Unpack[HookOptions]
    ) -> Callable[[TaskT], TaskT]:
        """Start a task when another service sends `POST /hooks/<name>`, on top of `@app.task`: see docs/hooks.md.

        scheme: how it signs.   secret: `env:NAME`, a variable of the node's environment that ends in _SECRET.   where: fields of the
        body, or `headers.<name>`, with these values.   args, kwargs: of the task, with templates as `"{body.day}"`; without both the task
        gets the body.   Raises InvalidOption, InvalidArguments.
        """
        from taskbahn.tasks.declaring_triggers import declare_hook

        return lambda task: declare_hook(self, task, name, scheme, secret, id, options)

    def publish(self, topic: str, /, *args: Any, event_id: str | None = None, **kwargs: Any) -> list[Job[Any]]:
        """Publish an event; return the jobs that it starts, when they are durable. Subscribers hear of it then.

        event_id: published again with the same one, it starts nothing twice.   Raises InvalidOption for a topic of the node itself,
        QueueFull if there is no room for the jobs, TooLarge, RouterUnavailable.
        """
        from taskbahn.attempt.blocking import check_may_block
        from taskbahn.tasks.kept_triggers import jobs_of, published

        check_may_block("app.publish()", "await app.publish_async(...)")
        return jobs_of(self, published(self, topic, args, kwargs, event_id).get())

    async def publish_async(self, topic: str, /, *args: Any, event_id: str | None = None, **kwargs: Any) -> list[Job[Any]]:
        """As `publish`."""
        from taskbahn.tasks.kept_triggers import jobs_of, published

        return jobs_of(self, await published(self, topic, args, kwargs, event_id))

    def close(self) -> None:
        """Leave the router; the next use connects again. Safe to call twice."""
        client, self._client = self._client, None
        if client is not None:
            client.link.close()

    async def close_async(self) -> None:
        """As `close`, for asyncio and Twisted."""
        client, self._client = self._client, None
        if client is not None:
            await client.link.close_async()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close_async()

    def __repr__(self) -> str:
        count = len(self.tasks)
        return f"<Taskbahn at {shown_address(self.url)}, {count} {'task' if count == 1 else 'tasks'}>"

    def __dir__(self) -> Iterable[str]:
        return [name for name in super().__dir__() if name not in INTERNAL]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def url(self) -> str:
        """The router's address."""
        if self._url is not None:
            return self._url
        given, _ = split_address(os.environ.get("TASKBAHN_URL"), "TASKBAHN_URL")
        return check_address(given, "TASKBAHN_URL", is_bare=True) if given else DEFAULT_URL

    @url.setter
    def url(self, url: str | None) -> None:
        """Connect to another router from the next connection on; None: to that of the environment.  Raises InvalidOption."""
        bare, login = split_address(url, "url")
        self._url = bare if bare is None else check_address(bare, is_bare=True)
        if login is not None:
            self.access = self.access._replace(login=login)

    @overload
    def task(self, function: Callable[P, Coroutine[Any, Any, R]], /) -> AsyncTask[P, R]: ...
    @overload
    def task(self, function: Callable[P, Generator[C, S, R]], /) -> StreamTask[P, R, Generator[C, S, R]]: ...
    @overload
    def task(self, function: Callable[P, AsyncIterator[C]], /) -> StreamTask[P, None, AsyncIterator[C]]: ...
    @overload
    def task(self, function: Callable[P, Iterator[C]], /) -> StreamTask[P, Any, Iterator[C]]: ...
    @overload
    def task(self, function: Callable[P, R], /) -> Task[P, R]: ...
    @overload
    def task(self, /, **words: Unpack[TaskOptions]) -> TaskDecorator: ...
    def task(self, function: Callable[..., Any] | None = None, /, **words: Any) -> Any:
        """Make a task of a function, as `@app.task` or `@app.task(name=..., retries=3, ...)`.

        Raises InvalidName, InvalidOption, UnsupportedAnnotation.
        """
        from taskbahn.tasks.task import TaskDecorator, make_task  # late: an application that only asks declares no task

        if function is None:
            return TaskDecorator(self, words)
        return self.add(make_task(self, function, words))

    def add(self, task: Task[..., Any]) -> Task[..., Any]:
        """Offer *task* under its name.

        Raises InvalidName if another function has it, InvalidOption if another task declares one of its limits differently.
        """
        from taskbahn.tasks.declaration import is_other_code

        known = self.tasks.get(task.name)
        if known is not None and (_place(known) != _place(task) or is_other_code(known.function, known.source, task.function)):
            raise NameTaken(task, known)
        if task.has_limits:
            from taskbahn.tasks.limits import check_agreement

            check_agreement(task, self.tasks.values())
        self.tasks[task.name] = task
        return task

    def get(self, name: str) -> TaskHandle[..., Any]:
        """Return a handle to the task *name*: the one declared here, or one that only the workers know (then untyped)."""
        from taskbahn.protocol.outgoing import BUILT_IN
        from taskbahn.tasks.task import check_name
        from taskbahn.tasks.task_handle import TaskHandle

        if name in BUILT_IN:
            from taskbahn.tasks.built_in import BuiltIn

            return BuiltIn(self, name)
        return self.tasks.get(name) or TaskHandle(self, check_name(name))


def _check_timeout(timeout: Any, name: str = "timeout") -> float:
    if isinstance(timeout, bool) or not isinstance(timeout, int | float) or not 0 < timeout < float("inf"):
        raise InvalidOption(f"{name} = {timeout!r}: it is in seconds, more than 0", option=name)
    return timeout


class NameTaken(InvalidName):
    """Two functions were declared under one name."""

    def __init__(self, task: Task[..., Any], known: Task[..., Any]) -> None:
        super().__init__(task.name)
        self.message = f"two tasks are named {task.name!r}: {_seen(known, task)} and {_seen(task, known)}; give one of them name="
        self.args = (self.message,)


def _place(task: Task[..., Any]) -> str:
    return f"{task.function.__module__}.{task.function.__qualname__}"


def _seen(task: Task[..., Any], other: Task[..., Any]) -> str:
    code = getattr(task.function, "__code__", None)
    return _place(task) if code is None or _place(task) != _place(other) else f"{_place(task)} (line {code.co_firstlineno})"


_connecting = threading.Lock()
_connected: WeakSet[Taskbahn] = WeakSet()


def _close_all() -> None:
    for app in list(_connected):
        app.close()


def _after_fork() -> None:
    global _connecting  # noqa: PLW0603 - another thread of the parent may have held it
    _connecting = threading.Lock()
    for app in list(_connected):
        client, app._client = app._client, None  # noqa: SLF001 - of this module
        if client is not None:
            client.link.abandon()
    _connected.clear()


atexit.register(_close_all)
os.register_at_fork(before=wait_for_imports, after_in_child=forget_half_imports)
os.register_at_fork(after_in_child=_after_fork)
