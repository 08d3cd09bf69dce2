"""What proxies say of clients is believed of those that the operator has named, and of no others."""

from __future__ import annotations

from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskbahn_router.core.forwarding import MOST_ENTRIES, Proxies, Public, address, is_host, origin_of, public

PROXIES = Proxies.of(["10.0.0.0/8", "127.0.0.1", "fd00::/8"])
PROXY = ip_address("127.0.0.1")
SEEN = Public(PROXY, is_secure=False, host="inside:8080")

trusted = st.one_of(
    st.ip_addresses(v=4, network="10.0.0.0/8"), st.ip_addresses(v=6, network="fd00::/8"), st.just(ip_address("127.0.0.1"))
)
foreign = st.ip_addresses().map(lambda one: address(str(one))).filter(lambda one: one is not None and not PROXIES.trusts(one))
garbage = st.one_of(
    st.text(alphabet=st.characters(max_codepoint=255)),
    st.sampled_from(["unknown", "_hidden", "", " ", "1.2.3", "1.2.3.4.5", "::1%eth0", "1.2.3.4\x00", "1.2.3.4\r\n5.6.7.8", "010.1.1.1", "[::1"]),
)  # fmt: skip
values = st.lists(st.lists(st.one_of(trusted.map(str), foreign.map(str), garbage)).map(",".join))


@given(foreign, values, values, values)
def test_a_stranger_says_nothing_that_counts(peer: object, client: list[str], scheme: list[str], host: list[str]) -> None:
    seen = SEEN._replace(client=peer)  # type: ignore[arg-type]
    assert public(seen, PROXIES, client, scheme, host) == seen
    assert public(SEEN, Proxies(), client, scheme, host) == SEEN


@given(garbage | values.map(",".join), foreign, st.lists(trusted, max_size=MOST_ENTRIES - 2), st.booleans())
def test_the_right_most_address_that_is_no_proxy_is_the_client(
    made_up: str,
    client: object,
    proxies: list[object],
    apart: bool,  # noqa: FBT001 - hypothesis gives it by its place
) -> None:
    said = [made_up, str(client), *map(str, proxies)] if apart else [", ".join([made_up, str(client), *map(str, proxies)])]
    assert public(SEEN, PROXIES, said, [], []).client == client


@given(values, values, values)
def test_whatever_a_proxy_sends_comes_out_as_address_and_host(client: list[str], scheme: list[str], host: list[str]) -> None:
    found = public(SEEN, PROXIES, client, scheme, host)
    assert found.client is not None
    assert found.host == "inside:8080" or is_host(found.host)
    assert found.host.isprintable()
    assert found.is_secure == (bool(scheme) and scheme[-1].rpartition(",")[2].strip(" \t").lower() in ("https", "wss"))


@pytest.mark.parametrize(
    "said, client",
    [
        ([], "127.0.0.1"),
        (["203.0.113.9"], "203.0.113.9"),
        (["6.6.6.6, 203.0.113.9"], "203.0.113.9"),
        (["6.6.6.6", "203.0.113.9, 10.1.1.1"], "203.0.113.9"),
        (["203.0.113.9:4711"], "203.0.113.9"),
        (["[2001:db8::1]:4711"], "2001:db8::1"),
        (["::ffff:203.0.113.9"], "203.0.113.9"),
        (["::ffff:10.0.0.9, 10.1.1.1"], "10.0.0.9"),
        (["203.0.113.9, unknown"], "127.0.0.1"),
        (["203.0.113.9, unknown, 10.1.1.1"], "10.1.1.1"),
        (["203.0.113.9, "], "127.0.0.1"),
    ],
)
def test_a_client_is_read_from_the_right(said: list[str], client: str) -> None:
    assert str(public(SEEN, PROXIES, said, [], []).client) == client


@pytest.mark.parametrize(
    "scheme, host, origin",
    [
        (["https"], ["Tasks.example.org"], "https://tasks.example.org:443"),
        (["http, https"], ["evil.example, tasks.example.org:8443"], "https://tasks.example.org:8443"),
        (["WSS"], [], "https://inside:8080"),
        (["https"], ["[2001:db8::1]"], "https://2001:db8::1:443"),
        (["ftp"], ["a b"], "http://inside:8080"),
        (["https"], ["tasks.example.org:0"], "https://inside:8080"),
        (["https"], ["tasks.example.org:99999"], "https://inside:8080"),
        (["https"], ["user@tasks.example.org"], "https://inside:8080"),
        (["https"], ["tasks.example.org/x"], "https://inside:8080"),
    ],
)
def test_scheme_and_host_are_those_of_the_next_proxy(scheme: list[str], host: list[str], origin: str) -> None:
    assert public(SEEN, PROXIES, [], scheme, host).origin == origin


def test_processes_on_the_socket_are_believed_only_if_they_are_named() -> None:
    seen = SEEN._replace(client=None)
    assert public(seen, PROXIES, ["203.0.113.9"], [], []) == seen
    assert str(public(seen, Proxies.of(["unix"]), ["203.0.113.9"], [], []).client) == "203.0.113.9"
    assert not Proxies.of(["unix"]).trusts(PROXY)


@given(garbage)
def test_an_origin_is_one_or_nothing(text: str) -> None:
    found = origin_of(text)
    assert found == "" or found.startswith(("https://", "http://"))
    assert origin_of(f"https://{text}@tasks.example.org") == ""
    assert origin_of("https://tasks.example.org/" + text) == ""
