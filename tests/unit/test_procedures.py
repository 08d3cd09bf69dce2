"""One table of the dispatcher's procedures: the protocol, its documentation and the viewer's permissions agree with it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import yaml

from taskbahn.protocol import messages
from taskbahn_router.procedures import PROCEDURES, Role

ROOT = Path(__file__).parents[2]
PLACES = ("docs/protocol.md", "the docstring of protocol/messages.py")
NOT_CALLED = re.compile(r"_(PREFIX|TOPIC)$")


def test_each_uri_of_the_protocol_has_exactly_one_row() -> None:
    uris = [procedure.uri for procedure in PROCEDURES]
    written = {
        value
        for name, value in vars(messages).items()
        if name.isupper() and isinstance(value, str) and value.startswith("taskbahn.") and not NOT_CALLED.search(name)
    }
    assert len(uris) == len(set(uris))
    assert written - set(uris) == set(), "a URI of protocol/messages.py needs a row in procedures.py"
    assert set(uris) - written == set(), "a row of procedures.py needs its URI as a constant in protocol/messages.py"


def test_the_documentation_of_the_protocol_names_each() -> None:
    pages = (ROOT / "docs" / "protocol.md").read_text("utf-8"), messages.__doc__ or ""
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


def may_call(permissions: list[dict[str, Any]], uri: str) -> bool:
    """Return what Crossbar decides: an exact URI goes before a prefix, the longest prefix before the others."""
    exact = [one for one in permissions if one["match"] == "exact" and one["uri"] == uri]
    prefixes = [one for one in permissions if one["match"] == "prefix" and uri.startswith(one["uri"])]
    found = exact or sorted(prefixes, key=lambda one: len(one["uri"]))[-1:]
    return bool(found and found[0]["allow"]["call"])
