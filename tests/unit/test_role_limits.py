"""What each name of a role may use: jobs, bytes and watchers, refused with when to try again; other roles pay nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.dispatcher_harness import TASK, DispatcherHarness, job_id

from taskbahn import LimitExceeded, Taskbahn, group
from taskbahn.cli.role_limits import whole_limit
from taskbahn.protocol import access, messages
from taskbahn.protocol.access import Role
from taskbahn_router.access.book import Principal
from taskbahn_router.access.role_limits import BURST_SECONDS, Bucket, RoleLimits, Usage
from taskbahn_router.core.role_limits import DEFAULTS, Limits, limits_of, shown
from taskbahn_router.model.roles import RoleRules, set_in_force

if TYPE_CHECKING:
    from support.recorded_call import RecordedCall

CLIENT, BROWSER = Role.CLIENT.value, Role.BROWSER.value


def node(**limits: float) -> DispatcherHarness:
    harness = DispatcherHarness(role_limits={CLIENT: Limits(**limits)})
    harness.worker()
    return harness


def start(harness: DispatcherHarness, number: int, name: str = "ada", role: str = CLIENT, *args: Any) -> RecordedCall:
    asked = harness.ask_as(name, role, messages.SUBMIT, [{"task": TASK, "id": job_id(number), "args": list(args)}])
    harness.settle()
    return asked


def refusal(asked: RecordedCall) -> LimitExceeded | None:
    kind, said, *_ = asked.sent[-1]
    return said if kind == "fail" and isinstance(said, LimitExceeded) else None


@settings(max_examples=200, deadline=None)
@given(st.integers(1, 1000), st.lists(st.tuples(st.integers(1, 5000), st.floats(0, 30)), max_size=50))
def test_over_any_time_a_rate_is_kept_but_for_the_last(rate: int, steps: list[tuple[int, float]]) -> None:
    now, charged, last = 0.0, 0, 0
    bucket = Bucket(rate, now)
    for amount, seconds in steps:
        now += seconds
        wait = bucket.wait(now)
        if wait:
            assert bucket.wait(now + wait + 1e-6) == 0  # so long, and no longer
            bucket = copy_of(bucket, now)
            continue
        bucket.charge(amount)
        charged, last = charged + amount, amount
        assert charged - last <= rate * (BURST_SECONDS + now) + 1e-6


def copy_of(bucket: Bucket, now: float) -> Bucket:
    """Return a bucket as it was before a look into its future."""
    made = Bucket(bucket.rate, now)
    made._level, made._at = bucket._level, bucket._at
    return made


def test_jobs_beyond_the_rate_are_refused_until_the_name_has_waited() -> None:
    harness = node(submissions=2)
    for number in range(20):
        assert refusal(start(harness, number)) is None
    found = refusal(start(harness, 99))
    assert found is not None
    assert found.detail["limit"] == "submissions"
    assert "ada has reached its limit of submissions: 2 jobs a second; try again in" in found.message
    assert refusal(start(harness, 98, "eve")) is None  # another name
    assert refusal(start(harness, 97, "ada", Role.WORKER)) is None  # another role
    harness.passes(found.detail["retry_after"])
    assert refusal(start(harness, 96)) is None


def test_each_job_of_a_bulk_and_of_a_flow_counts() -> None:
    harness = node(submissions=1)
    bulk = {"task": TASK, "calls": [[job_id(number), "[[],{}]"] for number in range(30)]}
    asked = harness.ask_as("ada", CLIENT, messages.SUBMIT, [bulk])
    harness.settle()
    assert refusal(asked) is None  # a large one is taken whole, and then paid back
    found = refusal(start(harness, 99))
    assert found is not None
    assert 19 < found.detail["retry_after"] < 22
    harness.passes(40)
    app = Taskbahn()

    @app.task(name=TASK)
    def work() -> None: ...

    flow = messages.plain(group(*(work.s() for _ in range(30))).data())
    asked = harness.ask_as("ada", CLIENT, messages.SUBMIT, [{"flow": flow, "id": job_id(500)}])
    harness.settle()
    assert refusal(asked) is None
    assert refusal(start(harness, 98)) is not None


def test_bytes_of_arguments_are_bounded() -> None:
    harness = node(bytes=100)
    assert refusal(start(harness, 1, "ada", CLIENT, "x" * 5000)) is None
    found = refusal(start(harness, 2))
    assert found is not None
    assert (found.detail["limit"], found.detail["most"]) == ("bytes", 100)
    assert "100 bytes of arguments a second" in found.message
    harness.passes(60)
    assert refusal(start(harness, 3)) is None
    told = harness.ask_as("ada", CLIENT, messages.JOB_SEND, job_id(1), "y" * 5000)
    assert refusal(told) is None if told.sent else True
    assert refusal(harness.ask_as("ada", CLIENT, messages.JOB_SEND, job_id(1), "y")) is not None


def test_a_refused_submission_leaves_nothing_behind() -> None:
    harness = node(submissions=1)
    start(harness, 1)
    harness.ask_as(
        "ada", CLIENT, messages.SUBMIT, [{"task": TASK, "calls": [[job_id(5 + each), "[[],{}]"] for each in range(20)]}]
    )
    harness.settle()
    assert refusal(start(harness, 90)) is not None
    asked = harness.ask_as("ada", CLIENT, messages.JOB_GET, job_id(90))
    harness.settle()
    assert "unknown_job" in asked.sent[-1][1].uri
    harness.check()


def test_retries_and_calls_by_a_tasks_name_count_as_jobs() -> None:
    harness = node(submissions=1)
    for _ in range(10):
        assert not harness.ask_as("ada", CLIENT, TASK).sent
    assert refusal(harness.ask_as("ada", CLIENT, TASK)) is not None
    harness.passes(12)
    harness.ask_as("ada", CLIENT, messages.JOB_RETRY, [job_id(number) for number in range(50)])
    harness.settle()
    assert refusal(start(harness, 1)) is not None


def test_calls_that_stay_open_are_bounded_and_leave_room_when_they_end() -> None:
    harness = node(watchers=3)
    start(harness, 1)
    open_calls = [harness.ask_as("ada", CLIENT, messages.JOB_WATCH, job_id(1), session=number) for number in range(3)]
    harness.settle()
    found = refusal(harness.ask_as("ada", CLIENT, messages.JOB_WAIT, [job_id(1)]))
    assert found is not None
    assert found.detail["limit"] == "watchers"
    assert refusal(harness.ask_as("ada", CLIENT, TASK)) is not None
    follows = harness.ask_as("ada", CLIENT, messages.SUBMIT, [{"task": TASK, "id": job_id(7), "args": []}], follow=True)
    assert refusal(follows) is not None
    assert refusal(start(harness, 8)) is None  # it does not wait for its outcome
    open_calls[0].gone()
    open_calls[0].call.open = False
    waits = harness.ask_as("ada", CLIENT, messages.JOB_WAIT, [job_id(1)])
    harness.settle()
    assert refusal(waits) is None if waits.sent else True
    start(harness, 20, "eve")
    assert refusal(harness.ask_as("eve", CLIENT, messages.JOB_WATCH, job_id(20))) is None


def test_connections_are_counted_by_name_and_forgotten() -> None:
    limits = RoleLimits({CLIENT: Limits(connections=2)}, lambda: 0.0)
    for session in (1, 2):
        limits.may_connect("ada", CLIENT)
        limits.joined(session, "ada", CLIENT)
    with pytest.raises(LimitExceeded, match="its limit of connections: 2 at once"):
        limits.may_connect("ada", CLIENT)
    limits.may_connect("eve", CLIENT)
    limits.may_connect("ada", Role.WORKER)
    limits.left(1)
    limits.left(1)
    limits.may_connect("ada", CLIENT)
    for session in range(10, 5000):
        limits.joined(session, f"user{session}", CLIENT)
        limits.left(session)
    assert len(limits._names) < 1100


def test_watchers_are_counted_without_looking_at_each_of_them_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    looks: list[Usage] = []
    count = Usage.count

    def counted(usage: Usage) -> int:
        looks.append(usage)
        return count(usage)

    harness = node(watchers=1000)
    start(harness, 1)
    monkeypatch.setattr(Usage, "count", counted)
    for number in range(3000):
        call = harness.ask_as("ada", CLIENT, messages.JOB_WATCH, job_id(1), session=number)
        call.call.open = number % 10 == 0
    assert len(looks) < 50
    assert len(looks[0]._watching) < 1000


class Shop:
    """Pages of one maker, each with a browser token of its own."""

    def __init__(self, **limits: float) -> None:
        self.harness = node(**limits)
        self.harness.ask_as("boss", Role.ADMIN.value, access.TOKEN_CREATE, "shop", CLIENT)
        self.harness.settle()
        self._session = 100

    def page(self) -> tuple[str, int]:
        """Log a page in; return its name and its session."""
        asked = self.harness.ask_as("shop", CLIENT, access.BROWSER_TOKEN, start=[TASK], tags=["all"])
        self.harness.settle()
        found = self.harness.parts.credentials.find(asked.answer["token"])
        assert isinstance(found, Principal)
        self._session += 1
        self.harness.parts.credentials.opened(self._session, found)
        return f"shop/{asked.answer['id']}", self._session

    def start(self, page: tuple[str, int]) -> LimitExceeded | None:
        asked = self.harness.ask_as(
            page[0], BROWSER, messages.SUBMIT, [{"task": TASK, "args": [], "options": {"delay": 600}}], session=page[1]
        )
        self.harness.settle()
        return refusal(asked)


def test_many_tokens_give_no_more_than_the_role_of_their_maker_has() -> None:
    shop = Shop(submissions=2, watchers=3)
    found = [shop.start(shop.page()) for _ in range(22)]
    assert [each is None for each in found] == [True] * 20 + [False] * 2
    assert "shop/* has reached its limit of submissions: 2 jobs a second" in str(found[-1])
    assert "--role-limit client:submissions" in str(found[-1])
    assert refusal(start(shop.harness, 99, "shop")) is None  # its pages do not lock out the maker


def test_watchers_of_pages_are_counted_together() -> None:
    shop = Shop(watchers=3)
    name, session = shop.page()
    asked = shop.harness.ask_as(name, BROWSER, messages.SUBMIT, [{"task": TASK, "options": {"delay": 600}}], session=session)
    shop.harness.settle()
    [job] = asked.answer
    watched = []
    for _ in range(5):
        name, session = shop.page()
        watched.append(shop.harness.ask_as(name, BROWSER, messages.JOB_WATCH, job, session=session))
        shop.harness.settle()
    assert [each.sent[-1][0] == "fail" for each in watched] == [False] * 3 + [True] * 2


def test_connections_of_pages_are_counted_together() -> None:
    makers = dict.fromkeys(range(10), ("shop", CLIENT))
    limits = RoleLimits(
        {CLIENT: Limits(connections=2), BROWSER: Limits(connections=100)}, lambda: 0.0, lambda of: makers.get(of or 0)
    )
    for session in (1, 2):
        limits.may_connect(f"shop/b{session}", BROWSER, makers[session])
        limits.joined(session, f"shop/b{session}", BROWSER)
    with pytest.raises(LimitExceeded, match=r"shop/\* has reached"):
        limits.may_connect("shop/b3", BROWSER, makers[3])
    limits.may_connect("shop", CLIENT)
    limits.may_connect("eve/b4", BROWSER, ("eve", CLIENT))
    limits.left(1)
    limits.may_connect("shop/b3", BROWSER, makers[3])


def test_an_own_role_has_the_limits_of_its_base() -> None:
    set_in_force([RoleRules("till", Role.CLIENT)])
    try:
        harness = node(submissions=1)
        found = [refusal(start(harness, number, "kiosk", "till")) for number in range(12)]
    finally:
        set_in_force(())
    assert [each is None for each in found] == [True] * 10 + [False] * 2
    assert "--role-limit client:submissions" in str(found[-1])


def test_a_name_is_counted_apart_in_each_role() -> None:
    limits = RoleLimits({Role.VIEWER.value: Limits(connections=1), Role.OPERATOR.value: Limits(connections=2)}, lambda: 0.0)
    limits.joined(1, "ada", Role.VIEWER.value)  # by the page that only looks
    limits.joined(2, "ada", Role.OPERATOR.value)
    limits.may_connect("ada", Role.OPERATOR.value)
    with pytest.raises(LimitExceeded):
        limits.may_connect("ada", Role.VIEWER.value)


def test_operators_see_which_limit_refuses_whom() -> None:
    harness = node(submissions=1)
    for number in range(15):
        start(harness, number)
    harness.parts.status.look()
    [problem] = [each for each in harness.parts.status_view()["problems"] if each["kind"] == "role_limit"]
    assert "ada uses as much of the node as it may: its limit of submissions has refused 5 calls." in problem["sentence"]
    assert "--role-limit ROLE:submissions=NUMBER" in problem["hint"]
    harness.passes(61)
    harness.parts.status.look()
    assert not [each for each in harness.parts.status_view()["problems"] if each["kind"] == "role_limit"]


def test_operators_see_that_addresses_are_locked() -> None:
    harness = DispatcherHarness()
    for _ in range(25):
        harness.parts.refused_logins.refuse("10.0.0.1", "a session", "no such token")
    harness.parts.status.look()
    [problem] = [each for each in harness.parts.status_view()["problems"] if each["kind"] == "locked"]
    assert problem["sentence"].startswith("An address may not log in for now")


@pytest.mark.parametrize(
    "given, read",
    [
        ("client:submissions=1000", ("client", "submissions", 1000)),
        ("client:bytes=8MiB", ("client", "bytes", 8 * 2**20)),
        ("viewer:watchers=none", ("viewer", "watchers", None)),
        ("worker:submissions=0.5", ("worker", "submissions", 0.5)),
    ],
)
def test_limits_are_read_as_an_operator_writes_them(given: str, read: tuple[str, str, float | None]) -> None:
    assert whole_limit(given) == read


@pytest.mark.parametrize(
    "given, said",
    [
        ("submissions=5", "is no limit of a role"),
        ("clients:submissions=5", "there is no role clients; there are viewer, client"),
        ("client:jobs=5", "there is no limit jobs; there are connections, submissions, bytes, watchers"),
        ("client:submissions=5MiB", "submissions are no bytes"),
        ("client:connections=0", "at least 1"),
        ("client:submissions=-1", "is no limit of a role"),
        ("client:bytes=nan", "is no limit of a role"),
        ("client:bytes=9999999999999", "at least 1"),
    ],
)
def test_a_wrong_limit_says_what_is_right(given: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        whole_limit(given)


def test_what_an_operator_gives_takes_the_place_of_the_default() -> None:
    made = limits_of({"client": {"submissions": 3.0, "bytes": None}, "viewer": {"watchers": None}})
    assert made == {**DEFAULTS, "client": DEFAULTS["client"]._replace(submissions=3.0, bytes=None)}
    assert shown({"client": made["client"]}) == ["client:connections=10000", "client:submissions=3", "client:watchers=50000"]
    assert limits_of({role: dict.fromkeys(Limits._fields) for role in DEFAULTS}) == {}
