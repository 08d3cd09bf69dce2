"""A worker process from its start to its exit code: reactor, signals, what is said to the user, the drain at the end."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import threading
from typing import TYPE_CHECKING, Any, cast

from rich.console import Console
from rich.markup import escape
from twisted.internet import asyncioreactor

from taskbahn.attempt.blocking import in_worker
from taskbahn.errors import TaskbahnError, UnsupportedProtocol, WorkerIdTaken
from taskbahn.protocol.plain_text import plain_text
from taskbahn.transport.address import shown_address
from taskbahn.transport.monotonic_reactor import steady_timers
from taskbahn.worker.burst import nothing_left
from taskbahn.worker.capture import without_tee
from taskbahn.worker.failure_log import DEFAULT_LEVEL, FailureLog, Voice
from taskbahn.worker.forked import guard, keep_from_copies
from taskbahn.worker.loop_thread import BROKEN_EXIT_CODE, keep_clock

if TYPE_CHECKING:
    from typing import TextIO

    from taskbahn.app import Taskbahn
    from taskbahn.worker.service import Settings, Worker

SILENT_AFTER = 1.0  # seconds without an answer of the router, after which the worker says so
GIVE_UP_WITHIN = 4.0  # seconds after the grace for stopping what still runs and output so
EXIT_WITHIN = 5.0  # seconds after which threads that hang keep the process no longer
RECORDED_WITHIN = 5.0  # seconds that the last report may take when the grace is 0
# what Autobahn and Twisted say at "info" is about their own insides
OF_TWISTED = {"debug": "info", "info": "warn", "warning": "warn", "error": "error", "critical": "critical"}
SERVICE_ERRORS = ("taskbahn.error.service", "taskbahn.error.store_unavailable", "taskbahn.error.not_ready")

console = Console(stderr=True, soft_wrap=True, highlight=False)


def _write(sentence: str) -> None:
    """Write past what captures the output of attempts: this may run in the context of one that has ended."""
    Console(file=without_tee(sys.stderr), soft_wrap=True, highlight=False).print(plain_text(sentence), markup=False, emoji=False)


class PlainStream:
    """A stream for the log of Twisted: what others wrote, such as the message of an error, does nothing to a terminal."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> None:
        """Write the text with pictures of its control characters."""
        self._stream.write(plain_text(text))

    def flush(self) -> None:
        """Write what is buffered."""
        self._stream.flush()


class Run:
    """One worker process. `finished` is set when it shall end, with `code` as its exit code."""

    def __init__(
        self,
        app: Taskbahn,
        settings: Settings,
        *,
        grace: float,
        burst: bool,
        level: str = DEFAULT_LEVEL,
        task_reactor: Any = None,
    ) -> None:
        self.app = app
        self.task_reactor = task_reactor
        self.settings = settings
        self.place = shown_address(settings.url)
        self.grace = grace
        self.burst = burst
        self.voice = Voice(_write, level)
        self.code = 0
        self.finished = asyncio.Event()
        self.hurry = asyncio.Event()
        self._said: set[str] = set()
        self._was_attached = False

    async def main(self, reactor: Any) -> None:
        """Work until the order to end; then drain."""
        from taskbahn.worker.service import Worker

        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._on_signal)
        worker = Worker(
            self.app,
            self.settings,
            reactor=reactor,
            loop=loop,
            on_refused=self._refused,
            on_attached=lambda: self._attached(worker),
            on_lost=lambda reason: self.voice.say("warning", f"lost the router at {self.place} ({reason}); trying again"),
            on_failed=FailureLog(self.voice, loop.call_later).failed,
            task_reactor=self.task_reactor,
        )
        try:
            await worker.start()
        except TaskbahnError as error:
            self._fail(str(error))
        else:
            loop.call_later(SILENT_AFTER, self._say_silent, worker)
            helper = loop.create_task(self._until_nothing_left(worker)) if self.burst else None
            await self.finished.wait()
            if helper is not None:
                helper.cancel()
            await self._drain(worker)
        await worker.stop()

    async def _until_nothing_left(self, worker: Worker) -> None:
        await nothing_left(worker)
        self.finished.set()

    async def _drain(self, worker: Worker) -> None:
        """Let attempts finish within the grace, hand the rest back, and wait until that is recorded."""
        if self.code:
            return
        worker.drain()
        running = len(worker.reporter.held)
        if running and not self.burst:
            self.voice.say("info", f"stopping: {running} running, up to {self.grace:g} s for them (once more Ctrl-C to hurry)")
        if not await self._clear(worker, self.grace, self.hurry):
            worker.give_up()
            if not await self._clear(worker, GIVE_UP_WITHIN, asyncio.Event()):
                worker.reporter.hand_back(list(worker.reporter.held.values()))
                await self._clear(worker, RECORDED_WITHIN, asyncio.Event())

    async def _clear(self, worker: Worker, seconds: float, hurry: asyncio.Event) -> bool:
        loop = asyncio.get_running_loop()
        deadline = loop.time() + seconds
        while not worker.is_clear:
            if loop.time() >= deadline or hurry.is_set():
                return False
            await asyncio.sleep(0.01)
        return True

    def _on_signal(self) -> None:
        (self.hurry if self.finished.is_set() else self.finished).set()

    def _attached(self, worker: Worker) -> None:
        self._said.clear()
        if self._was_attached:
            self.voice.say("warning", f"back at {self.place}")
            return
        self._was_attached = True
        names = sorted(self.app.tasks)
        shown = ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")  # noqa: PLR2004
        tasks, slots = ("task" if len(names) == 1 else "tasks"), ("slot" if worker.slots == 1 else "slots")
        if not self.voice.says("info"):
            return
        name, served = (escape(plain_text(text)) for text in (worker.id, ", ".join(self.settings.queues)))
        console.print(
            f"[bold]worker {name} ready[/]: {len(names)} {tasks} ({shown}), {worker.slots} {slots}, "
            f"{'queue' if len(self.settings.queues) == 1 else 'queues'} {served}, at {self.place}"
        )

    def _say_silent(self, worker: Worker) -> None:
        if not self._was_attached and worker.connection.last_failure and not self._said:
            why = worker.connection.last_failure.strip().rstrip(".")
            if worker.connection.is_kept_out:
                self._say_once("silent", f"no connection to {self.place}: {why}; still trying")
                return
            self._say_once("silent", f"no router answers at {self.place} ({why}); still trying. Is `taskbahn up` running there?")

    def _say_once(self, key: str, sentence: str) -> None:
        if key not in self._said:
            self._said.add(key)
            self.voice.say("warning", sentence)

    def _refused(self, error: Exception) -> None:
        """Handle a refusal of the dispatcher, which is final or temporary."""
        uri = getattr(error, "error", "")
        text = str(error.args[0]) if error.args else str(error)
        if uri == UnsupportedProtocol.uri or (uri.startswith("taskbahn.error.") and uri not in SERVICE_ERRORS):
            self._fail(text + ("; give each worker its own --name" if uri == WorkerIdTaken.uri else ""))
        elif uri == "wamp.error.no_such_procedure":
            self._say_once("bare", f"the router at {self.place} has no Taskbahn dispatcher (yet); still trying")
        elif uri and not uri.startswith("wamp."):
            self._say_once(uri, f"{text}; still trying")

    def _fail(self, sentence: str) -> None:
        self.voice.say("critical", f"error: {sentence}")
        self.code = 1
        self.finished.set()


