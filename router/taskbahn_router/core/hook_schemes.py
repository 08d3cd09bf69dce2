"""How senders of web hooks sign what they send, and by what a repetition is known.

A request is genuine if the sender's secret has signed the body as it came, octet by octet, and not too long ago where the scheme says
when. All that is compared with a signature is compared in a time that does not depend on where they differ.

Sources: GitHub, "Validating webhook deliveries"; Stripe, "Verify webhook signatures manually"; Slack, "Verifying requests from Slack";
Standard Webhooks, "Verifying webhook authenticity".
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

TOLERANCE_SECONDS = 300.0  # by which the time of a signature may differ from now
LEAST_SECRET = 8  # characters
MOST_SIGNATURES = 20  # in one header
PREFIX = "whsec_"
DIGITS = re.compile(r"[0-9]{1,12}")
HEX = re.compile(r"[0-9a-fA-F]{64}")
UNSIGNED = ("authorization", "cookie", "proxy-authorization")  # headers that no job gets to see, beside those of signatures


class NotGenuine(Exception):
    """The request is not signed, or not by this secret, or too long ago. Which of them it is, the sender does not learn."""


class UnusableSecret(ValueError):
    """What the node has as a secret is none; the sentence does not have its value."""


class Delivery(NamedTuple):
    """A request.  headers: names in lower case.  header: that of the signature, where the scheme has none of its own."""

    headers: Mapping[str, str]
    body: bytes
    now: float
    header: str = ""


class Scheme(NamedTuple):
    """A way of signing.

    signature: the header that has it.   key: makes the key of a secret.   check: returns whether one of the keys has signed a delivery.
    id_of: returns what the sender calls a delivery, of it and its data; "" if it says nothing.   is_id_signed: that cannot be changed.
    """

    signature: str
    check: Callable[[Sequence[bytes], Delivery], bool]
    id_of: Callable[[Delivery, Any], str]
    is_id_signed: bool
    key: Callable[[str], bytes] = str.encode


def keys_of(scheme: str, secrets: Iterable[str]) -> list[bytes]:
    """Return the keys of the secrets of a hook, of which there are several while one is changed.  Raises UnusableSecret."""
    found = [SCHEMES[scheme].key(secret) for secret in secrets if len(secret) >= LEAST_SECRET]
    if not found:
        raise UnusableSecret(f"it has fewer than {LEAST_SECRET} characters")
    return found


def verify(scheme: str, keys: Sequence[bytes], delivery: Delivery) -> None:
    """Raise NotGenuine for a delivery that none of the keys has signed."""
    try:
        is_genuine = SCHEMES[scheme].check(keys, delivery)
    except ValueError:  # a header has characters that none of them has
        is_genuine = False
    if not is_genuine:
        raise NotGenuine


def identity(scheme: str, delivery: Delivery, data: Any, *, by_body: bool) -> str:
    """Return what a repetition of a delivery has, too: its sender's id, or the digest of its body if it has none, or *by_body*."""
    said = "" if by_body else SCHEMES[scheme].id_of(delivery, data)
    return f"id {said}" if said else f"body {hashlib.sha256(delivery.body).hexdigest()}"


def visible_headers(scheme: str, delivery: Delivery) -> dict[str, str]:
    """Return the headers that jobs may get: without those that prove who sends."""
    hidden = {SCHEMES[scheme].signature or delivery.header, *UNSIGNED}
    hidden |= {one.signature for one in SCHEMES.values()} | {"x-hub-signature"}
    return {name: value for name, value in delivery.headers.items() if name not in hidden}


# the parts of the schemes


def _digest(key: bytes, *parts: bytes) -> bytes:
    return hmac.digest(key, b"".join(parts), "sha256")


def _is_one_of(expected: Sequence[bytes], given: Sequence[bytes]) -> bool:
    """Return whether one of the signatures is one of the expected ones, comparing all with all."""
    found = False
    for signature in given[:MOST_SIGNATURES]:
        for one in expected:
            found |= hmac.compare_digest(one, signature)
    return found


def _is_recent(timestamp: str, now: float) -> bool:
    return DIGITS.fullmatch(timestamp) is not None and abs(now - int(timestamp)) <= TOLERANCE_SECONDS


