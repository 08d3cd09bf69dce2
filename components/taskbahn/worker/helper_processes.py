"""Processes that an attempt starts belong to it, and end with it.

Noted are those of `subprocess`, `multiprocessing`, `os.fork`, `os.posix_spawn` and `os.system`, each with the attempt that started it.
What still runs when the attempt has ended is ended, and the job's log says so. A program with a session of its own
(`start_new_session=True`, a daemon's double fork) has left on purpose and is not touched. What no attempt started, while attempts run in
this process, is named once in the worker's log.
"""

from __future__ import annotations

import contextlib
import functools
import multiprocessing.process
import os
import signal
import subprocess
import sys
import threading
import time
from contextvars import Context
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from taskbahn.attempt.ownership import PROCESS, REMEDY, owner
from taskbahn.worker.forked import ROLE
from taskbahn.worker.shield import Shield

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from taskbahn.attempt.context import AttemptContext

PROC = Path("/proc")  # only on Linux; elsewhere the worker ends the processes themselves, but not what they have started
END_GRACE = 1.0  # seconds between SIGTERM and SIGKILL
BEREFT_GRACE = 0.5  # seconds for an attempt to end after what it waited for
FREEZE_GRACE = 0.2  # seconds for processes to stop; one that waits in the kernel for a device does not
SHOWN = 5  # processes that a log line names
SPAWNERS = ("fork", "forkpty", "posix_spawn", "posix_spawnp")  # functions of `os`; they return the process id, alone or first


class Helper(NamedTuple):
    """A process that an attempt started; *began* tells it from a later one with the same id, in clock ticks since boot."""

    pid: int
    began: int | None


class Seen(NamedTuple):
    """What /proc says of a process."""

    state: str
    parent: int
    group: int
    session: int
    began: int


def look(pid: int) -> Seen | None:
    """Return what the system knows of a process; None if there is none, or no way to ask."""
    try:
        fields = (PROC / str(pid) / "stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
    except OSError:
        return None
    return Seen(fields[0], int(fields[1]), int(fields[2]), int(fields[3]), int(fields[19]))


def note(pid: int, what: str) -> None:
    """Let the process *pid* belong to the attempt that runs this code."""
    if ROLE.is_copy or not pid:  # a fork returns 0 in the copy
        return
    context = owner()
    if context is None:
        if PROCESS.is_busy() and not PROCESS.is_home():
            PROCESS.tell_once("process", f"{what} started process {pid} for no attempt: it is not ended with any; {REMEDY}")
        return
    seen = look(pid)
    if context.helpers is None:
        context.helpers = []
    context.helpers.append(Helper(pid, seen.began if seen else None))


def end_helpers(context: AttemptContext, *, at_once: bool = False) -> None:
    """End what *context* has started and left running, and say so in its log; at_once: by force, for it does not stop by itself."""
    helpers, context.helpers = context.helpers, None
    if not helpers or ROLE.is_copy:
        return
    found = _frozen(helpers, with_group=_leads_group())
    if not found:
        return
    names = [f"{_name(pid)} (pid {pid})" for pid in list(found)[:SHOWN]]
    more = f" and {len(found) - SHOWN} more" if len(found) > SHOWN else ""
    left = (
        "the task did not stop, and what it has started is ended"
        if at_once
        else "the task left processes running, which are ended"
    )
    context.open_output().line("WARNING", "taskbahn", f"{left} with it: {', '.join(names)}{more}")
    _signal(found, signal.SIGKILL if at_once else signal.SIGTERM)
    if at_once:
        return
    _signal(found, signal.SIGCONT)
    # No daemon thread: the process waits for it at its end, or a program that ignores SIGTERM would outlive the worker.
    killer = threading.Thread(target=_kill_later, args=(found,), name="taskbahn-helpers", daemon=False)
    Context().run(killer.start)  # in an empty context: the thread belongs to no attempt


def ends_with_helpers(context: AttemptContext) -> bool:
    """End by force, once, what an attempt that does not stop has started: it may wait for that. True while it may end of it."""
    now = time.monotonic()
    if not context.bereft_at:
        if not context.helpers:
            return False
        context.bereft_at = now
        end_helpers(context, at_once=True)
        return True
    return now - context.bereft_at < BEREFT_GRACE


def _kill_later(found: dict[int, int | None]) -> None:
    deadline = time.monotonic() + END_GRACE
    while time.monotonic() < deadline:
        if not any(_is_same(pid, began) for pid, began in found.items()):
            return
        time.sleep(0.02)
    # without the group, which may run another attempt by now
    left = _frozen((Helper(*each) for each in found.items()), with_group=False)
    _signal(left, signal.SIGKILL)


def _frozen(helpers: Iterable[Helper], *, with_group: bool) -> dict[int, int | None]:
    """Return the processes of a family that live; each is stopped first, so that it starts no other one unseen."""
    known = list(helpers)
    found = _family(known, with_group=with_group)
    if not PROC.is_dir():
        return found
    due = found
    deadline = time.monotonic() + FREEZE_GRACE
    while due and time.monotonic() < deadline:
        _signal(due, signal.SIGSTOP)
        while any(_goes_on(pid) for pid in due) and time.monotonic() < deadline:
            time.sleep(0.001)
        known += [Helper(*each) for each in due.items()]
        due = {pid: began for pid, began in _family(known, with_group=with_group).items() if pid not in found}
        found |= due
    return found


def _goes_on(pid: int) -> bool:
    seen = look(pid)
    return seen is not None and seen.state not in "TtZX"


def _signal(found: dict[int, int | None], number: signal.Signals) -> None:
    for pid, began in found.items():
        if _is_same(pid, began):
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, number)


