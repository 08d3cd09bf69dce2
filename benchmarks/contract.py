"""What a system must offer to be measured, and what a measurement consists of.

The same `measure.py` drives every system, ours and the peers, in a process of its own:

    registry.py   which systems there are, in which modes, and in which environment they live
    driver.py     starts `python -m benchmarks.measure` for each (system, mode) and collects its JSON line
    measure.py    the measures a, b, c and f of one system in one mode, through `System`
    flows.py      the measure j of the same systems, through `FlowSystem`
    peers/        one module for each peer; each has `system(name) -> System`
    ours.py       the same for Taskbahn, and the measures that only Taskbahn has

The measures, by the letters of the `--only` option:

    a   jobs a second: submit all, then fetch all results; one worker, which is already connected
    b   milliseconds for one job at a time, from the submission to its result in the caller's hands
    c   jobs a second that are submitted while no worker runs
    d   progress events a second from tasks to one watcher (ours only)
    e   a million waiting jobs (ours only)
    f   CPU seconds for 1,000 jobs: client, worker, router and server together, during (a)
    g   seconds from the start of the node to ready (ours only)
    h   milliseconds of a quiet client beside floods, and the router's memory (ours only)
    i   jobs a second under limits that never hold one, beside those without (ours only)
    j   a chord of 1,000 members beside the same jobs alone, a chain of 1,000 beside 1,000 calls one after the other
    k   steps of a task, and children for which it waits one after the other, beside single jobs (ours only)
    l   what schedules cost while nothing is due, how fast many at once fire, and how late they are beside other jobs (ours only)
    m   a and b beside a node without login, what a session's login costs, and 10,000 browsers with tokens (ours only)

Every job is the same: a function without arguments that returns `ANSWER`. A result counts only if it is `ANSWER`. The links of a chain
return what they get, and the body of a chord the number of `ANSWER`s.

This module needs nothing but the standard library: it is imported in the peers' environment and in ours.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Literal, Protocol, runtime_checkable

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from benchmarks.processes import Place

Mode = Literal["threads", "processes", "async"]
MODES: tuple[Mode, ...] = ("threads", "processes", "async")

COMMON_MEASURES = ("a", "b", "c", "f", "j")
OWN_MEASURES = ("b", "d", "e", "g", "h", "i", "k", "l", "m")

ANSWER = 42
THREADS = 8
PROCESSES = 2


@dataclass(frozen=True)
class Plan:
    """How much is measured."""

    jobs: int = 20_000
    """Jobs of one run of (a) and (c), at most; `limit_seconds` may allow fewer."""
    repeats: int = 3
    """Runs of (a) and (c), of which the median is reported, at most; `limit_seconds` may allow fewer."""
    latency_samples: int = 500
    limit_seconds: float = 120.0
    """For all runs of (a) of one system in one mode together; (c) and (b) get a quarter of it each."""
    waiting_jobs: int = 1_000_000
    """Jobs of (e)."""
    members: int = 1_000
    """Of a chord and of a chain of (j), at most; a system that fails with such a chain does a shorter one."""
    measures: tuple[str, ...] = ("a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l", "m")
    redis: Literal["memory", "everysec", "always"] = "memory"
    """What the peers' Redis writes to disk: nothing, or its append-only file with this `appendfsync`."""

    def encode(self) -> dict[str, Any]:
        """Return this plan as JSON values."""
        return asdict(self)

    @classmethod
    def decode(cls, values: dict[str, Any]) -> Plan:
        """Return the plan that `encode` wrote."""
        return cls(**{**values, "measures": tuple(values["measures"])})


@dataclass(frozen=True)
class Entry:
    """One system in the list of what can be measured (`registry.py`, `ours.py`)."""

    name: str
    module: str
    """Imported only in the measuring process; has `system(name) -> System`."""
    modes: tuple[Mode, ...]
    is_peer: bool = True
    """Whether it lives in the peers' environment; otherwise in the one that runs the bench."""
    needs_redis: bool = True
    """Whether a Redis is started for it: its address is in the environment variable `BENCH_REDIS_URL`."""


class System(Protocol):
    """One task system, seen by `measure.py`; all calls come from one thread, in the order of this class."""

    packages: Sequence[str]
    """Distributions whose versions are reported."""

    def configuration(self, mode: Mode) -> str:
        """Say in one sentence how the system is set up for *mode*."""

    def durability(self) -> str:
        """Say in one sentence what survives a crash or a power cut."""

    def start(self, mode: Mode, place: Place) -> None:
        """Start all that *mode* needs with `place.spawn`; the worker need not be ready on return."""

    def submit(self, count: int) -> Sequence[Any]:
        """Submit *count* jobs as fast as the system can; return what `fetch` needs once all are accepted."""

    def fetch(self, handles: Sequence[Any], timeout: float) -> int:
        """Wait for the results of *handles* and return how many are `ANSWER`; *timeout* in seconds."""

    def call(self, timeout: float) -> Any:
        """Submit one job, wait for its result and return that; *timeout* in seconds."""

    def stop_worker(self) -> None:
        """Stop the worker, so that what is submitted from now on waits."""

    def drop(self) -> None:
        """Throw away every waiting job."""

    def stop(self) -> None:
        """Close connections; processes are stopped by the place."""


@runtime_checkable
class FlowSystem(System, Protocol):
    """A system with flows of its own; the others have no (j)."""

    def group(self, count: int, timeout: float) -> int:
        """Run *count* jobs at the same time as one flow, and fetch the results; return how many are `ANSWER`; *timeout* in seconds."""

    def chord(self, count: int, timeout: float) -> int:
        """Run *count* jobs at the same time and a body after them; return how many are `ANSWER`, as the body says; *timeout* in seconds."""

    def chain(self, count: int, timeout: float) -> Any:
        """Run *count* jobs, each with the result of the one before it; return the result of the last; *timeout* in seconds."""


@dataclass(frozen=True)
class Figure:
    """One number that only Taskbahn has (measures d, e, g, and the echo beside b)."""

    name: str
    value: float
    unit: str
    note: str = ""


@dataclass(frozen=True)
class Extra:
    """A measure that only Taskbahn has: `run` is called in a process of its own."""

    title: str
    run: Callable[[Plan, Place], Sequence[Figure]]


@dataclass
class Result:
    """What was measured of one system in one mode; a measure that was not asked for or failed is None."""

    system: str
    mode: str
    configuration: str = ""
    durability: str = ""
    versions: dict[str, str] = field(default_factory=dict)
    jobs: int | None = None
    repeats: int | None = None
    jobs_per_second: float | None = None
    cpu_seconds_per_1000: float | None = None
    latency_samples: int | None = None
    latency_median_ms: float | None = None
    latency_p99_ms: float | None = None
    submitted_jobs: int | None = None
    submitted_per_second: float | None = None
    members: int | None = None
    """Of the chord of (j)."""
    alone_seconds: float | None = None
    """For the same jobs, submitted as for (a)."""
    group_seconds: float | None = None
    """For the same members without a body."""
    chord_seconds: float | None = None
    links: int | None = None
    """Of the chain of (j)."""
    calls_seconds: float | None = None
    """For as many jobs, each submitted after the result of the one before."""
    chain_seconds: float | None = None
    chain_error: str = ""
    """Why the chain is not as long as the plan says."""
    error: str | None = None
