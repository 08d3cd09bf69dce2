"""What the guides of Celery's canvas and of Dramatiq's composition show, with our words: each with the values that come out.

`docs/from-celery.md` has the differences with their reasons; the tests of this file hold that page to what happens.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from support.programs import Node, Program, running

from taskbahn import InvalidArguments, InvalidOption, JobCancelled, JobFailed, Taskbahn, chain, chord, group

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from taskbahn import Flow, Job
    from taskbahn.tasks.task_handle import TaskHandle

pytestmark = pytest.mark.slow
SECONDS = 60.0
TESTS = Path(__file__).parents[1]


class Tasks:
    """The tasks by their short names."""

    def __init__(self, app: Taskbahn) -> None:
        self.app = app

    def __getattr__(self, name: str) -> TaskHandle[..., Any]:
        return self.app.get(f"canvas.{name}")


@pytest.fixture(scope="module")
def tasks(node: Node) -> Iterator[Tasks]:
    worker = Program("worker", "support.canvas_tasks:app", "--slots", "8", cwd=TESTS, TASKBAHN_URL=node.websocket)
    with running(worker, "ready"), Taskbahn(node.websocket) as app:
        yield Tasks(app)


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """The file in which `note` writes a line."""
    return tmp_path / "log"


def of(flow: Flow[Any, Any]) -> Any:
    """Start a flow and return its result."""
    return flow.start().result(SECONDS)


def waits_for(what: Callable[[], bool]) -> None:
    until = time.monotonic() + SECONDS
    while not what():
        assert time.monotonic() < until
        time.sleep(0.02)


def lines(log: Path, count: int) -> list[str]:
    """Return what was noted, once there is that much of it."""
    waits_for(lambda: log.exists() and log.read_text().count("\n") >= count)
    return log.read_text().splitlines()


def members(job: Job[Any]) -> list[tuple[str, str]]:
    """Return the tasks of a flow's members, with their states, once all have ended."""
    waits_for(lambda: all(member.finished_at is not None for member in job.members()))
    return sorted((member.task.removeprefix("canvas."), member.state) for member in job.members())


# signatures


def test_a_call_can_be_kept_and_given_options_before_it_starts(tasks: Tasks) -> None:
    call = tasks.add.s(2, 2)
    assert of(call) == of(call.options(priority=5)) == of(tasks.add.s(2, 2, debug=True)) == 4
    began = time.time()
    job = call.options(delay=0.3).start()
    assert job.result(SECONDS) == 4
    assert (job.view().started_at or 0.0) - began >= 0.3
    assert of(call.options(delay=600).options(delay=0)) == 4  # the later option counts; `call` has none of them


def test_the_missing_argument_of_a_partial_comes_first(tasks: Tasks) -> None:
    double = tasks.mul.s(2)
    assert double.start(21).result(SECONDS) == 42
    assert tasks.import_contacts.s().start({"name": "ada"}).result(SECONDS) == "contacts of ada"
    with pytest.raises(InvalidArguments):
        double.start()


def test_a_flow_can_be_handed_on_as_data(tasks: Tasks) -> None:
    data = (tasks.add.s(2, 2) | tasks.mul.s(10)).data()
    assert [node["task"] for node in data["chain"]] == ["canvas.add", "canvas.mul"]


def test_words_of_celery_name_ours(tasks: Tasks) -> None:
    for word, ours in {
        "delay": "start()",
        "link": "on_success(...)",
        "link_error": "on_failure(...)",
        "clone": "options(...)",
    }.items():
        with pytest.raises(AttributeError, match=ours.replace("(", r"\(").replace(")", r"\)")):
            getattr(tasks.add.s(2, 2), word)
    with pytest.raises(TypeError, match="start"):
        tasks.add.s(2, 2)()  # type: ignore[operator]


# callbacks


def test_a_callback_gets_the_result_as_its_first_argument(tasks: Tasks) -> None:
    job = tasks.add.s(2, 2).on_success(tasks.add.s(8)).start()
    assert job.result(SECONDS) == 4  # the job's own
    assert members(job) == [("add", "succeeded")]
    assert tasks.app.job(job.members()[0].id).result(SECONDS) == 12


def test_an_immutable_callback_gets_nothing_of_the_result(tasks: Tasks, log: Path) -> None:
    tasks.add.s(2, 2).on_success(tasks.note.si("buffers are reset", str(log)), tasks.note.s(str(log))).start()
    assert sorted(lines(log, 2)) == ["4", "buffers are reset"]


