"""The books: what clients learned and what attempts did, compared with what the store has at the end. Pure; no process, no clock.

A promise that was broken is a `Finding`, with the job's whole history. Everything else is counted and shown.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from chaos import flow_books, schedule_books, trigger_books, wait_books
from chaos.conduct import outcomes_of_mischief, unexpected
from chaos.limits import Measured, measure
from chaos.mischief import KIND_OF
from chaos.parents import ALL_PARENTS
from chaos.tasks import FLAKY, NEVER_TWICE
from taskbahn.protocol.states import FINAL_STATES, State

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from chaos.journal import Entry
    from chaos.reading import Standing

LOST = "lost"
LEFT = "left waiting, ready or running"
TWICE = "recorded twice"
STARTED_TWICE = "at-most-once started twice"
NEVER_RUN = "succeeded without having run"
FAILED = "failed without a reason to"
COUNTS = "counts that are wrong"
UNEXPECTED = "misbehaved, and did not end as it has to"
LEFT_RUNNING = "programs that tasks left running"
FLOWS = "flows that went another way"
WAITS = "waits that came to something else"
SCHEDULES = "due times that did not fire once"
TRIGGERS = "events that did not start their jobs once"
OVER_LIMIT = "limits that did not hold"
TURNED_AWAY = "requests of the SDK that failed"
TROUBLE = "other trouble"
MUST_BE_0 = (
    LOST,
    LEFT,
    TWICE,
    STARTED_TWICE,
    NEVER_RUN,
    FAILED,
    UNEXPECTED,
    LEFT_RUNNING,
    COUNTS,
    FLOWS,
    WAITS,
    SCHEDULES,
    TRIGGERS,
    OVER_LIMIT,
    TURNED_AWAY,
    TROUBLE,
)


@dataclass(frozen=True)
class Finding:
    """A broken promise: which one, the job (or ""), and why."""

    kind: str
    id: str
    why: str


@dataclass(frozen=True)
class Outside:
    """What is known beside journals and store. counted: jobs by state, as `view.status()` says; left_running: programs of tasks."""

    trouble: list[str] = field(default_factory=list)
    counted: Mapping[str, int] | None = None
    node_starts: int = 0
    orphans: int = 0
    dirty_stops: int = 0
    worker_codes: list[int] = field(default_factory=list)
    left_running: list[str] = field(default_factory=list)
    triggers: Mapping[str, int] | None = None  # events that started jobs, as each trigger counts them
    bereft: int = 0  # programs of tasks whose worker the storm has killed, ended by hand


@dataclass
class Account:
    """What a storm came to."""

    findings: list[Finding]
    histories: dict[str, list[Entry]]
    faults: dict[str, int]
    acknowledged: int
    recorded: int
    succeeded: int
    cancelled: int
    cancelled_running: int  # of those, the jobs of which an attempt had begun
    failed: dict[str, int]  # those that had to fail or might, by reason
    mischief: dict[str, dict[str, int]]  # jobs that misbehave and ended, by kind and pool
    seen: int
    run_again: int
    untraced: int  # attempts of early hand-outs whose commit never was: no client knows the job
    unanswered: dict[str, int]  # plain calls, by error
    longest_standstill: float  # seconds without any attempt that ended
    ready: dict[str, list[tuple[float, float]]]  # seconds from start to ready, and from the fault to ready; by cause
    limits: Measured
    flows: flow_books.Counted
    waits: wait_books.Counted
    schedules: schedule_books.Counted
    triggers: trigger_books.Counted
    outside: Outside

    def of(self, kind: str) -> list[Finding]:
        """Return the findings of one kind."""
        return [finding for finding in self.findings if finding.kind == kind]

    @property
    def is_good(self) -> bool:
        """Whether all promises were kept."""
        return not self.findings


class Books:
    """The journals, sorted by job."""

    def __init__(self, entries: Iterable[Entry]) -> None:
        self.entries = list(entries)
        self.by_job: dict[str, list[Entry]] = defaultdict(list)
        self.job_of: dict[str, str] = {}  # by token
        self.by_event: dict[str, list[Entry]] = defaultdict(list)
        for entry in self.entries:
            self.by_event[entry["event"]].append(entry)
            if entry["event"] == "ended":
                self.job_of[entry["token"]] = entry["id"]
        for entry in self.entries:
            for id in self.ids_of(entry):
                self.by_job[id].append(entry)

    def ids_of(self, entry: Entry) -> list[str]:
        """Return the jobs that an entry is about."""
        if entry["event"] in ("acknowledged", "cancelling", "given_up", "triggered"):
            return list(entry["ids"])
        id = entry.get("id") or self.job_of.get(entry.get("value") or "")
        return [id] if id else []

    def of(self, id: str, event: str) -> list[Entry]:
        """Return the events of one kind that happened to a job."""
        return [entry for entry in self.by_job.get(id, ()) if entry["event"] == event]

    @property
    def acknowledged(self) -> set[str]:
        """The jobs whose clients learned that they are accepted, or how they ended."""
        return self.ids("acknowledged", "triggered", "seen")

    @property
    def to_cancel(self) -> set[str]:
        """The jobs that a client was about to cancel."""
        return self.ids("cancelling")

    def ids(self, *events: str) -> set[str]:
        """Return the jobs that have events of these kinds."""
        return {id for event in events for entry in self.by_event[event] for id in self.ids_of(entry)}


def make_account(
    entries: Iterable[Entry], first: Mapping[str, Standing], last: Mapping[str, Standing], outside: Outside
) -> Account:
    """Hold the journals against two readings of all jobs: *first* when all had ended, *last* after another restart."""
    books = Books(entries)
    limits = measure(books.entries, last)
    flows = flow_books.count(books.entries, last, books.to_cancel, may_fail)
    waits = wait_books.count(books.entries, last)
    schedules = schedule_books.count(books.entries, last)
    triggers = trigger_books.count(books.entries, last, outside.triggers)
    findings = [
        *lost(books, first, last),
        *left(last),
        *changed(books, first, last),
        *started_twice(books),
        *never_run(books, last),
        *failed_for_nothing(books, last),
        *(Finding(UNEXPECTED, id, why) for id, why in unexpected(last, books.to_cancel)),
        *(Finding(LEFT_RUNNING, "", text) for text in outside.left_running),
        *miscounted(first, outside.counted),
        *(Finding(FLOWS, id, why) for id, why in flows.wrong),
        *(Finding(WAITS, id, why) for id, why in waits.wrong),
        *(Finding(SCHEDULES, id, why) for id, why in schedules.wrong),
        *(Finding(TRIGGERS, id, why) for id, why in triggers.wrong),
        *(Finding(OVER_LIMIT, "", text) for text in limits.broken),
        *turned_away(books),
        *(Finding(TROUBLE, "", text) for text in outside.trouble),
    ]
    ended = [standing for standing in last.values() if standing.state in FINAL_STATES]
    cancelled = {standing.id for standing in ended if standing.state == State.CANCELLED}
    return Account(
        findings=findings,
        histories={finding.id: history(books, finding.id, first, last) for finding in findings if finding.id},
        faults=dict(Counter(entry["kind"] for entry in books.by_event["fault"])),
        acknowledged=len(books.acknowledged),
        recorded=len(last),
        succeeded=sum(standing.state == State.SUCCEEDED for standing in ended),
        cancelled=len(cancelled),
        cancelled_running=len({entry["id"] for entry in books.by_event["started"] if entry["id"] in cancelled}),
        failed=dict(Counter(reason(standing) for standing in ended if standing.state not in (State.SUCCEEDED, State.CANCELLED))),
        mischief=outcomes_of_mischief(last.values()),
        seen=len(books.by_event["seen"]),
        run_again=sum(len(books.of(id, "started")) > 1 for id in last),
        untraced=len({entry["id"] for entry in books.by_event["started"]} - last.keys()),
        unanswered=dict(Counter(entry["error"] for entry in books.by_event["unanswered"])),
        longest_standstill=longest_standstill(books),
        ready=readiness(books),
        limits=limits,
        flows=flows,
        waits=waits,
        schedules=schedules,
        triggers=triggers,
        outside=outside,
    )


def lost(books: Books, first: Mapping[str, Standing], last: Mapping[str, Standing]) -> Iterable[Finding]:
    """Find the acknowledged jobs that are not there, and results for which no attempt is known."""
    for id in sorted(books.acknowledged):
        for name, reading in (("at first", first), ("after the last restart", last)):
            if id not in reading:
                yield Finding(LOST, id, f"its client got the acknowledgement, but there is no such job {name}")
    for id in sorted(first.keys() - last.keys() - books.acknowledged):
        yield Finding(LOST, id, "it was there before the last restart, and is not after it")
    for entry in books.by_event["seen"]:
        if not books.ids_of(entry):
            yield Finding(
                LOST, "", f"a client was given {entry.get('value') or entry.get('error')!r}, which no attempt has returned"
            )


def left(last: Mapping[str, Standing]) -> Iterable[Finding]:
    """Find the jobs that did not come to an end."""
    for standing in last.values():
        if standing.state not in FINAL_STATES:
            yield Finding(LEFT, standing.id, f"it is {standing.state} when nothing happens any more")


def changed(books: Books, first: Mapping[str, Standing], last: Mapping[str, Standing]) -> Iterable[Finding]:
    """Find the jobs of which two different outcomes were to be seen, at whatever times."""
    for id, standing in last.items():
        before = first.get(id)
        if before is not None and before != standing:
            yield Finding(TWICE, id, f"it was {before} before the last restart, and is {standing} now")
        for entry in books.of(id, "seen"):
            if why := differs_from_seen(entry, standing):
                yield Finding(TWICE, id, why)
        for entry in books.of(id, "cancelled"):
            if entry["state"] != standing.state:
                yield Finding(
                    TWICE, id, f"its cancel was answered with {entry['state']}, and recorded is that it {standing.state}"
                )
        for entry in books.of(id, "viewed"):
            was = {name: entry[name] for name in ("state", "attempt", "number", "finished_at")}
            now = {name: getattr(standing, name) for name in was}
            if was != now:
                yield Finding(TWICE, id, f"it was shown as {was} when it had ended, and is now {now}")


def differs_from_seen(entry: Entry, standing: Standing) -> str:
    """Return how an outcome that a client was given differs from the recorded one; empty if it does not."""
    if entry["state"] != standing.state:
        return f"a client saw the state {entry['state']}, and the store has {standing.state}"
    if standing.state == State.SUCCEEDED:
        value = None if standing.result is None else json.loads(standing.result)
        return "" if entry["value"] == value else f"a client got {entry['value']!r}, and the store has {value!r}"
    kind = (standing.error or {}).get("type")
    return "" if entry["error"] == kind else f"a client got the error {entry['error']}, and the store has {kind}"


def started_twice(books: Books) -> Iterable[Finding]:
    """Find the jobs that must never start twice, and did."""
    counts = Counter(entry["id"] for entry in books.by_event["started"] if entry["task"] in NEVER_TWICE)
    for id, count in counts.items():
        if count > 1:
            yield Finding(STARTED_TWICE, id, f"it is at most once, and started {count} times")


def never_run(books: Books, last: Mapping[str, Standing]) -> Iterable[Finding]:
    """Find the successes whose result was not returned by an attempt of that job with that number."""
    replaced = {entry["id"] for entry in books.by_event["ended"] if entry["how"] == "replaced"}  # their result is of another job
    for id, standing in last.items():
        if standing.state != State.SUCCEEDED or standing.task in flow_books.SHAPES or id in replaced:  # shapes have no attempts
            continue
        returned = {(entry["attempt"], entry["token"]) for entry in books.of(id, "ended") if entry["how"] == "returned"}
        token = None if standing.result is None else json.loads(standing.result)
        token = token["token"] if standing.task in ALL_PARENTS and token else token
        if (standing.attempt, token) not in returned:
            yield Finding(NEVER_RUN, id, f"attempt {standing.attempt} succeeded with {token!r}, which it never returned")


def failed_for_nothing(books: Books, last: Mapping[str, Standing]) -> Iterable[Finding]:
    """Find the jobs that ended badly, though nothing about them is a reason to."""
    to_cancel, flows = books.to_cancel, books.ids("flow")
    for standing in last.values():
        if (standing.root or standing.id) in flows:  # these have books of their own
            continue
        is_plain = standing.task not in KIND_OF and standing.state in FINAL_STATES and standing.state != State.SUCCEEDED
        is_cancelled = standing.state == State.CANCELLED and not to_cancel.isdisjoint((standing.id, standing.root))
        if is_plain and not is_cancelled and not may_fail(standing):
            yield Finding(FAILED, standing.id, f"{standing.task} {standing.state}: {json.dumps(standing.error)[:500]}")


def may_fail(standing: Standing) -> bool:
    """Whether this is how a job of this task may fail: the flaky one by its mishaps, one that must not start twice by the faults."""
    kind = (standing.error or {}).get("type") or ""
    if standing.state != State.FAILED:
        return False
    return (standing.task == FLAKY and kind.endswith("Mishap")) or (standing.task in NEVER_TWICE and not kind.endswith("Mishap"))


def miscounted(first: Mapping[str, Standing], counted: Mapping[str, int] | None) -> Iterable[Finding]:
    """Find the states of which the dispatcher counts more or fewer jobs than there are."""
    if counted is None:
        return
    real = Counter(standing.state for standing in first.values())
    for state in State:
        if real[state] != counted.get(state, 0):
            yield Finding(
                COUNTS, "", f"the dispatcher counts {counted.get(state, 0)} jobs as {state}, and there are {real[state]}"
            )


def turned_away(books: Books) -> Iterable[Finding]:
    """Find the requests of the SDK that failed: it has to wait for the node, and its patience is longer than any fault."""
    for entry in books.by_event["turned_away"]:
        yield Finding(TURNED_AWAY, entry.get("id") or "", f"{entry['error']}: {entry['message']}")


def reason(standing: Standing) -> str:
    """Say in a few words why a job did not succeed."""
    error = standing.error or {}
    return f"{standing.task}: {error.get('type') or error.get('error') or error.get('message') or standing.state}"


def longest_standstill(books: Books) -> float:
    """Return the longest time of the storm in which no attempt ended; seconds."""
    phases = {entry["name"]: entry["at"] for entry in books.by_event["phase"]}
    begin, end = phases.get("storm"), phases.get("calm")
    if begin is None or end is None:
        return 0.0
    times: list[float] = [begin, *(entry["at"] for entry in books.by_event["ended"] if begin < entry["at"] < end), end]
    return max(later - sooner for sooner, later in pairwise(times))


def readiness(books: Books) -> dict[str, list[tuple[float, float]]]:
    """Return how long the node took to be ready, by what it had to recover from."""
    found: dict[str, list[tuple[float, float]]] = defaultdict(list)
    for entry in books.by_event["node_ready"]:
        found[entry["cause"]].append((entry["seconds"], entry["down"]))
    return dict(found)


def history(books: Books, id: str, first: Mapping[str, Standing], last: Mapping[str, Standing]) -> list[dict[str, Any]]:
    """Return all that is known of a job, in order, and its state at the end."""
    entries = [dict(entry) | ({"ids": [id]} if "ids" in entry else {}) for entry in books.by_job.get(id, ())]
    for name, reading in (("at first", first), ("after the last restart", last)):
        standing = reading.get(id)
        entries.append({"event": name, **(standing._asdict() if standing is not None else {"there": False})})
    return entries
