"""One request to a server that may be slow, large, wrong or hostile: bounded in time and size, and signed."""

from __future__ import annotations

import socket
import threading
import time
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest
from support.endpoint import Endpoint, answer
from support.tls import make_certificate

from taskbahn_router.outgoing.posting import NoAnswer, post
from taskbahn_router.outgoing.signing import NoSecret, secrets_for, signed_headers

if TYPE_CHECKING:
    from pathlib import Path

    from taskbahn_router.outgoing.posting import Answer

NOW = 1_700_000_000.0


def send(url: str, seconds: float = 20.0, **headers: str) -> Answer:
    return post(url, b'{"a":1}', headers, allow_private=True, now=NOW, seconds=seconds)


def test_a_request_arrives_whole() -> None:
    with Endpoint() as endpoint:
        assert send(endpoint.url, Also="this").status == 200
        request = endpoint.take()
    assert request.line == "POST /hook?a=1 HTTP/1.1"
    assert request.body == b'{"a":1}'
    assert request.headers["host"] == f"127.0.0.1:{endpoint.port}"
    assert request.headers["also"] == "this"


def test_a_redirect_is_reported_and_not_followed() -> None:
    with Endpoint(answer(302, "Location: http://127.0.0.1:1/other")) as endpoint:
        found = send(endpoint.url)
        assert (found.status, found.location) == (302, "http://127.0.0.1:1/other")
        endpoint.take()
        assert endpoint.requests.empty()


@pytest.mark.parametrize(
    "header, seconds",
    [
        ("7", 7.0),
        ("Tue, 14 Nov 2023 22:13:50 GMT", 30.0),
        ("Tue, 14 Nov 2000 22:13:50 GMT", 0.0),
        ("999999999999", 86400.0),
        ("soon", None),
        ("-1", None),
    ],
)
def test_retry_after_is_read_within_bounds(header: str, seconds: float | None) -> None:
    with Endpoint(answer(503, f"Retry-After: {header}")) as endpoint:
        assert send(endpoint.url).retry_after == seconds


@pytest.mark.parametrize(
    "said",
    [
        b"SSH-2.0-OpenSSH_9.6\r\n",
        b"HTTP/1.1 abc OK\r\n\r\n",
        b"\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 1000 + b"\r\n",
        b"HTTP/1.1 200 OK\r\nX: " + b"y" * 100_000 + b"\r\n\r\n",
    ],
)
def test_an_answer_that_is_none_counts_as_none(said: bytes) -> None:
    with Endpoint(said) as endpoint, pytest.raises(NoAnswer):
        send(endpoint.url)


def test_a_server_that_says_nothing_is_given_up_in_time() -> None:
    with Endpoint(b"") as endpoint:
        started = time.monotonic()
        with pytest.raises(NoAnswer, match="did not answer"):
            send(endpoint.url, seconds=0.5)
        assert time.monotonic() - started < 5


def drip(said: bytes) -> socket.socket:
    """Serve one connection, an octet of *said* at a time and for ever."""
    server = socket.create_server(("127.0.0.1", 0))

    def talk() -> None:
        with suppress(OSError):
            connection, _ = server.accept()
            with connection:
                connection.sendall(said)
                while True:
                    connection.sendall(b"x")
                    time.sleep(0.02)

    threading.Thread(target=talk, daemon=True).start()
    return server


@pytest.mark.parametrize("said", [b"HTTP/1.1 200 OK\r\nA: ", b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nA: "])
def test_a_server_that_drips_its_headers_is_given_up_in_time(said: bytes) -> None:
    with drip(said) as server:
        started = time.monotonic()
        with pytest.raises(NoAnswer, match=r"within 0\.5 s"):
            send(f"http://127.0.0.1:{server.getsockname()[1]}/", seconds=0.5)
        assert time.monotonic() - started < 5


def test_a_handshake_that_drips_is_given_up_in_time() -> None:
    hello = b"\x16\x03\x03\x40\x00\x02\x00\x3f\xfc"  # the beginning of a long record
    with drip(hello) as server:
        started = time.monotonic()
        with pytest.raises(NoAnswer):
            send(f"https://127.0.0.1:{server.getsockname()[1]}/", seconds=0.5)
        assert time.monotonic() - started < 5


def test_a_body_without_end_does_not_matter() -> None:
    said = b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 5_000_000
    with Endpoint(said) as endpoint:
        assert send(endpoint.url).status == 200
    with drip(b"HTTP/1.1 201 OK\r\n\r\n") as server:
        assert send(f"http://127.0.0.1:{server.getsockname()[1]}/", seconds=0.5).status == 201


def test_a_certificate_that_is_not_trusted_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    certificate = make_certificate(tmp_path)
    with Endpoint(certificate=certificate) as endpoint:
        with pytest.raises(NoAnswer, match="certificate"):
            send(f"https://localhost:{endpoint.port}/")
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        assert send(f"https://localhost:{endpoint.port}/").status == 200
        with pytest.raises(NoAnswer, match="certificate"):
            send(f"https://127.0.0.1:{endpoint.port}/")


# signatures

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


def test_the_example_of_the_specification_has_its_signature() -> None:
    secrets = secrets_for("env:X_SECRET", {"X_SECRET": SECRET})
    headers = signed_headers(secrets, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}')
    assert headers == {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }


def test_two_secrets_make_two_signatures_while_one_is_changed() -> None:
    secrets = secrets_for("env:X_SECRET", {"X_SECRET": f"whsec_{'QUJD' * 8} {SECRET}"})
    signature = signed_headers(secrets, "id", 1, b"")["webhook-signature"]
    assert len(signature.split(" ")) == 2
    assert signature.endswith(signed_headers(secrets[1:], "id", 1, b"")["webhook-signature"])


@pytest.mark.parametrize("value", ["", "hunter2", "whsec_", "whsec_QUJD", "whsec_" + "QUJD" * 30, "whsec_!!!", "whsec_ä"])
def test_what_is_no_secret_is_refused_without_showing_it(value: str) -> None:
    with pytest.raises(NoSecret) as refused:
        secrets_for("env:X_SECRET", {"X_SECRET": value})
    assert "X_SECRET" in str(refused.value)
    assert value in ("", "whsec_") or value not in str(refused.value)


def test_without_a_secret_of_the_node_nothing_is_signed() -> None:
    assert secrets_for("", {}) == []
    assert "webhook-signature" not in signed_headers([], "id", 1, b"")
