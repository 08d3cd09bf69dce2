"""A web hook goes to the Internet, and not to what only the node's machine can reach."""

from __future__ import annotations

import socket
from typing import Any

import pytest

from taskbahn_router.outgoing import posting, private_addresses
from taskbahn_router.outgoing.private_addresses import PrivateAddress, is_private, look_up

PRIVATE = [
    "127.0.0.1",
    "127.255.255.254",
    "0.0.0.0",  # noqa: S104
    "10.0.0.1",
    "172.16.0.1",
    "172.31.255.255",
    "192.168.1.1",
    "169.254.169.254",  # metadata of clouds
    "100.64.0.1",
    "100.100.100.200",  # metadata of Alibaba
    "168.63.129.16",  # the same of Azure
    "192.0.0.192",  # the same of Oracle
    "198.18.0.1",
    "224.0.0.1",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::127.0.0.1",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "::ffff:169.254.169.254",
    "64:ff9b::7f00:1",
    "64:ff9b::a9fe:a9fe",
    "64:ff9b:1::a00:1",
    "2002:7f00:1::",
    "2002:a00:1::1",
    "2001:0:7f00:1::",  # Teredo
    "2001:db8::1",
    "fe80::1",
    "fe80::1%eth0",
    "fec0::1",
    "fc00::1",
    "fd00:ec2::254",  # metadata of Amazon
    "ff02::1",
]
PUBLIC = ["8.8.8.8", "93.184.215.14", "172.32.0.1", "192.0.1.1", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"]


@pytest.mark.parametrize("address", PRIVATE)
def test_an_address_beyond_the_internet_is_private(address: str) -> None:
    assert is_private(address)


@pytest.mark.parametrize("address", PUBLIC)
def test_an_address_of_the_internet_is_not_private(address: str) -> None:
    assert not is_private(address)


# other ways to write addresses, all of which the resolver understands
@pytest.mark.parametrize("host", ["localhost", "127.1", "2130706433", "0x7f000001", "0177.0.0.1", "0", "127.0.0.1", "::1"])
def test_a_name_or_number_that_means_a_private_address_is_refused(host: str) -> None:
    with pytest.raises((PrivateAddress, OSError)) as refused:
        look_up(host, 80, allow_private=False)
    if isinstance(refused.value, OSError):  # some systems do not take all of them
        assert isinstance(refused.value, socket.gaierror)


def test_one_private_address_among_others_is_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    answer(monkeypatch, [["93.184.215.14", "10.0.0.1"]])
    with pytest.raises(PrivateAddress, match=r"mixed\.example is 10\.0\.0\.1, .* --allow-private-webhooks"):
        look_up("mixed.example", 443, allow_private=False)


def test_a_name_is_looked_up_once_and_that_address_connected_to(monkeypatch: pytest.MonkeyPatch) -> None:
    """A name server that says something else the second time changes nothing."""
    answer(monkeypatch, [["93.184.215.14"], ["127.0.0.1"]])
    connected: list[Any] = []

    class Socket:
        def __init__(self, *_: object) -> None: ...
        def settimeout(self, _: float) -> None: ...
        def close(self) -> None: ...
        def connect(self, where: Any) -> None:
            connected.append(where)
            raise ConnectionRefusedError("no")

    monkeypatch.setattr(socket, "socket", Socket)
    with pytest.raises(posting.NoAnswer):
        posting.post("https://rebinds.example/", b"{}", {}, allow_private=False, now=0.0)
    assert connected == [("93.184.215.14", 443)]


def test_the_other_end_of_the_connection_is_looked_at_too(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        monkeypatch.setattr(posting, "look_up", lambda *_, **__: [(socket.AF_INET, server.getsockname())])
        with pytest.raises(PrivateAddress, match=r"went to 127\.0\.0\.1"):
            posting.post("http://example.org/", b"{}", {}, allow_private=False, now=0.0)


@pytest.mark.parametrize("value, allowed", [("1", True), ("true", True), ("", False), ("0", False), ("no", False)])
def test_the_environment_allows_them(value: str, allowed: bool, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: FBT001
    monkeypatch.setenv(private_addresses.VARIABLE, value)
    assert private_addresses.allows_private() is allowed


def answer(monkeypatch: pytest.MonkeyPatch, answers: list[list[str]]) -> None:
    """Have names mean these addresses, one list for each time that one is looked up."""
    left = iter(answers)

    def getaddrinfo(_: str, port: int, **__: object) -> list[Any]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in next(left)]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
