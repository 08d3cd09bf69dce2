"""What happened, in files that outlive their writers: one line of JSON for each event, written with one system call.

A line belongs to the kernel when `write` returns, so that SIGKILL takes nothing back. Each process has a file of its own.
The events, beside `event` and `at` (UTC seconds since the epoch):

    acknowledged    ids                                     a client got the ids of these accepted jobs
    seen            id | null, state, value | error         an outcome that a client got
    cancelling      ids                                     a client is about to cancel these jobs
    cancelled       id, state                               the dispatcher answered a cancel with this state
    given_up        ids                                     a plain client cancelled its call, and gets no outcome
    viewed          id, state, attempt, finished_at         how the dispatcher showed a job that had ended
    turned_away     error, message                          a request of the SDK failed, though the node has come back
    unanswered      error, message, ids                     a plain call failed, as it may when its connection or the node is lost
    flow, waits     id, data                                a client is about to start this flow; of jobs that wait
    scheduling, scheduled  schedule, start, end, interval, overlap   a client is about to make this schedule; it learned that it is stored
    too_late        schedule                                the router refused it, for its times were over
    pausing, paused, resuming, resumed  schedule             likewise, of its pause
    triggering      arrival, way, to, body, triggers        a client is about to publish this event, or to post it to a hook
    again           arrival                                 it is about to do so once more
    triggered       arrival, ids                            it was answered with these jobs
    started         id, attempt, task, pid, key | given | plan  an attempt begins; key: under a limit; given: by jobs of a flow
    ended           id, attempt, token, how                 its function is about to return *token*, or to raise
    stepped         id, attempt, place, value               the function of a step is called, and is about to return *value*
    point           id, attempt, place, kind, value         a parent has come so far in its plan, and was given *value* there
    sleeps          id, attempt, place, seconds             a parent is about to sleep
    answering       id, name, value                         a client is about to answer a question
    answered        id, name, value                         the answer was accepted
    refused         id, name, value, error                  the answer was refused
    sending, sent   id, value, number                       a client is about to send a message; it has this number in the inbox
    telling         id, value                               a client is about to publish an event for a job
    phase           name                                    the storm begins, is over, ...
    fault           kind, target                            something was broken
    node_ready      cause, seconds, down                    the node is ready, so long after its start and after its end
"""

from __future__ import annotations

import json
import os
import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

PLACE = "CHAOS_JOURNAL"
"""The environment variable with the folder of the journals."""
Entry = dict[str, Any]


class Torn(ValueError):
    """A line in the middle of a journal is no JSON: the disk, or two writers."""


class Journal:
    """The journal of this process; lines are appended to `<folder>/<name>.jsonl`."""

    def __init__(self, folder: Path, name: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._descriptor = os.open(folder / f"{name}.jsonl", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)

    def write(self, event: str, **fields: Any) -> None:
        """Append one event; it is safe when this returns. May be called from any thread."""
        line = json.dumps({"event": event, "at": time.time(), **fields}, separators=(",", ":")).encode() + b"\n"
        written = os.write(self._descriptor, line)
        if written < len(line):
            raise OSError(f"only {written} of {len(line)} bytes of the journal could be written: is the disk full?")

    def close(self) -> None:
        """Close the file."""
        os.close(self._descriptor)


def read(folder: Path) -> list[Entry]:
    """Return the events of all journals in *folder*, oldest first.  Raises Torn."""
    entries: list[Entry] = []
    for path in sorted(folder.glob("*.jsonl")):
        entries += read_file(path)
    return sorted(entries, key=lambda entry: entry["at"])


def read_file(path: Path) -> list[Entry]:
    """Return the events of one journal; a last line without its end was never complete, so no process relies on it.  Raises Torn."""
    lines = path.read_bytes().split(b"\n")
    entries: list[Entry] = []
    for number, line in enumerate(lines[:-1], 1):
        try:
            entries.append(json.loads(line))
        except ValueError as error:
            raise Torn(f"{path}:{number}: {line[:200]!r} is no event") from error
    return entries
