"""e: many waiting jobs: what they cost the router and the disk, and how fast they are then worked off."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.contract import ANSWER, Figure
from benchmarks.measure import say
from benchmarks.ours import tasks
from benchmarks.ours.node import APPS, SLOTS, Node

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchmarks.contract import Plan
    from benchmarks.processes import Place

WARM_UP_JOBS = 2_000
PART = 50_000  # jobs in one call of `start_many`
WORKED_OFF = 60_000
WORKED_OFF_SECONDS = 20.0
POLL_SECONDS = 0.05
MIB = 2**20


def memory(pid: int, name: str) -> float:
    """Return `VmRSS` or the peak `VmHWM` of a process in MiB."""
    text = Path(f"/proc/{pid}/status").read_text(encoding="ascii", errors="replace")
    return next(int(line.split()[1]) for line in text.splitlines() if line.startswith(name)) / 1024


def submit(count: int) -> float:
    """Submit *count* jobs and return the seconds."""
    started = time.perf_counter()
    done = 0
    while done < count:
        done += len(tasks.thread_noop.start_many(() for _ in range(min(PART, count - done))))
        say(progress=f"{done:,} jobs submitted")
    return time.perf_counter() - started


def succeeded() -> int:
    """Return how many jobs have succeeded so far."""
    return tasks.threads.view.status().jobs.get("succeeded", 0)


def work_off(before: int, count: int) -> tuple[int, float]:
    """Return how many jobs ended in how many seconds, from the first to be seen as done; *before* had succeeded already."""
    first = before
    while first == before:
        time.sleep(POLL_SECONDS)
        first = succeeded()
    started = time.perf_counter()
    wanted = min(before + count, first + WORKED_OFF)
    while True:
        time.sleep(POLL_SECONDS)
        now, seconds = succeeded(), time.perf_counter() - started
        if now >= wanted or seconds > WORKED_OFF_SECONDS:
            return now - first, seconds


def run(plan: Plan, place: Place) -> Sequence[Figure]:
    """Let `plan.waiting_jobs` wait, then start one worker with threads."""
    node = Node(place)
    node.start()
    node.use("websocket")
    node.start_worker(APPS["threads"], SLOTS["threads"])
    node.wait_for_worker(tasks.threads)
    warm = tasks.thread_noop.start_many(() for _ in range(WARM_UP_JOBS))
    assert set(warm.results(60)) == {ANSWER}
    node.stop_worker(tasks.threads)
    count, router = plan.waiting_jobs, node.router_pid
    memory_before, disk_before = memory(router, "VmRSS"), node.bytes_on_disk()
    seconds = submit(count)
    memory_after, peak, disk_after = memory(router, "VmRSS"), memory(router, "VmHWM"), node.bytes_on_disk()
    say(progress="starting the node again")
    node.stop()
    restarted = node.start()
    router = node.router_pid
    say(progress="working them off")
    before = succeeded()  # the client is back, too
    node.start_worker(APPS["threads"], SLOTS["threads"])
    done, worked = work_off(before, count)
    figures = [
        Figure("waiting jobs", count, "jobs"),
        Figure("time to submit", round(seconds, 1), "s", f"{count / seconds:,.0f} jobs/s"),
        Figure("router memory before", round(memory_before, 1), "MiB", "resident; router and dispatcher are one process"),
        Figure("router memory with all waiting", round(memory_after, 1), "MiB", f"{memory_after - memory_before:+.1f} MiB; peak {peak:.1f} MiB"),
        Figure("size on disk", round(disk_after / MIB, 1), "MiB", f"{disk_after / count:.0f} bytes a job; {disk_before / MIB:.1f} MiB before"),
        Figure("started again", round(restarted, 1), "s", "from `taskbahn up` to ready, with all of them waiting"),
        Figure("worked off", round(done / worked), "jobs/s", f"{done:,} jobs in {worked:.1f} s, one worker with {SLOTS['threads']} threads"),
        Figure("router memory while working", round(memory(router, "VmRSS"), 1), "MiB", f"peak {memory(router, 'VmHWM'):.1f} MiB"),
    ]  # fmt: skip
    tasks.threads.close()
    return figures
