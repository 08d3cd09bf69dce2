"""A task: a plain function with a name, options and a way to be started elsewhere."""

from __future__ import annotations

import contextlib
import functools
import inspect
import re
import sys
from pathlib import PurePath
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Generic, ParamSpec, Protocol, TypeVar, overload

from taskbahn.errors import InvalidName, InvalidOption, TaskbahnError
from taskbahn.flows.nodes import CALLBACKS
from taskbahn.protocol import messages
from taskbahn.protocol.encrypting import check_keys
from taskbahn.protocol.options import Where
from taskbahn.signatures.parameters import rough_wire
from taskbahn.signatures.redacted import redact_of
from taskbahn.signatures.signature import TaskSignature, UnsupportedAnnotation
from taskbahn.signatures.streams import kind_of
from taskbahn.tasks.declaration import plain_function, source_mark, unresolved
from taskbahn.tasks.encrypting import encrypts_of
from taskbahn.tasks.options import Pool, as_dict, make_options
from taskbahn.tasks.task_handle import TaskHandle

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Coroutine, Generator, Iterator, Mapping

    from taskbahn.client.client import Client, HasClient
    from taskbahn.encryption.keyring import KeyRing
    from taskbahn.protocol.unique_fields import DeclaredUnique
    from taskbahn.tasks.limits import Limit

P = ParamSpec("P")
R = TypeVar("R")
C = TypeVar("C")
S = TypeVar("S")
G = TypeVar("G")

POOLS = ("process", "thread", "loop")
RETRIES_WITH_RETRY_ON = 3  # who names the errors after which to try again wants that
UNRESOLVED_ERRORS = (NameError, AttributeError)  # of an annotation: what it names may be defined further down
Exceptions = tuple[type[BaseException], ...]
NAME = re.compile(messages.TASK_NAME)


