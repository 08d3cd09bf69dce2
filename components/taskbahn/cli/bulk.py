"""Changing all jobs of a query: find them, ask, change them in slices with a progress bar, print what was done."""

from __future__ import annotations

import sys
from collections import Counter
from typing import TYPE_CHECKING, Any, NamedTuple

import click
import msgspec

from taskbahn.cli.finding import ids_of, query_of
from taskbahn.cli.shared import connected, console, echo, print_json
from taskbahn.errors import UnknownJob
from taskbahn.protocol import messages
from taskbahn.protocol.states import FINAL_STATES, State

if TYPE_CHECKING:
    from collections.abc import Iterable

    from taskbahn.app import Taskbahn
    from taskbahn.jobs.query_language import Query

SLICE = 500  # jobs in one call
MAX_QUERY = 300  # characters of a query that the audit keeps


class Change(NamedTuple):
    """What is done to jobs: the word for it, the procedure, the states in which it can be done, and the one after it."""

    verb: str
    done: str
    procedure: str
    states: tuple[State, ...]
    after: State


CANCEL = Change(
    "cancel", "cancelled", messages.JOB_CANCEL, tuple(state for state in State if state not in FINAL_STATES), State.CANCELLED
)
RETRY = Change("retry", "retried", messages.JOB_RETRY, (State.FAILED, State.CANCELLED, State.EXPIRED), State.READY)


def change_where(change: Change, where: str, url: str | None, *, yes: bool, as_json: bool, **more: Any) -> None:
    """Change all jobs of a query, and print what came of it."""
    query = possible(change, query_of([where]))
    with connected(url) as app:
        ids = ids_of(app, query)
        if ids and not yes:
            _ask(change, len(ids))
        outcomes = _change(app, change, ids, query=where[:MAX_QUERY], **more)
    changed = outcomes.pop("", 0)
    if as_json:
        print_json({"found": len(ids), "changed": changed, "unchanged": outcomes})
    elif not ids:
        echo(f"no such jobs that could be {change.done}")
    else:
        echo(f"{change.done} {_jobs(changed)}")
        for why, count in outcomes.items():
            echo(f"not {change.done}: {_jobs(count)} ({why})")


def possible(change: Change, query: Query) -> Query:
    """Return the query of only those jobs that can be changed so."""
    if query == type(query)():
        raise click.UsageError(
            f"--where needs a query, such as 'task:images.* since:1h'; 'task:*' is every job that one can {change.verb}"
        )
    wrong = [state for state in query.state if state not in change.states]
    if wrong:
        raise click.UsageError(
            f"one cannot {change.verb} jobs that are {' or '.join(wrong)}, only those that are {', '.join(change.states)}"
        )
    if query.id is not None or query.state:
        return query
    return msgspec.structs.replace(query, state=[state.value for state in change.states])


def _ask(change: Change, count: int) -> None:
    if not sys.stdin.isatty():
        raise click.UsageError(f"this would {change.verb} {_jobs(count)}, and this is no terminal to ask on: say --yes to do it")
    click.confirm(f"{change.verb.capitalize()} {_jobs(count)}?", abort=True, err=True)


def _change(app: Taskbahn, change: Change, ids: list[str], **more: Any) -> dict[str, int]:
    """Return how many jobs were changed (under "") and how many were not, by why."""
    from rich.progress import track

    outcomes: Counter[str] = Counter()
    slices = [ids[start : start + SLICE] for start in range(0, len(ids), SLICE)]
    shown = track(
        slices,
        description=change.verb.capitalize(),
        console=console(stderr=True),
        transient=True,
        disable=not sys.stderr.isatty(),
    )
    for part in shown:
        outcomes.update(_outcomes(change, app.client.ask(change.procedure, part, **more).get()))
    return dict(outcomes)


def _outcomes(change: Change, answers: list[Any]) -> Iterable[str]:
    for answer in answers:
        if isinstance(answer, dict):
            detail = answer.get("detail") or {}
            yield "removed" if answer.get("error") == UnknownJob.uri else str(detail.get("state", "changed"))
        else:
            yield "" if answer == change.after else str(answer)


def _jobs(count: int) -> str:
    return "1 job" if count == 1 else f"{count:,} jobs"