def run_worker(app: Taskbahn, settings: Settings, *, grace: float, burst: bool, level: str = DEFAULT_LEVEL) -> int:
    """Run a worker in this process, on an asyncio reactor of its own; returns the exit code.

    Twisted's installed reactor is that of the event loop on which `async def` tasks run, for they may use it.
    """
    in_worker()
    loop = asyncio.new_event_loop()
    keep_clock(loop)
    asyncio.set_event_loop(loop)
    has_async = any(task.pool == "loop" for task in app.tasks.values())
    asyncioreactor.install(asyncio.new_event_loop() if has_async else loop)  # type: ignore[no-untyped-call]
    import twisted.internet.reactor

    installed: Any = twisted.internet.reactor
    steady_timers(installed)
    reactor = _own_reactor(loop) if has_async else installed

    _log_to_stderr(level)
    run = Run(app, settings, grace=grace, burst=burst, level=level, task_reactor=installed if has_async else None)
    guard(tuple)
    keep_from_copies(loop)
    main = loop.create_task(run.main(reactor))
    main.add_done_callback(lambda _: reactor.callLater(0, reactor.stop))
    try:
        reactor.run(installSignalHandlers=False)
    except BaseException as error:  # noqa: BLE001 - asyncio has no way back from here, so nothing can be ended politely
        why = f"{type(error).__name__}: {error}"
        console.print(f"error: the worker's event loop cannot go on ({why}); has a task closed its descriptors?", markup=False)
        os._exit(BROKEN_EXIT_CODE)
    watchdog = threading.Timer(EXIT_WITHIN, os._exit, (run.code,))
    watchdog.daemon = True
    watchdog.start()
    main.result()
    return run.code


def _own_reactor(loop: asyncio.AbstractEventLoop) -> Any:
    """Return a reactor for the worker's own thread, not installed."""
    reactor: Any = asyncioreactor.AsyncioSelectorReactor(loop)
    steady_timers(reactor)
    reactor._registerAsIOThread = False  # noqa: SLF001 - that is the business of the installed one
    return reactor


def _log_to_stderr(level: str) -> None:
    from twisted.logger import FilteringLogObserver, LogLevel, LogLevelFilterPredicate, globalLogBeginner, textFileLogObserver

    wanted: Any = LogLevelFilterPredicate(getattr(LogLevel, OF_TWISTED[level]))
    if level != "debug":  # the worker says in its own words how its connection fares
        wanted.setLogLevelForNamespace("autobahn", LogLevel.error)
    observer: Any = FilteringLogObserver(
        cast("Any", textFileLogObserver(cast("Any", PlainStream(without_tee(sys.stderr))))), [wanted]
    )
    globalLogBeginner.beginLoggingTo([observer], discardBuffer=True, redirectStandardIO=False)