class Task(TaskHandle[P, R]):
    """A function that workers offer under `name`. Calling it runs the plain function, here and now.

    defaults: the `messages.Options` of the declaration.   pool: where an attempt runs.
    retry_on, give_up_on: exception classes after which an attempt is, or is not, tried again; None if not restricted.
    limits, fair_key: as they are declared; declared_limits: the limits as they travel.   unique, callbacks: as they travel.
    """

    limits: tuple[Limit, ...] = ()
    fair_key: str = ""
    declared_limits: tuple[messages.DeclaredLimit, ...] = ()
    unique: DeclaredUnique | None = None
    redact: tuple[str, ...] = ()
    callbacks: Mapping[str, list[dict[str, Any]]] = MappingProxyType({})

    def __init__(self, app: HasClient, function: Callable[..., Any], words: dict[str, Any]) -> None:
        name = words.pop("name", None)
        if name is None:
            name = default_name(function)
        super().__init__(app, check_name(name))
        self.function = function
        self.pool: Pool = _pool(name, function, words.pop("pool", None))
        self.retry_on = _exceptions("retry_on", words.pop("retry_on", None))
        self.give_up_on = _exceptions("give_up_on", words.pop("give_up_on", None))
        self.encrypts = encrypts_of(app, self.name, words.pop("encrypt", None))
        redact = words.pop("redact", None)
        if redact is not None:
            self.redact = redact_of(redact)
        limits, fair_key = words.pop("limits", None), words.pop("fair_key", None)
        unique = words.pop("unique", None)
        callbacks = {word: words.pop(word) for word in CALLBACKS if word in words}
        if self.retry_on and words.get("retries") is None:
            words["retries"] = RETRIES_WITH_RETRY_ON
        self.defaults = make_options(words, Where.TASK)
        if callbacks:
            self._declare_callbacks(callbacks)
        if unique is not None:
            self._declare_unique(unique)
        if limits is not None or fair_key is not None:
            self._declare_limits(limits, fair_key)
        if self.encrypts and self._has_templates:
            check_keys(self.name, self.declared_limits, self.fair_key, self.unique)
        self._signature: TaskSignature | None = None
        functools.update_wrapper(self, function)
        self.source = source_mark(function)
        with contextlib.suppress(*UNRESOLVED_ERRORS):  # a type that is defined further down: looked for again at first use
            self._signature = self._read_signature()
        if self._signature is None and self._has_templates:
            self._check_templates(rough_wire(function))

    @property
    def has_limits(self) -> bool:
        """Whether its jobs wait for limits, or take turns."""
        return bool(self.limits or self.fair_key)

    def _declare_limits(self, limits: Any, fair_key: Any) -> None:
        from taskbahn.tasks import limits as made  # late: most tasks have none

        self.limits, self.fair_key = made.limits_of(limits), made.fair_key_of(fair_key)
        self.declared_limits = made.declared(self.name, self.limits, self.fair_key)

    def _declare_callbacks(self, given: dict[str, Any]) -> None:
        from taskbahn.tasks.callbacks import declared  # late, likewise

        self.callbacks = declared(self.app, self.name, {word: flows for word, flows in given.items() if flows is not None})

    def _declare_unique(self, unique: Any) -> None:
        from taskbahn.tasks.unique import unique_of  # late, likewise

        self.unique = unique_of(unique)

    @property
    def _has_templates(self) -> bool:
        return self.has_limits or self.unique is not None

    def _check_templates(self, signature: messages.Signature) -> None:
        from taskbahn.protocol import limits, unique

        limits.check_arguments(self.name, self.declared_limits, self.fair_key, signature)
        if self.unique is not None:
            unique.check_arguments(self.name, self.unique, signature)

    @property
    def signature(self) -> TaskSignature:
        """What the function takes and gives; raises UnsupportedAnnotation if an annotation cannot be resolved."""
        if self._signature is None:
            try:
                self._signature = self._read_signature()
            except UNRESOLVED_ERRORS as error:
                raise UnsupportedAnnotation(
                    f"{self.name}: {unresolved(self.function, error)}; import the type at run time, "
                    "not only under TYPE_CHECKING, and define it in the module, not inside a function"
                ) from error
        return self._signature

    def _read_signature(self) -> TaskSignature:
        try:
            signature = TaskSignature.of(self.function, self.name, self.redact)
        except (*UNRESOLVED_ERRORS, TaskbahnError):
            raise
        except Exception as error:  # an annotation is any expression
            raise UnsupportedAnnotation(f"{self.name}: {unresolved(self.function, error)}; write a type") from error
        if self._has_templates:
            self._check_templates(signature.wire)
        return signature

    def declaration(self) -> messages.TaskDeclaration:
        """Return what a worker tells the dispatcher about this task."""
        return messages.TaskDeclaration(
            name=self.name,
            signature=self.signature.wire,
            doc=inspect.getdoc(self.function) or "",
            options=as_dict(self.defaults),
            pool=self.pool,
            limits=list(self.declared_limits),
            fair_key=self.fair_key,
            unique=self.unique,
            callbacks=dict(self.callbacks),
            encrypt=self.encrypts,
        )

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        """Run the plain function."""
        result: R = self.function(*args, **kwargs)
        return result

    def __repr__(self) -> str:
        return f"<Task {self.name}>"


class AsyncTask(Task[P, R]):
    """A task whose function is `async def`: calling it gives the plain coroutine."""

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> Coroutine[Any, Any, R]:  # type: ignore[override]
        """Make the plain coroutine."""
        result: Coroutine[Any, Any, R] = self.function(*args, **kwargs)
        return result


class StreamTask(Task[P, R], Generic[P, R, G]):
    """A task whose function is a generator: calling it gives the plain generator, a job of it has what that returns as its result."""

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> G:  # type: ignore[override]
        """Make the plain generator."""
        made: G = self.function(*args, **kwargs)
        return made


