"""`KeyRing`: the keys by which clients and workers encrypt; the first one encrypts, all of them decrypt."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import os
import re
import secrets
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from taskbahn.encryption import envelope
from taskbahn.encryption.errors import DecryptionFailed
from taskbahn.errors import InvalidOption
from taskbahn.private_file import read_private

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

MAX_FILE_BYTES = 1024 * 1024
VARIABLE, FILE_VARIABLE = "TASKBAHN_KEYS", "TASKBAHN_KEYS_FILE"
KEY_BYTES = 32
MAX_KEYS = 100
BETWEEN = re.compile(r"[\s,]+")
FORM = "write name=key, as `taskbahn keyring new` prints it; several with a space between them, the one that encrypts first"


class KeyRing:
    """Keys of 256 bits by name, each as base64: `KeyRing(k2="...", k1="...")` encrypts with k2 and decrypts with both.

    Raises InvalidOption for a name or a key that cannot be. Neither a representation nor an error of it shows a key.
    """

    __slots__ = ("__ciphers", "__keys", "names")

    def __init__(self, /, **keys: str | bytes) -> None:
        if not keys:
            raise InvalidOption("a KeyRing has a key, as in KeyRing(k1=KeyRing.new_key())", option="keys")
        if len(keys) > MAX_KEYS:
            raise InvalidOption(f"a KeyRing has at most {MAX_KEYS} keys, not {len(keys):,}", option="keys")
        self.__keys = {_name(name): _bytes(name, key) for name, key in keys.items()}
        self.__ciphers: dict[str, AESGCM] = {}
        self.names = tuple(keys)

    @staticmethod
    def new_key() -> str:
        """Return a new key: 256 random bits, as base64."""
        return base64.b64encode(secrets.token_bytes(KEY_BYTES)).decode()

    @classmethod
    def from_text(cls, text: str, source: str = "the text") -> KeyRing:
        """Make one of `name=key` words, between which is white space or a comma; what follows a # in a line is for people.

        source: what errors call the text.  Raises InvalidOption.
        """
        lines = (line.partition("#")[0] for line in text.splitlines())
        words = [word for word in BETWEEN.split(" ".join(lines)) if word]
        keys: dict[str, str] = {}
        for number, word in enumerate(words, 1):
            name, equals, key = word.partition("=")
            if not equals or not key or not envelope.NAME.fullmatch(name):
                raise InvalidOption(f"{source}: word {number} is no key: {FORM}", option="keys")
            if name in keys:
                raise InvalidOption(f"{source} has two keys named {name}", option="keys")
            keys[name] = key
        if not keys:
            raise InvalidOption(f"{source} has no key: {FORM}", option="keys")
        return cls(**keys)

    @classmethod
    def from_file(cls, path: str | Path) -> KeyRing:
        """Read one from a file, which is as `from_text` takes it, and its owner's alone.  Raises InvalidOption."""
        content = read_private(Path(path), "the file of keys", "key", "keys", MAX_FILE_BYTES)
        try:
            text = content.decode()
        except UnicodeDecodeError:
            raise InvalidOption(f"the file of keys {path} is no text", option="keys") from None
        return cls.from_text(text, f"the file of keys {path}")

    @classmethod
    def from_environment(cls) -> KeyRing | None:
        """Return the one of TASKBAHN_KEYS, or of the file that TASKBAHN_KEYS_FILE names; None without both.  Raises InvalidOption."""
        text, path = os.environ.get(VARIABLE, "").strip(), os.environ.get(FILE_VARIABLE, "").strip()
        if text and path:
            raise InvalidOption(f"{VARIABLE} and {FILE_VARIABLE} are both set: leave one of them out", option="keys")
        if text:
            return cls.from_text(text, VARIABLE)
        return cls.from_file(path) if path else None

    @property
    def first(self) -> str:
        """The name of the key that encrypts."""
        return self.names[0]

    def __contains__(self, name: object) -> bool:
        return name in self.__keys

    def __repr__(self) -> str:
        return f"KeyRing({', '.join(f'{name}=…' for name in self.names)})"

    def __reduce_ex__(self, _: Any) -> NoReturn:
        raise TypeError("a KeyRing cannot be pickled: each process reads its own, as from the environment")

    def encrypt(
        self, text: str, purpose: str, scope: str, more: str = "", *, key: str | None = None, is_fixed: bool = False
    ) -> str:
        """Return the text of the envelope of a text.

        key: by name; without it the first one.   is_fixed: what is the same becomes the same again, for what declarations compare.
        """
        name = key or self.first
        cipher = self._cipher(name)
        if cipher is None:
            raise missing(name, self.names)
        said, data = envelope.associated(purpose, name, scope, more), text.encode()
        nonce = self._fixed_nonce(name, said, data) if is_fixed else os.urandom(envelope.NONCE_BYTES)
        sealed = nonce + cipher.encrypt(nonce, data, said)
        return envelope.Envelope(purpose, name, scope, envelope.encoded(sealed)).text()

    def decrypt(self, given: envelope.Envelope, more: str = "") -> str:
        """Return the text in an envelope; raises DecryptionFailed. Whether purpose and scope are the right ones is the caller's matter."""
        purpose, name, scope, data = given
        cipher = self._cipher(name)
        if cipher is None:
            raise missing(name, self.names)
        from cryptography.exceptions import InvalidTag

        try:
            sealed = envelope.decoded(data)
            nonce, rest = sealed[: envelope.NONCE_BYTES], sealed[envelope.NONCE_BYTES :]
            if len(rest) < envelope.TAG_BYTES:
                raise ValueError("it is too short")  # noqa: TRY301 - as of what is no base64
            return cipher.decrypt(nonce, rest, envelope.associated(purpose, name, scope, more)).decode()
        except (InvalidTag, ValueError):
            raise DecryptionFailed(
                f"{_article(purpose)} that key {name} has encrypted cannot be decrypted: it was changed on its way, it belongs to "
                f"another place, or the key of that name is another one here",
                key=name,
            ) from None

    def _cipher(self, name: str) -> AESGCM | None:
        cipher = self.__ciphers.get(name)
        if cipher is None and name in self.__keys:
            from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # late: most programs encrypt nothing

            cipher = self.__ciphers[name] = AESGCM(self.__keys[name])
        return cipher

    def _fixed_nonce(self, name: str, said: bytes, data: bytes) -> bytes:
        """Return a nonce that depends on all that is encrypted, so that no two texts have the same one."""
        key = hmac.digest(self.__keys[name], b"taskbahn 1 nonce", hashlib.sha256)
        return hmac.digest(key, len(said).to_bytes(8) + said + data, hashlib.sha256)[: envelope.NONCE_BYTES]


