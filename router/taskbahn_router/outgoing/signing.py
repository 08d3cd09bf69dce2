"""Signatures of web hooks by the Standard Webhooks specification (v1, symmetric), and the secrets for them.

Source: https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
"""

from __future__ import annotations

import base64
import hmac
import os
from typing import TYPE_CHECKING

from taskbahn.protocol.outgoing import secret_variable

if TYPE_CHECKING:
    from collections.abc import Mapping

DEFAULT_SECRET = "TASKBAHN_WEBHOOK_SECRET"  # noqa: S105 - the name of a variable
PREFIX = "whsec_"
LEAST_BYTES, MOST_BYTES = 24, 64  # of a secret


class NoSecret(Exception):
    """The node has no such secret, or none that can be used; the sentence does not have its value."""


def secrets_for(secret: str, environment: Mapping[str, str] = os.environ) -> list[bytes]:
    """Return the secrets that `env:NAME` names, the newest first; "" names the node's own, which may have none.  Raises NoSecret."""
    name = secret_variable(secret) if secret else DEFAULT_SECRET
    texts = environment.get(name, "").split()
    if not texts and secret:
        raise NoSecret(f"the environment of the node has no {name}; set it there and start the node again")
    return [_decoded(name, text) for text in texts]


def _decoded(name: str, text: str) -> bytes:
    try:
        found = base64.b64decode(text.removeprefix(PREFIX), validate=True) if text.startswith(PREFIX) else b""
    except ValueError:
        found = b""
    if not LEAST_BYTES <= len(found) <= MOST_BYTES:
        raise NoSecret(
            f"{name} of the node's environment is no secret of a web hook: it is {PREFIX} and {LEAST_BYTES} to {MOST_BYTES} bytes "
            f'as base64, as echo "{PREFIX}$(openssl rand -base64 32)" makes one'
        )
    return found


def signed_headers(secrets: list[bytes], id: str, timestamp: int, body: bytes) -> dict[str, str]:
    """Return the headers of a delivery; with several secrets, while they are changed, a signature by each."""
    content = f"{id}.{timestamp}.".encode() + body
    headers = {"webhook-id": id, "webhook-timestamp": str(timestamp)}
    if secrets:
        made = (base64.b64encode(hmac.digest(secret, content, "sha256")).decode() for secret in secrets)
        headers["webhook-signature"] = " ".join(f"v1,{one}" for one in made)
    return headers
