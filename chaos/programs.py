"""Node, workers and clients as real processes. None of them is waited for here: `tick` looks how they are and moves them on."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

from chaos.journal import PLACE, Journal
from chaos.processes import Pid, command, end_all, family
from chaos.relay import Relay
from chaos.triggers import SECRETS

if TYPE_CHECKING:
    from collections.abc import Sequence

REPOSITORY = Path(__file__).parents[1]
TASKBAHN = [sys.executable, "-c", "import sys; from taskbahn.cli import main; sys.exit(main())"]
NODE_READY = "Taskbahn is ready"
WORKER_READY = " ready:"
CLIENT_READY = "client ready"
START_SECONDS = 120.0  # for a start, on a busy machine
ORPHAN_SECONDS = 5.0  # after which what a dead parent has left is ended by hand, and counted
STOP_SECONDS = 40.0  # for a clean stop
MAX_READ = 1 << 20  # bytes of a log at a time


class Program:
    """One process and the file with what it says."""

    def __init__(self, log: Path, arguments: Sequence[str], environment: dict[str, str]) -> None:
        self.log = log
        self._read = 0  # bytes of whole lines
        self._found: set[str] = set()
        with log.open("wb") as stream:
            self.process = subprocess.Popen(
                arguments,
                cwd=REPOSITORY,
                env={**os.environ, **environment},
                stdin=subprocess.DEVNULL,
                stdout=stream,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self.pid = Pid.of(self.process.pid)
        self.started_at = time.monotonic()

    @property
    def code(self) -> int | None:
        """Its exit code; None while it runs."""
        return self.process.poll()

    def said(self, text: str) -> bool:
        """Whether it has written *text*, the same at each look; found once, it is remembered, and no whole line is read twice."""
        if text not in self._found:
            with self.log.open("rb") as stream:
                stream.seek(self._read)
                lines = stream.read(MAX_READ).split(b"\n")
            self._read += sum(len(line) + 1 for line in lines[:-1])
            if any(text.encode() in line for line in lines):
                self._found.add(text)
        return text in self._found

    def send(self, number: signal.Signals) -> None:
        """Send a signal, if it still runs."""
        if self.code is None:
            self.process.send_signal(number)

    def end(self) -> None:
        """Kill it, and everything below it."""
        end_all(family(self.process.pid) if self.code is None else [])
        self.process.wait()


class NodeState(StrEnum):
    """Where the node is in its life."""

    GONE = "gone"  # nothing of it runs
    STARTING = "starting"
    READY = "ready"
    ENDING = "ending"  # a process of it was killed, or it got SIGTERM


class Node:
    """`taskbahn up` on one port with one directory of data; started again whenever it has ended, if it is `wanted`."""

    def __init__(self, folder: Path, port: int, journal: Journal, *, has_login: bool = False) -> None:
        self._environment = dict(SECRETS) | ({"TASKBAHN_UP_AUTH": "1"} if has_login else {})
        self.folder = folder
        self.port = port
        self.data = folder / "data"
        self.state = NodeState.GONE
        self.wanted = True
        self.starts = 0
        self.failed_starts: list[str] = []
        self.orphans = 0
        self.dirty_stops = 0
        self._journal = journal
        self._program: Program | None = None
        self._family: list[Pid] = []
        self._cause = "first start"
        self._hit_at = time.monotonic()
        self._patience = 0.0

    def tick(self) -> None:
        """Look how it is, and do what is next."""
        match self.state:
            case NodeState.GONE:
                if self.wanted:
                    self._start()
            case NodeState.STARTING:
                self._look_whether_ready()
            case NodeState.READY:
                if self._program is not None and self._program.code is not None:
                    self.failed_starts.append(f"it ended by itself: {self._program.log}")
                    self._ending("ended by itself", ORPHAN_SECONDS)
            case NodeState.ENDING:
                self._look_whether_gone()

    def hit(self, cause: str, pid: Pid, number: signal.Signals) -> None:
        """Send a signal to one of its processes, and expect all of it to end."""
        self._ending(cause, STOP_SECONDS if number == signal.SIGTERM else ORPHAN_SECONDS)
        pid.send(number)

    @property
    def family(self) -> list[Pid]:
        """All of its processes."""
        return family(self._program.process.pid) if self._program is not None else []

    @property
    def line(self) -> list[Pid]:
        """`taskbahn up`, Crossbar's controller, the router process; empty unless it is ready."""
        if self.state is not NodeState.READY or self._program is None:
            return []
        line = family(self._program.process.pid)
        return line if len(line) == 3 else []

    def stop(self) -> None:
        """Tell it to stop, and not to come back."""
        self.wanted = False
        if self._program is not None and self.state is NodeState.READY and self._program.pid is not None:
            self.hit("stop", self._program.pid, signal.SIGTERM)

    def close(self) -> None:
        """End everything of it."""
        self.wanted = False
        if self._program is not None:
            self._program.end()
        end_all(self._family)

    def _start(self) -> None:
        self.starts += 1
        log = self.folder / f"node-{self.starts}.log"
        self._program = Program(log, [*TASKBAHN, "up", "--port", str(self.port), "--data", str(self.data)], self._environment)
        self._family = []
        self.state = NodeState.STARTING

    def _look_whether_ready(self) -> None:
        assert self._program is not None
        if self._program.said(NODE_READY):
            self.state = NodeState.READY
            self._family = family(self._program.process.pid)
            now = time.monotonic()
            self._journal.write("node_ready", cause=self._cause, seconds=now - self._program.started_at, down=now - self._hit_at)
        elif self._program.code is not None or time.monotonic() - self._program.started_at > START_SECONDS:
            self.failed_starts.append(f"it did not start: {self._program.log}")
            self._ending(self._cause, ORPHAN_SECONDS)

    def _ending(self, cause: str, patience: float) -> None:
        assert self._program is not None
        self._family = list({*self._family, *family(self._program.process.pid)})
        self._cause = cause
        self._hit_at = time.monotonic()
        self._patience = patience
        self.state = NodeState.ENDING

    def _look_whether_gone(self) -> None:
        """The next one is started when nothing of this one is left; what its parents left behind too long is killed."""
        assert self._program is not None
        code = self._program.code
        left = [pid for pid in self._family if pid.is_alive]
        if left and time.monotonic() - self._hit_at > self._patience:
            self.orphans += len(left)
            end_all(left)
            left = []
        if not left and code is not None:
            self.dirty_stops += self._patience == STOP_SECONDS and code != 0
            self.state = NodeState.GONE


