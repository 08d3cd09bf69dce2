"""A flow that is given as data, for `taskbahn submit` and `taskbahn call`: `--flow FILE`."""

from __future__ import annotations

from typing import IO, TYPE_CHECKING, Any

import click
import msgspec

from taskbahn.cli.arguments import parsed
from taskbahn.errors import InvalidFlow, InvalidOption
from taskbahn.protocol import messages
from taskbahn.protocol.ids import new_id
from taskbahn.protocol.options import Where

if TYPE_CHECKING:
    from collections.abc import Callable

    from taskbahn.app import Taskbahn
    from taskbahn.future import Future
    from taskbahn.jobs.job import Job

flow_option = click.option(
    "--flow",
    "file",
    type=click.File("rb"),
    help="Start the flow in this file in place of a task; - is the standard input. It is JSON, as Flow.data() gives it.",
)


def prepared(
    app: Taskbahn, task: str | None, arguments: tuple[str, ...], file: IO[bytes] | None, given: dict[str, Any]
) -> tuple[Job[Any], Callable[[bool], Future[Any]]]:
    """Return a job of a task or a flow, which is not started, and what sends it, as `TaskHandle` does.  given: its options.

    Raises click.UsageError without both, and with both; InvalidFlow for a file that is none, InvalidName, InvalidOption.
    """
    if file is None:
        if task is None:
            raise click.UsageError("Missing argument 'TASK', or --flow FILE.")
        handle = app.get(task).options(**given) if given else app.get(task)
        args, kwargs = parsed(app, task, arguments)
        return handle._prepare(tuple(args), kwargs)  # noqa: SLF001 - its id is known before anything is sent
    if task is not None:
        raise click.UsageError(f"A flow has its tasks and arguments in its file: leave out {task!r}, or --flow.")
    return _prepared_flow(app, file, given)


def _prepared_flow(app: Taskbahn, file: IO[bytes], given: dict[str, Any]) -> tuple[Job[Any], Callable[[bool], Future[Any]]]:
    from taskbahn.jobs.job import Job
    from taskbahn.tasks.options import as_dict, id_of, make_options

    text = _text_of(file)
    data = _flow(file, text)
    if "after" in given:
        raise InvalidOption("a flow in a file says `after` there", option="after")
    id = given.pop("id", None)
    job: Job[Any] = Job(app, new_id() if id is None else id_of(id), _name(data), None)
    content = {"flow": data, "id": job.id, "options": as_dict(make_options(given, Where.CALL))}

    def send(follow: bool) -> Future[Any]:  # noqa: FBT001 - its only argument
        return app.client.submit(content, max(1, _jobs(data)), len(text), *((job.followed(),) if follow else ()))

    return job, send


def flow_in(file: IO[bytes]) -> dict[str, Any]:
    """Return the flow in a file; raises InvalidFlow if there is none."""
    return _flow(file, _text_of(file))


def _text_of(file: IO[bytes]) -> bytes:
    text = file.read(messages.MAX_MESSAGE + 1)
    if len(text) > messages.MAX_MESSAGE:
        raise InvalidFlow(f"{file.name} has more than {messages.MAX_MESSAGE:,} bytes: start the flow in parts")
    return text


def _flow(file: IO[bytes], text: bytes) -> dict[str, Any]:
    try:
        return msgspec.json.decode(text, type=dict[str, Any])
    except msgspec.DecodeError as error:
        raise InvalidFlow(f"{file.name} is no flow, which is a JSON object: {error}") from None


def _name(data: dict[str, Any]) -> str:
    if "group" in data or "map" in data:
        return "taskbahn.group"
    return str(data["task"]) if "task" in data and "with" not in data else "taskbahn.chain"


def _jobs(data: Any) -> int:
    """Return how many jobs a flow has, about: its calls and what is written as a node."""
    if isinstance(data, list):
        return sum(map(_jobs, data))
    if not isinstance(data, dict):
        return 0
    if "map" in data:
        return len(data.get("calls", ()))
    return ("task" in data) + sum(
        _jobs(data.get(word, ())) for word in ("chain", "group", "with", "on_success", "on_failure", "on_end")
    )
