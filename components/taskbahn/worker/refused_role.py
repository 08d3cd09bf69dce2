"""What a worker says whose login may run none: Crossbar refuses its first registration, before the dispatcher sees it."""

from __future__ import annotations

from typing import Any

from autobahn.wamp.exception import ApplicationError

from taskbahn.access_errors import NotAllowed


def explained(session: Any, error: ApplicationError) -> ApplicationError:
    """Return a refusal of Crossbar as one that says what to do; another error as it is."""
    if error.error != ApplicationError.NOT_AUTHORIZED:
        return error
    name, role = (getattr(session, word, None) for word in ("_authid", "_authrole"))  # Autobahn has no public words for them
    who = f"{name}, whose role is {role}," if name and role else "this login"
    sentence = f"{who} may run no workers: give a token or a key of the role worker, or of an own role that offers tasks"
    return ApplicationError(NotAllowed.uri, sentence)
