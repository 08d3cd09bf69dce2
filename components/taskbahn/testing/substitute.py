"""Puts something else in the place of an application's connection for a while."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from taskbahn.errors import InvalidRequest
from taskbahn.testing.left_open import ending

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from taskbahn.app import Taskbahn
    from taskbahn.client.client import Client


@contextlib.contextmanager
def substituted(app: Taskbahn, client: Callable[[], Client], what: str) -> Iterator[None]:
    """Have *client* give the client of an application.  Raises InvalidRequest if something else is there in its place already.

    what: the helper that does, as the test has written it.
    """
    if app.substitute is not None:
        raise InvalidRequest("this application is under test already: end the `with` block of the other helper first")
    app.substitute = client

    def end() -> None:
        app.substitute = None

    with ending(what, end):
        yield
