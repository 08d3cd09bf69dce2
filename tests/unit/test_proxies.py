"""`taskbahn up --behind-proxy`: addresses and networks, in the one form that the router compares."""

from __future__ import annotations

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from taskbahn.cli import cli
from taskbahn.cli.proxies import whole_proxy
from taskbahn_router.core.forwarding import Proxies


@pytest.mark.parametrize(
    "given, whole",
    [("127.0.0.1", "127.0.0.1/32"), ("::1", "::1/128"), ("10.0.0.0/8", "10.0.0.0/8"), ("FD00::/8", "fd00::/8"), ("unix", "unix")],
)
def test_an_address_is_a_network_of_one(given: str, whole: str) -> None:
    assert whole_proxy(given) == whole
    Proxies.of([whole])


@pytest.mark.parametrize(
    "given, said",
    [
        ("proxy.example.org", "'proxy.example.org' is no address and no network; write it as 127.0.0.1"),
        ("10.0.0.1/8", r"\(did you mean 10.0.0.0/8, or 10.0.0.1\?\)"),
        ("0.0.0.0/0", "are all addresses there are"),
        ("::/0", "are all addresses there are"),
        ("::ffff:1.2.3.4", "write it as that of IPv4"),
        ("fe80::1%eth0", "has a zone"),
        ("", "is no address"),
        ("*", "is no address"),
        ("10.0.0.0/8,127.0.0.1", "is no address"),
    ],
)
def test_what_is_no_address_is_refused(given: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        whole_proxy(given)


@given(st.text())
def test_any_text_is_a_network_or_refused(text: str) -> None:
    try:
        found = whole_proxy(text)
    except ValueError:
        return
    assert whole_proxy(found) == found
    Proxies.of([found])


@pytest.mark.parametrize(
    "words, said",
    [
        (["--behind-proxy", "unix"], "give that with --socket"),
        (["--behind-proxy", "10.0.0.1", "--socket", "n.sock"], "give --behind-proxy unix, too"),
        (["--proxy-protocol"], "name them with --behind-proxy"),
        (["--behind-proxy", "x"], "'x' is no address and no network"),
    ],
)
def test_options_that_do_not_fit_together_are_refused(words: list[str], said: str) -> None:
    found = CliRunner().invoke(cli, ["up", *words])
    assert found.exit_code == 2
    assert said in found.output
