"""Origins as the command line takes them: one form for each, and nothing that means more than one origin."""

from __future__ import annotations

import re

import pytest
from autobahn.util import wildcards2patterns
from autobahn.websocket.protocol import _is_same_origin, _url_to_origin
from hypothesis import given
from hypothesis import strategies as st

from taskbahn.cli.origins import whole_origin

HOSTS = st.from_regex(re.compile(r"[a-z][a-z0-9-]{0,9}[a-z0-9](\.[a-z]{2,5}){0,2}", re.ASCII), fullmatch=True)
PORTS = st.one_of(st.none(), st.integers(1, 65535))
ORIGINS = st.tuples(st.sampled_from(["http", "https"]), HOSTS | st.sampled_from(["[::1]", "[2001:db8::7]", "10.0.0.7"]), PORTS)


def text_of(scheme: str, host: str, port: int | None) -> str:
    return f"{scheme}://{host}" + ("" if port is None else f":{port}")


def takes(allowed: str, sent: str) -> bool:
    """Whether Autobahn takes a browser that sends an origin, where one other is allowed."""
    same: bool = _is_same_origin(_url_to_origin(sent), "http", 8080, wildcards2patterns([allowed]))
    return same


@given(ORIGINS, ORIGINS)
def test_the_router_takes_an_origin_and_no_other(one: tuple[str, str, int | None], other: tuple[str, str, int | None]) -> None:
    allowed = whole_origin(text_of(*one))
    assert takes(allowed, text_of(*one))
    assert takes(allowed, text_of(*other)) is (allowed == whole_origin(text_of(*other)))
    assert whole_origin(allowed.replace(f"//{one[1].strip('[]')}", f"//{one[1]}")) == allowed


@pytest.mark.parametrize(
    "text, origin",
    [
        ("https://Shop.Example.ORG/", "https://shop.example.org:443"),
        ("http://bücher.example:8000", "http://xn--bcher-kva.example:8000"),
        ("https://[2001:DB8::7]", "https://2001:db8::7:443"),
    ],
)
def test_an_origin_has_the_form_that_browsers_send(text: str, origin: str) -> None:
    assert whole_origin(text) == origin


@pytest.mark.parametrize(
    "text",
    [
        "", "*", "https://*", "https://*.example.org", "shop.example.org", "ftp://a.example", "https://", "https://a.example/path",
        "https://a.example?q", "https://a.example#x", "https://user@a.example", "https://a.example:x", "https://a.example:99999",
        "null", "file:///tmp", "https://a b.example", "https://a|b", "https://(a)", "https://a..example", "https://a\n.example",
    ],
)  # fmt: skip
def test_what_is_no_single_origin_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"write it as https://shop\.example\.org"):
        whole_origin(text)
