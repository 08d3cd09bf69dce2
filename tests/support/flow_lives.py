"""Random lives of a dispatcher with flows, compared with the model of `flow_model` whenever nothing is left to do."""

from __future__ import annotations

import json
import math
import random
import zlib
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

from support.dispatcher_harness import DispatcherHarness, job_id
from support.flow_deadlines import OF_MEMBERS, Deadlines
from support.flow_model import ENDED, HELD, Job, World
from support.flow_shapes import Shapes
from support.pause_checks import EDGES, check_holds, is_held
from support.promise_tables import tables_of
from taskbahn.protocol import messages
from taskbahn_router.dispatcher import group_commit
from taskbahn_router.submission import flows

if TYPE_CHECKING:
    from collections.abc import Iterator

    from support.storing import FakeSqliteStore, FakeStore

BUDGETS = (3, 16, 500)
WHOLE = 500
SLICES = (1, 2, 3, 5, WHOLE)  # jobs of a flow that one commit stores
MOST_ROUNDS = 300  # until all attempts of a life have ended
CRASHES = 2  # lost workers after which a job fails
STATES = {"ready": "ready", "running": "ready"}  # of tasks, as the model says them


@contextmanager
def bounds(units: int, slice_jobs: int) -> Iterator[None]:
    """Let all commits have a budget, and store *slice_jobs* jobs of a flow."""
    with (
        patch.object(group_commit, "LOOP_BUDGET", units),
        patch.object(group_commit, "THREAD_BUDGET", units),
        patch.object(flows, "SLICE_JOBS", slice_jobs),
    ):
        yield


def result_of(k: int, args: list[Any]) -> int:
    """Return what a task gives: other arguments, another result."""
    return zlib.crc32(json.dumps([k, args]).encode())


