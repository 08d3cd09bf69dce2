"""The whole cast in one folder: a node, workers, clients; what they wrote; what is due later. Leaving it ends all of them."""

from __future__ import annotations

import heapq
import itertools
import os
import random
import shutil
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Self

from benchmarks.ports import free_port
from benchmarks.processes import adopt_orphans

from chaos.client import KEEP, MISCHIEF
from chaos.journal import PLACE, Journal
from chaos.login import PAGE, make_tokens, role_of
from chaos.processes import end_all, family
from chaos.programs import ClientProgram, Helper, Node, NodeState, WorkerProgram
from chaos.strays import Stray, strays
from taskbahn import Taskbahn

if TYPE_CHECKING:
    from collections.abc import Callable

WORKERS = 3  # at most
SLOTS = 9  # of all workers together
GRACE = 1.0  # seconds that a worker has after SIGTERM; some jobs take longer
KINDS = ("start", "batch", "call", "plain")
FLOWS = ("flow", "parent", "schedule", "trigger")  # the kinds of clients whose jobs are not kept for a time of their own
PEOPLE = "people"  # who answer; they go on until no job waits for an answer
LOOK = 0.02  # seconds between two looks at everything


class Late(TimeoutError):
    """Something that had to happen did not, within a generous time."""


class Scene:
    """Starts and ends the cast.

    keep: seconds that finished jobs are kept, None for as long as by default; then there are flows, too.   mischief: the share of jobs that
    misbehave.   slots: of all workers together.   has_login: whether the node wants one; then there is a page, too.
    """

    def __init__(
        self, seed: int, *, keep: float | None = None, mischief: float = 0.0, slots: int = SLOTS, has_login: bool = False
    ) -> None:
        adopt_orphans()
        self.folder = Path(tempfile.mkdtemp(prefix="taskbahn-chaos-"))
        self.journals = self.folder / "journals"
        self.journal = Journal(self.journals, "storm")
        self.chance = random.Random(seed)  # noqa: S311 - repeatable on purpose
        port = free_port()
        self.node = Node(self.folder, port, self.journal, has_login=has_login)
        self._tokens = make_tokens(self.node.data) if has_login else {}
        self.url = f"ws://127.0.0.1:{port}/ws"
        environment = {PLACE: str(self.journals), MISCHIEF: str(mischief)} | ({KEEP: str(keep)} if keep is not None else {})
        workers = min(WORKERS, slots)
        self.workers = [
            WorkerProgram(
                f"worker-{number + 1}",
                self.folder,
                port,
                self.journals,
                (slots + number) // workers,
                GRACE,
                self._token("worker"),
            )
            for number in range(workers)
        ]
        kinds = (*KINDS, *FLOWS) if keep is None else KINDS
        self.people = [self._client(PEOPLE, port, environment)] if keep is None else []
        self.clients = [self._client(kind, port, environment) for kind in (*kinds, *([PAGE] if has_login else ()))]
        self._later: list[tuple[float, int, Callable[[], object]]] = []
        self._order = itertools.count()
        self._acting: list[Helper] = []

    def app(self, timeout: float) -> Taskbahn:
        """Return an application that sees everything."""
        return Taskbahn(self.url, timeout=timeout, token=self._tokens.get("operator"))

    def _token(self, role: str) -> dict[str, str]:
        return {"TASKBAHN_TOKEN": self._tokens[role]} if self._tokens else {}

    def _client(self, kind: str, port: int, environment: dict[str, str]) -> ClientProgram:
        return ClientProgram(kind, self.folder, port, environment | self._token(role_of(kind)), self.chance)

    def later(self, seconds: float, function: Callable[[], object]) -> None:
        """Call *function* after *seconds*."""
        heapq.heappush(self._later, (time.monotonic() + seconds, next(self._order), function))

    def tick(self) -> None:
        """Look at everybody once, and do what is due."""
        while self._later and self._later[0][0] <= time.monotonic():
            heapq.heappop(self._later)[2]()
        self.node.tick()
        for helper in self._acting:
            helper.tick()

    def until(self, what: str, happens: Callable[[], bool], seconds: float) -> None:
        """Let everything go on until *happens* says so.  Raises Late."""
        deadline = time.monotonic() + seconds
        while not happens():
            if time.monotonic() > deadline:
                raise Late(f"{what}: not within {seconds:.0f} s; the logs are in {self.folder}")
            self.tick()
            time.sleep(LOOK)

    def begin(self, seconds: float) -> None:
        """Start the node, then the workers, then the clients; returns when all work."""
        self.until("the node is ready", lambda: self.node.state is NodeState.READY, seconds)
        self._acting += self.workers
        self.until("the workers are ready", lambda: all(worker.is_ready for worker in self.workers), seconds)
        self._acting += (*self.clients, *self.people)
        self.until("the clients run", lambda: all(client.is_ready for client in self.clients), seconds)

    def calm(self) -> None:
        """Do at once what was to be done later: what is cut is mended, what is stopped goes on."""
        while self._later:
            heapq.heappop(self._later)[2]()

    def left_running(self) -> tuple[list[Stray], list[Stray]]:
        """Return the programs that tasks left running, and those of tasks whose worker was killed, which no worker can end."""
        programs = [
            helper.program.process.pid for helper in (*self.workers, *self.clients, *self.people) if helper.program is not None
        ]
        killed = {pid for worker in self.workers for pid in worker.killed}
        found = strays(self.node.family, programs)
        return [one for one in found if one.session not in killed], [one for one in found if one.session in killed]

    def dismiss_clients(self, seconds: float) -> list[str]:
        """Let the clients take what they wait for; return the names of those that waited in vain."""
        self.until("the clients run", lambda: all(client.is_ready for client in self.clients), seconds)
        for client in self.clients:
            client.wanted = False
            client.tell_to_end()
        deadline = time.monotonic() + seconds
        while any(client.program is not None for client in self.clients) and time.monotonic() < deadline:
            self.tick()
            time.sleep(LOOK)
        stuck = [client.name for client in self.clients if client.program is not None]
        for client in self.clients:
            client.close()
        return stuck + [client.name for client in self.clients if any(client.codes)]

    def dismiss_people(self, seconds: float) -> None:
        """Let the people end: no job waits for them any more.  Raises Late."""
        for one in self.people:
            one.wanted = False
            one.tell_to_end()
        self.until("the people end", lambda: all(one.program is None for one in self.people), seconds)

    def end_clients(self) -> None:
        """End the clients, whatever they wait for."""
        for client in (*self.clients, *self.people):
            client.close()

    def close(self, *, keep_files: bool) -> None:
        """End everybody; remove the folder unless it is to be kept."""
        self.calm()
        for helper in (*self.clients, *self.people, *self.workers):
            helper.close()
        self.node.close()
        end_all(family(os.getpid())[1:])
        self.journal.close()
        if not keep_files:
            shutil.rmtree(self.folder)

    def __enter__(self) -> Self:
        return self
