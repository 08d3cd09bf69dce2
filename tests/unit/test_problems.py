"""What the list of problems names as wrong, and what it does not: values in, sentences out."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from taskbahn.protocol.states import State
from taskbahn.protocol.views import Problem
from taskbahn_router.model.partitions import Partition
from taskbahn_router.queries.facts import Facts, GoneWorker, LongRun, PartitionFacts, WorkerFacts
from taskbahn_router.queries.limit_problems import MAX_ALIKE
from taskbahn_router.queries.problems import MOST, problems, too_long
from taskbahn_router.text import format_duration, join_names, pluralize
from taskbahn_router.workers.lost_workers import LOST_SECONDS, MAX_LOST, LostWorker, LostWorkers

NOW = 1_700_000_000.0
PARTITION = PartitionFacts("a.task", "default", 12, NOW - 300)
WORKER = WorkerFacts("w", 4, 0, 1.0, takes=True, tasks=frozenset({"a.task"}), queues=frozenset({"default"}))
BUSY = WORKER._replace(running=4)
WELL = Facts(NOW, has_tasks=True, workers=[WORKER])


def found(**facts: Any) -> list[Problem]:
    return problems(replace(WELL, **facts))


def one(**facts: Any) -> Problem:
    (problem,) = found(**facts)
    return problem


@pytest.mark.parametrize(
    "facts",
    [
        {},
        {"has_tasks": False, "workers": []},  # a node without tasks and workers is new
        {"partitions": [PARTITION]},  # a worker has room: it is about to be handed out
        {"partitions": [PARTITION._replace(task="b.task", since=NOW - 2)]},  # its worker may be restarting
        {"partitions": [PARTITION._replace(since=NOW - 50)], "workers": [BUSY]},
        {"partitions": [PARTITION._replace(typical=40.0)], "workers": [BUSY]},  # 300 s are no 10 times that
        {"partitions": [PARTITION], "workers": [BUSY, WORKER._replace(id="free")]},
        {"failures": {"a.task": (4, 4)}},
        {"failures": {"a.task": (10, 51)}},
        {"failures": {"a.task": (19, 300)}},
        {"failures": {"a.task": (30, 1000)}},
        {"failures": {"a.task": (1, 10)}, "daily": {"a.task": (99, 500)}},
        {"failures": {"a.task": (1, 10)}, "daily": {"a.task": (150, 2000)}},
        {"workers": [WORKER._replace(silent=14.9)]},
        {"workers": [WORKER._replace(takes=False)]},
        {"lag": 0.2},
    ],
)
def test_what_is_no_problem_is_not_listed(facts: dict[str, Any]) -> None:
    assert found(**facts) == []


def test_a_store_that_takes_nothing_is_listed_with_its_cure() -> None:
    problem = one(trouble="the store refused a commit (disk is full); nothing was changed, try again later: make room")
    assert (problem.kind, problem.level) == ("store", "error")
    assert problem.sentence.startswith("Nothing can be recorded: the store refused a commit (disk is full)")


def test_workers_are_not_blamed_for_the_silence_of_a_broken_store() -> None:
    assert [problem.kind for problem in found(trouble="no", workers=[WORKER._replace(silent=25.0)])] == ["store"]


def test_no_worker_is_an_error_if_jobs_wait_and_a_warning_else() -> None:
    problem = one(workers=[], partitions=[PARTITION, PARTITION._replace(queue="slow", ready=1, since=NOW - 900)])
    assert (problem.level, problem.sentence) == ("error", "No worker is attached, and 13 jobs wait for one.")
    assert (problem.since, problem.page) == (None, "workers")
    assert one(workers=[], partitions=[PARTITION], alone_since=NOW - 5).since == NOW - 5, "not since the job waits"
    assert (one(workers=[]).level, one(workers=[]).sentence) == ("warning", "No worker is attached.")


def test_a_task_that_no_worker_offers_is_named() -> None:
    problem = one(partitions=[PARTITION._replace(task="old.name", ready=1)])
    assert (problem.kind, problem.sentence) == ("task_not_offered", "1 job waits, and no attached worker offers old.name.")
    assert (problem.page, problem.query, problem.since) == ("jobs", "state:ready task:old.name", NOW - 300)


def test_a_queue_that_no_worker_serves_is_named() -> None:
    problem = one(partitions=[PARTITION._replace(queue="slow")])
    assert (problem.kind, problem.sentence) == (
        "queue_not_served",
        "12 jobs wait in the queue slow, which no attached worker serves.",
    )
    assert (problem.page, problem.id) == ("queues", "slow")
    assert "--queues slow" in problem.hint


def test_from_three_on_queues_that_no_worker_serves_are_one_problem() -> None:
    def of(number: int) -> list[Problem]:
        return found(partitions=[PARTITION._replace(queue=f"q{one}", ready=one + 1) for one in range(number)])

    assert [problem.id for problem in of(2)] == ["q1", "q0"]
    (three,), (many,) = of(3), of(9)
    assert three.sentence == "6 jobs wait in the queues q0, q1, q2, which no attached worker serves."
    assert three.hint == "Start a worker for them, as in `taskbahn worker MODULE:app --queues q2,q1,q0`."
    assert many.sentence == "45 jobs wait in the queues q0, q1, q2 and 6 more, which no attached worker serves."
    assert many.hint.endswith("--queues q8,q7,q6,q5,q4,q3,q2,q1,q0`."), "a copy serves all of them"
    assert (many.id, many.page, many.query, many.since) == ("", "queues", "", NOW - 300), "no query has these jobs alone"
    (very_many,) = of(21)
    assert "MODULE:app" not in very_many.hint


def test_a_command_that_a_copy_would_change_is_not_shown() -> None:
    hints = {queue: one(partitions=[PARTITION._replace(queue=queue)]).hint for queue in ("a b", "bell\a", "a,b", " a", "a`b")}
    assert hints["a b"].endswith("--queues 'a b'`.")
    assert hints["bell\a"].endswith(r"--queues $'bell\x07'`.")
    assert all("MODULE:app" not in hints[queue] and "--queues" in hints[queue] for queue in ("a,b", " a", "a`b"))


def test_a_problem_of_many_tasks_offers_no_jobs_of_others() -> None:
    tasks = [PARTITION._replace(task=f"t{number}") for number in range(9)]
    merged = [problem for problem in found(partitions=tasks) if not problem.query]
    assert [(problem.kind, problem.page) for problem in merged] == [("task_not_offered", "tasks")]
    assert all("task:" in problem.query for problem in found(partitions=tasks) if problem.query)


def test_a_task_and_a_queue_that_no_worker_has_together_are_named() -> None:
    other = WORKER._replace(id="other", tasks=frozenset({"b.task"}), queues=frozenset({"slow"}))
    problem = one(workers=[WORKER, other], partitions=[PARTITION._replace(queue="slow")])
    assert (problem.kind, problem.sentence) == ("not_together", "12 jobs wait: no worker that offers a.task serves slow.")


def test_jobs_that_wait_for_a_slot_for_long_are_listed_by_queue() -> None:
    problem = one(workers=[BUSY], partitions=[PARTITION, PARTITION._replace(task="a.task", ready=3, since=NOW - 7500)])
    assert (problem.kind, problem.level, problem.id) == ("busy", "warning", "default")
    assert problem.sentence == "15 jobs wait in the queue default for a free slot: all slots are busy."
    assert problem.since == NOW - 7500


def test_many_failures_are_listed_by_task_with_their_share() -> None:
    failures = {"a.task": (5, 25), "b.task": (30, 40), "c.task": (100, 100), "d.task": (4, 4)}
    assert [(problem.level, problem.sentence.partition(" that")[0], problem.query) for problem in found(failures=failures)] == [
        ("error", "All 100 jobs of c.task", "state:failed task:c.task since:1h"),
        ("error", "30 of 40 jobs of b.task", "state:failed task:b.task since:1h"),
        ("warning", "5 of 25 jobs of a.task", "state:failed task:a.task since:1h"),
    ]


def test_a_silent_worker_is_listed_with_what_it_has() -> None:
    problem = one(workers=[BUSY._replace(silent=21.4)])
    assert (problem.kind, problem.id) == ("silent_worker", "w")
    assert (problem.sentence, problem.since) == ("The worker w, which has 4 jobs, is silent.", NOW - 21.4)


@pytest.mark.parametrize(
    "seconds, typical, answer",
    [(1e9, None, False), (61.0, 0.1, True), (59.0, 0.1, False), (99.0, 10.0, False), (101.0, 10.0, True)],
)
def test_too_long_is_ten_times_the_typical_and_a_minute_at_least(seconds: float, typical: float | None, *, answer: bool) -> None:
    assert too_long(seconds, typical) is answer


def test_jobs_that_may_hang_are_listed_by_task() -> None:
    single, several = LongRun("a.task", 1, "the-id", 7200.0, 5.0), LongRun("b.task", 3, "another", 90000.0, 60.0)
    assert [(problem.sentence, problem.id, problem.since) for problem in found(long_runs=[single, several])] == [
        ("3 jobs of b.task run for far longer than the typical 1 min.", "", NOW - 90_000),
        ("A job of a.task runs for far longer than the typical 5 s.", "the-id", NOW - 7200),
    ]


def test_a_late_event_loop_is_listed() -> None:
    assert (one(lag=0.5).level, one(lag=1.5).level) == ("warning", "error")
    assert one(lag=0.5).sentence == "The router is late by 500 ms with everything it does."


def test_work_that_only_draining_workers_could_do_is_listed() -> None:
    problem = one(workers=[WORKER._replace(takes=False)], partitions=[PARTITION])
    assert (problem.kind, problem.id) == ("draining", "w")
    assert problem.sentence == "12 jobs wait for a.task, and who could run that is draining: w."
    assert found(workers=[WORKER._replace(takes=False), WORKER._replace(id="v")], partitions=[PARTITION]) == []


def test_errors_come_before_warnings_and_what_stops_all_before_what_stops_one() -> None:
    told = found(
        trouble="no",
        lag=0.5,
        failures={"a.task": (5, 5), "b.task": (50, 50)},
        partitions=[PARTITION, PARTITION._replace(task="x.task"), PARTITION._replace(queue="y")],
        workers=[BUSY],
    )
    assert [(problem.kind, problem.level) for problem in told] == [
        ("store", "error"), ("task_not_offered", "error"), ("queue_not_served", "error"), ("failing", "error"),
        ("failing", "warning"), ("busy", "warning"), ("lag", "warning"),
    ]  # fmt: skip


def test_a_worker_with_other_code_of_a_task_is_a_warning() -> None:
    [problem] = found(not_taken=["report new"])
    assert (problem.kind, problem.level, problem.query) == ("other_code", "warning", "state:waiting task:'report new'")
    assert [problem.sentence for problem in found(not_taken=[f"a.{number}" for number in range(9)])][-1].startswith(
        "A worker does not take the arguments of jobs of 5 more tasks"
    )


def test_any_number_of_problems_makes_a_list_that_can_be_read() -> None:
    lines = [PARTITION._replace(task=f"no.task{number}", ready=number + 1) for number in range(50)]
    lines += [PARTITION._replace(queue=f"queue{number}") for number in range(50)]
    silent = [BUSY._replace(id=f"w{number}", silent=20.0 + number) for number in range(50)]
    told = found(
        partitions=lines,
        workers=silent,
        failures={f"bad.task{number}": (50, 50) for number in range(50)},
        long_runs=[LongRun(f"slow.task{number}", 2, "id", 1e4, 1.0) for number in range(50)],
    )
    assert len(told) <= MOST
    missing = [problem.sentence for problem in told if problem.kind == "task_not_offered"]
    assert missing[0] == "50 jobs wait, and no attached worker offers no.task49."
    assert len(missing) == 5
    assert missing[-1].endswith("offers no.task0, no.task1, no.task10 and 43 more.")
    assert len({(problem.kind, problem.id, problem.query) for problem in told}) == len(told)


@pytest.mark.parametrize(
    "seconds, text",
    [
        (0.0004, "0 ms"),
        (0.34, "340 ms"),
        (2.5, "2.5 s"),
        (59.4, "59 s"),
        (125, "2 min"),
        (7200, "2 h"),
        (7500, "2 h 5 min"),
        (270_000, "3 d 3 h"),
    ],
)
def test_durations_are_said_as_people_say_them(seconds: float, text: str) -> None:
    assert format_duration(seconds) == text


def test_numbers_and_names_in_sentences() -> None:
    assert [pluralize(number, "job") for number in (0, 1, 1200)] == ["0 jobs", "1 job", "1,200 jobs"]
    assert join_names(["a"]) == "a"
    assert join_names(["a", "b", "c", "d"]) == "a, b, c, d"
    assert join_names(["a", "b", "c", "d", "e"]) == "a, b, c and 2 more"


BLOCKED = {"since": NOW - 12, "at": "photos.py:12 (resize)", "job": "j", "attempt": 1, "task": "images.resize"}


def test_a_blocked_event_loop_is_listed_with_the_task_and_its_line() -> None:
    problem = one(workers=[WORKER._replace(blocked=BLOCKED)])
    assert (problem.kind, problem.level, problem.since) == ("blocked_worker", "error", NOW - 12)
    assert problem.sentence == "A job of images.resize blocks the event loop of the worker w at photos.py:12 (resize)."
    assert (problem.page, problem.id) == ("workers", "w")


def test_what_a_task_left_behind_on_a_loop_is_listed_as_that() -> None:
    problem = one(workers=[WORKER._replace(blocked=BLOCKED | {"task": "", "job": ""})])
    assert problem.sentence.startswith("Code that a task left behind blocks the event loop of the worker w")


def test_of_many_blocked_workers_those_that_are_so_for_longest_are_named() -> None:
    workers = [WORKER._replace(id=f"w{number}", blocked=BLOCKED | {"since": NOW - number}) for number in range(40)]
    told = found(workers=workers)
    assert told[0].id == "w39"
    assert "more workers" in told[-1].sentence
    assert len(told) < 10


def test_a_task_that_fails_in_a_tenth_of_thousands_is_listed() -> None:
    problem = one(failures={"a.task": (400, 4000)})
    assert (problem.level, problem.sentence) == (
        "warning",
        "400 of 4,000 jobs of a.task that ended in the last 10 minutes failed.",
    )
    slow = one(failures={"a.task": (2, 20)}, daily={"a.task": (300, 3000)})
    assert slow.sentence == "300 of 3,000 jobs of a.task that ended in the last 24 hours failed."
    assert slow.query == "state:failed task:a.task since:1h"


def lost(id: str = "w", *became: State | None, host: str = "host-7", at: float = NOW - 60, **more: Any) -> LostWorker:
    """A lost worker, and what became of its jobs; None: that is not recorded yet."""
    worker = LostWorker(id, host, at, **more)
    for number, state in enumerate(became or (State.READY,)):
        worker.loses(f"{id}-{number}", Partition(1, "doomed", "a.task"))
        if state is not None:
            worker.decided(state)
    return worker


@pytest.mark.parametrize(
    "became, sentence",
    [
        ([State.READY], "1 job, which other workers get"),
        ([State.WAITING], "1 job, which other workers get"),
        ([State.FAILED], "1 job, which failed for good"),
        ([State.FAILED] * 2, "2 jobs, which all failed for good"),
        ([State.READY] * 3, "3 jobs, which all go to other workers"),
        ([State.READY, State.FAILED, State.FAILED], "3 jobs: 1 queued again, 2 failed for good"),
        ([State.READY, None], "2 jobs: 1 queued again"),
        ([None], "1 job"),
    ],
)
def test_a_lost_worker_is_listed_with_what_became_of_its_jobs(became: list[State], sentence: str) -> None:
    problem = one(lost=[lost("w", *became)])
    assert problem.sentence == f"The worker w on host-7 was lost with {sentence}."
    assert problem.since == NOW - 60


def test_a_lost_worker_whose_jobs_no_other_takes_says_that_they_wait() -> None:
    doomed = PARTITION._replace(queue="doomed", ready=2, since=NOW)
    worker = lost("w", State.READY, State.READY)
    (alone,) = found(lost=[worker], partitions=[doomed])
    wait = "2 jobs, which all wait; no attached worker takes a.task in the queue doomed"
    assert alone.sentence == f"The worker w on host-7 was lost with {wait}."
    other = WORKER._replace(id="other", queues=frozenset({"doomed"}))
    served = one(lost=[worker], partitions=[doomed], workers=[other])
    assert served.sentence.endswith("2 jobs, which all go to other workers.")
    (single,) = found(lost=[lost("w", State.READY)], partitions=[doomed], workers=[])[1:]
    assert "1 job, which waits; no attached worker takes" in single.sentence
    assert one(lost=[worker]).sentence.endswith("2 jobs, which all go to other workers."), "none of them waits any more"


def test_a_lost_worker_leads_to_the_jobs_that_it_lost() -> None:
    problem = one(lost=[lost("odd one", State.FAILED)])
    assert (problem.page, problem.id, problem.query) == ("jobs", "odd one-0", "")
    problem = one(lost=[lost("odd one", State.READY, State.FAILED)])
    assert (problem.page, problem.id, problem.query) == ("jobs", "", "state:failed worker:'odd one'")
    problem = one(lost=[lost("odd one", *[State.READY] * 5)])
    assert (problem.page, problem.id, problem.query) == ("", "odd one", "")
    assert "The jobs: `odd one-0`, `odd one-1`, `odd one-2` and 2 more." in problem.hint
    many = found(lost=[lost(f"w{number}") for number in range(9)])
    assert many[0].sentence == f"In the last 15 minutes {9 - MAX_ALIKE} more workers were lost with jobs."
    assert len({(problem.kind, problem.id, problem.query) for problem in many}) == len(many)


def test_a_lost_worker_that_is_back_stays_listed() -> None:
    assert "A worker of this name is back, 20 s later." in one(lost=[lost(back_at=NOW - 40)]).hint
    assert "It came back without them." in one(lost=[lost(back_at=NOW - 60)]).hint


def test_a_worker_that_is_waited_for_is_listed() -> None:
    problem = one(workers=[], partitions=[PARTITION], gone=[GoneWorker("w", "h", 2, NOW - 4)])
    assert (problem.kind, problem.level, problem.since) == ("gone_worker", "warning", NOW - 4)
    assert problem.sentence == "The connection of the worker w on h is lost, which has 2 jobs."
    assert problem.query == "state:running worker:w"
    many = found(gone=[GoneWorker(f"w{number}", "", 1, NOW) for number in range(9)])
    assert many[-1].sentence == f"The connections of {9 - MAX_ALIKE} more workers with jobs are lost."


def test_losses_are_forgotten_in_time() -> None:
    kept = LostWorkers()
    for number in range(150):
        kept.add(lost(f"w{number}", at=NOW + number))
    kept.add(LostWorker("idle", "h", NOW))
    assert len(kept.lately(NOW + 150, {})) == MAX_LOST
    back = kept.lately(NOW + 150, {"w149": NOW + 150})
    assert [(worker.id, worker.back_at) for worker in back][:2] == [("w149", NOW + 150), ("w148", None)]
    assert [worker.id for worker in kept.lately(NOW + 148 + LOST_SECONDS, {})] == ["w149", "w148"]
