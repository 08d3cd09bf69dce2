"""A login with a key: the file that has it, and what signs the challenge of a node.

The file is PEM (PKCS #8), as `taskbahn key new` and OpenSSL write it, or OpenSSH's own form, without a passphrase.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from taskbahn.errors import InvalidOption
from taskbahn.private_file import read_private
from taskbahn.transport.login import NO_METHOD, Hello

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

VARIABLE = "TASKBAHN_KEY_FILE"
METHOD = "cryptosign"
CHALLENGE_BYTES = 32


class Key:
    """The key of a login, from a file.   Raises InvalidOption, in which nothing of the file is."""

    def __init__(self, path: Path, source: str) -> None:
        self.path = path
        self._key = _key_in(read_private(path, source, "key", "key_file"), path, source)
        self.public = public_key_of(self._key)

    def __repr__(self) -> str:
        return f"Key({self.path}, {self.public})"

    def hello(self) -> Hello:
        """Return what the session says of itself; a node without login takes it without a proof."""
        return Hello([METHOD, "anonymous"], None, {"pubkey": self.public})

    def answer(self, method: str, extra: dict[str, Any]) -> str:
        """Sign a challenge, and nothing that is no challenge.  Raises ValueError."""
        try:
            challenge = bytes.fromhex(extra.get("challenge", ""))
        except (TypeError, ValueError):
            challenge = b""
        if method != METHOD or len(challenge) != CHALLENGE_BYTES:
            raise ValueError(f"{method} with {len(challenge)} bytes is no challenge that a key signs")
        return (self._key.sign(challenge) + challenge).hex()

    def remedy(self, reason: str) -> str:
        """Return what helps against a login that was refused for a reason."""
        if reason == NO_METHOD:
            return f"this node takes no keys: leave out {VARIABLE}, and set TASKBAHN_TOKEN"
        return (
            f"this node does not know the key in {self.path}, or the key is revoked or over: an admin adds it with "
            f"`taskbahn key add NAME {self.public} --role ROLE`, and `taskbahn key list` shows those there are"
        )

    def too_early(self, said: str) -> str:
        """Return what to say of a login that came before its time."""
        return f"this node does not know the key in {self.path}; {said}"


def key_of(given: Any) -> Key | None:
    """Return the key that a user gives to an application: the path of its file; None: that of TASKBAHN_KEY_FILE, if it is set."""
    if given is None:
        given, source = os.environ.get(VARIABLE), VARIABLE
        if not given:
            return None
    else:
        source = "key_file"
    try:
        path = Path(given)
    except TypeError:
        raise InvalidOption(f"{source} is the path of a file, not a {type(given).__name__}", option="key_file") from None
    return Key(path.absolute(), source)


def new_key_file(path: Path) -> str:
    """Make a file with a new key, for its user alone, and return the public key.  Raises InvalidOption."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    key = Ed25519PrivateKey.generate()
    content = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    try:
        file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise InvalidOption(f"{path} exists, and a key in it would be lost: give another path", option="file") from None
    except OSError as error:
        raise InvalidOption(f"{path}: {error.strerror or error}", option="file") from None
    with os.fdopen(file, "wb") as opened:
        opened.write(content)
    return public_key_of(key)


def public_key_of(key: Ed25519PrivateKey) -> str:
    """Return the public key as hexadecimal digits."""
    return key.public_key().public_bytes_raw().hex()


def _key_in(content: bytes, path: Path, source: str) -> Ed25519PrivateKey:
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    is_openssh = b"OPENSSH PRIVATE KEY" in content
    load = serialization.load_ssh_private_key if is_openssh else serialization.load_pem_private_key
    try:
        key = load(content, password=None)
    except TypeError:  # what the library says of a key that needs a password
        raise InvalidOption(
            f"{source} = {path}: the key has a passphrase, which no program can ask for: give one without", option="key_file"
        ) from None
    except (ValueError, UnsupportedAlgorithm):
        key = None
    if not isinstance(key, Ed25519PrivateKey):
        raise InvalidOption(
            f"{source} = {path}: it has no private key of Ed25519, as `taskbahn key new FILE` makes one", option="key_file"
        )
    return key
