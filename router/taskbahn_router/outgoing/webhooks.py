"""`taskbahn.webhook`: one delivery of what became of a job. That it is tried again, and for how long, is a matter of its options."""

from __future__ import annotations

import json
import time
from contextlib import suppress
from typing import TYPE_CHECKING, NoReturn

import taskbahn_router
from taskbahn import GiveUp, Retry, current
from taskbahn.errors import TaskbahnError, UnknownJob
from taskbahn.protocol.outgoing import WEBHOOK, misfits, split_url
from taskbahn.tasks.built_in import A_DAY
from taskbahn_router.outgoing.posting import NoAnswer, post
from taskbahn_router.outgoing.private_addresses import PrivateAddress, allows_private
from taskbahn_router.outgoing.signing import NoSecret, secrets_for, signed_headers
from taskbahn_router.outgoing.summary import summary_of, time_text
from taskbahn_router.outgoing.unreachable import Endpoints

if TYPE_CHECKING:
    from taskbahn import Taskbahn
    from taskbahn_router.outgoing.posting import Answer

GONE = 410
TRY_AGAIN = (408, 425, 429)  # of the answers 4xx, those that say so
OK, REDIRECT, REFUSED, FAILED = 200, 300, 400, 500


class DeliveryFailed(Exception):
    """The other side did not take it; it is tried again."""


class Webhooks:
    """Delivers for one node.  app: the way to it."""

    def __init__(self, app: Taskbahn) -> None:
        self._app = app
        self._endpoints = Endpoints(app)

    def deliver(self, job: str, url: str, secret: str) -> None:
        """Post what became of a job; raises GiveUp for what no attempt can change, Retry and DeliveryFailed for the rest."""
        if wrong := misfits(WEBHOOK, (job, url), {"secret": secret}):
            raise GiveUp("; ".join(f"{name}: {why}" for name, why in wrong.items()))
        delivery = current.job or ""
        try:
            keys = secrets_for(secret)
            summary = summary_of(self._app.job(job).view())
        except (NoSecret, UnknownJob) as error:
            raise GiveUp(str(error)) from error
        now = time.time()
        said = {"type": f"job.{summary['state']}", "timestamp": summary["finished_at"] or time_text(now), "data": summary}
        body = json.dumps(said, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")
        headers = {
            "Content-Type": "application/json",
            "User-Agent": f"Taskbahn/{taskbahn_router.__version__}",
            **signed_headers(keys, delivery, int(now), body),
        }
        host = split_url(url).hostname or ""
        try:
            answer = post(url, body, headers, allow_private=allows_private(), now=now)
        except PrivateAddress as error:
            raise GiveUp(str(error)) from error
        except NoAnswer as error:
            self._failed(url)
            raise DeliveryFailed(str(error)) from None
        current.log(f"POST to {host}: {answer.status} after {time.time() - now:.2f} s")
        if not OK <= answer.status < REDIRECT:
            self._not_taken(host, url, answer)

    def _not_taken(self, host: str, url: str, answer: Answer) -> NoReturn:
        status = answer.status
        if status == GONE:
            self._endpoints.pause(url, f"{host} answered 410: it wants no more of these")
            raise GiveUp(f"{host} answered 410, so deliveries to this address are paused")
        if REDIRECT <= status < REFUSED:
            self._endpoints.failed(url)
            raise GiveUp(
                f"{host} answered {status} and redirects to {answer.location!r}; redirects are not followed, so give that"
            )
        if status < OK or (REFUSED <= status < FAILED and status not in TRY_AGAIN):
            self._endpoints.failed(url)
            raise GiveUp(f"{host} answered {status}")
        self._failed(url)
        if answer.retry_after is not None:
            raise Retry(max(answer.retry_after, 1.0), f"{host} answered {status}, and asks to wait")
        raise DeliveryFailed(f"{host} answered {status}")

    def _failed(self, url: str) -> None:
        """Note that an attempt failed after which there may be others."""
        with suppress(TaskbahnError):
            own = self._app.job(current.job or "").view().options
            if (current.attempt or 0) > own.get("retries", A_DAY["retries"]):
                self._endpoints.failed(url)
