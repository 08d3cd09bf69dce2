"""The ledger of `make chaos` must find what it is there to find: each test breaks one promise in otherwise good books."""

from __future__ import annotations

from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from chaos import accounting
from chaos.accounting import Account, Outside, make_account
from chaos.client import Mischief
from chaos.flatness import Bound, judge
from chaos.journal import Journal, Torn, read
from chaos.mischief import COPY, KIND_OF, KINDS, Kind, task_name
from chaos.picture import draw
from chaos.reading import Standing
from chaos.table import encode, show
from chaos.tasks import FLAKY, ONCE, PROCESS
from chaos.trigger_load import make
from rich.console import Console

from taskbahn_router.core.ids import id_text
from taskbahn_router.core.triggers import job_of_event

OK, MISHAP, UNIQUE = "job-ok", "job-mishap", "job-once"


class Books:
    """Journals and readings in which all is well: a job that ran twice, one that failed as it had to, one that started once."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.client = Journal(folder, "client")
        self.tasks = Journal(folder, "tasks")
        self.first: dict[str, Standing] = {}
        self.outside = Outside()
        self.client.write("phase", name="storm")
        self.client.write("acknowledged", ids=[OK, MISHAP], task=PROCESS)
        self.client.write("acknowledged", ids=[UNIQUE], task=ONCE)
        self.run(OK, 1, PROCESS, None)  # its worker was killed
        self.run(OK, 2, PROCESS, "returned")
        self.run(MISHAP, 1, FLAKY, "raised")
        self.run(UNIQUE, 1, ONCE, "returned")
        self.stand(OK, PROCESS, "succeeded", 2, result='"job-ok/2"')
        self.stand(MISHAP, FLAKY, "failed", 1, error={"type": "chaos.tasks.Mishap"})
        self.stand(UNIQUE, ONCE, "succeeded", 1, result='"job-once/1"')
        self.client.write("seen", id=OK, state="succeeded", value="job-ok/2")
        self.client.write("viewed", id=OK, state="succeeded", attempt=2, number=3, finished_at=9.0)
        self.client.write("seen", id=MISHAP, state="failed", error="chaos.tasks.Mishap")
        self.client.write("seen", id=None, state="succeeded", value="job-once/1")
        self.last = dict(self.first)

    def run(self, id: str, attempt: int, task: str, how: str | None) -> None:
        self.tasks.write("started", id=id, attempt=attempt, task=task, pid=1)
        if how is not None:
            self.tasks.write("ended", id=id, attempt=attempt, token=f"{id}/{attempt}", how=how)

    def stand(self, id: str, task: str, state: str, attempt: int, **more: Any) -> None:
        self.first[id] = Standing(id, task, state, attempt, 3, 9.0, **more)

    def account(self) -> Account:
        self.client.write("phase", name="calm")
        self.client.close()
        self.tasks.close()
        return make_account(read(self.folder), self.first, self.last, self.outside)

    def found(self) -> list[tuple[str, str]]:
        return [(finding.kind, finding.id) for finding in self.account().findings]


@pytest.fixture
def books(tmp_path: Path) -> Books:
    return Books(tmp_path)


def test_good_books_have_no_findings(books: Books) -> None:
    account = books.account()
    assert account.is_good
    assert (account.acknowledged, account.recorded, account.succeeded, account.run_again, account.untraced) == (3, 3, 2, 1, 0)
    assert account.failed == {"chaos.flaky: chaos.tasks.Mishap": 1}
    assert set(encode(account, seed=1, folder="")["must_be_0"].values()) == {0}


def test_a_narrow_terminal_shows_all_numbers(books: Books) -> None:
    account = books.account()
    account.failed["chaos.mischief.call_another.process: taskbahn.errors.WouldBlock"] = 12_345
    account.waits.points.update({"ask": 1, "children": 2, "event": 3, "messages": 4, "replace": 5, "sleep": 6, "step": 7})
    told = StringIO()
    show(account, Console(file=told, width=60), seed=1, folder="")
    assert "12,345 │" in told.getvalue()
    assert "jobs acknowledged" in told.getvalue()
    assert told.getvalue().count(" 0 │") >= len(accounting.MUST_BE_0)


def test_an_acknowledged_job_that_is_not_there_is_lost(books: Books) -> None:
    books.client.write("acknowledged", ids=["job-gone"], task=PROCESS)
    account = books.account()
    assert {(finding.kind, finding.id) for finding in account.findings} == {(accounting.LOST, "job-gone")}
    assert [entry["event"] for entry in account.histories["job-gone"]] == [
        "acknowledged",
        "at first",
        "after the last restart",
    ]


def test_a_job_of_an_event_that_is_not_there_is_lost(books: Books) -> None:
    event = make("post", "chaos-hmac", {"number": 1, "large": False, "seconds": 0.0})
    id = id_text(job_of_event("chaos.hook.hmac", event.arrival))
    books.client.write("triggering", **event._asdict())
    books.client.write("triggered", arrival=event.arrival, ids=[id])
    assert set(books.found()) == {(accounting.LOST, id), (accounting.TRIGGERS, id)}


def test_a_job_that_a_restart_loses_is_lost(books: Books) -> None:
    del books.last[OK]
    assert books.found() == [(accounting.LOST, OK)]


def test_a_result_that_no_attempt_returned_is_found(books: Books) -> None:
    books.client.write("seen", id=None, state="succeeded", value="from nowhere")
    assert books.found() == [(accounting.LOST, "")]


@pytest.mark.parametrize("state", ["waiting", "ready", "running"])
def test_a_job_that_does_not_end_is_found(books: Books, state: str) -> None:
    books.client.write("acknowledged", ids=["job-stuck"], task=PROCESS)
    books.first["job-stuck"] = books.last["job-stuck"] = Standing("job-stuck", PROCESS, state, 1, 2, None)
    assert books.found() == [(accounting.LEFT, "job-stuck")]


def test_an_outcome_that_changes_after_a_client_saw_it_is_found(books: Books) -> None:
    books.client.write("seen", id=UNIQUE, state="succeeded", value="job-once/other")
    assert books.found() == [(accounting.TWICE, UNIQUE)]


def test_a_state_that_changes_after_a_client_saw_it_is_found(books: Books) -> None:
    books.client.write("seen", id=MISHAP, state="succeeded", value="job-mishap/1")
    assert books.found() == [(accounting.TWICE, MISHAP)]


def test_an_outcome_that_is_recorded_again_with_another_time_is_found(books: Books) -> None:
    books.client.write("viewed", id=UNIQUE, state="succeeded", attempt=1, number=3, finished_at=8.0)
    assert books.found() == [(accounting.TWICE, UNIQUE)]


def test_an_outcome_that_a_restart_changes_is_found(books: Books) -> None:
    books.last[MISHAP] = books.first[MISHAP]._replace(number=4)
    assert books.found() == [(accounting.TWICE, MISHAP)]


def test_a_second_start_of_what_is_at_most_once_is_found(books: Books) -> None:
    books.run(UNIQUE, 2, ONCE, None)
    assert books.found() == [(accounting.STARTED_TWICE, UNIQUE)]


def test_a_second_start_of_an_unacknowledged_job_is_found_too(books: Books) -> None:
    for attempt in (1, 2):
        books.run("job-unknown", attempt, ONCE, None)
    assert books.found() == [(accounting.STARTED_TWICE, "job-unknown")]


def test_a_success_of_an_attempt_that_did_not_return_is_found(books: Books) -> None:
    books.first[OK] = books.last[OK] = books.first[OK]._replace(attempt=1)
    assert (accounting.NEVER_RUN, OK) in books.found()


@pytest.mark.parametrize(
    "task, error",
    [(PROCESS, {"type": "ProcessDied"}), (FLAKY, {"type": "Cancelled"}), (ONCE, {"type": "chaos.tasks.Mishap"})],
)
def test_a_failure_without_a_reason_is_found(books: Books, task: str, error: dict[str, Any]) -> None:
    books.first["job-bad"] = books.last["job-bad"] = Standing("job-bad", task, "failed", 1, 2, 3.0, None, error)
    assert books.found() == [(accounting.FAILED, "job-bad")]


def cancel(books: Books, task: str, told: str = "cancelled", asked: str = "job-gone") -> None:
    books.client.write("acknowledged", ids=["job-gone"], task=task)
    books.client.write("cancelling", ids=[asked])
    books.run("job-gone", 1, task, None)
    books.client.write("cancelled", id=asked, state=told)
    books.client.write("seen", id="job-gone", state="cancelled", error=None)
    books.first["job-gone"] = books.last["job-gone"] = Standing("job-gone", task, "cancelled", 1, 2, 3.0, None, {"message": "x"})


@pytest.mark.parametrize("task", [PROCESS, FLAKY, ONCE, *KIND_OF])
def test_a_job_that_its_client_cancels_may_end_so(books: Books, task: str) -> None:
    cancel(books, task)
    account = books.account()
    assert account.findings == []
    assert (account.cancelled, account.cancelled_running) == (1, 1)


@pytest.mark.parametrize("task", [PROCESS, FLAKY, ONCE])
def test_a_job_cancelled_without_a_clients_request_is_found(books: Books, task: str) -> None:
    cancel(books, task, "succeeded", asked=UNIQUE)
    assert books.found() == [(accounting.FAILED, "job-gone")]


def test_mischief_cancelled_without_a_clients_request_is_found(books: Books) -> None:
    cancel(books, next(iter(KIND_OF)), "succeeded", asked=UNIQUE)
    assert books.found() == [(accounting.UNEXPECTED, "job-gone")]


@pytest.mark.parametrize("state", ["succeeded", "failed", "running", "ready"])
def test_a_cancel_answered_with_an_unrecorded_state_is_found(books: Books, state: str) -> None:
    cancel(books, PROCESS, state)
    assert books.found() == [(accounting.TWICE, "job-gone")]


def ended(kind: Kind, **more: Any) -> Standing:
    return Standing("job-odd", task_name(kind, "thread"), "failed" if kind.error else "succeeded", 1, 3, 9.0, **more)


def misbehave(books: Books, standing: Standing) -> None:
    books.run(standing.id, 1, standing.task, "raised" if standing.state == "failed" else "returned")
    books.first[standing.id] = books.last[standing.id] = standing


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_who_misbehaves_and_ends_as_it_has_to_is_counted(books: Books, kind: Kind) -> None:
    more: dict[str, Any] = {"error": {"type": f"some.{kind.error}"}} if kind.error else {"result": '"job-odd/1"'}
    misbehave(books, ended(kind, **more))
    account = books.account()
    assert account.findings == []
    assert account.mischief == encode(account, seed=1, folder="")["mischief"] == {kind.name: {"thread": 1}}


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
@pytest.mark.parametrize("error", [None, "chaos.mischief.Unrefused", "ProcessDied"])
def test_who_misbehaves_and_ends_otherwise_is_found(books: Books, kind: Kind, error: str | None) -> None:
    standing = ended(kind)._replace(state="failed", error={"type": error} if error else {})
    if kind.error and error is None:
        standing = standing._replace(state="succeeded", error=None, result='"job-odd/1"')
    misbehave(books, standing)
    assert books.found() == [(accounting.UNEXPECTED, "job-odd")]


def test_the_answer_of_a_forked_copy_is_found(books: Books) -> None:
    [fork] = [kind for kind in KINDS if kind.name == "fork"]
    misbehave(books, ended(fork, result=f'"{COPY}"'))
    assert books.found() == [(accounting.NEVER_RUN, "job-odd")]


def test_programs_that_tasks_left_running_are_found(books: Books) -> None:
    books.outside = Outside(left_running=["process 7 of worker 5: sleep 600"])
    assert books.found() == [(accounting.LEFT_RUNNING, "")]


@pytest.mark.parametrize("seed", range(5))
def test_a_client_begins_with_every_kind_of_mischief(seed: int) -> None:
    dealer = Mischief(seed, 0.01)
    first = [dealer.call() for _ in KINDS]
    assert {KIND_OF[call[0]].name for call in first if call is not None} == {kind.name for kind in KINDS}
    later = [dealer.call() for _ in range(10_000)]
    assert 0 < sum(call is not None for call in later) < 300
    assert {Mischief(seed, 0.0).call() for _ in range(1000)} == {None}


def test_counts_that_are_wrong_are_found(books: Books) -> None:
    books.outside = Outside(counted={"succeeded": 2, "failed": 1, "running": 1})
    assert books.found() == [(accounting.COUNTS, "")]


def test_a_request_of_the_sdk_that_fails_is_found(books: Books) -> None:
    books.client.write("turned_away", error="taskbahn.error.error", message="canceled", id=OK)
    assert books.found() == [(accounting.TURNED_AWAY, OK)]


def test_the_longest_standstill_is_between_two_ends(tmp_path: Path) -> None:
    entries = [{"event": "phase", "name": "storm", "at": 0.0}, {"event": "phase", "name": "calm", "at": 20.0}]
    entries += [
        {"event": "ended", "id": OK, "attempt": 1, "token": str(at), "how": "returned", "at": at} for at in (1.0, 9.0, 19.0)
    ]
    assert make_account(entries, {}, {}, Outside()).longest_standstill == 10.0


def test_a_torn_last_line_is_nothing_and_any_other_is_an_error(tmp_path: Path) -> None:
    journal = Journal(tmp_path, "one")
    journal.write("started", id=OK)
    path = tmp_path / "one.jsonl"
    path.write_bytes(path.read_bytes() + b'{"event":"ended","a')
    assert [entry["event"] for entry in read(tmp_path)] == ["started"]
    path.write_bytes(path.read_bytes() + b"\n")
    with pytest.raises(Torn, match=r"one\.jsonl:2"):
        read(tmp_path)
    journal.close()


BOUND = Bound("memory", "memory", "MiB", 8.0)


def test_a_steady_rise_is_not_flat_and_outliers_are() -> None:
    times = [float(second) for second in range(100)]
    rising = judge(BOUND, times, [100 + 0.2 * second for second in times])
    spiky = judge(BOUND, times, [100.0 + (500 if second % 10 == 9 else 0) for second in times])
    assert (rising.is_flat, spiky.is_flat) == (False, True)
    assert abs(rising.drift - 0.2 * 49) < 1e-6
    assert "NOT flat" in rising.sentence


def test_too_few_samples_are_not_flat() -> None:
    assert not judge(BOUND, [0.0, 1.0], [1.0, 1.0]).is_flat


def test_the_picture_has_a_panel_with_every_point_for_each_series() -> None:
    times = [0.0, 1.0, 2.0, 3.0, 4.0, 5.0]
    drawn = draw("a <soak>", times, [(judge(BOUND, times, times), times), (judge(BOUND, times, [1.0] * 6), [1.0] * 6)])
    assert drawn.count("<polyline") == 2
    assert "a &lt;soak&gt;" in drawn
    assert drawn.split('points="')[1].split('"')[0].count(",") == len(times)
