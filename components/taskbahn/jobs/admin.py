"""What operators change while the system runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from taskbahn.attempt.blocking import check_may_block
from taskbahn.attempt.plain_data import seconds_of
from taskbahn.jobs.key_admin import KeyAdmin
from taskbahn.jobs.user_name import user_name
from taskbahn.protocol import access, messages, views
from taskbahn.protocol.access import SigningKeyView, TokenView, UserView

if TYPE_CHECKING:
    from datetime import datetime, timedelta

    from taskbahn.client.client import HasClient
    from taskbahn.future import Future

__all__ = ["Admin", "user_name"]


class Admin(KeyAdmin):
    """Requests of operators. Each raises RouterUnavailable if there is no router."""

    def __init__(self, app: HasClient) -> None:
        self._app = app

    def __repr__(self) -> str:
        return f"<Admin of {self._app!r}>"

    def create_token(self, name: str, role: str, *, expires: float | timedelta | None = None) -> TokenView:
        """Create an API token; its `token` is the text that opens sessions, and is said this once.

        name: who these are.   role: client, worker, viewer, operator or admin.   expires: seconds that it is valid for, None: until it is
        revoked.  Raises InvalidRequest, and NotAllowed unless this session is an admin's.
        """
        check_may_block("app.admin.create_token()", "await app.admin.create_token_async(...)")
        return msgspec.convert(self._create_token(name, role, expires).get(), TokenView)

    async def create_token_async(self, name: str, role: str, *, expires: float | timedelta | None = None) -> TokenView:
        """As `create_token`."""
        return msgspec.convert(await self._create_token(name, role, expires), TokenView)

    def _create_token(self, name: str, role: str, expires: float | timedelta | None) -> Future[Any]:
        seconds = None if expires is None else seconds_of(expires, "expires")
        return self._app.client.ask(access.TOKEN_CREATE, name, role, expires=seconds, who=user_name())

    def tokens(self) -> list[TokenView]:
        """Return the API tokens, also those that are revoked or expired; none has its text."""
        check_may_block("app.admin.tokens()", "await app.admin.tokens_async()")
        return msgspec.convert(self._app.client.ask(access.TOKEN_LIST).get(), list[TokenView])

    async def tokens_async(self) -> list[TokenView]:
        """As `tokens`."""
        return msgspec.convert(await self._app.client.ask(access.TOKEN_LIST), list[TokenView])

    def revoke_token(self, token: str) -> list[TokenView]:
        """Revoke the token of an id, or all API tokens of a name, and end their sessions; return them.

        token: also the text of a browser token.  Raises InvalidRequest if there is none.
        """
        check_may_block("app.admin.revoke_token()", "await app.admin.revoke_token_async(...)")
        return msgspec.convert(self._app.client.ask(access.TOKEN_REVOKE, token, who=user_name()).get(), list[TokenView])

    async def revoke_token_async(self, token: str) -> list[TokenView]:
        """As `revoke_token`."""
        return msgspec.convert(await self._app.client.ask(access.TOKEN_REVOKE, token, who=user_name()), list[TokenView])

    def rotate_token_key(self, *, revoke: bool = False) -> str:
        """Sign browser tokens with a new key from now on; return its id.

        Tokens of the keys before stay good until they expire, unless *revoke* is True: then all browser tokens end.
        """
        check_may_block("app.admin.rotate_token_key()", "await app.admin.rotate_token_key_async(...)")
        return str(self._app.client.ask(access.TOKEN_ROTATE, revoke=revoke, who=user_name()).get()["id"])

    async def rotate_token_key_async(self, *, revoke: bool = False) -> str:
        """As `rotate_token_key`."""
        return str((await self._app.client.ask(access.TOKEN_ROTATE, revoke=revoke, who=user_name()))["id"])

    def token_keys(self) -> list[SigningKeyView]:
        """Return the keys that sign browser tokens, the oldest first, without the keys themselves.

        Raises NotAllowed unless this session is an admin's.
        """
        check_may_block("app.admin.token_keys()", "await app.admin.token_keys_async()")
        return msgspec.convert(self._app.client.ask(access.TOKEN_KEYS).get(), list[SigningKeyView])

    async def token_keys_async(self) -> list[SigningKeyView]:
        """As `token_keys`."""
        return msgspec.convert(await self._app.client.ask(access.TOKEN_KEYS), list[SigningKeyView])

    def create_user(self, name: str, role: str, password: str) -> UserView:
        """Create a user, who logs in with a name and a password.

        role: client, worker, viewer, operator or admin.  Raises InvalidRequest where the name is taken or the password too short, and
        NotAllowed unless this session is an admin's.
        """
        check_may_block("app.admin.create_user()", "await app.admin.create_user_async(...)")
        return msgspec.convert(self._create_user(name, role, password).get(), UserView)

    async def create_user_async(self, name: str, role: str, password: str) -> UserView:
        """As `create_user`."""
        return msgspec.convert(await self._create_user(name, role, password), UserView)

    def _create_user(self, name: str, role: str, password: str) -> Future[Any]:
        return self._app.client.ask(access.USER_CREATE, name, role, password, who=user_name())

    def users(self) -> list[UserView]:
        """Return the users by their names."""
        check_may_block("app.admin.users()", "await app.admin.users_async()")
        return msgspec.convert(self._app.client.ask(access.USER_LIST).get(), list[UserView])

    async def users_async(self) -> list[UserView]:
        """As `users`."""
        return msgspec.convert(await self._app.client.ask(access.USER_LIST), list[UserView])

    def remove_user(self, name: str) -> UserView:
        """Remove a user, and end the user's sessions; its jobs stay, under its name.  Raises InvalidRequest if there is none."""
        check_may_block("app.admin.remove_user()", "await app.admin.remove_user_async(...)")
        return msgspec.convert(self._app.client.ask(access.USER_REMOVE, name, who=user_name()).get(), UserView)

    async def remove_user_async(self, name: str) -> UserView:
        """As `remove_user`."""
        return msgspec.convert(await self._app.client.ask(access.USER_REMOVE, name, who=user_name()), UserView)

    def set_password(self, name: str, password: str) -> UserView:
        """Give a user another password, and end the user's sessions.  Raises InvalidRequest."""
        check_may_block("app.admin.set_password()", "await app.admin.set_password_async(...)")
        return msgspec.convert(self._set_password(name, password).get(), UserView)

    async def set_password_async(self, name: str, password: str) -> UserView:
        """As `set_password`."""
        return msgspec.convert(await self._set_password(name, password), UserView)

    def _set_password(self, name: str, password: str) -> Future[Any]:
        return self._app.client.ask(access.USER_PASSWD, name, password, who=user_name())

    def change_password(self, old: str, new: str) -> UserView:
        """Give oneself another password: for a session that has logged in as a user. It ends this session and all others of the user.

        Raises InvalidRequest where the old one is another, and NotAllowed where the session is no user's.
        """
        check_may_block("app.admin.change_password()", "await app.admin.change_password_async(...)")
        return msgspec.convert(self._app.client.ask(access.OWN_PASSWORD, old, new).get(), UserView)

    async def change_password_async(self, old: str, new: str) -> UserView:
        """As `change_password`."""
        return msgspec.convert(await self._app.client.ask(access.OWN_PASSWORD, old, new), UserView)

    def limit(self, name: str, value: str | int | None) -> views.LimitView:
        """Set what a limit allows: `"50/s"` or `"50/s burst=20"` for a rate, a number for a concurrency (0: nothing starts).

        It holds at once and is kept; None: the limit is as tasks declare it again.  Raises InvalidOption, and nothing is changed.
        """
        check_may_block("app.admin.limit()", "await app.admin.limit_async(...)")
        return msgspec.convert(self._limit(name, value).get(), views.LimitView)

    async def limit_async(self, name: str, value: str | int | None) -> views.LimitView:
        """As `limit`."""
        return msgspec.convert(await self._limit(name, value), views.LimitView)

    def _limit(self, name: str, value: str | int | None) -> Future[Any]:
        return self._app.client.ask(messages.ADMIN_LIMIT, name, value, who=user_name())

    def pause(
        self,
        query: str = "",
        /,
        *,
        reason: str = "",
        within: float | timedelta | None = None,
        until: datetime | None = None,
    ) -> views.Pause:
        """Start no more jobs of the system (`""`), of `queue:NAME`, `task:NAME` or `key:` and the key of a limit; return the pause.

        Jobs that run go on, and new ones wait.  within, until: it ends after those seconds, or at that time, else with `resume`.
        Raises InvalidOption, and nothing is changed.
        """
        check_may_block("app.admin.pause()", "await app.admin.pause_async(...)")
        return msgspec.convert(self._pause(query, reason, within, until).get(), views.Pause)

    async def pause_async(
        self,
        query: str = "",
        /,
        *,
        reason: str = "",
        within: float | timedelta | None = None,
        until: datetime | None = None,
    ) -> views.Pause:
        """As `pause`."""
        return msgspec.convert(await self._pause(query, reason, within, until), views.Pause)

    def _pause(self, query: str, reason: str, within: float | timedelta | None, until: datetime | None) -> Future[Any]:
        words: dict[str, Any] = {} if within is None else {"within": seconds_of(within, "within")}
        if until is not None:
            words["until"] = until.timestamp()
        return self._app.client.ask(messages.ADMIN_PAUSE, query, reason=reason, who=user_name(), **words)

    def resume(self, query: str = "", /) -> views.Pause:
        """Start the jobs again that `pause` holds, each pause by itself; return the pause that is over.  Raises InvalidOption if it is none."""
        check_may_block("app.admin.resume()", "await app.admin.resume_async(...)")
        return msgspec.convert(self._resume(query).get(), views.Pause)

    async def resume_async(self, query: str = "", /) -> views.Pause:
        """As `resume`."""
        return msgspec.convert(await self._resume(query), views.Pause)

    def _resume(self, query: str) -> Future[Any]:
        return self._app.client.ask(messages.ADMIN_RESUME, query, who=user_name())
