"""One table of the dispatcher's procedures: the protocol, its documentation and the viewer's permissions agree with it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from support.permissions import may, may_call

from taskbahn.protocol import access, messages
from taskbahn.protocol.access import Role
from taskbahn_router.access.ownership import Own
from taskbahn_router.procedures import OF_TOKENS, PROCEDURES
from taskbahn_router.role_permissions import ASKED, OFFERED, OWN, allows, roles
from taskbahn_router.role_permissions import permissions as permissions_of

ROOT = Path(__file__).parents[2]
PLACES = ("docs/protocol.md", "the docstring of protocol/messages.py or protocol/access.py")
NOT_CALLED = re.compile(r"_(PREFIX|TOPIC)$")


def test_each_uri_of_the_protocol_has_exactly_one_row() -> None:
    uris = [procedure.uri for procedure in PROCEDURES]
    written = {
        value
        for name, value in [*vars(messages).items(), *vars(access).items()]
        if name.isupper() and isinstance(value, str) and value.startswith("taskbahn.") and not NOT_CALLED.search(name)
    }
    assert len(uris) == len(set(uris))
    assert written - set(uris) == set(), "a URI of protocol/messages.py needs a row in procedures.py"
    assert set(uris) - written == set(), "a row of procedures.py needs its URI as a constant in protocol/messages.py"


def test_the_documentation_of_the_protocol_names_each() -> None:
    pages = (ROOT / "docs" / "protocol.md").read_text("utf-8"), f"{messages.__doc__}{access.__doc__}"
    missing = [
        (procedure.uri, place)
        for procedure in PROCEDURES
        for place, text in zip(PLACES, pages, strict=True)
        if f"{procedure.uri}(" not in text
    ]
    assert missing == [], "each of these needs a line there"


def test_a_viewer_may_call_what_the_table_says_and_nothing_else() -> None:
    template: dict[str, Any] = yaml.safe_load((ROOT / "router/taskbahn_router/node/node.yaml").read_text("utf-8"))
    [worker] = template["workers"]
    roles = {role["name"]: role["permissions"] for realm in worker["realms"] for role in realm["roles"]}
    may = {uri: may_call(roles["viewer"], uri) for uri in (procedure.uri for procedure in PROCEDURES)}
    wrong = {procedure.uri: procedure.role for procedure in PROCEDURES if may[procedure.uri] != (procedure.role is Role.VIEWER)}
    assert wrong == {}, "the permissions of the role viewer in node/node.yaml do not fit these rows of procedures.py"


@pytest.mark.parametrize("role", Role)
def test_each_role_may_call_what_the_table_says(role: Role) -> None:
    permissions = permissions_of(role)
    least = {
        Role.VIEWER: {Role.VIEWER},
        Role.CLIENT: {Role.VIEWER, Role.CLIENT},
        Role.WORKER: {Role.VIEWER, Role.CLIENT, Role.WORKER},
        Role.OPERATOR: {Role.VIEWER, Role.CLIENT, Role.OPERATOR},
        Role.ADMIN: {Role.VIEWER, Role.CLIENT, Role.OPERATOR, Role.ADMIN},
        Role.BROWSER: {Role.VIEWER, Role.BROWSER},
    }[role]
    for procedure in PROCEDURES:
        has = procedure.role in least or (role is Role.BROWSER and procedure.uri in OF_TOKENS)
        should = has and (role not in (Role.CLIENT, Role.BROWSER) or procedure.of_clients is not None)
        is_own = role is Role.BROWSER and procedure.of_clients is Own.SELF  # of a user, not of a page with a token of it
        assert may_call(permissions, procedure.uri) == (should and not is_own), procedure.uri


@pytest.mark.parametrize("role", Role)
def test_no_role_takes_names_of_others(role: Role) -> None:
    permissions = permissions_of(role)
    registered = {uri for uri in (*OFFERED, *OWN, *(each.uri for each in PROCEDURES)) if may(permissions, uri + "x", "register")}
    assert registered == (set(OFFERED) if role is Role.WORKER else set())
    for uri in (
        "wamp.session.kill",
        "wamp.session.list",
        "wamp.registration.list",
        "crossbar.x",
        "taskbahn.made.up",
        "taskbahn.mail",
    ):
        assert not any(may(permissions, uri, action) for action in ("call", "register", "publish", "subscribe"))
    watches = may(permissions, messages.CHANGES_TOPIC, "subscribe"), may(permissions, messages.JOB_TOPIC + "x", "subscribe")
    assert watches == (role in (Role.VIEWER, Role.OPERATOR, Role.ADMIN), role not in (Role.CLIENT, Role.BROWSER))
    assert not any(may(permissions, topic, "publish") for topic in (messages.CHANGES_TOPIC, messages.JOB_TOPIC + "x"))


def test_crossbar_knows_each_role_or_asks_about_it() -> None:
    known = {each["name"]: each for each in roles()}
    assert set(known) == {role.value for role in Role}
    assert {name for name, each in known.items() if "authorizer" in each} == {role.value for role in ASKED}
    for role in ASKED:
        for uri in (
            *(each.uri for each in PROCEDURES),
            "images.thumbnail",
            "taskbahn.x",
            "wamp.session.kill",
            messages.JOB_TOPIC,
        ):
            for action in ("call", "register", "publish", "subscribe"):
                assert allows(role, uri, action) == may(permissions_of(role), uri, action)
    assert not allows("no such role", messages.SUBMIT, "call")


@pytest.mark.parametrize("role, has", [(Role.CLIENT, ["call"]), (Role.BROWSER, [])])
def test_a_client_calls_tasks_and_a_page_submits_them(role: Role, has: list[str]) -> None:
    permissions = permissions_of(role)
    actions = ("call", "register", "publish", "subscribe")
    assert [action for action in actions if may(permissions, "images.thumbnail", action)] == has
