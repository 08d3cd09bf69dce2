"""`taskbahn questions`, `taskbahn answer` and `taskbahn send`: what jobs ask, and messages to them."""

from __future__ import annotations

import getpass
from typing import TYPE_CHECKING, Any

import click
import msgspec

from taskbahn.cli.completing import complete_job
from taskbahn.cli.shared import ago, common, connected, console, echo, find_job, plain, print_json, table
from taskbahn.errors import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Sequence

    from taskbahn.protocol.questions import QuestionView


@click.command()
@click.option("--job", "id", shell_complete=complete_job, help="Only those of one job; its id may be shortened.")
@common
def questions(id: str | None, url: str | None, *, as_json: bool) -> None:
    """List the questions that jobs have asked and that have no answer yet."""
    with connected(url) as app:
        found = app.view.questions(job=None if id is None else find_job(app, id))
    if as_json:
        print_json(found)
        return
    if not found:
        echo("no job asks anything")
        return
    shown = table("job", "task", "name", "question", "to", "asked", "closes")
    for one in found:
        name = "" if one.name == one.question else one.name
        words = (one.job, one.task, name, one.question, one.to, ago(one.asked_at), ago(one.until) if one.until else "")
        shown.add_row(*map(plain, words))
    console().print(shown)


@click.command()
@click.argument("id", shell_complete=complete_job)
@click.argument("value")
@click.option("--name", help="Which question, if the job has asked several.")
@common
def answer(id: str, value: str, name: str | None, url: str | None, *, as_json: bool) -> None:
    """Answer a question of a job.

    VALUE is JSON; what the question takes as text may be given as it is. ID may be shortened to its beginning or end.
    """
    with connected(url) as app:
        job = app.job(find_job(app, id))
        question = _the_one(job.id, app.view.questions(job=job.id), name)
        job.answer(question.name, _value(value, question), who=getpass.getuser())
    if as_json:
        print_json({"job": job.id, "name": question.name})
    else:
        echo(f"answered: {question.question}")


@click.command()
@click.argument("id", shell_complete=complete_job)
@click.argument("message")
@common
def send(id: str, message: str, url: str | None, *, as_json: bool) -> None:
    """Send a message, which is JSON, into the inbox of a job; ID may be shortened to its beginning or end."""
    try:
        value = msgspec.json.decode(message)
    except msgspec.DecodeError as error:
        raise click.UsageError(f"{message!r} is no JSON ({error}); text has quotes around it") from None
    with connected(url) as app:
        job = app.job(find_job(app, id))
        number = job.send(value)
    if as_json:
        print_json({"job": job.id, "number": number})
    else:
        echo(f"message {number} to job {job.id}")


def _the_one(job: str, found: Sequence[QuestionView], name: str | None) -> QuestionView:
    names = [one.name for one in found]
    if name is not None:
        if name not in names:
            raise click.UsageError(f"job {job} has no open question {name!r}{did_you_mean(name, names)}")
        return found[names.index(name)]
    if len(found) != 1:
        many = f"{len(found)} open questions; choose one with --name: {', '.join(names)}" if found else "no open question"
        raise click.UsageError(f"job {job} has {many}")
    return found[0]


def _value(text: str, question: QuestionView) -> Any:
    """Return an answer: JSON, or the text itself where the question takes text and this is no JSON text."""
    try:
        value = msgspec.json.decode(text)
    except msgspec.DecodeError:
        if question.schema.get("type", "string") == "string" or "enum" in question.schema:
            return text
        raise click.UsageError(
            f"{text!r} is no JSON; the question takes {msgspec.json.encode(question.schema).decode()}"
        ) from None
    return text if question.schema.get("type") == "string" and not isinstance(value, str) else value
