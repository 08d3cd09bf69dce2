"""A node that makes its Ethereum key when it is asked for.

Crossbar gives each node two keys in one file, an Ed25519 one, which its processes ask for at the start, and an Ethereum one, whose
libraries are most of what `crossbar_imports` keeps away. Here the file begins with the first alone. Crossbar knows such files from
its older releases, and adds the other key to them; so does this node, as soon as anything beyond the first key is wanted.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from autobahn.util import utcnow
from autobahn.wamp.cryptosign import CryptosignKey
from crossbar.common.key import _creator, _machine_id, _write_node_key
from crossbar.node.node import Node as CrossbarNode
from nacl.encoding import HexEncoder
from nacl.signing import SigningKey
from twisted.internet.defer import Deferred, succeed

ED25519 = 1  # index of the Ed25519 key in the security module


class Keys:
    """Crossbar's security module with the Ed25519 key; for everything else the whole one takes its place."""

    def __init__(self, node: KeylessNode, file: Path) -> None:
        self._node = node
        self._file = file
        self.is_open = False
        self.is_locked = True

    def open(self) -> Deferred[None]:
        self.is_open = True
        return succeed(None)

    def unlock(self) -> Deferred[None]:
        self.is_locked = False
        return succeed(None)

    def __getitem__(self, number: int) -> Any:
        return CryptosignKey.from_keyfile(str(self._file)) if number == ED25519 else self._whole()[number]

    def __getattr__(self, name: str) -> Any:
        return getattr(self._whole(), name)

    def _whole(self) -> Any:
        whole = self._node.load_all_keys(str(self._file.parent), self._file.name)
        if self.is_open:
            whole.open()
        if not self.is_locked:
            whole.unlock()
        return whole


class KeylessNode(CrossbarNode):
    """Crossbar's node, with `Keys` for its security module."""

    def load_keys(self, cbdir: str, privfile: str = "key.priv", pubfile: str = "key.pub") -> bool:
        """Make the key file if there is none; return whether it was made."""
        file = Path(cbdir, privfile)
        is_new = not file.exists()
        if is_new:
            write_key(file)
        self._node_secmod = Keys(self, file)
        return is_new

    def load_all_keys(self, cbdir: str, privfile: str) -> Any:
        """Do what Crossbar does at the start; return its security module."""
        self._node_secmod = None
        super().load_keys(cbdir, privfile)  # type: ignore[no-untyped-call]
        return self._node_secmod


def write_key(file: Path) -> None:
    """Write a key file with a new Ed25519 key."""
    key = SigningKey.generate()
    tags = {
        "creator": _creator(),
        "created-at": utcnow(),
        "machine-id": _machine_id(),
        "public-key-ed25519": key.verify_key.encode(HexEncoder).decode(),
        "private-key-ed25519": key.encode(HexEncoder).decode(),
    }
    _write_node_key(str(file), tags, "Crossbar.io node private key - KEEP THIS SAFE!\n\n", mode=0o600)
