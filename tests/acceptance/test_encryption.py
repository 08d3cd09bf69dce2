"""What the router, its store, its pages and its wire have of an encrypted job: nothing of its values. What both ends have: all of it."""

from __future__ import annotations

import contextlib
import json
import sqlite3
from collections import deque
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
from support.programs import Node, running_node, worker_of
from support.relay import Relay
from support.shell import Shell

from taskbahn import (
    DecryptionFailed,
    InvalidArguments,
    InvalidOption,
    InvalidRequest,
    JobFailed,
    KeyRing,
    LogLine,
    Taskbahn,
    group,
)
from taskbahn.protocol import messages
from taskbahn.protocol.access import Role
from taskbahn_router.procedures import PROCEDURES

if TYPE_CHECKING:
    from collections.abc import Iterator

K1, K2 = KeyRing.new_key(), KeyRing.new_key()
RING = KeyRing(k1=K1)
MARKER = "marker-4711"  # is in each value that a user's code takes, gives and says
NUMBER = 471_155_001
APP = f"""
    from __future__ import annotations

    import asyncio
    import logging
    import sys
    from collections.abc import Iterator
    from typing import Any

    from taskbahn import Taskbahn, current

    app = Taskbahn()
    log = logging.getLogger("{MARKER}.logger")

    def works(text: str, *, does: str = "", data: Any = None) -> dict[str, Any]:
        print(f"prints {{text}}")
        print(f"to standard error {{text}}", file=sys.stderr)
        log.warning("logs %s", text)
        current.log(f"says {{text}}")
        with current.stage(f"stage {{text}}", total=2) as stage:
            stage.advance()
            current.progress(0.5, message=f"at {{text}}", data={{"of": [text]}})
        current.chunk({{"chunk": text}})
        remembered = current.step("remembered", lambda: f"step {{text}}")
        if does == "ask":
            remembered += current.ask(f"May it go on, {{text}}?", str, to=f"to {{text}}")
        if does == "read":
            remembered += current.inbox.get()
        if does == "fail":
            try:
                raise KeyError(text)
            except KeyError as error:
                error.add_note(f"note {{text}}")
                raise ValueError(f"no money for {{text}}") from error
        return {{"text": text, "remembered": remembered, "data": data, "number": {NUMBER}}}

    async def works_in_a_loop(text: str, *, does: str = "", data: Any = None) -> dict[str, Any]:
        return await asyncio.to_thread(works, text, does=does, data=data)

    for pool in ("process", "thread"):
        app.task(name=f"crypt.{{pool}}", pool=pool, encrypt=True, retries=0)(works)
    app.task(name="crypt.loop", encrypt=True, retries=0)(works_in_a_loop)

    @app.task(name="crypt.add", pool="thread", encrypt=True)
    def add(one: int, other: int = 1) -> int:
        return one + other

    @app.task(name="crypt.total", pool="thread", encrypt=True)
    def total(numbers: list[int], more: int = 0) -> int:
        return sum(numbers) + more

    @app.task(name="crypt.joined", encrypt=True)
    def joined(numbers: Iterator[int]) -> int:
        return sum(numbers)

    @app.task(name="crypt.yields", pool="thread", encrypt=True)
    def yields(text: str) -> Iterator[str]:
        yield f"first {{text}}"
        yield f"second {{text}}"

    @app.task(name="plain.add", pool="thread")
    def plain_add(one: int, other: int = 1) -> int:
        return one + other

    @app.task(name="plain.shows", pool="thread")
    def shows(value: Any) -> Any:
        return value
"""
POOLS = ("process", "thread", "loop")


class Crypt(NamedTuple):
    """A node and a worker that has its key, with all that goes over their wires."""

    node: Node
    address: str
    heard: deque[bytes]

    def app(self, keys: KeyRing | None = None) -> contextlib.closing[Taskbahn]:
        """Return a client."""
        return contextlib.closing(Taskbahn(self.address, keys=keys))

    def assert_knows_nothing(self) -> None:
        """Check the store, the log and the wires."""
        for path in self.node.data.rglob("*.db"):
            with contextlib.closing(sqlite3.connect(path)) as store:
                store.execute("PRAGMA wal_checkpoint(PASSIVE)")
        assert_absent(b"".join(path.read_bytes() for path in self.node.data.rglob("*") if path.is_file()))
        assert_absent(self.node.output)
        assert_absent(b"".join(self.heard))
        assert b"$encrypted" in b"".join(self.heard)


