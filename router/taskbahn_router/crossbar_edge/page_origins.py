"""Which pages may connect from a browser, by their origin; and what the log and a page hear when one may not.

Knows Autobahn by the patterns that a factory of it has, and not Crossbar.
"""

from __future__ import annotations

import math
import time
from typing import TYPE_CHECKING, Any

from twisted.logger import Logger

from taskbahn_router.core.forwarding import origin_of
from taskbahn_router.crossbar_edge import stranger_lines

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from taskbahn_router.core.forwarding import Public

WARN_SECONDS = 60.0
REFUSED = b"Pages of this origin may not connect to this node.\n"
SENTENCE = (
    "a page of {origin} was refused: if it is yours, start the node with --origin {origin}, "
    "or with --behind-proxy where it came through a proxy"
)


def is_own(seen: Public, origin: str) -> bool:
    """Return whether a page is of the very address that it connects to, as it counts with TLS alone.

    Without it, a page of any site gets this address by a name of that site, which it has point to this machine.
    """
    return seen.is_secure and origin_of(origin) == seen.origin != ""


def is_given(factory: Any, origin: str) -> bool:
    """Return whether the configuration names an origin; what Autobahn alone can read is left to it."""
    found = origin_of(origin)
    return not found or any(pattern.match(found) for pattern in factory.allowedOriginsPatterns)


def asked_for(words: Mapping[bytes, Sequence[bytes]]) -> str:
    """Return the origin of which the words after `?` ask whether its pages may connect."""
    given = words.get(b"origin", ())
    return origin_of(given[0].decode("latin-1")) if len(given) == 1 else ""


class Refusals:
    """Has the log name refused origins: as a warning once a minute, for it may be the operator's own page, and a stranger's too."""

    log = Logger("taskbahn.origins")

    def __init__(self) -> None:
        self._warned_at = -math.inf

    def add(self, origin: str) -> None:
        """Take note of one."""
        if not stranger_lines.takes_line():
            return
        is_due = time.monotonic() - self._warned_at > WARN_SECONDS
        if is_due:
            self._warned_at = time.monotonic()
        (self.log.warn if is_due else self.log.info)(SENTENCE, origin=origin[: stranger_lines.MOST_SENT])