class FlowLife:
    """One life.  sizes: flows, and members of each.   plain: without deadlines and pauses."""

    def __init__(self, pick: random.Random, store: FakeStore | FakeSqliteStore, sizes: tuple[int, int], *, plain: bool) -> None:
        self.pick = pick
        self.is_plain = plain
        self.harness = DispatcherHarness(store)
        self.world = World()
        self.deadlines = Deadlines(self.harness, self.world)
        self.flows: dict[str, dict[str, Any]] = {}
        self.most_flows, self.most_members = sizes
        self.workers = 0
        self.has_retried = False  # so that the job that failed first may have succeeded since
        self.made = 0
        self.begun: set[tuple[str, int]] = set()
        self.held: set[str] = set()  # jobs that a pause held when all was done last
        self.new: set[str] = set()  # jobs that have begun since then
        self.worker = self._attach()

    def go(self, steps: int) -> None:
        """Live, and then let everything come to its end."""
        acts = [
            self.start,
            self.start,
            *[self.attempt] * 8,
            self.cancel,
            self.retry,
            self.skip,
            self.restart,
            self.lose,
            self.wait,
        ]
        acts += [] if self.is_plain else [self.pause, self.resume]
        for _ in range(steps):
            self.refusing(self.pick.choice(acts))
            self.check()
        self.finish()

    # what happens

    def start(self) -> None:
        if len(self.flows) >= self.most_flows:
            return self.attempt()
        id = job_id(5000 + len(self.flows))
        within = () if self.is_plain else OF_MEMBERS
        shapes = Shapes(self.pick, self.most_members, list(self.world.jobs), self.made, within=within)
        node = shapes.flow()
        self.made = shapes.made
        entry: dict[str, Any] = {"flow": node, "id": id}
        entries = [entry] * self.pick.choice([1, 1, 2])
        is_cut = flows.SLICE_JOBS < WHOLE and self.pick.random() < 0.3
        if is_cut:
            self.harness.store.lasts = self.pick.choice([1, 2, 3, 4])
        entry["options"] = {} if self.is_plain else self.deadlines.of_flow(self.pick, node, is_cut=is_cut)
        (answer, *more) = self.submit(entries)
        self.harness.store.lasts = math.inf
        assert all(one == answer for one in more)
        if isinstance(answer, dict):
            assert answer["error"] == "taskbahn.error.invalid_flow", answer
            return None
        self.accepted(entry)
        if self.pick.random() < 0.2:
            self.submit(entries)
        return None

    def accepted(self, entry: dict[str, Any]) -> None:
        """From the first slice on a flow is as if all of it were there."""
        id = entry["id"]
        if id not in self.flows:
            self.flows[id] = entry["flow"]
            self.world.add(entry["flow"], id)
            root = self.world.jobs[id]
            root.within = entry["options"].get("finish_within", root.within)

    def submit(self, entries: list[dict[str, Any]]) -> list[Any]:
        """Submit, until the store takes it."""
        while True:
            asked = self.harness.ask(messages.SUBMIT, entries)
            self.harness.settle()
            if not asked.sent:  # the store refused what was not the first slice
                self.harness.store.refuses = ""
                self.accepted(entries[0])
                if self.pick.random() < 0.5:
                    self.take_blindly()
                    self.restart()
                    continue
                self.harness.passes(3.0)
            if asked.sent[-1][0] == "answer":
                answers: list[Any] = asked.answer
                return answers
            assert asked.error == "store_unavailable"
            self.harness.store.refuses = ""
            self.harness.passes(3.0)

    def attempt(self) -> None:
        """Let some attempts end together."""
        runs = self.pick.sample(self.worker.runs, min(len(self.worker.runs), self.pick.choice([1, 1, 2, 3])))
        endings: list[tuple[Job, str, Any]] = []
        for id, attempt in runs:
            job = self.world.jobs[id]
            self.worker._ended([(id, attempt)])
            if self.pick.random() < 0.7:
                result = result_of(job.node["kwargs"]["k"], job.args())
                self.worker.says(done=[messages.Done(id, attempt, json.dumps(result), 0.0, 0.01)])
                endings.append((job, "succeeded", result))
            else:
                self.worker.says(
                    failed=[messages.Failed(id=id, attempt=attempt, kind="error", error={"type": f"E{id}", "message": ""})]
                )
                job.failures += 1
                if job.failures > job.node["options"].get("retries", 0):
                    endings.append((job, "failed", None))
        self.world.end(endings)

    def some(self) -> Job | None:
        jobs = list(self.world.jobs.values())
        roots = [job for job in jobs if job.root is None]
        return self.pick.choice(self.pick.choice([jobs, roots])) if jobs else None

    def cancel(self) -> None:
        if (job := self.some()) is not None:
            self.harness.ask(messages.JOB_CANCEL, [job.id], "enough")
            self.world.cancel(job)

    def retry(self) -> None:
        if (job := self.some()) is not None:
            self.harness.ask(messages.JOB_RETRY, [job.id])
            self.world.retry(job)
            self.has_retried = True

    def skip(self) -> None:
        self.harness.settle()
        holding = [job for job in self.world.jobs.values() if any(edge.state == HELD for edge in job.children)]
        job = self.pick.choice(holding) if holding else self.some()
        if job is None or self.harness.store.refuses:
            return
        asked = self.harness.ask(messages.JOB_SKIP, [job.id])
        self.harness.settle()
        assert asked.sent, job.id
        (answer,) = asked.answer
        assert isinstance(answer, str) == self.world.skip(job), (answer, job.facts())

    def pause(self) -> None:
        if (job := self.some()) is not None:
            self.harness.ask(messages.JOB_PAUSE, [job.id])

    def resume(self) -> None:
        """Resume one of the jobs that are held, or one that is not."""
        held = [job for job in self.world.jobs.values() if job.id in self.held]
        if (job := self.pick.choice(held) if held else self.some()) is not None:
            self.harness.ask(messages.JOB_RESUME, [job.id])

    def resume_all(self) -> None:
        self.harness.ask(messages.JOB_RESUME, list(self.world.jobs))
        self.harness.settle()

    def restart(self) -> None:
        """Another router takes over the store; the worker comes back with what it runs, or another one without."""
        self.harness.restart()
        self.come_back()

    def lose(self) -> None:
        """The worker loses its session."""
        self.worker.lost()
        self.harness.settle()
        self.come_back()

    def come_back(self) -> None:
        runs = self.worker.runs
        if self.pick.random() < 0.5:
            self.worker = self._attach(running=runs)
            self.worker.runs = [*runs, *self.worker.runs]
            return
        self.workers += 1
        self.worker = self._attach()
        self.harness.store.refuses = ""
        self.harness.passes(9.9)
        self.deadlines.pass_time()
        self.harness.passes(0.2)
        lost = [self.world.jobs[id] for id, _ in runs if self.world.jobs[id].state not in ENDED]
        for job in lost:
            job.crashes += 1
        self.world.end((job, "failed", None) for job in lost if job.crashes >= CRASHES)
        self.harness.passes(0.9)

    def wait(self) -> None:
        self.harness.passes(1.1 if self.is_plain else self.pick.choice([1.1, 1.1, 6.0]))

    def refusing(self, act: Any) -> None:
        """Do something, now and then while the store takes no commits."""
        if self.pick.random() < 0.1 and self.deadlines.ending() <= (act == self.wait):
            self.harness.store.refuses = "full"
        act()
        self.harness.settle()
        if self.harness.store.refuses:
            self.harness.store.refuses = ""
            self.harness.passes(3.0)

    def _attach(self, **more: Any) -> Any:
        worker = self.harness.worker(f"w{self.workers}", 3, tasks=["a.t"], **more)
        self.harness.settle()
        return worker

    # what must hold

    def take(self) -> None:
        """Read what the worker is to do: only what may run, once, with what it is given."""
        self.deadlines.pass_time()
        while True:
            before = len(self.worker.asked.progress)
            self.worker.take()
            orders = {(run[0], run[1]): run for order in self.worker.asked.progress for run in order.get("run", ())}
            for id, attempt, _ in self.worker.cancelled:
                if (id, attempt) in self.worker.runs:
                    self.worker.failed((id, attempt), kind="cancelled")
            self.worker.cancelled.clear()
            for run in self.worker.runs:
                if run not in self.begun:
                    self.begun.add(run)
                    self.new.add(run[0])
                    job = self.world.jobs[run[0]]
                    is_over = job.is_overdue or (job.root is not None and job.root.is_overdue)  # it ran until its time was over
                    assert job.state == "ready" or is_over, ("it must not run", run, job.state)
                    found = messages.from_json(orders[run][3])
                    assert found[0] in (job.args(), job.args(early=True)), ("arguments", found, job.args())
                    assert found[1] == job.node["kwargs"]
            self.harness.settle()
            if len(self.worker.asked.progress) == before:
                return

    def take_blindly(self) -> None:
        """Read what the worker is to do, while not all that the model knows is stored."""
        self.harness.settle()
        self.worker.take()
        self.begun.update(self.worker.runs)

    def check(self) -> None:
        self.take()
        self.harness.check()
        tables = tables_of(self.harness.store)
        assert not tables.duties
        check_holds(tables)
        rows = {job.id.hex(): job for job in tables.jobs.values()}
        assert len(rows) == len(self.world.jobs)
        held = {id for id in self.world.jobs if is_held(rows[id.replace("-", "")])}
        assert not self.held & held & self.new, "a job began that a pause held"
        self.held, self.new = held, set()
        for job in self.world.jobs.values():
            row = rows[job.id.replace("-", "")]
            state = (
                "ready"
                if job.kind == "task"
                and (row.state in ("ready", "running") or (row.state == "waiting" and not row.pending & EDGES))
                else row.state
            )
            assert (state, row.pending & EDGES) == (job.state, job.pending), (
                "state",
                job.facts(),
                row,
                job.state,
                job.pending,
            )
            self.deadlines.check(job)
            if job.state == "succeeded":
                result = self.harness.row(job.id).result
                assert (None if result is None else json.loads(result)) == job.result, (
                    "result",
                    job.facts(),
                    result,
                    job.result,
                )
            elif job.state == "failed" and job.kind != "task":
                self.check_error(job)
            elif job.waits:
                assert not job.is_stuck, job.facts()

    def check_error(self, job: Job) -> None:
        """A flow fails with the error of a job that failed or was cancelled."""
        error = json.loads(self.harness.row(job.id).error or "")
        if job.is_overdue and "member" not in error:
            assert error["type"] == "DeadlineExceeded", error
            return
        origin = self.world.jobs[error["member"]["id"]]
        known = [f"E{origin.id}", "JobCancelled", "WorkerLost", *(["ParentFailed"] if self.has_retried else [])]
        known += ["DeadlineExceeded"] if origin.within is not None else []
        assert error["type"] in known, error

    # the end

    def finish(self) -> None:
        """Resume all, let all attempts succeed and retry what did not, until all has succeeded that can."""
        self.resume_all()
        self.check()
        assert not self.held
        for _ in range(60):
            self.run_out()
            left = [job for job in self.world.jobs.values() if job.state in ("failed", "cancelled")]
            wanted = [job for job in left if not any(edge.state in ("passed on", "dropped") for edge in job.parents)]
            if not wanted:
                break
            for job in sorted(wanted, key=lambda job: job.root is not None)[:1]:
                self.harness.ask(messages.JOB_RETRY, [job.id])
                self.world.retry(job)
                self.has_retried = True
                self.check()
        assert not [job for job in self.world.jobs.values() if job.waits and not job.pending]

    def run_out(self) -> None:
        """Let all attempts succeed."""
        self.check()
        for _ in range(MOST_ROUNDS):
            if not self.worker.runs and not any(job.state == "ready" for job in self.world.jobs.values()):
                return
            endings = []
            for id, attempt in list(self.worker.runs):
                job = self.world.jobs[id]
                result = result_of(job.node["kwargs"]["k"], job.args())
                self.worker.done((id, attempt), result=json.dumps(result), seconds=0.01)
                endings.append((job, "succeeded", result))
            self.world.end(endings)
            self.harness.settle()
            if not endings:
                self.harness.passes(1.1)
            self.check()
        raise AssertionError("jobs are ready, and none starts")


def live(
    pick: random.Random,
    store: FakeStore | FakeSqliteStore,
    units: int,
    sizes: tuple[int, int],
    *,
    steps: int = 30,
    slice_jobs: int = WHOLE,
    plain: bool = False,
) -> None:
    """Make a life, see `FlowLife`, in which no commit does more than some units of work."""
    with bounds(units, slice_jobs):
        FlowLife(pick, store, sizes, plain=plain).go(steps)


def live_of(seed: int, store: FakeStore | FakeSqliteStore, *, slices: bool = True, plain: bool = False) -> None:
    """Make the life of a seed.  slices: whether flows may take several commits."""
    sizes, slice_jobs = (1 + seed % 4, 2 + seed % 17), SLICES[seed % len(SLICES)] if slices else WHOLE
    live(random.Random(seed), store, BUDGETS[seed % 3], sizes, slice_jobs=slice_jobs, plain=plain)
