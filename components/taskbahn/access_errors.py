"""Errors of login and of what a role may do; a part of the tree in `taskbahn.errors`."""

from __future__ import annotations

from taskbahn.errors import PREFIX, CallerError


class InvalidToken(CallerError):
    """The node does not let this program in: it gave no token, or one that is wrong, revoked or over; nothing was sent."""

    uri = PREFIX + "invalid_token"


class NotAllowed(CallerError):
    """The role of this session may not do that; nothing was changed."""

    uri = PREFIX + "not_allowed"
