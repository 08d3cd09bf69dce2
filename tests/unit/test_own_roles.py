"""Own roles: what their sessions may call, which jobs they make, and what their workers offer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from support.dispatcher_harness import TASK, DispatcherHarness, job_id
from support.permissions import may, may_call

from taskbahn.access_errors import NotAllowed
from taskbahn.errors import TaskbahnError
from taskbahn.protocol import access, messages
from taskbahn.protocol.access import Role
from taskbahn.protocol.messages import TaskDeclaration
from taskbahn_router.access.book import CredentialBook
from taskbahn_router.access.tokens import new_token
from taskbahn_router.model.roles import RoleRules, set_in_force
from taskbahn_router.procedures import PROCEDURES, role_views
from taskbahn_router.role_permissions import ASKED, AUTHORIZER, OFFERED, OWN, allows, own_permissions, permissions, roles
from taskbahn_router.workers.offers import Offers
from taskbahn_router.workers.own_offers import not_offered

if TYPE_CHECKING:
    from collections.abc import Iterator

    from support.recorded_call import RecordedCall

OTHER = "other.task"
ALLOWED = ("a.*",)
RULES = [
    RoleRules("shop", Role.CLIENT, calls=ALLOWED),
    RoleRules("silent", Role.CLIENT, calls=()),
    RoleRules("images", Role.WORKER, calls=ALLOWED, offers=("a.*", "b.one"), queues=("images", "x*")),
    RoleRules("planner", Role.OPERATOR, calls=ALLOWED),
    RoleRules("support", Role.OPERATOR, may=(messages.VIEW_STATUS, messages.VIEW_JOBS, messages.JOB_CANCEL)),
    RoleRules("counter", Role.VIEWER, may=(messages.VIEW_STATUS,)),
    RoleRules("plain", Role.WORKER),
]
NAMES = [each.name for each in RULES]
BY_NAME = {each.name: each for each in RULES}


@pytest.fixture(autouse=True)
def _in_force() -> Iterator[None]:
    set_in_force(RULES)
    yield
    set_in_force(())


@pytest.fixture
def node() -> DispatcherHarness:
    """A node whose worker offers the task that the roles may call, and another one."""
    harness = DispatcherHarness()
    harness.worker(slots=4, tasks=[TASK, OTHER])
    return harness


def asked_as(node: DispatcherHarness, role: str, procedure: str, *args: Any, **kwargs: Any) -> RecordedCall:
    asked = node.ask_as("ada", role, procedure, *args, **kwargs)
    node.settle()
    return asked


def refused(asked: RecordedCall) -> str:
    """Return the sentence with which a call is refused; "" if it is not."""
    kind, said, *_ = asked.sent[-1] if asked.sent else ("open", None)
    if kind == "fail":
        assert isinstance(said, TaskbahnError)
        return said.message if isinstance(said, NotAllowed) else ""
    errors = [each for each in said if isinstance(each, dict)] if isinstance(said, list) else []
    return " ".join(each["message"] for each in errors if each.get("error") == NotAllowed.uri)


def permissions_of(name: str) -> list[dict[str, Any]]:
    return own_permissions(BY_NAME[name]) if name in BY_NAME else permissions(Role(name))


# procedures and names


@pytest.mark.parametrize("name", NAMES)
def test_each_own_role_calls_what_its_base_and_its_list_have(name: str) -> None:
    rules = BY_NAME[name]
    permissions, base = permissions_of(name), permissions_of(rules.base.value)
    for row in PROCEDURES:
        should = may_call(base, row.uri) and (rules.may is None or row.uri in rules.may)
        assert may_call(permissions, row.uri) == should, row.uri
    [view] = [each for each in role_views() if each["name"] == name]
    assert {f"taskbahn.{each}" for each in view["may"]} == {row.uri for row in PROCEDURES if may_call(permissions, row.uri)}


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("action", ["call", "register", "publish", "subscribe"])
def test_an_own_role_has_no_name_that_its_base_lacks(name: str, action: str) -> None:
    rules = BY_NAME[name]
    permissions, base = permissions_of(name), permissions_of(rules.base.value)
    uris = [row.uri for row in PROCEDURES]
    uris += [
        f"{prefix}{rest}" for prefix in (*OFFERED, *OWN, "") for rest in ("x", "a.one", "b.one", "b.one.x", "other.task", "", "a")
    ]
    uris += [messages.JOB_TOPIC + "x", messages.CHANGES_TOPIC, messages.AUDIT_TOPIC, "taskbahn.mail", "wamp.session.kill", "task"]
    for uri in uris:
        assert may(base, uri, action) or not may(permissions, uri, action), uri


def test_crossbar_asks_of_own_clients_as_of_clients() -> None:
    for row in roles(RULES):
        rules = BY_NAME.get(row["name"])
        base = rules.base if rules else Role(row["name"])
        assert (row.get("authorizer") == AUTHORIZER) == (base in ASKED) == ("permissions" not in row)
    for uri in ("a.one", OTHER, messages.SUBMIT, messages.VIEW_STATUS, "taskbahn.mail"):
        assert allows("shop", uri, "call") == may(permissions_of("shop"), uri, "call"), uri
    set_in_force(())
    assert not allows("shop", "a.one", "call")


def test_tasks_are_called_and_registered_as_the_lists_have_them() -> None:
    def allowed(name: str, action: str) -> list[str]:
        uris = ("a.one", "b.one", "b.one.x", OTHER, "a", "ab")
        return [uri for uri in uris if may(permissions_of(name), uri, action)]

    assert allowed("shop", "call") == ["a.one"]
    assert allowed("silent", "call") == []
    assert (allowed("images", "call"), allowed("images", "register")) == (["a.one"], ["a.one", "b.one"])
    assert allowed("planner", "call") == ["a.one"]
    assert allowed("plain", "register") == ["a.one", "b.one", "b.one.x", OTHER, "a", "ab"]
    offers = [uri for prefix in OFFERED[:2] for uri in (prefix + "a.one", prefix + "b.one", prefix + OTHER)]
    assert [may(permissions_of("images"), uri, "register") for uri in offers] == [True, True, False] * 2
    assert may(permissions_of("images"), messages.REPORTS_PREFIX + "x", "register")


def test_who_does_not_see_jobs_hears_of_none() -> None:
    for name in ("support", "counter"):
        heard = [
            uri
            for uri in ("", "taskbahn", "x.y", messages.JOB_TOPIC + "x", messages.CHANGES_TOPIC, messages.AUDIT_TOPIC)
            if may(permissions_of(name), uri, "subscribe")
        ]
        assert heard == []
        assert not may(permissions_of(name), "x.y", "publish")


def test_who_may_not_start_jobs_calls_no_tasks_by_name(node: DispatcherHarness) -> None:
    assert messages.SUBMIT in refused(asked_as(node, "support", TASK))
    assert node.dispatcher.state.jobs == {}
    assert refused(asked_as(node, "planner", TASK)) == ""


# jobs

CHAIN = {"chain": [{"task": TASK}, {"group": [{"task": TASK}, {"task": OTHER}]}]}
ENTRIES = {
    "single": {"task": OTHER, "args": []},
    "with an id": {"task": OTHER, "args": [], "id": job_id(77)},
    "packed": {"task": OTHER, "packed": "[[],{}]"},
    "bulk": {"task": OTHER, "calls": [[job_id(77), "[[],{}]"]]},
    "flow of one": {"flow": {"task": OTHER}},
    "chain and group": {"flow": CHAIN},
    "chord": {"flow": {"group": [{"task": TASK}], "then": {"task": OTHER}}},
    "deep in a flow": {"flow": {"chain": [{"chain": [{"group": [{"chain": [{"task": OTHER}]}]}]}]}},
    "map": {"flow": {"map": {"task": OTHER}, "calls": [[job_id(77), "[[],{}]"]]}},
    "callback of a flow": {"flow": {"task": TASK, "on_success": [{"task": OTHER}]}},
    "callback in options": {"task": TASK, "args": [], "options": {"on_failure": [{"task": OTHER}]}},
    "callback on end": {"flow": {"task": TASK, "options": {"on_end": {"task": OTHER}}}},
    "after another": {"flow": {"task": OTHER, "after": [job_id(1)]}},
    "code of the caller": {"task": TASK, "args": [], "declarations": [{"name": OTHER}]},
    "code with callbacks": {"task": TASK, "args": [], "declarations": [{"name": "a.two", "callbacks": {"on_end": [{"task": OTHER}]}}]},
}  # fmt: skip
SCHEDULE = {"when": "0 3 * * *"}
TRIGGER = {"kind": "topic", "topic": "a.b"}


@pytest.mark.parametrize("role", ["shop", "silent", "images", "planner"])
@pytest.mark.parametrize("way", ENTRIES)
def test_a_task_of_other_roles_is_started_in_no_way(node: DispatcherHarness, role: str, way: str) -> None:
    asked = asked_as(node, role, messages.SUBMIT, [ENTRIES[way]], follow=False)
    sentence = refused(asked)
    assert f"the role {role} may not call" in sentence, (way, asked.sent)
    assert "its `calls` have" in sentence
    assert node.dispatcher.state.jobs == {}
    assert OTHER not in str(sentence) or OTHER in sentence


@pytest.mark.parametrize("role", ["shop", "images", "planner"])
@pytest.mark.parametrize(
    "entry",
    [
        {"task": TASK, "args": [{"task": OTHER}], "kwargs": {"task": OTHER}},
        {"task": TASK, "calls": [[job_id(77), "[[],{}]"]]},
        {"flow": {"chain": [{"task": TASK}, {"group": [{"task": TASK}, {"task": TASK}]}]}},
        {"flow": {"task": TASK, "on_success": [{"task": TASK}]}},
    ],
)
def test_what_a_role_has_is_started(node: DispatcherHarness, role: str, entry: dict[str, Any]) -> None:
    asked = asked_as(node, role, messages.SUBMIT, [entry])
    assert refused(asked) == ""
    assert node.dispatcher.state.jobs


def test_in_a_submission_each_entry_is_decided_for_itself(node: DispatcherHarness) -> None:
    asked = asked_as(node, "shop", messages.SUBMIT, [{"task": OTHER, "args": []}, {"task": TASK, "args": []}])
    wrong, right = asked.answer
    assert wrong["error"] == NotAllowed.uri
    assert right in node.dispatcher.state.jobs


@pytest.mark.parametrize("call", [{"task": OTHER}, {"flow": {"chain": [{"task": TASK}, {"task": OTHER}]}}])
def test_schedules_and_triggers_of_other_tasks_are_not_a_planners(node: DispatcherHarness, call: dict[str, Any]) -> None:
    own = {"task": TASK}
    ways: list[tuple[str, list[Any]]] = [
        (messages.SCHEDULE_ADD, ["new", {**SCHEDULE, "call": call}]),
        (messages.TRIGGER_ADD, ["new", {**TRIGGER, "call": call}]),
    ]
    for add, spec in ((messages.SCHEDULE_ADD, SCHEDULE), (messages.TRIGGER_ADD, TRIGGER)):
        for id, what in (("own", own), ("others", call)):
            assert not refused(asked_as(node, Role.OPERATOR.value, add, id, {**spec, "call": what}))
        edit = add.replace(".add", ".edit")
        ways += [(edit, ["own", {"call": call}]), (edit, ["others", {"note": "n"}]), (edit, ["others", {"call": own}])]
        ways += [(add, ["others", {**spec, "call": own}]), (add.replace(".add", ".resume"), ["others"])]
    ways += [(messages.SCHEDULE_RUN, ["others"]), (messages.SCHEDULE_BACKFILL, ["others", 1_699_900_000.0, 1_700_000_000.0])]
    for uri, args in ways:
        asked = asked_as(node, "planner", uri, *args)
        assert f"the role planner may not call {OTHER}" in refused(asked), (uri, args, asked.sent)
    assert node.dispatcher.state.jobs == {}
    for uri, args in ((messages.SCHEDULE_RUN, ["own"]), (messages.SCHEDULE_EDIT, ["own", {"note": "n"}])):
        assert refused(asked_as(node, "planner", uri, *args)) == ""
    assert len(node.dispatcher.state.jobs) == 1


def test_an_own_client_has_its_own_jobs_alone(node: DispatcherHarness) -> None:
    node.ask_as("eve", "shop", messages.SUBMIT, [{"task": TASK, "id": job_id(1), "args": []}])
    node.settle()
    assert "unknown_job" in str(asked_as(node, "shop", messages.JOB_GET, job_id(1)).sent[-1][1].uri)
    assert asked_as(node, "shop", messages.VIEW_JOBS).answer["jobs"] == []
    assert "may not call taskbahn.mail" in refused(
        asked_as(node, "shop", messages.SUBMIT, [{"task": "taskbahn.mail", "args": []}])
    )


# workers


def hello(tasks: list[str], queues: list[str], /, **more: Any) -> dict[str, Any]:
    declared = [TaskDeclaration(name=name) for name in tasks]
    plain: dict[str, Any] = messages.plain(
        messages.Hello(protocol=messages.PROTOCOL, worker="w2", slots=1, tasks=declared, queues=queues)
    )
    return plain | more


@pytest.mark.parametrize(
    "given, lacks",
    [
        (hello(["a.one", "b.one"], ["images", "x1"]), ""),
        (hello(["a.one", OTHER], ["images"]), f"may not offer {OTHER}: its `offers` have a.*, b.one"),
        (hello(["b.one.x"], ["images"]), "may not offer b.one.x"),
        (hello(["a.one"], ["default"]), "may not take from the queue default: its `queues` have images, x*"),
        (hello(["a.one"], ["images", "other"]), "may not take from the queue other"),
        (hello(["a.one"], ["images"], schedules=[{"id": "s", "spec": {**SCHEDULE, "call": {"task": OTHER}}}]), "may not call other"),
        (hello(["a.one"], ["images"], triggers=[{"id": "t", "spec": {**TRIGGER, "call": {"task": OTHER}}}]), "may not call other"),
        (hello([], ["images"], tasks=[{"name": "a.x", "callbacks": {"on_success": [{"task": OTHER}]}}]), "may not call other"),
    ],
)  # fmt: skip
def test_a_worker_offers_what_its_role_has(node: DispatcherHarness, given: dict[str, Any], lacks: str) -> None:
    before = {name: task.declaration for name, task in node.dispatcher.state.tasks.items()}
    asked = asked_as(node, "images", messages.WORKER_ATTACH, given)
    if lacks:
        assert lacks in refused(asked)
        assert "w2" not in node.dispatcher.state.workers
        assert {name: task.declaration for name, task in node.dispatcher.state.tasks.items()} == before
    else:
        assert refused(asked) == ""
        assert "w2" in node.dispatcher.state.workers


@pytest.mark.parametrize("prefix", OFFERED[:4])
def test_an_offer_counts_where_the_role_has_its_task_and_queue(prefix: str) -> None:
    set_in_force([RoleRules("images", Role.WORKER, offers=("a.*",)), RoleRules("queued", Role.WORKER, queues=("images",))])
    harness = DispatcherHarness()
    offers = Offers(harness.dispatcher, harness.registry, harness)
    name = "me." if "_as" in prefix else ""
    for number, (role, task) in enumerate([("images", OTHER), ("queued", "a.one"), ("images", "a.one"), ("worker", OTHER)]):
        offers.created({"id": number, "uri": f"{prefix}{name}{task}"}, role)
    assert {
        task for worker in harness.dispatcher.state.workers.values() for task in (one.name for one in worker.hello.tasks)
    } == {"a.one", OTHER}
    assert len(harness.dispatcher.state.workers) == 2
    assert f"may not offer {OTHER}" in not_offered("images", f"{prefix}{name}{OTHER}", "exact")
    assert not_offered("images", f"{prefix}{name}a.one", "exact") == ""
    assert "a pattern has others" in not_offered("images", prefix, "prefix")
    assert not_offered("worker", prefix, "prefix") == not_offered("anonymous", f"{prefix}x", "exact") == ""


# credentials


def test_credentials_have_own_roles_while_the_node_has_them() -> None:
    book = CredentialBook(lambda: 1.0, lambda *_: None)
    made = new_token("till", "shop", 1.0, None)
    book.put(made.row)
    found = book.find(made.text)
    assert (found.role if not isinstance(found, str) else found) == "shop"
    set_in_force(())
    assert "has the role shop, which this node does not have" in str(book.find(made.text))
    with pytest.raises(TaskbahnError, match="there is no role 'shop'"):
        new_token("till", "shop", 1.0, None)


def test_an_admin_gives_own_roles_and_no_others(node: DispatcherHarness) -> None:
    assert asked_as(node, Role.ADMIN.value, access.TOKEN_CREATE, "till", "shop").answer["role"] == "shop"
    assert asked_as(node, Role.ADMIN.value, access.KEY_ADD, "cam", "images", "ab" * 32).answer["role"] == "images"
    wrong = asked_as(node, Role.ADMIN.value, access.TOKEN_CREATE, "other", "shopp")
    assert "there are viewer, client, worker, operator, admin, counter, images" in wrong.sent[-1][1].message


# browser tokens of own roles


def page(node: DispatcherHarness, role: str, **words: Any) -> RecordedCall:
    """Make a browser token as a session of a role."""
    return asked_as(node, role, access.BROWSER_TOKEN, **words)


def test_a_page_starts_no_task_that_its_maker_may_not(node: DispatcherHarness) -> None:
    node.parts.credentials.put(new_token("ada", "shop", 1.0, None).row)
    text = page(node, "shop", start=["*"]).answer["token"]
    scope = node.parts.credentials.browser.find(text)
    assert not isinstance(scope, str), scope
    assert scope.role == "shop"
    node.parts.credentials.browser.opened(77, scope)
    for task, why in ((OTHER, f"the role shop may not call {OTHER}"), (TASK, "")):
        asked = node.ask_as(scope.name, Role.BROWSER.value, messages.SUBMIT, [{"task": task, "args": []}], session=77)
        node.settle()
        assert refused(asked)[: len(why)] == why
        assert bool(refused(asked)) == bool(why), asked.sent
    assert len(node.dispatcher.state.jobs) == 1


def test_a_page_gets_no_verb_that_its_maker_lacks(node: DispatcherHarness) -> None:
    set_in_force([RoleRules("thin", Role.CLIENT, may=(access.BROWSER_TOKEN, messages.JOB_WATCH, messages.JOB_CANCEL))])
    for words, lacks in (
        ({"cancel": True, "tags": ["a"]}, ""),
        ({"retry": True, "tags": ["a"]}, "retry"),
        ({"start": [TASK]}, "start"),
    ):
        sentence = refused(page(node, "thin", **words))
        assert (f"may not {lacks} jobs" in sentence) if lacks else sentence == ""
    set_in_force([RoleRules("thin", Role.CLIENT, may=(access.BROWSER_TOKEN,))])
    assert "may not watch jobs" in refused(page(node, "thin", tags=["a"]))
