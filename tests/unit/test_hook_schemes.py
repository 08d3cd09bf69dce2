"""Signatures of web hooks that come in: the senders' own examples are genuine, and nothing that was changed is."""

from __future__ import annotations

import base64
import hashlib
import hmac
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskbahn_router.core.hook_schemes import (
    SCHEMES,
    TOLERANCE_SECONDS,
    Delivery,
    NotGenuine,
    UnusableSecret,
    identity,
    keys_of,
    verify,
    visible_headers,
)

NOW = 1_700_000_000
SECRETS = {"standard": "whsec_" + base64.b64encode(b"k" * 32).decode()}
KEY = "It's a Secret to Everybody"
BODY = b'{"id": "evt_1", "event_id": "Ev1"}'


def secret(scheme: str) -> str:
    return SECRETS.get(scheme, KEY)


def digest(scheme: str, *parts: bytes, key: str = "") -> bytes:
    return hmac.digest(keys_of(scheme, [key or secret(scheme)])[0], b"".join(parts), "sha256")


def signed(scheme: str, body: bytes = BODY, now: int = NOW, key: str = "") -> dict[str, str]:
    """Return the headers with which a sender signs a body."""
    at = str(now).encode()
    if scheme == "github":
        return {"x-hub-signature-256": "sha256=" + digest(scheme, body, key=key).hex(), "x-github-delivery": "guid-1"}
    if scheme == "stripe":
        return {"stripe-signature": f"t={now},v1={digest(scheme, at, b'.', body, key=key).hex()},v0=ab"}
    if scheme == "slack":
        signature = "v0=" + digest(scheme, b"v0:", at, b":", body, key=key).hex()
        return {"x-slack-request-timestamp": str(now), "x-slack-signature": signature}
    if scheme == "standard":
        signature = base64.b64encode(digest(scheme, b"msg_1.", at, b".", body, key=key)).decode()
        return {"webhook-id": "msg_1", "webhook-timestamp": str(now), "webhook-signature": f"v1a,x v1,{signature}"}
    return {"x-signature": digest(scheme, body, key=key).hex()}


def is_genuine(scheme: str, headers: dict[str, str], body: bytes = BODY, now: float = NOW, *keys: str) -> bool:
    try:
        verify(scheme, keys_of(scheme, keys or [secret(scheme)]), Delivery(headers, body, now, "x-signature"))
    except NotGenuine:
        return False
    return True


def test_the_example_of_github_is_genuine() -> None:
    headers = {"x-hub-signature-256": "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"}
    assert is_genuine("github", headers, b"Hello, World!")


def test_the_example_of_slack_is_genuine() -> None:
    body = (
        b"token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V&channel_name=foobar"
        b"&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=&response_url=https%3A%2F%2Fhooks.slack.com"
        b"%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN&trigger_id=398738663015.47445629121.803a0bc887a14d10"
        b"d2c447fce8b6703c"
    )
    headers = {
        "x-slack-request-timestamp": "1531420618",
        "x-slack-signature": "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503",
    }
    assert is_genuine("slack", headers, body, 1531420618, "8f742231b10e8888abcd99yyyzzz85a5")


def test_the_example_of_standard_webhooks_is_genuine() -> None:
    headers = {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }
    body, key = b'{"test": 2432232314}', "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    assert is_genuine("standard", headers, body, 1614265330, key)


@pytest.mark.parametrize("scheme", SCHEMES)
def test_what_its_sender_signed_is_genuine_and_nothing_else(scheme: str) -> None:
    headers = signed(scheme)
    assert is_genuine(scheme, headers)
    assert not is_genuine(scheme, headers, BODY + b" ")
    assert not is_genuine(scheme, headers, b"")
    other = "whsec_" + base64.b64encode(b"o" * 32).decode() if scheme == "standard" else "another secret"
    assert not is_genuine(scheme, headers, BODY, NOW, other)
    assert is_genuine(scheme, headers, BODY, NOW, other, secret(scheme)), "two while the secret is changed"
    for name in headers.keys() - {"x-github-delivery"}:
        assert not is_genuine(scheme, {key: value for key, value in headers.items() if key != name})
        for wrong in ("", "x", "sha256=", "v0=", "v1,", "t=1", "ä", "\x00", "0" * 64, "v1=" + "0" * 64):
            assert not is_genuine(scheme, headers | {name: wrong})