def missing(key: str, names: Iterable[str] = ()) -> DecryptionFailed:
    """Return the error for a key that is not here."""
    known = ", ".join(names)
    here = f"which is not among those here ({known})" if known else "and there are no keys here"
    return DecryptionFailed(
        f"this is encrypted with key {key}, {here}: set {VARIABLE}, or give Taskbahn(keys=KeyRing({key}=...))", key=key
    )


def keyring_of(given: Any) -> KeyRing | None:
    """Return what a user gives to an application as its keys; None: what the environment has.  Raises InvalidOption."""
    if given is None:
        return KeyRing.from_environment()
    if isinstance(given, KeyRing):
        return given
    raise InvalidOption(f"keys is a KeyRing(k1=...), not a {type(given).__name__}", option="keys")


def _article(purpose: str) -> str:
    return f"{'an' if purpose[0] in 'ae' else 'a'} {purpose}" if purpose not in ("arguments", "progress") else purpose


def _name(name: str) -> str:
    if not envelope.NAME.fullmatch(name):
        raise InvalidOption(
            "the name of a key has 1 to 40 letters, digits, '_' and '-', as k1 has; it is not shown, for it may be a key",
            option="keys",
        )
    return name


def _bytes(name: str, key: Any) -> bytes:
    data = key if isinstance(key, bytes) else _decoded(key)
    if data is None or len(data) != KEY_BYTES:
        raise InvalidOption(
            f"key {name} is no key: it is {KEY_BYTES} bytes as base64, as KeyRing.new_key() and `taskbahn keyring new` make it",
            option="keys",
        )
    return data


def _decoded(key: Any) -> bytes | None:
    if not isinstance(key, str):
        return None
    text = key.strip().replace("-", "+").replace("_", "/")
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except (binascii.Error, ValueError):
        return None
