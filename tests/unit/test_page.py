"""What the page at `/` is made of holds together: its one inline script, its files, and the words it shares with Python."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from taskbahn.protocol import access, messages
from taskbahn.protocol.states import FINAL_STATES, State
from taskbahn_router.core.lifecycle import Event, sources
from taskbahn_web import STATIC

INDEX = (STATIC / "index.html").read_text(encoding="utf-8")
MODULES = sorted(path for path in STATIC.rglob("*.js") if "vendor" not in path.parts)
FRAMEWORKS = {"react.js": "react", "vue.js": "vue"}  # modules for users of a framework, who bring that themselves
IMPORT = re.compile(r"""^(?:import|export)\b[^;="]*\bfrom "([^"]+)";$""", re.MULTILINE)


class Parts(HTMLParser):
    """The tags of the page, and the text of its inline scripts."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.scripts: list[str] = []
        self.feed(INDEX)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        if self.tags and self.tags[-1][0] == "script" and data.strip() and "src" not in self.tags[-1][1]:
            self.scripts.append(data)


@pytest.fixture
def parts() -> Parts:
    return Parts()


def imports(parts: Parts) -> dict[str, str]:
    names: dict[str, str] = json.loads(parts.scripts[0])["imports"]
    return names


def javascript_strings(module: str, name: str) -> list[str]:
    """Return the strings of an exported list or set."""
    source = (STATIC / module).read_text(encoding="utf-8")
    found = re.search(rf"export const {name} = (?:new Set\()?\[([^\]]*)\]", source)
    assert found
    return re.findall(r'"([^"]*)"', found[1])


def test_the_policy_allows_only_the_import_map_inline_by_its_hash(parts: Parts) -> None:
    assert len(parts.scripts) == 1
    digest = base64.b64encode(hashlib.sha256(parts.scripts[0].encode()).digest()).decode()
    policy = next(attrs["content"] or "" for tag, attrs in parts.tags if attrs.get("http-equiv") == "Content-Security-Policy")
    assert f"script-src 'self' 'sha256-{digest}'" in policy
    assert "unsafe" not in policy
    assert not [attrs for _, attrs in parts.tags if "style" in attrs or any(name.startswith("on") for name in attrs)]


def test_every_file_that_the_page_names_is_there(parts: Parts) -> None:
    named = [attrs.get("src") or attrs.get("href") for _, attrs in parts.tags if attrs.get("src") or attrs.get("href")]
    assert {f"/styles/{sheet.name}" for sheet in (STATIC / "styles").iterdir()} < set(named)
    assert "/app/main.js" in named
    for path in [*named, *imports(parts).values()]:
        assert path is not None
        assert path.startswith("/")
        assert (STATIC / path[1:]).is_file(), path


@pytest.mark.parametrize("module", MODULES, ids=lambda path: str(path.relative_to(STATIC)))
def test_every_import_leads_to_a_file_of_the_package(module: Path, parts: Parts) -> None:
    for name in IMPORT.findall(module.read_text(encoding="utf-8")):
        if name.startswith("."):
            assert (module.parent / name).resolve().is_file(), name
        else:
            assert name in imports(parts) or name == FRAMEWORKS.get(module.name)


@pytest.mark.parametrize("module", MODULES, ids=lambda path: str(path.relative_to(STATIC)))
def test_the_client_knows_nothing_of_the_page(module: Path) -> None:
    if module.parent.name == "client" or module.parent == STATIC:
        assert not [
            name
            for name in IMPORT.findall(module.read_text(encoding="utf-8"))
            if ("app/" in name or not name.startswith(".")) and name != FRAMEWORKS.get(module.name)
        ]


def test_the_states_are_those_of_the_lifecycle() -> None:
    assert javascript_strings("client/states.js", "STATES") == list(State), "client/states.js and protocol/states.py must agree"
    assert set(javascript_strings("client/states.js", "FINAL_STATES")) == FINAL_STATES
    assert set(javascript_strings("client/states.js", "RETRIABLE_STATES")) == set(sources(Event.RETRY_BY_HAND))


def test_the_uris_are_those_of_the_protocol() -> None:
    source = (STATIC / "client/wire.js").read_text(encoding="utf-8")
    uris = dict(re.findall(r'export const (\w+) = "([^"]+)";', source))
    assert len(uris) > 10
    assert uris == {name: {**vars(access), **vars(messages)}.get(name) for name in uris}, "the protocol has no such URI"
