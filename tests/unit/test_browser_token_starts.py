"""What a page starts with a browser token: with the tags of the token, nothing beyond it, and once where it says so."""

from __future__ import annotations

import json
from typing import Any

import pytest
from support.browser_pages import BROWSER, CLIENT, EVE, SHOP, Pages
from support.dispatcher_harness import TASK, job_id

from taskbahn.protocol import messages
from taskbahn_router.submission import slices


@pytest.fixture
def pages() -> Pages:
    return Pages()


def test_what_a_page_starts_has_the_tags_of_its_token(pages: Pages) -> None:
    page = pages.open(pages.made(start=[TASK[:5] + "*"], tags=["user:42"])["token"])
    [id] = pages.submit(page, {"task": TASK, "args": [], "options": {"delay": 60}})
    view = pages.ask(page, messages.JOB_GET, id).answer
    assert (view["caller"], view["tags"]) == (SHOP, ["user:42"])
    other = pages.open(pages.made(tags=["user:42"])["token"], 78)
    assert "unknown_job" not in pages.hears(other, messages.JOB_GET, id, 78)
    stranger = pages.open(pages.made(tags=["user:43"])["token"], 79)
    assert "unknown_job" in pages.hears(stranger, messages.JOB_GET, id, 79)
    listed = pages.ask(page, messages.VIEW_JOBS).answer["jobs"]
    assert sorted(job["id"] for job in listed) == sorted([job_id(2), id])
    assert pages.node.ask_as(SHOP, CLIENT, messages.JOB_GET, id).sent[-1][0] != "fail"


def test_without_tags_a_page_sees_what_it_has_started(pages: Pages) -> None:
    first = pages.open(pages.made(start=[TASK])["token"])
    second = pages.open(pages.made(start=[TASK])["token"], 78)
    [id] = pages.submit(first, {"task": TASK, "args": [], "options": {"delay": 60}})
    assert "unknown_job" not in pages.hears(first, messages.JOB_GET, id)
    assert "unknown_job" in pages.hears(second, messages.JOB_GET, id, 78)
    assert [job["id"] for job in pages.ask(first, messages.VIEW_JOBS).answer["jobs"]] == [id]
    assert pages.ask(second, messages.VIEW_JOBS, session=78).answer["jobs"] == []
    assert [task["name"] for task in pages.ask(first, messages.VIEW_TASKS).answer] == [TASK]


@pytest.mark.parametrize(
    "entry",
    [
        {"task": "other.task", "args": []},
        {"task": "other.task", "calls": [[job_id(50), "[[],{}]"]]},
        {"flow": {"chain": [{"task": TASK, "args": []}, {"task": "other.task", "args": []}]}},
        {"flow": {"group": [{"task": TASK, "args": [], "on_success": {"task": "other.task", "args": []}}]}},
        {"flow": {"map": {"task": "other.task"}, "calls": [[[], {}]]}},
        {"task": TASK, "args": [], "parent": job_id(2)},
        {"flow": {"task": TASK, "args": []}, "parent": job_id(2)},
        {"flow": {"task": TASK, "args": []}, "group_of": job_id(2)},
        {"flow": {"task": TASK, "args": [], "after": [job_id(2)]}},
        {"flow": {"task": TASK, "args": [{"$result": job_id(2)}], "after": [job_id(2)]}},
        {"task": TASK, "args": [], "options": {"tags": ["user:43"]}},
        {"flow": {"group": [{"task": TASK, "args": [], "options": {"tags": ["user:43"]}}]}},
        {"task": "taskbahn.mail", "args": ["a@example.org"]},
        {"task": TASK, "args": [], "id": job_id(3)},
        {"task": TASK, "args": [], "id": job_id(4)},
        {"task": TASK, "calls": [[job_id(3), "[[],{}]"]]},
        {"flow": {"group": [{"task": TASK, "args": []}]}, "id": job_id(3)},
    ],
)
def test_a_page_starts_nothing_beyond_its_token(pages: Pages, entry: dict[str, Any]) -> None:
    page = pages.open(pages.made(start=[TASK[:5] + "*"], tags=["user:42"])["token"])
    before = {
        id for id in (job_id(number) for number in range(1, 60)) if pages.node.ask(messages.JOB_GET, id).sent[-1][0] != "fail"
    }
    asked = pages.ask(page, messages.SUBMIT, [entry], follow=True)
    [said] = asked.answer if isinstance(asked.answer, list) else asked.answer["answers"]
    said = said["errors"]["0"] if "errors" in said else said
    assert said["error"].rpartition(".")[2] in ("not_allowed", "unknown_job", "invalid_request", "unknown_task", "invalid_flow")
    assert asked.progress == []
    assert before == {job_id(number) for number in (1, 2, 3, 4)}