def _from_hex(text: str) -> list[bytes]:
    return [bytes.fromhex(text)] if HEX.fullmatch(text) else []


def _from_base64(text: str) -> list[bytes]:
    return [base64.b64decode(text, validate=True)]  # raises ValueError


def _github(keys: Sequence[bytes], delivery: Delivery) -> bool:
    kind, _, text = delivery.headers.get("x-hub-signature-256", "").partition("=")
    return kind == "sha256" and _is_one_of([_digest(key, delivery.body) for key in keys], _from_hex(text))


def _stripe(keys: Sequence[bytes], delivery: Delivery) -> bool:
    parts = [part.strip().partition("=")[::2] for part in delivery.headers.get("stripe-signature", "").split(",")]
    times = [value for name, value in parts if name == "t"]
    given = [signature for name, value in parts[: 2 * MOST_SIGNATURES] if name == "v1" for signature in _from_hex(value)]
    if len(times) != 1 or not DIGITS.fullmatch(times[0]):
        return False
    expected = [_digest(key, times[0].encode(), b".", delivery.body) for key in keys]
    return _is_one_of(expected, given) and _is_recent(times[0], delivery.now)


def _slack(keys: Sequence[bytes], delivery: Delivery) -> bool:
    timestamp = delivery.headers.get("x-slack-request-timestamp", "")
    version, _, text = delivery.headers.get("x-slack-signature", "").partition("=")
    expected = [_digest(key, b"v0:", timestamp.encode(), b":", delivery.body) for key in keys]
    return version == "v0" and _is_one_of(expected, _from_hex(text)) and _is_recent(timestamp, delivery.now)


def _standard(keys: Sequence[bytes], delivery: Delivery) -> bool:
    id, timestamp = delivery.headers.get("webhook-id", ""), delivery.headers.get("webhook-timestamp", "")
    given = []
    for part in delivery.headers.get("webhook-signature", "").split(" ")[:MOST_SIGNATURES]:
        version, _, text = part.partition(",")
        given += _from_base64(text) if version == "v1" else []
    # a dot in the id would let a part of it be taken for the time, or of the time for the body
    if not id or "." in id or not DIGITS.fullmatch(timestamp):
        return False
    expected = [_digest(key, id.encode(), b".", timestamp.encode(), b".", delivery.body) for key in keys]
    return _is_one_of(expected, given) and _is_recent(timestamp, delivery.now)


def _standard_key(secret: str) -> bytes:
    try:
        key = base64.b64decode(secret.removeprefix(PREFIX), validate=True) if secret.startswith(PREFIX) else b""
    except ValueError:
        key = b""
    if len(key) < LEAST_SECRET:
        raise UnusableSecret(f"it is not {PREFIX} and some bytes as base64")
    return key


def _plain(keys: Sequence[bytes], delivery: Delivery) -> bool:
    text = delivery.headers.get(delivery.header, "").strip().removeprefix("sha256=")
    given = _from_hex(text) or _from_base64(text)
    return _is_one_of([_digest(key, delivery.body) for key in keys], given)


def _field(data: Any, *names: str) -> str:
    """Return the first of some fields of the data that is text."""
    found = (data.get(name) for name in names) if isinstance(data, dict) else ()
    return next((value for value in found if isinstance(value, str) and value), "")


SCHEMES: Mapping[str, Scheme] = {
    "github": Scheme(
        "x-hub-signature-256", _github, lambda delivery, _: delivery.headers.get("x-github-delivery", ""), is_id_signed=False
    ),
    "stripe": Scheme("stripe-signature", _stripe, lambda _, data: _field(data, "id"), is_id_signed=True),
    "slack": Scheme("x-slack-signature", _slack, lambda _, data: _field(data, "event_id", "trigger_id"), is_id_signed=True),
    "standard": Scheme(
        "webhook-signature", _standard, lambda delivery, _: delivery.headers["webhook-id"], is_id_signed=True, key=_standard_key
    ),
    "hmac": Scheme("", _plain, lambda _delivery, _data: "", is_id_signed=True),
}
