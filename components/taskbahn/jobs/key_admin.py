"""Keys that open sessions, as admins add, see and revoke them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from taskbahn.attempt.blocking import check_may_block
from taskbahn.attempt.plain_data import seconds_of
from taskbahn.jobs.user_name import user_name
from taskbahn.protocol import access
from taskbahn.protocol.access import KeyView
from taskbahn.transport.access import first_certificate

if TYPE_CHECKING:
    from datetime import timedelta
    from pathlib import Path

    from taskbahn.client.client import HasClient
    from taskbahn.future import Future


class KeyAdmin:
    """The part of `Admin` that has keys."""

    _app: HasClient

    def add_key(
        self,
        name: str,
        role: str,
        public_key: str | None = None,
        *,
        certificate: str | Path | None = None,
        wampcra: bool = False,
        expires: float | timedelta | None = None,
    ) -> KeyView:
        """Add the public key of a program, which logs in with the private one (`Taskbahn(key_file=)`).

        name: who that is.   public_key: 64 hexadecimal digits, a line of OpenSSH, or PEM.   role, expires: as of `create_token`.
        certificate: in place of a public key, the file of the one that the program shows (`Taskbahn(client_cert=)`).
        wampcra: in place of both, make a secret for WAMP-CRA; the `secret` of the answer is said this once.
        Raises InvalidRequest, and NotAllowed unless this session is an admin's.
        """
        check_may_block("app.admin.add_key()", "await app.admin.add_key_async(...)")
        asked = self._add_key(name, role, public_key, expires, wampcra=wampcra, certificate=certificate)
        return msgspec.convert(asked.get(), KeyView)

    async def add_key_async(
        self,
        name: str,
        role: str,
        public_key: str | None = None,
        *,
        certificate: str | Path | None = None,
        wampcra: bool = False,
        expires: float | timedelta | None = None,
    ) -> KeyView:
        """As `add_key`."""
        asked = self._add_key(name, role, public_key, expires, wampcra=wampcra, certificate=certificate)
        return msgspec.convert(await asked, KeyView)

    def _add_key(
        self, name: str, role: str, public_key: str | None, expires: float | timedelta | None, *, wampcra: bool,
        certificate: str | Path | None,
    ) -> Future[Any]:  # fmt: skip
        seconds = None if expires is None else seconds_of(expires, "expires")
        words = {"expires": seconds, "who": user_name(), "wampcra": wampcra}
        if certificate is not None:
            words["certificate"] = first_certificate(certificate)
        return self._app.client.ask(access.KEY_ADD, name, role, public_key, **words)

    def keys(self) -> list[KeyView]:
        """Return the keys, also those that are revoked or expired."""
        check_may_block("app.admin.keys()", "await app.admin.keys_async()")
        return msgspec.convert(self._app.client.ask(access.KEY_LIST).get(), list[KeyView])

    async def keys_async(self) -> list[KeyView]:
        """As `keys`."""
        return msgspec.convert(await self._app.client.ask(access.KEY_LIST), list[KeyView])

    def revoke_key(self, key: str) -> list[KeyView]:
        """Revoke the key of an id, or all of a name, and end their sessions; return them.  Raises InvalidRequest if there is none."""
        check_may_block("app.admin.revoke_key()", "await app.admin.revoke_key_async(...)")
        return msgspec.convert(self._app.client.ask(access.KEY_REVOKE, key, who=user_name()).get(), list[KeyView])

    async def revoke_key_async(self, key: str) -> list[KeyView]:
        """As `revoke_key`."""
        return msgspec.convert(await self._app.client.ask(access.KEY_REVOKE, key, who=user_name()), list[KeyView])
