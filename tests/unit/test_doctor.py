"""What `taskbahn doctor` says about the settings of a node."""

from __future__ import annotations

from typing import Any

import pytest

from taskbahn.jobs.doctor import ERROR, OF_THIS_MACHINE, WARNING, findings
from taskbahn.protocol.access import TokenView, UserView
from taskbahn.protocol.views import Setting

NOW = 1000.0
LOCAL = "ws://127.0.0.1:8080/ws"
GOOD: dict[str, Any] = {
    "auth": "yes", "interface": "127.0.0.1", "port": 8080, "data": "/srv/t", "data_rights": "700", "user": "taskbahn",
    "allowed_origins": [*OF_THIS_MACHINE, "https://shop.example:443"], "behind_proxy": ["127.0.0.1"], "keep_audit": 365 * 86400.0,
}  # fmt: skip


def token(role: str = "client", **more: Any) -> TokenView:
    return TokenView(id="i", name=f"the-{role}", role=role, created_at=0.0, **more)


ADMIN = token("admin", expires_at=NOW + 1)


def levels(
    tokens: list[TokenView] | None = None, url: str = LOCAL, users: list[UserView] | None = None, **values: Any
) -> dict[str, str]:  # fmt: skip
    """What is not as it is to be, by its level; None leaves a setting out."""
    settings = [
        Setting(name=f"node.{name}", value=value, source="default", help="")
        for name, value in (GOOD | values).items()
        if value is not None
    ]
    found = findings(settings, [ADMIN, token()] if tokens is None else tokens, url, NOW, users or [])
    assert all(each.remedy for each in found if each.level in (ERROR, WARNING))
    return {each.what: each.level for each in found if each.level != "ok"}


def test_a_node_as_the_documentation_wants_it_is_well() -> None:
    assert levels() == {}
    assert levels(behind_proxy=None, tls_cert="/x.pem", interface="0.0.0.0", url="wss://t.example/ws") == {}  # noqa: S104
    assert levels(interface=None, socket="/run/t.sock", url="unix:///run/t.sock") == {}


@pytest.mark.parametrize(
    "values, level, part",
    [
        ({"auth": "no"}, ERROR, "without login each of them"),
        ({"auth": "no", "behind_proxy": None, "allowed_origins": [*OF_THIS_MACHINE]}, WARNING, "every program of this machine"),
        ({"auth": None}, WARNING, "configuration of its own"),
        ({"interface": "0.0.0.0"}, ERROR, "without TLS"),  # noqa: S104
        ({"interface": "192.168.0.7"}, ERROR, "without TLS"),
        ({"url": "ws://t.example/ws"}, ERROR, "t.example without TLS"),
        ({"data_rights": "755"}, ERROR, "may read the data"),
        ({"user": "root"}, WARNING, "runs as root"),
        ({"allowed_origins": ["https://*.example:443"]}, ERROR, "many origins"),
        ({"allowed_origins": ["http://shop.example:80"]}, WARNING, "on their way"),
        ({"keep_audit": 86400.0}, WARNING, "kept for 1.0 days"),
        ({"tokens": [token("admin")]}, WARNING, "without an end: the-admin"),
        ({"tokens": [ADMIN] * 4}, WARNING, "4 tokens"),
        ({"tokens": [token()]}, WARNING, "no valid token is an admin's"),
    ],
)
def test_what_is_wrong_is_said_with_what_helps(values: dict[str, Any], level: str, part: str) -> None:
    ((what, found),) = levels(**values).items()
    assert (found, part in what) == (level, True)


def test_the_page_at_the_address_of_the_node_is_none_of_others() -> None:
    own: dict[str, Any] = {"interface": "127.0.0.2", "allowed_origins": [*OF_THIS_MACHINE, "http://127.0.0.2:8080"]}
    assert levels(**own) == {}
    assert levels(**own, auth="no", behind_proxy=None) == {
        "without login every program of this machine may do everything": WARNING
    }


def test_tokens_that_are_over_do_not_count() -> None:
    over = [token("admin", revoked_at=1.0), token("admin", expires_at=NOW)]
    assert levels([ADMIN, *over]) == {}


def test_an_admin_with_a_password_is_an_admin() -> None:
    people = [UserView(name=f"ada{number}", role="admin", login="password", created_at=0.0) for number in range(4)]
    assert levels([token()], users=people[:1]) == {}
    assert levels([ADMIN], users=people) == {"4 users are admins": WARNING}


def test_a_session_that_may_not_see_the_tokens_hears_so() -> None:
    settings = [Setting(name="node.auth", value="yes", source="default", help="")]
    assert "no admin's" in str(findings(settings, None, LOCAL, NOW))