class TaskRegistry(Protocol):
    """An application that takes tasks; it is a `HasClient`, too, which is not imported here at run time."""

    @property
    def client(self) -> Client:
        """The client, connected when it is first needed."""

    @property
    def keys(self) -> KeyRing | None:
        """By which it encrypts and decrypts; None: it has no keys."""

    def add(self, task: Task[..., Any]) -> Task[..., Any]:
        """Offer *task* under its name."""


class TaskDecorator:
    """What `@app.task(...)` with options gives; turns a function into a task."""

    def __init__(self, app: TaskRegistry, words: dict[str, Any]) -> None:
        self.app = app
        self.words = words

    @overload
    def __call__(self, function: Callable[P, Coroutine[Any, Any, R]], /) -> AsyncTask[P, R]: ...
    @overload
    def __call__(self, function: Callable[P, Generator[C, S, R]], /) -> StreamTask[P, R, Generator[C, S, R]]: ...
    @overload
    def __call__(self, function: Callable[P, AsyncIterator[C]], /) -> StreamTask[P, None, AsyncIterator[C]]: ...
    @overload
    def __call__(self, function: Callable[P, Iterator[C]], /) -> StreamTask[P, Any, Iterator[C]]: ...
    @overload
    def __call__(self, function: Callable[P, R], /) -> Task[P, R]: ...
    def __call__(self, function: Callable[..., Any], /) -> Task[..., Any]:
        return self.app.add(make_task(self.app, function, dict(self.words)))


def make_task(app: HasClient, function: Callable[..., Any], words: dict[str, Any]) -> Task[..., Any]:
    """Make the task of *function*; raises InvalidName, InvalidOption, UnsupportedAnnotation."""
    if isinstance(function, Task):
        function = function.function  # a task declared again, under another name or for another application
    if not callable(function) and not isinstance(function, classmethod | property):  # type: ignore[unreachable]
        raise InvalidOption(f"@app.task takes options by name, as in @app.task(name=...), not {function!r}", option="name")
    function = plain_function(function)
    kind = StreamTask if kind_of(function) else AsyncTask if inspect.iscoroutinefunction(function) else Task
    return kind(app, function, words)


def check_name(name: Any) -> str:
    """Return *name* if it can name a task; raises InvalidName."""
    if not isinstance(name, str) or len(name) > messages.MAX_TASK_NAME or not NAME.fullmatch(name):
        raise InvalidName(str(name))
    return name


def default_name(function: Callable[..., Any]) -> str:
    """Return `module.function`, lower-case; a script that is run has the name under which it is imported."""
    module = function.__module__
    if module == "__main__":
        main = sys.modules["__main__"]
        spec: Any = getattr(main, "__spec__", None)
        module = spec.name if spec else PurePath(getattr(main, "__file__", None) or "main").stem
    return re.sub(r"[^a-z0-9_.]", "_", f"{module}.{function.__name__}".lower())


def _pool(name: str, function: Callable[..., Any], pool: Any) -> Pool:
    stream = kind_of(function)
    is_async = stream == "async" or inspect.iscoroutinefunction(function)
    if pool is not None and pool not in POOLS:
        raise InvalidOption(f"{name}: pool={pool!r} must be one of {', '.join(POOLS)}", option="pool")
    chosen: Pool = pool or ("loop" if is_async else "process")
    if is_async and chosen != "loop":
        raise InvalidOption(f"{name}: an async function runs on the worker's event loop; leave pool={pool!r} out", option="pool")
    if not is_async and chosen == "loop":
        raise InvalidOption(f'{name}: a plain function would block the event loop; use pool="thread" or async def', option="pool")
    return chosen


def _exceptions(option: str, given: Any) -> Exceptions | None:
    if given is None:
        return None
    classes = tuple(given) if isinstance(given, list | tuple | set | frozenset) else (given,)
    for found in classes:
        if not (isinstance(found, type) and issubclass(found, BaseException)):
            raise InvalidOption(f"option {option}: {found!r} is not an exception class", option=option)
    return classes
