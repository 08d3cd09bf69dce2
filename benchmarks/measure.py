"""One system in one mode, measured in this process: `python -m benchmarks.measure SYSTEM MODE PLAN-AS-JSON`.

Writes JSON lines to standard output: `{"progress": …}` on the way, `{"result": …}` or `{"figures": …}` at the end.
With MODE `extra-d` and the like it runs a measure that only Taskbahn has.
"""

from __future__ import annotations

import contextlib
import importlib
import importlib.metadata
import json
import os
import signal
import statistics
import sys
import time
import traceback
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, NoReturn, cast

from benchmarks import processes
from benchmarks.contract import ANSWER, FlowSystem, Mode, Plan, Result
from benchmarks.flows import FlowMeasurement
from benchmarks.processes import Place
from benchmarks.redis_server import start_redis
from benchmarks.registry import entry_of, extras

if TYPE_CHECKING:
    from benchmarks.contract import Entry, System

READY_SECONDS = 60.0
WARM_UP_JOBS = 300
CALL_SECONDS = 30.0
FEWEST_SAMPLES = 30


class WrongResults(RuntimeError):
    """Some results did not come or were not the answer."""

    def __init__(self, good: int, count: int) -> None:
        super().__init__(f"only {good} of {count} results were right")


class Measurement:
    """The measures a, b, c, f and j of one system in one mode."""

    def __init__(self, system: System, entry: Entry, mode: Mode, plan: Plan) -> None:
        self.system = system
        self.plan = plan
        self.result = Result(entry.name, mode)

    def run(self, mode: Mode, place: Place) -> Result:
        """Measure what the plan asks for; a failure is noted in the result, with what was measured before."""
        system, result, asked = self.system, self.result, self.plan.measures
        result.configuration, result.durability = system.configuration(mode), system.durability()
        result.versions = {name: importlib.metadata.version(name) for name in system.packages}
        try:
            system.start(mode, place)
            say(progress="waiting for the worker")
            self._wait_until_ready(place)
            rate = self._warm_up()
            if "a" in asked or "f" in asked:
                self._throughput(rate)
            if "b" in asked:
                self._latency()
            if "c" in asked:
                self._submission(rate)
            if "j" in asked and isinstance(system, FlowSystem):
                FlowMeasurement(system, result, self.plan, lambda text: say(progress=text)).run()
        except Exception as error:  # noqa: BLE001 - a peer that fails must not end the bench
            result.error = f"{type(error).__name__}: {error}"[:2000]
        finally:
            system.stop()
        return result

    def _wait_until_ready(self, place: Place) -> None:
        deadline = time.monotonic() + READY_SECONDS
        while True:
            place.check()
            try:
                if self.system.call(5.0) == ANSWER:
                    return
            except Exception:
                if time.monotonic() > deadline:
                    raise

    def _run_jobs(self, count: int) -> float:
        started = time.perf_counter()
        handles = self.system.submit(count)
        good = self.system.fetch(handles, self.plan.limit_seconds)
        seconds = time.perf_counter() - started
        if good != count:
            raise WrongResults(good, count)
        return seconds

    def _warm_up(self) -> float:
        """Return a first guess of the jobs a second."""
        self._run_jobs(WARM_UP_JOBS)
        return WARM_UP_JOBS / self._run_jobs(WARM_UP_JOBS)

    def _throughput(self, rate: float) -> None:
        count = fitting(self.plan.jobs, rate * self.plan.limit_seconds * 0.8)
        repeats = repeats_within(self.plan, count / rate, self.plan.limit_seconds)
        seconds, cpu = [], []
        for number in range(repeats):
            say(progress=f"a: run {number + 1} of {repeats}, {count:,} jobs")
            before = processes.cpu_seconds(os.getpid())
            seconds.append(self._run_jobs(count))
            cpu.append(processes.cpu_seconds(os.getpid()) - before)
        self.result.jobs, self.result.repeats = count, repeats
        self.result.jobs_per_second = count / statistics.median(seconds)
        self.result.cpu_seconds_per_1000 = statistics.median(cpu) / count * 1000

    def _latency(self) -> None:
        say(progress=f"b: {self.plan.latency_samples} jobs one at a time")
        samples: list[float] = []
        deadline = time.perf_counter() + self.plan.limit_seconds / 4
        while len(samples) < self.plan.latency_samples:
            started = time.perf_counter()
            if started > deadline and len(samples) >= FEWEST_SAMPLES:
                break
            if self.system.call(CALL_SECONDS) != ANSWER:
                raise WrongResults(0, 1)
            samples.append((time.perf_counter() - started) * 1000)
        self.result.latency_samples = len(samples)
        self.result.latency_median_ms = statistics.median(samples)
        self.result.latency_p99_ms = statistics.quantiles(samples, n=100, method="inclusive")[98]

    def _submission(self, rate: float) -> None:
        self.system.stop_worker()
        self.system.drop()
        count = fitting(self.plan.jobs, rate * self.plan.limit_seconds / 4)
        seconds: list[float] = []
        for number in range(repeats_within(self.plan, count / rate, self.plan.limit_seconds / 4)):
            say(progress=f"c: run {number + 1}, {count:,} jobs submitted, no worker")
            started = time.perf_counter()
            self.system.submit(count)
            seconds.append(time.perf_counter() - started)
            self.system.drop()
        self.result.submitted_jobs = count
        self.result.submitted_per_second = count / statistics.median(seconds)