def test_a_token_for_one_start_starts_one_job(pages: Pages) -> None:
    text = pages.made(start=[TASK], once=True)["token"]
    page = pages.open(text)
    refused = pages.submit(page, {"task": TASK, "args": [], "id": job_id(20), "options": {"delay": "x"}})
    assert "error" in refused[0]
    entry = {"task": TASK, "args": [], "id": job_id(20), "options": {"delay": 60}}
    assert pages.submit(page, entry) == [job_id(20)]
    assert pages.submit(page, entry) == [job_id(20)]  # a repetition of the same
    for again in ({**entry, "id": job_id(21)}, {"task": TASK, "calls": [[job_id(22), "[[],{}]"]]}, {"task": TASK, "args": []}):
        assert pages.submit(page, again)[0]["error"].endswith("not_allowed")
    other = pages.open(text, 78)
    assert pages.submit(other, {**entry, "id": job_id(23)}, session=78)[0]["error"].endswith("not_allowed")
    for many in ([entry, entry], [{"task": TASK, "calls": [[job_id(24), "[[],{}]"], [job_id(25), "[[],{}]"]]}]):
        fresh = pages.open(pages.made(start=[TASK], once=True)["token"], 79)
        asked = pages.ask(fresh, messages.SUBMIT, many, session=79)
        assert "one start" in str(asked.sent)


@pytest.mark.parametrize("keep", [0, 1.5, None, 1e6])
def test_a_job_of_one_start_is_known_as_long_as_its_token(pages: Pages, keep: float | None) -> None:
    lasts = 30 * 86400.0  # longer than a job is kept, if nothing is said
    page = pages.open(pages.made(start=[TASK], once=True, expires=lasts)["token"])
    options = {} if keep is None else {"keep": keep}
    entry = {"task": TASK, "args": [], "id": job_id(20), "options": options}
    [worker] = pages.node.workers
    assert pages.submit(page, entry) == [job_id(20)]
    worker.done(*worker.take())
    pages.node.settle()
    for _ in range(3):
        pages.wait(lasts / 4)
        pages.node.passes(200)
        assert pages.submit(page, entry) == [job_id(20)]
        assert "'state': 'succeeded'" in pages.hears(page, messages.JOB_GET, job_id(20)), "it has started a second job"


def test_pages_of_two_makers_share_no_key(pages: Pages) -> None:
    ids = []
    for session, name in ((71, SHOP), (72, EVE)):
        page = pages.open(pages.made(name, start=[TASK], tags=["user:42"])["token"], session)
        ids += pages.submit(page, {"task": TASK, "args": [], "options": {"key": "order-1", "delay": 60}}, session=session)
    assert len(set(ids)) == 2
    assert all(isinstance(id, str) for id in ids)


def test_a_refused_submission_does_not_renew_an_accepted_start(pages: Pages, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(slices, "SLICE_SECONDS", 0.0)
    monkeypatch.setattr(slices, "STEPS", 4)
    text = pages.made(start=[TASK], once=True)["token"]
    first, second = pages.open(text, 78), pages.open(text, 79)
    wrong = {"flow": {"group": [{"task": TASK, "args": []}] * 40 + [{"task": TASK, "options": {"delay": "x"}}]}, "id": job_id(20)}
    right = {"task": TASK, "args": [], "id": job_id(20), "options": {"delay": 60}}
    asked = pages.node.ask_as(first, BROWSER, messages.SUBMIT, [wrong], session=78)
    assert not asked.sent  # it is being read
    other = pages.node.ask_as(second, BROWSER, messages.SUBMIT, [right], session=79)
    pages.node.settle()
    assert other.answer == [job_id(20)]
    assert "error" in asked.answer[0]
    again = pages.submit(second, {**right, "id": job_id(21)}, session=79)
    assert again[0]["error"].endswith("not_allowed")


@pytest.mark.parametrize("form", [{"group": []}, {"chain": []}, {"group": [{"chain": []}]}])
def test_parts_of_flows_share_keys_with_the_same_tags_alone(pages: Pages, form: dict[str, Any]) -> None:
    def member_of(page: str, session: int, value: int) -> dict[str, Any]:
        flow = json.loads(json.dumps(form).replace("[]", json.dumps([{"task": TASK, "args": [value], "options": {"key": "k"}}])))
        [id] = pages.submit(page, {"flow": flow}, session=session)
        [member] = pages.ask(page, messages.JOB_MEMBERS, id, session=session).answer["jobs"][-1:]
        return dict(member)

    for session, tag in ((77, "user:42"), (78, "user:43"), (79, "user:42")):
        pages.open(pages.made(start=[TASK], tags=[tag])["token"], session)
    member_of(f"{SHOP}/b1", 77, 1)
    assert "error" not in member_of(f"{SHOP}/b2", 78, 2)
    assert member_of(f"{SHOP}/b3", 79, 2)["error"]["type"] == "Duplicate"


def test_a_key_is_shared_by_pages_with_the_same_tags(pages: Pages) -> None:
    ids = []
    for session, tags in ((71, ["user:42"]), (72, ["user:43"]), (73, ["user:42"])):
        page = pages.open(pages.made(start=[TASK], tags=tags)["token"], session)
        ids += pages.submit(page, {"task": TASK, "args": [], "options": {"key": "export", "delay": 60}}, session=session)
    assert ids[0] == ids[2] != ids[1]
