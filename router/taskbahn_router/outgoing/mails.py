"""`taskbahn.mail` and its digest: one mail about a job, or one about all jobs of a time.

A mail with a digest sends its job's summary, as a message, to the one digest that is to come for its recipients, and waits for that
without a slot. It has succeeded when a mail was sent that has its job in it; a digest that ended a moment too soon had not.
"""

from __future__ import annotations

from collections import Counter
from itertools import count
from typing import TYPE_CHECKING, Any

from taskbahn import GiveUp, NotAnswered, current
from taskbahn.errors import JobFailed, UnknownJob, WrongState
from taskbahn.protocol.outgoing import DIGEST, MAIL, filled_in, misfits, recipients, seconds_of_digest
from taskbahn_router.outgoing.smtp import Mailer, MailRefused, NotConfigured
from taskbahn_router.outgoing.summary import fields_of, summary_of

if TYPE_CHECKING:
    from taskbahn import Taskbahn

SUBJECT = "{task} {state}"
TEXT = """\
{task} {state}

job        {id}
accepted   {created_at}
ended      {finished_at}
attempts   {attempt}
tags       {tags}
error      {error}
"""
MOST_SHOWN = 50  # jobs that a digest lists
MOST_GATHERED = 5_000  # messages that one digest takes
LAST_MESSAGE_SECONDS = 0.05
LINE = "{finished_at}  {task} {state}  {id}  {error}"
LINE_CHARACTERS = 300


class Mails:
    """Sends for one node.  app: the way to it."""

    def __init__(self, app: Taskbahn) -> None:
        self._app = app

    def mail(self, job: str, to: str | list[str], subject: str, text: str, digest: float | str) -> None:
        """Send a mail about a job; raises GiveUp for what no attempt can change."""
        words = {"subject": subject, "text": text, "digest": digest}
        if wrong := misfits(MAIL, (job, to), words):
            raise GiveUp("; ".join(f"{name}: {why}" for name, why in wrong.items()))
        addresses = recipients(to)
        try:
            mailer = Mailer.configured()
            mailer.check_recipients(addresses)
            fields = fields_of(summary_of(self._app.job(job).view()))
            if seconds := seconds_of_digest(digest):
                self._gather(addresses, seconds, fields)
            else:
                mailer.send(addresses, filled_in(subject or SUBJECT, fields), filled_in(text or TEXT, fields), current.job or "")
        except (NotConfigured, MailRefused, UnknownJob) as error:
            raise GiveUp(str(error)) from None

    def _gather(self, to: list[str], seconds: float, fields: dict[str, str]) -> None:
        said = {
            "job": fields["id"],
            "task": fields["task"],
            "state": fields["state"],
            "line": filled_in(LINE, fields)[:LINE_CHARACTERS],
        }
        for number in count(1):
            coming = self._app.get(DIGEST).options(delay=seconds, detached=True).start(sorted(to), seconds)
            is_taken = current.step(f"digest {number}", self._tell, coming.id, said)
            try:
                if is_taken and fields["id"] in coming.result():
                    return
            except JobFailed as error:
                raise GiveUp(f"the digest {coming.id} was not sent: {error}") from None

    def _tell(self, digest: str, said: dict[str, str]) -> bool:
        """Send a message to a digest; return whether it took it, and had not ended a moment ago."""
        try:
            self._app.job(digest).send(said)
        except (WrongState, UnknownJob):
            return False
        return True

    def digest(self, to: list[str]) -> list[str]:
        """Send one mail about all jobs of which messages came; return their ids."""
        gathered: dict[str, Any] = {}  # by job, for a mail that is tried again sends its message again
        inbox = current.inbox
        while len(gathered) < MOST_GATHERED:
            try:
                one = inbox.get(within=LAST_MESSAGE_SECONDS)
            except NotAnswered:
                break
            gathered[one["job"]] = one
        said = list(gathered.values())
        if not said:
            return []
        counts = Counter(f"{one['task']} {one['state']}" for one in said)
        shown = [one["line"] for one in said[:MOST_SHOWN]]
        more = [f"and {len(said) - MOST_SHOWN:,} more"] if len(said) > MOST_SHOWN else []
        text = "\n".join([*(f"{number:,} × {what}" for what, number in counts.most_common(MOST_SHOWN)), "", *shown, *more, ""])
        try:
            subject = f"{len(said):,} jobs: " + ", ".join(f"{number:,} × {what}" for what, number in counts.most_common(3))
            Mailer.configured().send(to, subject[:200], text, current.job or "")
        except (NotConfigured, MailRefused) as error:
            raise GiveUp(str(error)) from None
        return list(gathered)
