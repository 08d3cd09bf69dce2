"""The process of the node's own worker: `python -m taskbahn_router.outgoing.worker URL ID`, started by the router's process."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from taskbahn_router.node.parent_watch import end_with_parent

if TYPE_CHECKING:
    from collections.abc import Callable

    from taskbahn import Taskbahn

SLOTS = 32
GRACE_SECONDS = 1.0  # what has not ended by then runs again, by the node that comes next


def application(url: str) -> Taskbahn:
    """Return an application with the tasks that ship with the node."""
    from taskbahn import Taskbahn
    from taskbahn.protocol.outgoing import DIGEST, MAIL, WEBHOOK
    from taskbahn_router.outgoing.mails import Mails
    from taskbahn_router.outgoing.webhooks import Webhooks

    app = Taskbahn(url)
    webhooks, mails = Webhooks(app), Mails(app)

    def webhook(job: str, url: str, *, secret: str = "") -> None:
        webhooks.deliver(job, url, secret)

    def mail(job: str, to: str | list[str], *, subject: str = "", text: str = "", digest: float | str = 0) -> None:
        mails.mail(job, to, subject, text, digest)

    def mail_digest(to: list[str], seconds: float) -> list[str]:  # noqa: ARG001 - its delay, and a part of its unique key
        return mails.digest(to)

    for name, function in ((WEBHOOK, webhook), (MAIL, mail), (DIGEST, mail_digest)):
        _offer(app, name, function)
    return app


def _offer(app: Taskbahn, name: str, function: Callable[..., Any]) -> None:
    """Offer a task under a name that no application of a user may give."""
    from taskbahn.tasks.task import make_task

    task = make_task(app, function, {"name": name.rpartition(".")[2], "pool": "thread"})
    task.name = name
    app.tasks[name] = task


def main() -> int:
    """Run the worker until the node ends, or asks it to end; return the exit code."""
    end_with_parent()
    url, id = sys.argv[1:]
    from taskbahn.protocol.outgoing import NODE_QUEUE
    from taskbahn.worker.run import run_worker
    from taskbahn.worker.service import Settings

    settings = Settings(target="", url=url, name=id, slots=SLOTS, queues=[NODE_QUEUE])
    return run_worker(application(url), settings, grace=GRACE_SECONDS, burst=False)


if __name__ == "__main__":
    sys.exit(main())