@pytest.fixture(scope="module")
def crypt(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Crypt]:
    folder = tmp_path_factory.mktemp("crypt")
    with running_node(folder) as node, contextlib.closing(Relay(node.port)) as relay:
        relay.heard = deque()
        address = f"rs://127.0.0.1:{relay.port}"  # without masks, as a WebSocket has them
        with worker_of(APP, folder, SimpleNamespace(websocket=address), 4, TASKBAHN_KEYS=f"k1={K1}"):  # type: ignore[arg-type]
            yield Crypt(node, address, relay.heard)


def encrypted(app: Taskbahn, name: str) -> Any:
    return app.get(name).options(encrypt=True)


def assert_absent(said: str | bytes) -> None:
    text = said if isinstance(said, str) else said.decode("latin-1")
    assert [word for word in (MARKER, str(NUMBER)) if word in text] == []


@pytest.mark.parametrize("pool", POOLS)
@pytest.mark.parametrize("does", ["succeed", "fail", "ask", "read"])
def test_the_node_has_ciphertext_alone(crypt: Crypt, pool: str, does: str) -> None:
    with crypt.app(RING) as app, crypt.app(RING) as watching, crypt.app() as blind:
        job = encrypted(app, f"crypt.{pool}").start(MARKER, does=does, data=[NUMBER])
        said = []
        if does == "read":
            job.send(f"message {MARKER}")
        for event in job.events():
            said.append(event.data)
            if event.kind == "question" and "question" in event.data:
                assert event.data["question"] == f"May it go on, {MARKER}?"
                found = watching.job(job.id)
                assert found.view().questions[0].to == f"to {MARKER}"
                asked = blind.view.questions(job=job.id)
                assert_absent(repr(asked))
                found.answer(asked[0].name, f"answer {MARKER}")
        check_outcome(job, does)
        check_said(job.logs(), said)
        view = watching.job(job.id).view()
        assert (view.args, view.kwargs) == ([MARKER], {"does": does, "data": [NUMBER]})
        assert view.progress is not None
        assert view.progress["message"] == f"at {MARKER}"
        uris = [
            one.uri
            for one in PROCEDURES
            if one.role == Role.VIEWER and one.uri.startswith(LOOKS) and one.uri not in WITH_ARGUMENTS
        ]
        answers = [blind.client.ask(uri, *([job.id] if uri.startswith("taskbahn.job.") else ())).get() for uri in uris]
        seen = [event.data for event in blind.job(job.id).events()]
        assert_absent(repr([answers, seen, blind.job(job.id).view(), blind.job(job.id).logs()]))
        assert ".k1." in repr(blind.job(job.id).view())
    crypt.assert_knows_nothing()


def check_outcome(job: Any, does: str) -> None:
    if does == "fail":
        with pytest.raises(JobFailed, match=f"ValueError: no money for {MARKER}") as raised:
            job.result(timeout=30)
        assert raised.value.detail["cause"]["notes"] == [f"note {MARKER}"]
        assert MARKER in raised.value.detail["traceback"]
        return
    result = job.result(timeout=30)
    assert (result["text"], result["data"], result["number"]) == (MARKER, [NUMBER], NUMBER)
    assert result["remembered"].startswith(f"step {MARKER}")
    assert result["remembered"].endswith(MARKER)


def check_said(lines: list[LogLine], said: list[Any]) -> None:
    for word in ("prints", "logs", "says", "to standard error"):
        assert f"{word} {MARKER}" in [line.message for line in lines]
    assert f"{MARKER}.logger" in [line.logger for line in lines]
    assert {"chunk": MARKER} in said


def test_results_pass_from_job_to_job_which_the_router_cannot_read(crypt: Crypt) -> None:
    with crypt.app(RING) as app:
        add, total, plain = encrypted(app, "crypt.add"), encrypted(app, "crypt.total"), app.get("plain.add")
        assert (add.s(NUMBER, 1) | add.s(2) | add.s(3)).call() == NUMBER + 6
        one = add.start(NUMBER, 4)
        assert total.call([one.output, 1], more=one.output) == 2 * NUMBER + 9
        assert (add.map([NUMBER, 2]) | total.s(more=5)).call() == NUMBER + 9
        assert (add.map(range(30)) | encrypted(app, "crypt.joined").s()).call() == sum(range(1, 31))
        assert add.chunks([(NUMBER, 1), (NUMBER, 2), (NUMBER, 3)], 2).call() == [[NUMBER + 1, NUMBER + 2], [NUMBER + 3]]
        assert group(add.s(NUMBER, 1), plain.s(1, 1)).call() == [NUMBER + 1, 2]
        assert add.start_many([(NUMBER, number) for number in range(5)]).results() == [NUMBER + number for number in range(5)]
        with pytest.raises(JobFailed, match="gets a result that is encrypted with key k1, and is not called encrypted"):
            (add.s(NUMBER, 1) | plain.s(2)).call()
        assert list(encrypted(app, "crypt.yields").start(MARKER).chunks()) == [f"first {MARKER}", f"second {MARKER}"]
    crypt.assert_knows_nothing()


