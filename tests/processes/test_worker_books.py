"""Whatever happens, each attempt that was ordered gets exactly one answer."""

import asyncio
import os
import random
import signal
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from support.worker_harness import FakeDispatcher, attach, run_worker

from taskbahn.worker.loading import load_app

SOURCE = """
    import asyncio, random, time
    from taskbahn import Taskbahn, current

    app = Taskbahn()

    def work(seconds: float) -> str:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            time.sleep(0.001)
            current.progress(0.5)
        print(seconds)
        return "done"

    app.task(name="work.thread", pool="thread")(work)
    app.task(name="work.process", pool="process")(work)

    @app.task(name="work.loop")
    async def on_loop(seconds: float) -> str:
        await asyncio.sleep(seconds)
        current.log("x")
        return "done"
"""


def seconds(chance: random.Random) -> float:
    return chance.choice([0.0, 0.0, 0.0, 0.0, 0.001, 0.02, 0.15])


class Storm:
    """Orders attempts and disturbs them in every way, from a seed."""

    def __init__(self, worker: Any, dispatcher: FakeDispatcher, seed: int) -> None:
        self.worker = worker
        self.sessions = [dispatcher]
        self.chance = random.Random(seed)
        self.ordered = 0

    @property
    def session(self) -> FakeDispatcher:
        return self.sessions[-1]

    def order(self) -> None:
        chance, rows = self.chance, []
        for _ in range(chance.randrange(1, 60)):
            self.ordered += 1
            limit = chance.choice([None, None, 0.05])
            rows.append((f"j{self.ordered}", f"work.{chance.choice(['thread', 'process', 'loop'])}", [seconds(chance)], limit))
        self.session.run(*rows)

    async def disturb(self) -> None:
        chance = self.chance
        match chance.randrange(5):
            case 0:
                keys = chance.sample(list(self.worker.reporter.held), k=min(5, len(self.worker.reporter.held)))
                self.session.on_progress({"cancel": [[job, attempt, "why not"] for job, attempt in keys]})
            case 1:
                self.session.on_progress({"back": chance.randrange(1, 30)})
            case 2:
                self.worker._lost("cut")
                self.sessions.append(FakeDispatcher())
                await attach(self.worker, self.session)
            case 3:
                child = chance.choice(self.worker._pools["process"].children or [None])
                if child is not None:
                    os.kill(child.pid, signal.SIGKILL)
            case _:
                await asyncio.sleep(0.02)


@pytest.mark.parametrize("seed", range(3))
def test_each_attempt_gets_exactly_one_answer(make_module: Callable[[str], str], seed: int) -> None:
    target = f"{make_module(SOURCE)}:app"

    async def action(worker: Any, dispatcher: FakeDispatcher) -> None:
        storm = Storm(worker, dispatcher, seed)
        for _ in range(40):
            storm.order()
            await storm.disturb()
            await asyncio.sleep(0.01)
        await storm.session.until(lambda: worker.is_clear, 30)
        answers: dict[str, set[str]] = {}
        kinds: Counter[str] = Counter()
        for session in storm.sessions:  # a report that was not acknowledged comes again, and must say the same
            outcomes = [(one[0], "done") for one in session.all("done")]
            outcomes += [(one["id"], one["kind"]) for one in session.all("failed")]
            outcomes += [(one[0], "back") for one in session.all("back")]
            assert max(Counter(job for job, _ in outcomes).values(), default=0) <= 1
            for job, kind in outcomes:
                kinds[kind] += job not in answers
                answers.setdefault(job, set()).add(kind)
        assert len(answers) == storm.ordered
        assert all(len(kinds) == 1 for kinds in answers.values())
        assert kinds["done"] > storm.ordered / 10

    run_worker(load_app(target), action, slots=3, target=target)