def test_an_error_callback_gets_the_id_of_the_job_that_failed(tasks: Tasks, log: Path) -> None:
    job = tasks.fail.s().on_failure(tasks.note.s(str(log))).on_success(tasks.note.si("no", str(log))).start()
    with pytest.raises(JobFailed, match="this task always fails"):
        job.result(SECONDS)
    assert lines(log, 1) == [job.id]  # from which it can read error, arguments and history
    assert members(job) == [("note", "cancelled"), ("note", "succeeded")]
    assert str(tasks.app.job(job.id).error()).count("this task always fails") == 1


def test_an_error_callback_of_a_chain_starts_once(tasks: Tasks, log: Path) -> None:
    flow = (tasks.add.s(1, 1) | tasks.fail.s() | tasks.note.s(str(log))).on_failure(tasks.note.si("failed", str(log)))
    job = flow.start()
    with pytest.raises(JobFailed) as caught:
        job.result(SECONDS)
    assert caught.value.detail["member"]["task"] == "canvas.fail"
    assert lines(log, 1) == ["failed"]
    assert members(job) == [("add", "succeeded"), ("fail", "failed"), ("note", "failed"), ("note", "succeeded")]
    assert log.read_text() == "failed\n"


# chains


def test_a_chain_passes_each_result_on(tasks: Tasks) -> None:
    assert of(chain(tasks.add.s(2, 2), tasks.add.s(4), tasks.add.s(8))) == 16
    assert of(tasks.add.s(2, 2) | tasks.add.s(4) | tasks.add.s(8)) == 16
    assert of(chain(tasks.add.s(4, 4), tasks.mul.s(8), tasks.mul.s(10))) == 640


def test_the_results_on_the_way_are_those_of_the_members(tasks: Tasks) -> None:
    job = chain(tasks.add.s(4, 4), tasks.mul.s(8), tasks.mul.s(10)).start()
    assert job.result(SECONDS) == 640
    assert [tasks.app.job(member.id).result(SECONDS) for member in job.members()] == [8, 64, 640]


def test_independent_links_wait_and_take_nothing(tasks: Tasks) -> None:
    job = (tasks.add.si(2, 2) | tasks.add.si(4, 4) | tasks.add.si(8, 8)).start()
    assert job.result(SECONDS) == 16
    assert [tasks.app.job(member.id).result(SECONDS) for member in job.members()] == [4, 8, 16]


def test_a_complete_call_that_would_get_a_result_too_is_refused(tasks: Tasks) -> None:
    with pytest.raises(InvalidArguments, match=r"chain\[1\]"):
        (tasks.mul.s(2, 2) | tasks.mul.s(4, 4)).start()


def test_a_chain_of_partials_is_a_partial(tasks: Tasks) -> None:
    assert (tasks.add.s(4) | tasks.mul.s(8)).start(16).result(SECONDS) == 160
    assert chain(tasks.add.s(4), tasks.mul.s(8)).start(4).result(SECONDS) == 64


# groups


def test_a_group_gives_its_results_in_order(tasks: Tasks) -> None:
    assert of(group(tasks.add.s(i, i) for i in range(10))) == [0, 2, 4, 6, 8, 10, 12, 14, 16, 18]
    assert of(group(tasks.add.s(2, 2), tasks.add.s(4, 4))) == [4, 8]
    assert of(group([tasks.add.s(4, 4), tasks.mul.s(4, 4)])) == [8, 16]
    assert of(tasks.sum.map([])) == []


def test_a_group_after_a_task_gives_each_member_its_result(tasks: Tasks) -> None:
    assert of(tasks.add.s(4, 4) | group(tasks.add.s(i) for i in range(3))) == [8, 9, 10]
    sign_up = tasks.create_user.s() | group(tasks.import_contacts.s(), tasks.welcome.s())
    assert sign_up.start("ada").result(SECONDS) == ["contacts of ada", "welcome ada"]


def test_a_group_of_one_gives_a_list_of_one(tasks: Tasks) -> None:
    assert of(group(tasks.add.s(1, 1))) == [2]
    assert of(group(tasks.add.s(1, 1)) | tasks.sum.s()) == 2


