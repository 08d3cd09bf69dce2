"""Puts something else in the place of an application's connection for a while."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from taskbahn.errors import InvalidRequest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from taskbahn.app import Taskbahn
    from taskbahn.client.client import Client


@contextlib.contextmanager
def substituted(app: Taskbahn, client: Callable[[], Client]) -> Iterator[None]:
    """Have *client* give the client of an application.  Raises InvalidRequest if something else is there in its place already."""
    if app.substitute is not None:
        raise InvalidRequest("this application is under test already: end the `with` block of the other helper first")
    app.substitute = client
    try:
        yield
    finally:
        app.substitute = None
