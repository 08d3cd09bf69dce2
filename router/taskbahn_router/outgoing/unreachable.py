"""Addresses that have taken nothing for long: deliveries to them are paused, until a person resumes them.

What counts are the deliveries that ended, as the store has them. The pause is one of the key of a limit, as operators make it.
"""

from __future__ import annotations

import json
import logging
import time
from typing import TYPE_CHECKING

from taskbahn.errors import TaskbahnError
from taskbahn.protocol.outgoing import ENDPOINT_LIMIT, WEBHOOK, endpoint_id
from taskbahn.protocol.states import State

if TYPE_CHECKING:
    from taskbahn import Taskbahn
    from taskbahn.protocol.views import JobView

FAILED_SECONDS = 3 * 86400.0  # seconds for which each delivery failed
FAILED_LEAST = 5  # deliveries that failed in that time
FAILED_MOST = 100  # deliveries that failed one after the other, however quickly
PAGES = 5

log = logging.getLogger("taskbahn.webhooks")


class Endpoints:
    """Pauses addresses.  app: the way to the node."""

    def __init__(self, app: Taskbahn) -> None:
        self._app = app

    def failed(self, url: str) -> None:
        """See whether deliveries to an address have failed for long enough; one more of them has just failed, and is not tried again."""
        try:
            failures = self._failures_in_a_row(url)
        except TaskbahnError as error:
            log.warning("whether an address is to be paused cannot be known now: %s", error)
            return
        count = len(failures) + 1
        since = failures[-1].created_at if failures else time.time()
        if count >= FAILED_MOST or (count >= FAILED_LEAST and time.time() - since > FAILED_SECONDS):
            self.pause(url, f"no delivery of the last {count} succeeded")

    def pause(self, url: str, reason: str) -> None:
        """Hold the deliveries to an address from now on."""
        key = f"{ENDPOINT_LIMIT}{json.dumps([url], ensure_ascii=False)}"
        try:
            self._app.admin.pause(f"key:{key}", reason=reason)
        except TaskbahnError as error:
            log.warning("an address cannot be paused now: %s", error)

    def _failures_in_a_row(self, url: str) -> list[JobView]:
        """Return the deliveries to an address that failed since the last one that succeeded, the newest first."""
        found: list[JobView] = []
        before = None
        for _ in range(PAGES):
            page = self._app.view.jobs(
                task=WEBHOOK,
                tag=f"endpoint:{endpoint_id(url)}",
                state=[State.FAILED, State.SUCCEEDED],
                before=before,
                limit=FAILED_MOST,
            )
            for job in page.jobs:
                if job.state == State.SUCCEEDED:
                    return found
                found.append(job)
            before = page.next
            if before is None or len(found) >= FAILED_MOST:
                break
        return found