def test_a_group_counts_its_members_while_they_run(tasks: Tasks, tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    job = group(tasks.add.s(1, 1), tasks.wait.s(str(gate)), tasks.wait.s(str(gate))).start()
    waits_for(lambda: [member.state for member in job.members()].count("running") == 2)
    assert job.state() == "running"
    assert len(job.members("succeeded")) == 1
    gate.touch()
    assert job.result(SECONDS) == [2, 1, 1]
    assert len(job.members("succeeded")) == 3


def test_the_cancel_of_a_group_ends_its_members(tasks: Tasks, tmp_path: Path) -> None:
    job = group(tasks.wait.s(str(tmp_path / "never")) for _ in range(3)).start()
    assert job.cancel() == "cancelled"
    with pytest.raises(JobCancelled):
        job.result(SECONDS)
    assert members(job) == [("wait", "cancelled")] * 3


def test_a_group_with_a_member_that_failed_fails_and_keeps_the_others(tasks: Tasks) -> None:
    job = group(tasks.add.s(2, 2), tasks.fail.s(), tasks.add.s(4, 4)).start()
    with pytest.raises(JobFailed, match="this task always fails"):
        job.result(SECONDS)
    assert members(job) == [("add", "succeeded"), ("add", "succeeded"), ("fail", "failed")]


def test_a_callback_of_a_group_gets_the_list_once(tasks: Tasks, log: Path) -> None:
    job = group(tasks.add.s(1, 1), tasks.add.s(2, 2)).on_success(tasks.sum.s() | tasks.note.s(str(log))).start()
    assert job.result(SECONDS) == [2, 4]
    assert lines(log, 1) == ["6"]


def test_an_error_callback_of_a_group_starts_once_for_the_whole(tasks: Tasks, log: Path) -> None:
    whole = group(tasks.fail.s(), tasks.fail.s()).on_failure(tasks.note.si("the group", str(log))).start()
    each = group(tasks.fail.s().on_failure(tasks.note.si("a member", str(log))) for _ in range(2)).start()
    assert sorted(lines(log, 3)) == ["a member", "a member", "the group"]
    assert [state for _, state in members(whole) + members(each)].count("succeeded") == 3


# chords


def test_the_body_of_a_chord_gets_all_results(tasks: Tasks) -> None:
    assert of(chord((tasks.add.s(i, i) for i in range(10)), tasks.sum.s())) == 90
    assert of(chord([tasks.add.s(i, i) for i in range(100)], tasks.sum.s())) == 9900
    assert of(group(tasks.add.s(i, i) for i in range(10)) | tasks.sum.s()) == 90
    assert of(chord([], tasks.sum.s())) == 0


def test_an_immutable_body_waits_and_takes_nothing(tasks: Tasks) -> None:
    assert of(chord((tasks.welcome.s({"name": name}) for name in "ab"), tasks.add.si(3, 4))) == 7


def test_shapes_may_be_in_each_other(tasks: Tasks) -> None:
    add, mul, total = tasks.add, tasks.mul, tasks.sum
    assert of(group(add.s(i, i) for i in range(5)) | total.s() | mul.s(2) | group(add.s(1), add.s(2)) | total.s()) == 83
    inner = chord([add.s(1, 1), add.s(2, 2)], total.s())
    assert of(chord([inner, inner | add.s(10), chain(add.s(3, 3), mul.s(2))], total.s())) == 6 + 16 + 12
    assert of(group(group(add.s(1, 1), add.s(2, 2)), group(add.s(3, 3))) | tasks.sums.s()) == 12
    assert of(add.s(1, 1) | chord([add.s(10), add.s(20)], total.s())) == 34


def test_a_chord_fails_with_the_error_of_its_member(tasks: Tasks, log: Path) -> None:
    body = tasks.sum.s().on_failure(tasks.note.si("no sum", str(log)))
    job = chord([tasks.add.s(4, 4), tasks.fail.s(), tasks.add.s(8, 8)], body).start()
    with pytest.raises(JobFailed) as caught:
        job.result(SECONDS)
    assert caught.value.detail["type"] == "ValueError"
    assert caught.value.detail["member"]["task"] == "canvas.fail"
    assert lines(log, 1) == ["no sum"]
    found = [state for task, state in members(job) if task in ("add", "sum")]
    assert sorted(found) == ["failed", "succeeded", "succeeded"]  # the rest of the header ran


def test_a_chord_may_go_on_without_the_member_that_failed(tasks: Tasks) -> None:
    add, fail = tasks.add, tasks.fail
    assert of(chord([add.s(4, 4), fail.s().if_fails("skip"), add.s(8, 8)], tasks.sum.s())) == 24
    assert of(chord([add.s(4, 4), fail.s().if_fails("none"), add.s(8, 8)], tasks.flat_sum.s())) == 24


# map, starmap, chunks, stamps


def test_map_and_starmap_make_a_job_for_each_item(tasks: Tasks) -> None:
    assert of(tasks.sum.map([list(range(10)), list(range(100))])) == [45, 4950]
    job = tasks.add.starmap(zip(range(10), range(10), strict=True)).start()
    assert job.result(SECONDS) == [0, 2, 4, 6, 8, 10, 12, 14, 16, 18]
    assert len(job.members()) == 10
    assert of(tasks.add.starmap(zip(range(100), range(100), strict=True)) | tasks.sum.s()) == 9900


def test_chunks_make_a_job_for_some_items_and_give_lists(tasks: Tasks) -> None:
    job = tasks.add.chunks(zip(range(100), range(100), strict=True), 10).start()
    assert job.result(SECONDS) == [[2 * i for i in range(start, start + 10)] for start in range(0, 100, 10)]
    assert len(job.members()) == 10


def test_tags_of_the_whole_are_those_of_its_members_as_stamps_are(tasks: Tasks) -> None:
    job = group(tasks.add.s(1, 1), tasks.add.s(2, 2)).options(tags=["order:7"]).start()
    assert job.result(SECONDS) == [2, 4]
    assert [member.tags for member in job.members()] == [["order:7"]] * 2
    assert {view.id for view in tasks.app.view.jobs(tag="order:7").jobs} >= {job.id, *(member.id for member in job.members())}


def test_a_shape_has_no_attempts_to_retry(tasks: Tasks) -> None:
    with pytest.raises(InvalidOption, match="retries"):
        (tasks.add.s(1, 1) | tasks.add.s(2)).options(retries=3)


def test_what_has_two_results_to_wait_for_is_no_chain(tasks: Tasks) -> None:
    left, right = tasks.add.si(1, 2), tasks.add.si(3, 4)
    assert of(tasks.mul.si(left.output, right.output)) == 21


def test_the_graph_of_a_flow_can_be_drawn(tasks: Tasks) -> None:
    job = chain(tasks.add.s(4, 4), tasks.mul.s(8)).start()
    assert job.result(SECONDS) == 64
    assert job.graph().graphviz().startswith("digraph")
    assert "canvas.mul" in job.graph().text()


# pipelines and groups of Dramatiq


def test_a_pipeline_gives_the_last_result_and_has_those_before_it(tasks: Tasks) -> None:
    job = chain(tasks.add.s(1, 2), tasks.add.s(3), tasks.add.s(4)).start()
    assert job.result(SECONDS) == 10
    assert [tasks.app.job(member.id).result(SECONDS) for member in job.members()] == [3, 6, 10]
    assert of(tasks.fetch.s("example.org") | tasks.count_words.s()) == 5


def test_a_pipeline_goes_on_without_a_result_where_it_is_ignored(tasks: Tasks) -> None:
    assert of(tasks.add.s(1, 2) | tasks.add.si(10, 20) | tasks.add.s(4)) == 34


def test_a_pipeline_ends_with_the_link_that_fails(tasks: Tasks) -> None:
    job = (tasks.add.s(1, 2) | tasks.fail.s() | tasks.add.s(1)).start()
    with pytest.raises(JobFailed, match="this task always fails"):
        job.result(SECONDS)
    assert members(job) == [("add", "failed"), ("add", "succeeded"), ("fail", "failed")]


def test_a_group_may_have_pipelines(tasks: Tasks) -> None:
    words = group(tasks.fetch.s(url) | tasks.count_words.s() for url in ("a.example", "b.example", "c.example"))
    assert of(words) == [5, 5, 5]


def test_a_completion_callback_starts_once_after_all_members(tasks: Tasks, log: Path, tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    job = (group(tasks.add.s(1, 1), tasks.wait.s(str(gate))) | tasks.note.si("all are done", str(log))).start()
    waits_for(lambda: [member.state for member in job.members()].count("succeeded") == 1)
    assert not log.exists()
    gate.touch()
    assert job.result(SECONDS) == "noted all are done"
    assert lines(log, 1) == ["all are done"]


def test_a_completion_callback_is_not_started_when_a_member_fails(tasks: Tasks, log: Path) -> None:
    job = (
        group(tasks.add.s(1, 1), tasks.fail.s())
        .on_success(tasks.note.si("all", str(log)))
        .on_end(tasks.note.si("end", str(log)))
        .start()
    )
    with pytest.raises(JobFailed):
        job.result(SECONDS)
    assert lines(log, 1) == ["end"]
    assert members(job) == [("add", "succeeded"), ("fail", "failed"), ("note", "cancelled"), ("note", "succeeded")]
