"""The header of the PROXY protocol is read as it was written, and nothing else is taken for one."""

from __future__ import annotations

from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskbahn_router.core.proxy_header import MOST_BYTES, SIGNATURE, Header, NoHeader, read

ports = st.integers(0, 65_535)
both = st.one_of(st.tuples(st.ip_addresses(v=4), st.ip_addresses(v=4)), st.tuples(st.ip_addresses(v=6), st.ip_addresses(v=6)))


def first(source: object, destination: object, source_port: int, destination_port: int) -> bytes:
    version = getattr(source, "version", 4)
    return f"PROXY TCP{version} {source} {destination} {source_port} {destination_port}\r\n".encode()


def second(family: int, said: bytes, command: int = 0x21) -> bytes:
    return SIGNATURE + bytes([command, family]) + len(said).to_bytes(2, "big") + said


@given(both, ports, ports, st.binary(max_size=40), st.booleans(), st.binary(max_size=60))
def test_a_header_comes_out_as_it_was_written(
    ends: tuple[object, object], source_port: int, destination_port: int, more: bytes, is_second: bool, rest: bytes  # noqa: FBT001
) -> None:  # fmt: skip
    source, destination = ends
    if is_second:
        packed: bytes = source.packed + destination.packed  # type: ignore[attr-defined]
        said = packed + source_port.to_bytes(2, "big") + destination_port.to_bytes(2, "big") + more
        header = second(0x11 if len(packed) == 8 else 0x21, said)
    else:
        header = first(source, destination, source_port, destination_port)
    found = Header((source, source_port), len(header))  # type: ignore[arg-type]
    assert read(header + rest) == found
    for cut in range(len(header)):
        assert read(header[:cut]) is None


@given(st.one_of(st.binary(), st.binary().map(lambda rest: b"PROXY " + rest), st.binary().map(lambda rest: SIGNATURE + rest)))
def test_any_bytes_are_a_header_or_none_or_incomplete(data: bytes) -> None:
    try:
        found = read(data)
    except NoHeader:
        return
    assert found is None or 0 < found.length <= len(data)
    if found is None:
        assert len(data) < 16 + MOST_BYTES


@pytest.mark.parametrize(
    "data",
    [
        b"PROXY UNKNOWN\r\n",
        b"PROXY UNKNOWN ff::1 ff::2 1 2\r\n",
        second(0x11, b"", 0x20),
        second(0x00, b"x" * 5),
        second(0x31, b"x" * 216),
    ],
)
def test_a_proxy_may_speak_for_itself(data: bytes) -> None:
    assert read(data) == Header(None, len(data))


@pytest.mark.parametrize(
    "data",
    [
        b"GET / HTTP/1.1\r\n", b"\x16\x03\x01", b"\x7f\xf2\x00\x00", b"PROXY TCP4 1.2.3.4 5.6.7.8 1 2 3\r\n", b"PROXY TCP4 ::1 ::2 1 2\r\n",
        b"PROXY TCP6 1.2.3.4 5.6.7.8 1 2\r\n", b"PROXY TCP4 1.2.3.4 5.6.7.8 1 65536\r\n", b"PROXY TCP4 1.2.3.4 5.6.7.8 01 2\r\n",
        b"PROXY TCP4 1.2.3.4  5.6.7.8 1 2\r\n", b"PROXY TCP6 fe80::1%eth0 ::1 1 2\r\n", b"PROXY UDP4 1.2.3.4 5.6.7.8 1 2\r\n",
        b"PROXY TCP4 " + b"1" * 100, second(0x11, b"x" * 11), second(0x21, b"x" * 35), second(0x12, b"x" * 12), second(0x11, b"x" * 12, 0x11),
        second(0x11, b"x" * (MOST_BYTES + 1)), "PROXY TCP4 1.2.3.4 5.6.7.8 \u0661 2\r\n".encode(),
    ],
)  # fmt: skip
def test_what_is_no_header_is_refused(data: bytes) -> None:
    with pytest.raises(NoHeader):
        read(data)


def test_an_address_is_of_its_own_kind() -> None:
    assert read(first(ip_address("1.2.3.4"), ip_address("5.6.7.8"), 1, 2)) == Header((ip_address("1.2.3.4"), 1), 32)
