"""What Taskbahn says of a secret, wherever it may say something: nothing. What the task and the caller get: the value."""

from __future__ import annotations

import contextlib
import json
from typing import TYPE_CHECKING, Any

import pytest
from support.programs import Node, running_node, worker_of
from support.shell import Shell

from taskbahn import JobFailed, Secret, Taskbahn
from taskbahn.protocol import messages
from taskbahn.protocol.access import Role
from taskbahn_router.procedures import PROCEDURES

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

APP = """
    from __future__ import annotations

    import asyncio
    import logging
    import sys
    from dataclasses import dataclass, field
    from typing import Any

    from taskbahn import Secret, Taskbahn, current

    app = Taskbahn()
    log = logging.getLogger("bank")

    @dataclass
    class User:
        name: str
        password: Secret[str]
        codes: list[Secret[int]] = field(default_factory=list)
        email: str = ""

    EXTRA = Secret("default-secret-text")

    def pays(card: Secret[str], user: User, pin: str, anything: Any, does: str, extra: Secret[str] = EXTRA) -> Secret[str]:
        assert isinstance(card, Secret)
        text = card.reveal()
        print(f"prints {card} {text} {pin} {user.email}")
        print(f"to standard error {text}", file=sys.stderr)
        sys.stdout.buffer.write(f"bytes {text}\\n".encode())
        log.warning("logs %s and %s", text, user.password.reveal())
        current.log(f"says {text}")
        with current.stage(f"stage {text}"):
            current.progress(0.5, message=f"at {text}", data={"card": card, "of": [text]})
        current.chunk({"card": card})
        current.step("remembered", lambda: card)
        if does == "fail":
            try:
                raise KeyError(text)
            except KeyError as error:
                error.add_note(f"note {text}")
                raise ValueError(f"no money on {text}, {pin}, {user.codes[0].reveal()}, {anything['deep'][0]}") from error
        if does == "plain":
            return text
        if does == "default":
            return extra
        return Secret(text)

    async def pays_in_a_loop(
        card: Secret[str], user: User, pin: str, anything: Any, does: str, extra: Secret[str] = EXTRA
    ) -> Secret[str]:
        return await asyncio.to_thread(pays, card, user, pin, anything, does, extra)

    redact = ["pin", "user.email", "anything.deep"]
    for pool in ("process", "thread"):
        app.task(name=f"bank.{pool}", pool=pool, redact=redact, retries=0)(pays)
    app.task(name="bank.loop", redact=redact, retries=0)(pays_in_a_loop)

    @app.task(name="bank.shows", pool="thread")
    def shows(text: str) -> str:
        return text
"""
CARD, PASSWORD, PIN, EMAIL, DEEP, CODE = (
    "4711-card-text",
    "pass-word-text",
    "pin-text-0815",
    "ada@mail.text",
    "deep-text-99",
    471_155_001,
)
SECRETS = (CARD, PASSWORD, PIN, EMAIL, DEEP, str(CODE), "default-secret-text")
POOLS = ("process", "thread", "loop")


@pytest.fixture(scope="module")
def bank(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Node, Any, Taskbahn]]:
    folder = tmp_path_factory.mktemp("bank")
    with running_node(folder) as node, worker_of(APP, folder, node, 4) as worker:
        app = Taskbahn(node.websocket)
        with contextlib.closing(app):
            yield node, worker, app


def arguments(does: str) -> tuple[Any, ...]:
    user = {"name": "ada", "password": Secret(PASSWORD), "codes": [Secret(CODE)], "email": EMAIL}
    return Secret(CARD), user, PIN, {"deep": [DEEP]}, does


def assert_hidden(text: str) -> None:
    assert [secret for secret in SECRETS if secret in text] == []


@pytest.mark.parametrize("pool", POOLS)
@pytest.mark.parametrize("does", ["succeed", "plain", "default", "fail"])
def test_nothing_that_is_shown_has_a_secret(bank: tuple[Node, Any, Taskbahn], tmp_path: Path, pool: str, does: str) -> None:
    node, worker, app = bank
    job = app.get(f"bank.{pool}").start(*arguments(does))
    seen = [event.data for event in job.events()]
    if does == "fail":
        with pytest.raises(JobFailed) as raised:
            job.result(timeout=30)
        seen.append(raised.value.detail)
        worker.wait_for(job.id)
        assert "no money on [hidden], [hidden], [hidden], [hidden]" in raised.value.message
    else:
        result = job.result(timeout=30)
        assert isinstance(result, Secret)
        assert result.reveal() == ("default-secret-text" if does == "default" else CARD)
    asked = [
        app.client.ask(one.uri, *([job.id] if one.uri.startswith("taskbahn.job.") else ())).get()
        for one in PROCEDURES
        if one.role == Role.VIEWER and one.uri.startswith(LOOKS) and one.uri not in WITH_ARGUMENTS
    ]
    assert_hidden(repr([asked, seen, job.view()]))
    assert_hidden(worker.output + node.output)
    assert "prints [hidden] [hidden] [hidden] [hidden]" in worker.output
    if pool == "thread":  # the command line takes a second each time
        assert_that_commands_show_nothing(Shell(node.websocket), job.id)


def assert_that_commands_show_nothing(shell: Shell, id: str) -> None:
    both = (["job", id], ["jobs"], ["logs", id], ["tasks"], ["errors"], ["explain", id])
    for words in (*both, *([*one, "--json"] for one in both), ["graph", id], ["status", "--json"]):
        said = shell(*words)
        assert_hidden(said.out + said.err)
    assert "[hidden]" in shell("job", id).out


LOOKS = ("taskbahn.view.", "taskbahn.job.")  # procedures that only look
WITH_ARGUMENTS = (  # they want more than the id of a job, or give secrets to those whose they are
    messages.JOB_WAIT,
    messages.JOB_NOTES,
    messages.VIEW_SCHEDULE_TIMES,
    messages.VIEW_DUE_TIMES,
    messages.VIEW_FIRINGS,
    messages.VIEW_SCHEDULE_WAITS,
)


def test_the_command_line_starts_and_shows_no_secret(bank: tuple[Node, Any, Taskbahn]) -> None:
    node, _, _ = bank
    words = ("bank.thread", CARD, json.dumps({"name": "ada", "password": PASSWORD}), PIN, "{}", "succeed")
    for more in ((), ("--json",), ("--follow",)):
        said = Shell(node.websocket)("call", *words, *more)
        assert said.code == 0, said.err
        assert_hidden(said.out + said.err)
    assert Shell(node.websocket)("call", *words).out == "[hidden]\n"


def test_what_is_wrong_with_an_argument_is_said_without_it(bank: tuple[Node, Any, Taskbahn]) -> None:
    node, _, _ = bank
    for card, user, pin in (
        (CARD, "{}", PIN),
        (CARD, json.dumps([PASSWORD]), PIN),
        (CARD, "{}", f'["{PIN}"]'),
        (f'["{CARD}"]', "{}", PIN),
    ):
        said = Shell(node.websocket)("call", "bank.thread", card, user, pin, "{}", "succeed")
        assert said.code != 0
        assert_hidden(said.out + said.err)


def test_a_secret_where_the_task_takes_plain_text_stays_hidden(bank: tuple[Node, Any, Taskbahn]) -> None:
    _, _, app = bank
    job = app.get("bank.shows").start(Secret(CARD))
    job.result(timeout=30)
    assert job.view().args == [{"$secret": True}]