def _is_same(pid: int, began: int | None) -> bool:
    seen = look(pid)
    if seen is None:
        return began is None and not PROC.is_dir()
    return seen.state not in "ZX" and (began is None or seen.began == began)


def _family(helpers: Iterable[Helper], *, with_group: bool) -> dict[int, int | None]:
    """Return those that live, with what they have started, but for what has a session of its own; by process id."""
    if not PROC.is_dir():
        return {helper.pid: None for helper in helpers if _runs(helper.pid)}
    table = {pid: seen for pid in _pids() if (seen := look(pid)) is not None and seen.state not in "ZX"}
    session, spared = os.getsid(0), {os.getpid(), *_spared()}
    children: dict[int, list[int]] = {}
    for pid, seen in table.items():
        children.setdefault(seen.parent, []).append(pid)
    found: dict[int, int | None] = {}
    due = [helper.pid for helper in helpers if helper.pid in table and helper.began in (None, table[helper.pid].began)]
    if with_group:  # a child process of the worker: also what has lost its parent meanwhile, as after `sh -c 'program &'`
        due += [pid for pid, seen in table.items() if seen.group == os.getpid()]
    while due:
        pid = due.pop()
        if pid in found or pid in spared or pid not in table or table[pid].session != session:
            continue
        found[pid] = table[pid].began
        due += children.get(pid, ())
    return found


def _runs(pid: int) -> bool:
    """Return whether a child process has not ended; one that is no child is not known here."""
    with contextlib.suppress(ChildProcessError):
        return os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT | os.WNOHANG) is None
    return False


def _pids() -> list[int]:
    return [int(path.name) for path in PROC.iterdir() if path.name.isdecimal()]


def _leads_group() -> bool:
    return PROCESS.only is not None and os.getpgrp() == os.getpid()


def _spared() -> list[int]:
    """Return the processes of `multiprocessing` that serve all attempts of this process."""
    tracker = sys.modules.get("multiprocessing.resource_tracker")
    server = sys.modules.get("multiprocessing.forkserver")
    found = [
        getattr(getattr(tracker, "_resource_tracker", None), "_pid", None),
        getattr(getattr(server, "_forkserver", None), "_forkserver_pid", None),
    ]
    return [pid for pid in found if pid is not None]


def _name(pid: int) -> str:
    try:
        words = (PROC / str(pid) / "cmdline").read_bytes().split(b"\0")
    except OSError:
        return "?"
    return " ".join(word.decode(errors="backslashreplace") for word in words if word)[:80] or "?"


class HelperProcesses:
    """Puts the hooks in place with `start` and takes them away with `stop`; both may be called twice.

    again: called with an attempt that was to be stopped while it started a process, from any thread.
    """

    def __init__(self, again: Callable[[AttemptContext], None]) -> None:
        self._again = again
        self._undo: list[Callable[[], None]] = []

    def start(self) -> None:
        """Note what attempts start from now on."""
        if self._undo:
            return
        popen, begin = subprocess.Popen.__init__, multiprocessing.process.BaseProcess.start

        self._replace(subprocess.Popen, "__init__", self._noted(popen, "subprocess.Popen", _pid_of_first))
        self._replace(multiprocessing.process.BaseProcess, "start", self._noted(begin, "multiprocessing", _pid_of_first))
        for name in SPAWNERS:
            if hasattr(os, name):
                self._replace(os, name, self._noted(getattr(os, name), f"os.{name}", _pid_returned))
        self._replace(os, "system", _system)

    def stop(self) -> None:
        """Put back the original functions."""
        while self._undo:
            self._undo.pop()()

    def _replace(self, place: Any, name: str, function: Callable[..., Any]) -> None:
        original = getattr(place, name)
        setattr(place, name, function)
        self._undo.append(lambda: setattr(place, name, original))

    def _noted(self, spawn: Callable[..., Any], name: str, pid_of: Callable[[tuple[Any, ...], Any], int]) -> Callable[..., Any]:
        """Return *spawn* so that what it starts is noted, whenever its attempt is stopped."""

        @functools.wraps(spawn)
        def noted(*args: Any, **kwargs: Any) -> Any:
            shield = Shield(owner(), self._again)
            try:
                shield.enter()
                answer = spawn(*args, **kwargs)
                note(pid_of(args, answer), name)
                return answer
            finally:
                shield.leave()

        return noted


def _pid_of_first(args: tuple[Any, ...], _: Any) -> int:
    pid: int = args[0].pid
    return pid


def _pid_returned(_: tuple[Any, ...], answer: Any) -> int:
    pid: int = answer[0] if isinstance(answer, tuple) else answer
    return pid


def _system(command: Any) -> int:
    """Do what `os.system` does, through `subprocess`, so that the process is known; returns the wait status."""
    sys.audit("os.system", command)
    process = subprocess.Popen(command, shell=True)  # noqa: S602 - that is what was asked for
    code = process.wait()
    return -code if code < 0 else code << 8
