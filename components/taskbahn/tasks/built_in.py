"""The tasks that ship with the node, as an application starts them: their signatures, and what they declare.

The node's own worker runs them (`taskbahn_router.outgoing`); the dispatcher knows them without it.
"""

from __future__ import annotations

import functools
import inspect
from typing import TYPE_CHECKING, Any

from taskbahn.errors import InvalidArguments
from taskbahn.protocol import messages
from taskbahn.protocol.outgoing import DIGEST, ENDPOINT_LIMIT, MAIL, NODE_QUEUE, SAME_ENDPOINT, WEBHOOK, misfits
from taskbahn.protocol.unique_fields import DeclaredUnique
from taskbahn.signatures.signature import TaskSignature
from taskbahn.tasks.task_handle import TaskHandle

if TYPE_CHECKING:
    from collections.abc import Callable

    from taskbahn.client.client import HasClient
    from taskbahn.jobs.job import Job
    from taskbahn.tasks.flow import Flow

# about, until the last retry; kills of the node count by themselves
A_DAY = {"retries": 17, "retry_backoff": 10.0, "retry_backoff_max": 10_800.0, "retry_jitter": 0.2, "crash_attempts": 20}


def webhook(job: str, url: str, *, secret: str = "") -> None:
    """POST what became of a job to an address, signed by the Standard Webhooks specification.

    secret: `env:NAME`, a variable of the node's environment; without it TASKBAHN_WEBHOOK_SECRET.
    """


def mail(job: str, to: str | list[str], *, subject: str = "", text: str = "", digest: float | str = 0) -> None:
    """Send a mail about a job.

    subject, text: templates with fields of the job, as in `{task} {state}`.   digest: the time in which mails to the same recipients
    are gathered to one.
    """


def mail_digest(to: list[str], seconds: float) -> list[str]:  # type: ignore[empty-body]
    """Send one mail about all jobs of which it got messages; return their ids."""


OFFERED: dict[str, Callable[..., Any]] = {WEBHOOK: webhook, MAIL: mail, DIGEST: mail_digest}
DECLARED: dict[str, dict[str, Any]] = {
    WEBHOOK: {
        "options": {"queue": NODE_QUEUE, "run_within": 120.0, **A_DAY},
        "limits": [messages.DeclaredLimit(kind="concurrency", name=ENDPOINT_LIMIT, limit=SAME_ENDPOINT, key="{url}")],
    },
    MAIL: {"options": {"queue": NODE_QUEUE, **A_DAY}},
    DIGEST: {"options": {"queue": NODE_QUEUE, **A_DAY}, "unique": DeclaredUnique(during="queued")},
}


@functools.cache
def signature_of(name: str) -> TaskSignature:
    """Return the signature of a task that ships with the node."""
    return TaskSignature.of(OFFERED[name], name)


def declaration_of(name: str) -> messages.TaskDeclaration:
    """Return the declaration of a task that ships with the node."""
    doc = inspect.getdoc(OFFERED[name]) or ""
    return messages.TaskDeclaration(name=name, signature=signature_of(name).wire, doc=doc, pool="thread", **DECLARED[name])


class BuiltIn(TaskHandle[..., Any]):
    """A task that ships with the node; what its calls say is checked at once, before a worker or a flow has them."""

    @property
    def signature(self) -> TaskSignature:
        """What the task takes and gives."""
        return signature_of(self.name)

    def _check(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        if wrong := misfits(self.name, args, kwargs):
            raise InvalidArguments(self.name, wrong)

    if not TYPE_CHECKING:

        def s(self, *args: Any, **kwargs: Any) -> Flow[Any, Any]:
            self._check((None, *args), kwargs)
            return super().s(*args, **kwargs)

        def _immutable(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Flow[object, Any]:
            self._check(args, kwargs)
            return super()._immutable(args, kwargs)

        def _prepare(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
            self._check(args, kwargs)
            return super()._prepare(args, kwargs)


class Webhook(BuiltIn):
    """The task that posts what became of a job: `on_end=app.webhook.s("https://example.org/hook")`."""

    def __init__(self, app: HasClient) -> None:
        super().__init__(app, WEBHOOK)

    if TYPE_CHECKING:

        def s(self, url: str, *, secret: str = "") -> Flow[Any, None]: ...
        def si(self, job: str, url: str, *, secret: str = "") -> Flow[object, None]: ...
        def start(self, job: str, url: str, *, secret: str = "") -> Job[None]: ...
        async def start_async(self, job: str, url: str, *, secret: str = "") -> Job[None]: ...


class Mail(BuiltIn):
    """The task that sends a mail about a job: `on_failure=app.mail.s("ops@example.org")`."""

    def __init__(self, app: HasClient) -> None:
        super().__init__(app, MAIL)

    if TYPE_CHECKING:

        def s(self, to: str | list[str], *, subject: str = "", text: str = "", digest: float | str = 0) -> Flow[Any, None]: ...
        def si(
            self, job: str, to: str | list[str], *, subject: str = "", text: str = "", digest: float | str = 0
        ) -> Flow[object, None]: ...
        def start(
            self, job: str, to: str | list[str], *, subject: str = "", text: str = "", digest: float | str = 0
        ) -> Job[None]: ...
        async def start_async(
            self, job: str, to: str | list[str], *, subject: str = "", text: str = "", digest: float | str = 0
        ) -> Job[None]: ...
