"""Whatever a client or a page asks, it learns nothing of the jobs of others, and changes none: every procedure that these have, and
anything as its arguments.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.dispatcher_harness import TASK, DispatcherHarness, job_id

from taskbahn.protocol import messages
from taskbahn.protocol.access import BROWSER_TOKEN, TOKEN_CREATE, VERBS, Role
from taskbahn_router.access.book import Principal
from taskbahn_router.procedures import PROCEDURES, may_call

if TYPE_CHECKING:
    from support.recorded_call import RecordedCall

MARK = "hush7f3a"
CLIENT = Role.CLIENT.value
HIDDEN = 5  # the number of a job whose id the client does not know
URIS = [procedure.uri for procedure in PROCEDURES if procedure.of_clients is not None]
OF_PAGES = [procedure.uri for procedure in PROCEDURES if may_call(Role.BROWSER, procedure)]
PAGE = 77  # a session
KNOWN = st.sampled_from([job_id(number) for number in (1, 2, 3, 4, 99)])
ANYTHING = st.recursive(
    KNOWN
    | st.none()
    | st.booleans()
    | st.integers(-2, 2**40)
    | st.text(max_size=8)
    | st.sampled_from(["*", "ada", TASK, "%", "_"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=2),
    max_leaves=5,
)
ENTRY = st.fixed_dictionaries(
    {},
    optional={
        "task": st.sampled_from([TASK, "taskbahn.mail", "no.task"]),
        "id": KNOWN,
        "args": st.lists(ANYTHING, max_size=2),
        "parent": KNOWN,
        "group_of": KNOWN,
        "options": st.dictionaries(st.sampled_from(["key", "tags", "delay", "priority"]), ANYTHING, max_size=2),
        "calls": st.lists(st.tuples(KNOWN, st.just("[[],{}]")).map(list), max_size=2),
        "flow": st.recursive(
            st.fixed_dictionaries(
                {"task": st.just(TASK), "args": st.lists(ANYTHING, max_size=1)}, optional={"after": st.lists(KNOWN, max_size=2)}
            ),
            lambda inner: (
                st.fixed_dictionaries({"chain": st.lists(inner, max_size=2)})
                | st.fixed_dictionaries({"group": st.lists(inner, max_size=2)})
            ),
            max_leaves=3,
        ),
    },
)
KEYWORDS = st.sampled_from(
    ["id", "ids", "token", "watch", "cancel", "start", "tags", "expires", "once", "after", "follow", "state", "task", "tag", "caller",
     "worker", "queue", "parent", "root", "id_part", "error", "limit", "before", "who", "reason", "key"]
)  # fmt: skip
ARGUMENTS = (
    st.lists(KNOWN | st.lists(KNOWN, max_size=3) | st.lists(ENTRY, max_size=2) | ANYTHING, max_size=3),
    st.dictionaries(KEYWORDS, ANYTHING, max_size=3),
)
CALL = st.tuples(st.sampled_from([*URIS, TASK]), *ARGUMENTS)
OF_PAGE = st.tuples(st.sampled_from(OF_PAGES), *ARGUMENTS)


def busy_node() -> DispatcherHarness:
    """A node with jobs of ada's: one that runs, one that has ended, two that wait."""
    harness = DispatcherHarness()
    worker = harness.worker(slots=2)
    for number, options in ((1, {}), (2, {}), (3, {"delay": 600}), (HIDDEN, {"delay": 600, "key": MARK})):
        call = {"task": TASK, "id": job_id(number), "args": [MARK], "options": {"tags": [MARK], **options}}
        harness.ask_as("ada", CLIENT, messages.SUBMIT, [call])
        harness.settle()
    running, ended = worker.take()
    worker.notices(running, "log", MARK)
    worker.done(ended, result=f'"{MARK}"')
    harness.settle()
    return harness


def states(harness: DispatcherHarness) -> dict[str, tuple[Any, ...]]:
    asked = harness.ask_as("boss", Role.OPERATOR.value, messages.VIEW_JOBS, caller="ada")
    harness.settle()
    return {job["id"]: (job["state"], job["attempt"], job.get("paused")) for job in asked.answer["jobs"]}


def said(asked: RecordedCall) -> str:
    return str([value if kind != "fail" else (value.message, value.detail) for kind, value, *_ in asked.sent])


@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(CALL, min_size=1, max_size=4))
def test_a_client_learns_and_changes_nothing_of_others(calls: list[tuple[str, list[Any], dict[str, Any]]]) -> None:
    harness = busy_node()
    before = states(harness)
    assert len(before) == 4
    asked = []
    for uri, args, kwargs in calls:
        asked.append(harness.ask_as("eve", CLIENT, uri, *args, **kwargs))
        harness.settle()
    check_nothing_leaked(harness, before, asked)


@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(OF_PAGE, min_size=1, max_size=4))
def test_a_page_learns_and_changes_nothing_beyond_its_token(calls: list[tuple[str, list[Any], dict[str, Any]]]) -> None:
    harness = busy_node()
    before = states(harness)
    harness.ask_as("boss", Role.ADMIN.value, TOKEN_CREATE, "ada", CLIENT)
    verbs = dict.fromkeys(VERBS, True)
    made = harness.ask_as("ada", CLIENT, BROWSER_TOKEN, start=["*"], tags=["user:1"], **verbs)
    harness.settle()
    book = harness.parts.credentials
    found = book.find(made.answer["token"])
    assert isinstance(found, Principal)
    book.opened(PAGE, found)
    asked = []
    for uri, args, kwargs in calls:
        asked.append(harness.ask_as(f"ada/{made.answer['id']}", Role.BROWSER.value, uri, *args, session=PAGE, **kwargs))
        harness.settle()
    check_nothing_leaked(harness, before, asked)


def check_nothing_leaked(harness: DispatcherHarness, before: dict[str, Any], asked: list[RecordedCall]) -> None:
    harness.passes(1)
    now = states(harness)
    assert {id: now.get(id) for id in before} == before
    for call in asked:
        assert MARK not in said(call)
        assert job_id(HIDDEN) not in said(call)
