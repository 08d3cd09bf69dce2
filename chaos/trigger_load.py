"""Events that are published, and signed requests to hooks, while everything is killed; each comes again until it is answered.

A client writes down what it is about to send. When it is killed, the next one sends what has no answer, as a sender with an outbox does.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import hmac
import json
import os
import time
from collections import deque
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlsplit

from chaos import journal, tasks
from chaos.triggers import ARRIVALS, HOOKS, LARGE, ON, SECRETS, TOPICS, TRIGGERS, meant
from taskbahn import Taskbahn
from taskbahn.errors import NotReady, QueueFull, RouterUnavailable, StoreUnavailable, TaskbahnError

if TYPE_CHECKING:
    import threading

    from chaos.client import Load

BETWEEN = (0.05, 0.5)  # seconds between two events of a thread
IMPATIENCE = 0.7  # seconds that a publication waits for the router before its client publishes again
HTTP_SECONDS = 10.0  # that a request to a hook waits for its answer
PATIENCE = 300.0  # seconds until an event has to be answered
PAUSE = 0.2  # seconds from a failure to the next attempt
WAYS = ("publish", "post")
LARGE_ONES = 0.4  # share of what is large
REPEATED = 0.2  # share of the events after which an old one comes again, though it was answered
HASTY = 0.1  # share of the requests whose sender leaves before the answer
REMEMBERED = 100  # events that may come again
LAST = 10  # events that come again at the end, after all faults
SAID_NO = (QueueFull, StoreUnavailable, RouterUnavailable, NotReady)  # after which to publish again, with the same id
ANSWERED, AGAIN = (200, 202), (429, 502, 503)


class Refused(Exception):
    """The node has refused what it has to take."""


class Event(NamedTuple):
    """Something that comes.   arrival: by what the store knows it again.   way, to: as of `triggers.meant`.   triggers: that it means."""

    arrival: str
    way: str
    to: str
    body: dict[str, Any]
    triggers: list[str]

    @property
    def text(self) -> bytes:
        """The body of a request, the same each time."""
        return json.dumps(self.body).encode()


def make(way: str, to: str, body: dict[str, Any]) -> Event:
    """Return an event with the name that is its own."""
    event = Event("", way, to, body, meant(way, to, is_large=body[LARGE]))
    id = f"event-{body['number']}"
    if way == "post":
        scheme = HOOKS[to]
        id = ARRIVALS[scheme].format(name=to, id=hashlib.sha256(event.text).hexdigest() if scheme == "hmac" else id)
    return event._replace(arrival=id)


def headers_of(event: Event, now: float) -> dict[str, str]:
    """Return the headers of a request, which prove who sends.   now: seconds since the epoch."""
    found = {"content-type": "application/json"}
    scheme = HOOKS[event.to]
    secret = SECRETS[f"CHAOS_{scheme.upper()}_SECRET"]
    if scheme == "hmac":
        return found | {"x-signature": hmac.digest(secret.encode(), event.text, "sha256").hex()}
    id, at = event.arrival.rpartition(" ")[2], f"{now:.0f}"
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signature = base64.b64encode(hmac.digest(key, f"{id}.{at}.".encode() + event.text, "sha256")).decode()
    return found | {"webhook-id": id, "webhook-timestamp": at, "webhook-signature": f"v1,{signature}"}


def unanswered(entries: list[journal.Entry]) -> list[Event]:
    """Return the events that clients were about to send, and for which none of them got an answer."""
    answered = {entry["arrival"] for entry in entries if entry["event"] == "triggered"}
    sent = [entry for entry in entries if entry["event"] == "triggering" and entry["arrival"] not in answered]
    return [Event(**{name: entry[name] for name in Event._fields}) for entry in sent]


class Triggers:
    """Sends events until `stopping` is set, and until the last one is answered."""

    def __init__(self, journal: journal.Journal, load: Load, stopping: threading.Event) -> None:
        self._journal = journal
        self._load = load
        self._chance = load.random
        self._stopping = stopping
        self._sent: deque[Event] = deque(maxlen=REMEMBERED)

    def run(self) -> None:
        """Go on until `stopping` is set."""
        with contextlib.closing(Taskbahn(tasks.app.url, timeout=IMPATIENCE)) as app:
            try:
                self._await_triggers()
            except TaskbahnError as error:
                self._journal.write("turned_away", error=error.uri, message=error.message)
                return
            for event in unanswered(read_own()):
                self._deliver(app, event, is_new=False)
            while not self._stopping.wait(self._chance.uniform(*BETWEEN)):
                self._deliver(app, self._next(), is_new=True)
                if self._chance.random() < REPEATED:
                    self._deliver(app, self._chance.choice(self._sent), is_new=False)
            for event in self._chance.sample(self._sent, min(LAST, len(self._sent))):
                self._deliver(app, event, is_new=False)

    def _await_triggers(self) -> None:
        """Make the triggers that are no code, and wait for those that workers bring."""
        for one in ON:
            if one.is_made:
                one.make()
        wanted = {one.id for one in TRIGGERS}
        while not wanted <= {view.id for view in tasks.app.triggers.views()}:
            time.sleep(PAUSE)

    def _next(self) -> Event:
        way = self._chance.choice(WAYS)
        body = {
            "number": self._chance.randrange(1 << 50),
            LARGE: self._chance.random() < LARGE_ONES,
            "seconds": self._load.seconds(),
        }
        event = make(way, self._chance.choice(TOPICS if way == "publish" else list(HOOKS)), body)
        self._sent.append(event)
        return event

    def _deliver(self, app: Taskbahn, event: Event, *, is_new: bool) -> None:
        """Send an event until it is answered, and write down the jobs that it has started."""
        if is_new:
            self._journal.write("triggering", **event._asdict())
        else:
            self._journal.write("again", arrival=event.arrival)
        try:
            ids = self._answer(app, event)
        except Refused as refused:
            self._journal.write("turned_away", error=f"{event.way} {event.to}", message=f"{event.arrival}: {refused}")
        else:
            self._journal.write("triggered", arrival=event.arrival, ids=ids)

    def _answer(self, app: Taskbahn, event: Event) -> list[str]:
        """Send an event until it is answered; return its jobs.  Raises Refused."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            ids = self._publish(app, event) if event.way == "publish" else self._post(event)
            if ids is not None:
                return ids
            time.sleep(PAUSE)
            self._journal.write("again", arrival=event.arrival)
        raise Refused(f"no answer within {PATIENCE:.0f} s")

    def _publish(self, app: Taskbahn, event: Event) -> list[str] | None:
        """Return the jobs; None if it has to be published again.  Raises Refused."""
        try:
            return [job.id for job in app.publish(event.to, event.body, event_id=event.arrival)]
        except SAID_NO:
            return None
        except TaskbahnError as error:
            raise Refused(f"{error.uri}: {error.message}") from error

    def _post(self, event: Event) -> list[str] | None:
        """Return the jobs; None if the request has to come again.  Raises Refused."""
        router = urlsplit(tasks.app.url)
        connection = HTTPConnection(router.hostname or "", router.port, timeout=HTTP_SECONDS)
        try:
            connection.request("POST", f"/hooks/{event.to}", event.text, headers_of(event, time.time()))
            if self._chance.random() < HASTY:
                return None
            answer = connection.getresponse()
            said = answer.read()
        except (OSError, HTTPException):  # the node is down, or the connection was cut
            return None
        finally:
            connection.close()
        if answer.status in AGAIN:
            return None
        if answer.status not in ANSWERED:
            raise Refused(f"{answer.status} {said[:500]!r}")
        found = json.loads(said)
        return found.get("jobs") or ([found["job"]] if found["job"] else [])


def read_own() -> list[journal.Entry]:
    """Return what all clients of this kind have written."""
    return [entry for path in Path(os.environ[journal.PLACE]).glob("client-trigger-*.jsonl") for entry in journal.read_file(path)]