def fitting(jobs: int, limit: float) -> int:
    """Return *jobs*, or the largest round number (1, 2 or 5 times a power of ten) below *limit*, but at least 100."""
    if jobs <= limit:
        return jobs
    rounds = [factor * 10**power for power in range(2, 8) for factor in (1, 2, 5)]
    return max([number for number in rounds if number <= min(limit, jobs)], default=100)


def repeats_within(plan: Plan, seconds: float, limit: float) -> int:
    """Return how many runs of *seconds* fit into *limit*: at least one, at most what the plan asks for."""
    return max(1, min(plan.repeats, int(limit / max(seconds, 0.001))))


def say(**values: Any) -> None:
    """Write one JSON line to standard output."""
    print(json.dumps(values), flush=True)


def measure(entry: Entry, mode: Mode, plan: Plan, place: Place) -> None:
    """Measure one system in one mode and write its result."""
    os.environ.update(BENCH_SYSTEM=entry.name, BENCH_DIRECTORY=str(place.directory), BENCH_REDIS=plan.redis)
    if entry.needs_redis:
        os.environ["BENCH_REDIS_URL"] = start_redis(place, plan.redis)
    system: System = importlib.import_module(entry.module).system(entry.name)
    say(result=asdict(Measurement(system, entry, mode, plan).run(mode, place)))


def measure_extra(letter: str, plan: Plan, place: Place) -> None:
    """Run a measure that only Taskbahn has and write its figures."""
    say(figures=[asdict(figure) for figure in extras()[letter].run(plan, place)])


def end(place: Place, code: int) -> NoReturn:
    """Stop everything and end without Python's own clean-up.

    That one would free what the peers' clients hold, and Celery's would try to reach a server that is gone.
    """
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    place.close()
    with contextlib.suppress(OSError):
        sys.stdout.flush()
    os._exit(code)


def main(argv: list[str]) -> NoReturn:
    """Do one measurement."""
    place = Place()
    # Not by an exception: it could be raised, and lost, in a callback of a peer.
    signal.signal(signal.SIGTERM, lambda *_: end(place, 143))
    processes.end_with_parent()
    processes.adopt_orphans()
    name, mode, plan = argv[0], argv[1], Plan.decode(json.loads(argv[2]))
    try:
        if mode.startswith("extra-"):
            measure_extra(mode.removeprefix("extra-"), plan, place)
        else:
            measure(entry_of(name), cast("Mode", mode), plan, place)
    except BaseException:  # noqa: BLE001 - shown, and then the process ends
        with contextlib.suppress(OSError):
            traceback.print_exc()
        end(place, 1)
    end(place, 0)


if __name__ == "__main__":
    main(sys.argv[1:])