@pytest.mark.parametrize("scheme", ["stripe", "slack", "standard"])
def test_a_signature_of_another_time_is_refused(scheme: str) -> None:
    headers = signed(scheme)
    for later in (-TOLERANCE_SECONDS, TOLERANCE_SECONDS):
        assert is_genuine(scheme, headers, BODY, NOW + later)
    for later in (-TOLERANCE_SECONDS - 1, TOLERANCE_SECONDS + 1, 86400 * 365):
        assert not is_genuine(scheme, headers, BODY, NOW + later)
    newer = signed(scheme, now=NOW + 10_000)
    mixed = [{**headers, name: newer[name]} for name in newer if newer[name] != headers[name]]
    for changed in mixed if len(mixed) > 1 else []:
        assert not is_genuine(scheme, changed, BODY, NOW + 10_000)


def test_stripe_may_send_several_signatures_and_one_time() -> None:
    value = signed("stripe")["stripe-signature"]
    assert is_genuine("stripe", {"stripe-signature": f"t={NOW},v1={'0' * 64}," + value.partition(",")[2]})
    assert not is_genuine("stripe", {"stripe-signature": f"t={NOW - 9999},{value}"})
    assert not is_genuine("stripe", {"stripe-signature": value.replace("v1=", "v0=")})
    many = ",".join([f"t={NOW}", *[f"v1={'0' * 64}"] * 5000, value.partition(",")[2]])
    assert not is_genuine("stripe", {"stripe-signature": many})


def test_no_part_of_an_id_passes_for_a_time() -> None:
    """`a.1` and `2.body` are signed as `a` and `1.2.body` are."""
    body = b"2." + BODY
    signature = base64.b64encode(digest("standard", b"a.", str(NOW).encode(), b".", body)).decode()
    moved = {"webhook-id": f"a.{NOW}", "webhook-timestamp": "2", "webhook-signature": f"v1,{signature}"}
    assert not is_genuine("standard", moved, BODY, 2)


def test_a_plain_signature_may_be_base64_or_named() -> None:
    raw = digest("hmac", BODY)
    for text in (raw.hex(), raw.hex().upper(), f"sha256={raw.hex()}", base64.b64encode(raw).decode()):
        assert is_genuine("hmac", {"x-signature": text})


@pytest.mark.parametrize("value", [[], [""], ["short"], ["", "1234567"]])
@pytest.mark.parametrize("scheme", SCHEMES)
def test_without_a_secret_nothing_is_genuine(scheme: str, value: list[str]) -> None:
    with pytest.raises(UnusableSecret):
        keys_of(scheme, value)
    with pytest.raises(NotGenuine):
        verify(scheme, [], Delivery(signed(scheme), BODY, NOW, "x-signature"))


def test_an_empty_key_signs_nothing() -> None:
    empty = hmac.new(b"", BODY, hashlib.sha256).hexdigest()
    assert not is_genuine("github", {"x-hub-signature-256": f"sha256={empty}"})


@given(
    st.sampled_from(sorted(SCHEMES)), st.dictionaries(st.sampled_from(sorted(signed("github") | signed("standard"))), st.text())
)
def test_no_header_makes_an_error(scheme: str, headers: dict[str, str]) -> None:
    assert not is_genuine(scheme, headers)


@pytest.mark.parametrize(
    "scheme, data, expected",
    [
        ("github", {}, "id guid-1"),
        ("stripe", {"id": "evt_1"}, "id evt_1"),
        ("slack", {"event_id": "Ev1"}, "id Ev1"),
        ("slack", {"trigger_id": "t1"}, "id t1"),
        ("standard", {}, "id msg_1"),
        ("stripe", {"id": 5}, "body " + hashlib.sha256(BODY).hexdigest()),
        ("hmac", [], "body " + hashlib.sha256(BODY).hexdigest()),
    ],
)
def test_a_repetition_is_known_by_what_its_sender_calls_it(scheme: str, data: Any, expected: str) -> None:
    delivery = Delivery(signed(scheme), BODY, NOW)
    assert identity(scheme, delivery, data, by_body=False) == expected
    assert identity(scheme, delivery, data, by_body=True).startswith("body ")


@pytest.mark.parametrize("scheme", SCHEMES)
def test_jobs_see_no_header_that_proves_the_sender(scheme: str) -> None:
    headers = signed(scheme) | {"authorization": "Bearer x", "cookie": "x", "x-github-event": "push", "x-hub-signature": "sha1=x"}
    seen = visible_headers(scheme, Delivery(headers, BODY, NOW, "x-signature"))
    assert seen["x-github-event"] == "push"
    assert not any("signature" in name for name in seen)
    assert seen.keys().isdisjoint({"authorization", "cookie"})