def test_a_plain_call_of_an_encrypted_task_is_refused(crypt: Crypt) -> None:
    with crypt.app() as app, crypt.app(RING) as keyed:
        for start in (lambda: app.get("crypt.add").start(1), lambda: app.client.ask("crypt.add", 1).get()):
            with pytest.raises(InvalidArguments, match="in plain text, and the task takes encrypted calls alone"):
                start()
        with pytest.raises(InvalidOption, match=r"no keys to encrypt crypt\.add with: set TASKBAHN_KEYS"):
            encrypted(app, "crypt.add")
        job = encrypted(keyed, "crypt.loop").start(MARKER, does="read")
        with pytest.raises(InvalidRequest, match="encrypted with key k1, and this is plain text"):
            app.client.ask(messages.JOB_SEND, job.id, "plain").get()
        with pytest.raises(DecryptionFailed, match="encrypted with key k1, and there are no keys here"):
            app.job(encrypted(keyed, "crypt.add").start(1).id).result(timeout=30)
        job.cancel()


def test_the_command_line_reads_with_keys_and_names_them_without(crypt: Crypt) -> None:
    keyed, blind = Shell(crypt.address), Shell(crypt.address)
    keyed.environment["TASKBAHN_KEYS"] = f"k1={K1}"
    said = keyed("call", "crypt.thread", MARKER, "does=fail", "-o", "encrypt=true", "--json")
    assert said.code == 1
    assert json.loads(said.out)["error"]["message"] == f"no money for {MARKER}"
    id = json.loads(said.out)["id"]
    for words in (["job", id], ["logs", id], ["jobs"], ["errors"]):
        human, data = blind(*words), blind(*words, "--json")
        assert (human.code, data.code) == (0, 0)
        assert_absent(human.out + data.out)
        assert "encrypted (key k1)" in human.out
        assert "$encrypted" not in human.out
        assert '"{\\"$encrypted\\":\\"1.' in data.out
    assert f"no money for {MARKER}" in keyed("job", id).out
    assert f"says {MARKER}" in keyed("logs", id).out
    assert f"no money for {MARKER}" in keyed("jobs").out
    assert f"no money for {MARKER}" in keyed("errors").out
    job = keyed("submit", "crypt.loop", MARKER, "does=ask", "-o", "encrypt=true").out.strip()
    with crypt.app(RING) as app:
        for event in app.job(job).events():
            asked = event.data.questions if event.kind == "snapshot" else event.kind == "question" and "question" in event.data
            if asked:
                break
        assert f"May it go on, {MARKER}?" in keyed("questions", "--job", job).out
        assert "plain text: send it with a client that has the key" in blind("answer", job, '"yes"').err
        assert keyed("answer", job, "yes").code == 0
        assert app.job(job).result(timeout=30)["remembered"] == f"step {MARKER}yes"
    crypt.assert_knows_nothing()


def test_a_worker_without_the_key_fails_the_job_and_says_so(crypt: Crypt) -> None:
    with crypt.app(KeyRing(k9=K2)) as app:
        job = encrypted(app, "crypt.add").start(NUMBER)
        with pytest.raises(JobFailed, match=r"encrypted with key k9, which is not among those here \(k1\): set TASKBAHN_KEYS"):
            job.result(timeout=30)
        assert job.view().attempt == 1


def test_a_call_of_a_plain_task_is_encrypted_if_it_says_so(crypt: Crypt) -> None:
    with crypt.app(RING) as app:
        assert encrypted(app, "plain.shows").call({"$encrypted": MARKER, "$secret": [NUMBER]}) == {
            "$encrypted": MARKER,
            "$secret": [NUMBER],
        }
    crypt.assert_knows_nothing()


LOOKS = ("taskbahn.view.", "taskbahn.job.")  # procedures that only look
WITH_ARGUMENTS = (  # they want more than the id of a job
    messages.JOB_WAIT,
    messages.VIEW_SCHEDULE_TIMES,
    messages.VIEW_DUE_TIMES,
    messages.VIEW_FIRINGS,
    messages.VIEW_SCHEDULE_WAITS,
)
