"""Schedules that fire each second or so for a while, made, paused and resumed while everything is killed."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from chaos import tasks
from taskbahn import Every
from taskbahn.errors import InvalidSchedule, TaskbahnError

if TYPE_CHECKING:
    import threading

    from chaos.client import Load
    from chaos.journal import Journal

BETWEEN = (0.5, 2.0)  # seconds between two things that it does
AHEAD = 0.5  # seconds before the first due time
LASTS = (4.0, 20.0)  # seconds from the first due time to the last one
INTERVALS = (1.0, 1.0, 1.5, 2.0)
OVERLAPS = ("allow", "allow", "buffer_all", "skip")
CATCH_UP = 3600.0  # seconds: longer than a node is away
PAUSED = 0.25  # share of the schedules that are paused for a moment
LONG = 0.2  # share of the jobs that take longer than to the next due time


class Schedules:
    """Makes schedules until `stopping` is set; they end by themselves."""

    def __init__(self, journal: Journal, load: Load, stopping: threading.Event) -> None:
        self._journal = journal
        self._chance = load.random
        self._stopping = stopping

    def run(self) -> None:
        """Go on until `stopping` is set."""
        while not self._stopping.wait(self._chance.uniform(*BETWEEN)):
            id = f"chaos-{self._chance.randrange(1 << 50)}"
            try:
                self._make(id)
                if self._chance.random() < PAUSED:
                    self._pause(id)
            except InvalidSchedule:  # the node was away until all of its times were over
                self._journal.write("too_late", schedule=id)
            except TaskbahnError as error:
                self._journal.write("turned_away", error=error.uri, message=error.message)

    def _make(self, id: str) -> None:
        interval = self._chance.choice(INTERVALS)
        start = round(time.time() + AHEAD, 1)
        end = start + self._chance.uniform(*LASTS)
        said: dict[str, Any] = {"schedule": id, "start": start, "end": end, "interval": interval}
        said["overlap"] = self._chance.choice(OVERLAPS)
        seconds = interval * 1.5 if self._chance.random() < LONG else 0.0
        flow = tasks.app.get(self._chance.choice(tasks.DUE)).si(id, "{@due}", seconds)
        self._journal.write("scheduling", **said)
        first, last = (datetime.fromtimestamp(moment, UTC) for moment in (start, end))
        when = Every(interval, start=first)
        tasks.app.schedules.create(id, when, flow, end=last, overlap=said["overlap"], catch_up=CATCH_UP)
        self._journal.write("scheduled", **said)

    def _pause(self, id: str) -> None:
        schedule = tasks.app.schedules[id]
        self._stopping.wait(self._chance.uniform(*BETWEEN))
        self._journal.write("pausing", schedule=id)
        schedule.pause("chaos")
        self._journal.write("paused", schedule=id)
        self._stopping.wait(self._chance.uniform(*BETWEEN))
        self._journal.write("resuming", schedule=id)
        schedule.resume()
        self._journal.write("resumed", schedule=id)