class Helper:
    """A worker or a client: behind a relay of its own, and started again whenever it has ended, if it is `wanted`."""

    def __init__(self, name: str, folder: Path, relay: Relay, environment: dict[str, str]) -> None:
        self.name = name
        self.relay = relay
        self.wanted = True
        self.is_told = False  # to end
        self.starts = 0
        self.codes: list[int] = []  # exit codes of the programs that got SIGTERM
        self.killed: set[int] = set()  # process ids of those that ended by SIGKILL
        self._folder = folder
        self._environment = environment
        self.program: Program | None = None

    def tick(self) -> None:
        """Start it again if it has ended."""
        if self.program is not None and self.program.code is not None:
            if self.program.code == -signal.SIGKILL:
                self.killed.add(self.program.process.pid)
            if self.is_told:
                self.codes.append(self.program.code)
            self.program = None
        if self.program is None and self.wanted:
            self.starts += 1
            self.is_told = False
            log = self._folder / f"{self.name}-{self.starts}.log"
            self.program = Program(log, self.arguments(), self._environment)

    def arguments(self) -> list[str]:
        """Return the command."""
        raise NotImplementedError

    @property
    def is_ready(self) -> bool:
        """Whether it can be hit: it runs, has started, and got no SIGTERM."""
        return self.program is not None and self.program.code is None and not self.is_told

    def tell_to_end(self) -> None:
        """Send SIGTERM."""
        if self.program is not None:
            self.is_told = True
            self.program.send(signal.SIGTERM)

    def close(self) -> None:
        """End it, and its relay."""
        self.wanted = False
        if self.program is not None:
            self.program.end()
        self.relay.close()


class WorkerProgram(Helper):
    """`taskbahn worker` for the tasks of this package."""

    def __init__(
        self, name: str, folder: Path, port: int, journals: Path, slots: int, grace: float, token: dict[str, str]
    ) -> None:  # fmt: skip
        relay = Relay(port)
        super().__init__(
            name,
            folder,
            relay,
            {"TASKBAHN_URL": f"ws://127.0.0.1:{relay.port}/ws", PLACE: str(journals), "PYTHONUNBUFFERED": "1", **token},
        )
        self._slots = slots
        self._grace = grace

    def arguments(self) -> list[str]:
        """Return the command."""
        return [*TASKBAHN, "worker", "chaos.application:app", "--slots", str(self._slots), "--grace", str(self._grace)]

    @property
    def is_ready(self) -> bool:
        """Whether it can be hit: it has attached once, and got no SIGTERM."""
        return super().is_ready and self.program is not None and self.program.said(WORKER_READY)

    def children(self) -> list[Pid]:
        """Return the processes of its pool."""
        if self.program is None or self.program.code is not None:
            return []
        return [pid for pid in family(self.program.process.pid)[1:] if "taskbahn.worker.child" in command(pid)]


class ClientProgram(Helper):
    """`python -m chaos.client` of one kind, with a new seed for each process."""

    def __init__(self, kind: str, folder: Path, port: int, environment: dict[str, str], chance: random.Random) -> None:
        relay = Relay(port)
        scheme = "rs://127.0.0.1:{}" if kind == "batch" else "ws://127.0.0.1:{}/ws"  # both transports are to be hit
        super().__init__(f"client-{kind}", folder, relay, {"TASKBAHN_URL": scheme.format(relay.port), **environment})
        self._kind = kind
        self._chance = chance

    @property
    def is_ready(self) -> bool:
        """Whether it can be hit: it listens to signals, and got no SIGTERM."""
        return super().is_ready and self.program is not None and self.program.said(CLIENT_READY)

    def arguments(self) -> list[str]:
        """Return the command."""
        return [sys.executable, "-m", "chaos.client", self._kind, str(self._chance.randrange(1 << 30))]
