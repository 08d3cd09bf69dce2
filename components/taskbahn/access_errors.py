"""Errors of login and of what a role may do; a part of the tree in `taskbahn.errors`."""

from __future__ import annotations

from taskbahn.errors import PREFIX, CallerError


class InvalidToken(CallerError):
    """The node does not let this program in: it gave no token, or one that is wrong, revoked or over; nothing was sent."""

    uri = PREFIX + "invalid_token"


class LimitExceeded(CallerError):
    """This name uses as much of the node as its role may; nothing was changed. `detail` has `limit` (connections, submissions, bytes or
    watchers), `most` and `retry_after`, in seconds.
    """

    uri = PREFIX + "limit_exceeded"

    def __init__(self, name: str, role: str, limit: str, most: float, words: str, retry_after: float) -> None:
        after = max(0.1, round(retry_after + 0.05, 1))
        sentence = (
            f"{name} has reached its limit of {limit}: {most:,.0f} {words}; try again in {after:,.1f} s, or have the operator raise "
            f"--role-limit {role}:{limit}"
        )
        super().__init__(sentence, limit=limit, most=most, retry_after=after)


class NotAllowed(CallerError):
    """The role of this session may not do that; nothing was changed."""

    uri = PREFIX + "not_allowed"
