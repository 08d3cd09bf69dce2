"""Web hooks and mails of a real node: its own worker comes when it is needed, signs, tries again, and ends with the node."""

from __future__ import annotations

import base64
import hmac
import json
import os
import signal
from typing import TYPE_CHECKING, Any

import psutil
import pytest
from support.endpoint import OK, Endpoint, answer
from support.mail_server import MailServer
from support.processes import wait_until_gone
from support.programs import running_node, worker_of
from support.until import until

from taskbahn import Taskbahn
from taskbahn.errors import JobFailed
from taskbahn.protocol.outgoing import WEBHOOK

if TYPE_CHECKING:
    from collections.abc import Iterator

    from support.programs import Node

pytestmark = pytest.mark.slow
SECRET = "whsec_" + base64.b64encode(b"s" * 32).decode()
SOURCE = """
    from taskbahn import Taskbahn
    app = Taskbahn()

    @app.task(name="works")
    def works(what: str) -> dict[str, str]:
        return {"did": what}

    @app.task(name="breaks")
    def breaks(what: str) -> None:
        raise ValueError(what)
"""


@pytest.fixture(scope="module")
def mails() -> Iterator[MailServer]:
    with MailServer() as server:
        yield server


@pytest.fixture(scope="module")
def node(mails: MailServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Node]:
    environment = {
        "TASKBAHN_ALLOW_PRIVATE_WEBHOOKS": "1", "TASKBAHN_WEBHOOK_SECRET": SECRET, "OTHER_SECRET": SECRET,
        "TASKBAHN_SMTP_HOST": "127.0.0.1", "TASKBAHN_SMTP_PORT": str(mails.port), "TASKBAHN_SMTP_SECURITY": "none",
        "TASKBAHN_MAIL_FROM": "node@example.org", "TASKBAHN_MAIL_TO": "@example.org",
    }  # fmt: skip
    with running_node(tmp_path_factory.mktemp("node"), **environment) as node:
        yield node


@pytest.fixture(scope="module")
def app(node: Node, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Taskbahn]:
    with worker_of(SOURCE, tmp_path_factory.mktemp("worker"), node, 2), Taskbahn(node.websocket) as app:
        yield app


def node_workers(node: Node) -> list[psutil.Process]:
    """Return the processes of the node's own worker."""
    found = psutil.Process(node.process.pid).children(recursive=True)
    return [process for process in found if "taskbahn_router.outgoing.worker" in process.cmdline()]


def deliveries(app: Taskbahn, job: str) -> list[Any]:
    return [found for found in app.view.jobs(task=WEBHOOK, tag="webhook:127.0.0.1").jobs if found.parent == job]


def test_the_end_of_a_job_is_posted_and_signed(app: Taskbahn) -> None:
    with Endpoint() as endpoint:
        job = app.get("works").options(on_end=app.webhook.s(endpoint.url), tags=["user:1"]).start("this")
        request = endpoint.take()
    said = json.loads(request.body)
    assert said["type"] == "job.succeeded"
    assert said["data"] | {"created_at": "", "started_at": "", "finished_at": ""} == {
        "id": job.id,
        "task": "works",
        "state": "succeeded",
        "queue": "default",
        "title": None,
        "tags": ["user:1"],
        "attempt": 1,
        "created_at": "",
        "started_at": "",
        "finished_at": "",
        "result": {"did": "this"},
        "error": None,
    }
    assert said["timestamp"] == said["data"]["finished_at"]
    headers = request.headers
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + request.body
    expected = base64.b64encode(hmac.digest(b"s" * 32, signed, "sha256")).decode()
    assert headers["webhook-signature"] == f"v1,{expected}"
    (delivery,) = deliveries(app, job.id)
    assert delivery.id == headers["webhook-id"]
    assert app.job(delivery.id).result(timeout=60) is None


def test_a_failure_is_posted_without_arguments_and_traceback(app: Taskbahn) -> None:
    with Endpoint() as endpoint:
        app.get("breaks").options(on_failure=app.webhook.s(endpoint.url, secret="env:OTHER_SECRET")).start("because")
        request = endpoint.take()
    data = json.loads(request.body)["data"]
    assert data["error"] == {"type": "ValueError", "message": "because"}
    assert b"raceback" not in request.body
    assert b"args" not in request.body


def test_a_server_that_is_busy_is_asked_again_when_it_says(app: Taskbahn) -> None:
    with Endpoint(answer(503, "Retry-After: 1"), answer(429, "Retry-After: 1"), OK) as endpoint:
        delivery = app.webhook.start(app.get("works").start("x").id, endpoint.url)
        assert delivery.result(timeout=60) is None
        requests = [endpoint.take() for _ in range(3)]
    assert {request.headers["webhook-id"] for request in requests} == {delivery.id}
    assert delivery.view().attempt == 3


@pytest.mark.parametrize(
    "said, why",
    [(answer(400), "answered 400"), (answer(404), "answered 404"), (answer(301, "Location: https://a.example/"), "redirects to")],
)
def test_an_answer_that_is_final_ends_the_delivery(app: Taskbahn, said: bytes, why: str) -> None:
    with Endpoint(said) as endpoint:
        delivery = app.webhook.start(app.get("works").start("x").id, endpoint.url)
        with pytest.raises(JobFailed, match=why):
            delivery.result(timeout=60)
        assert delivery.view().attempt == 1


def test_an_address_that_is_gone_is_paused_until_resumed(app: Taskbahn) -> None:
    with Endpoint(answer(410), OK) as endpoint:
        job = app.get("works").start("x").id
        with pytest.raises(JobFailed, match="paused"):
            app.webhook.start(job, endpoint.url).result(timeout=60)
        held = app.webhook.start(job, endpoint.url)
        (pause,) = [pause for pause in app.view.status().pauses if endpoint.url in pause.query]
        assert "410" in pause.reason
        assert held.state() == "ready"
        app.admin.resume(pause.query)
        assert held.result(timeout=60) is None


@pytest.mark.parametrize(
    "words, why",
    [
        ({"secret": "env:NOT_THERE_SECRET"}, "the environment of the node has no NOT_THERE_SECRET"),
        ({}, "no job with the id|there is no job"),
    ],
)
def test_what_no_attempt_can_change_fails_at_once(app: Taskbahn, words: dict[str, str], why: str) -> None:
    job = app.get("works").start("x").id if words else "0192f0c1-2d3e-7abc-8def-0123456789ab"
    with Endpoint() as endpoint:
        delivery = app.webhook.start(job, endpoint.url, **words)
        with pytest.raises(JobFailed, match=why):
            delivery.result(timeout=60)
        assert endpoint.requests.empty()
    assert delivery.view().attempt == 1


def test_the_worker_is_started_again_when_it_dies(app: Taskbahn, node: Node) -> None:
    job = app.get("works").start("x").id
    with Endpoint(b"", OK) as endpoint:
        delivery = app.webhook.start(job, endpoint.url)
        endpoint.take()
        (process,) = node_workers(node)
        process.kill()
        assert delivery.result(timeout=60) is None
    (other,) = node_workers(node)
    assert other.pid != process.pid


def test_no_worker_of_a_user_takes_deliveries(app: Taskbahn, node: Node, tmp_path_factory: pytest.TempPathFactory) -> None:
    source = """
        from taskbahn import Taskbahn
        app = Taskbahn()

        @app.task(name="other")
        def webhook(job: str, url: str, *, secret: str = "") -> None: ...

        webhook.name = "taskbahn.webhook"
    """
    with pytest.raises(AssertionError, match=r"taskbahn\.webhook"), worker_of(
        source, tmp_path_factory.mktemp("thief"), node, 2, "--queues", "taskbahn.node"
    ):  # fmt: skip
        pass


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_the_worker_ends_with_its_node(tmp_path: Any, number: signal.Signals) -> None:
    with running_node(tmp_path, TASKBAHN_ALLOW_PRIVATE_WEBHOOKS="1") as node, Taskbahn(node.websocket) as app:
        assert node_workers(node) == []  # nothing has been sent yet
        with Endpoint(b"") as endpoint:
            app.webhook.start("0192f0c1-2d3e-7abc-8def-0123456789ab", endpoint.url)
            assert until(lambda: len(node_workers(node)) == 1)
            (process,) = node_workers(node)
            routers = [one for one in psutil.Process(node.process.pid).children(recursive=True) if one.pid != process.pid]
            if number is signal.SIGKILL:
                for one in routers:
                    os.kill(one.pid, number)
            node.end(number)
            wait_until_gone([process.pid], 10)


def test_private_addresses_are_refused_unless_the_node_allows_them(tmp_path: Any) -> None:
    with running_node(tmp_path) as node, worker_of(SOURCE, tmp_path, node, 1), Taskbahn(node.websocket) as app:
        job = app.get("works").start("x").id
        with Endpoint() as endpoint:
            for url in (endpoint.url, f"http://localhost:{endpoint.port}/", f"http://[::ffff:127.0.0.1]:{endpoint.port}/"):
                with pytest.raises(JobFailed, match="no address of the Internet"):
                    app.webhook.start(job, url).result(timeout=60)
            assert endpoint.requests.empty()


# mails


def test_a_failure_is_mailed(app: Taskbahn, mails: MailServer) -> None:
    follow = app.mail.s("ops@example.org", subject="{task}: {error}", text="{id} {{{tags}}}")
    job = app.get("breaks").options(on_failure=follow, tags=["user:1"]).start("because\nBcc: all@example.org")
    mail = mails.take()
    assert mail.to == ["ops@example.org"]
    assert mail.message["Subject"] == "breaks: ValueError: because Bcc: all@example.org"
    assert mail.message["Bcc"] is None
    assert mail.message.get_content().strip() == f"{job.id} {{user:1}}"


def test_many_failures_within_a_time_make_one_mail(app: Taskbahn, mails: MailServer) -> None:
    follow = app.mail.s("ops@example.org", digest=3)
    jobs = [app.get("breaks").options(on_failure=follow).start(f"number {number}").id for number in range(20)]
    mail = mails.take()
    text = mail.message.get_content()
    assert mail.message["Subject"] == "20 jobs: 20 × breaks failed"
    assert all(job in text for job in jobs)
    assert "number 7" in text
    until(lambda: len(app.view.jobs(task="taskbahn.mail", state="succeeded").jobs) >= 20)
    assert mails.mails.empty()


def test_a_mail_to_others_is_refused_by_the_node(app: Taskbahn, mails: MailServer) -> None:
    job = app.get("works").start("x").id
    with pytest.raises(JobFailed, match="TASKBAHN_MAIL_TO"):
        app.mail.start(job, "x@elsewhere.example").result(timeout=60)
    assert mails.mails.empty()


def test_a_node_without_a_mail_server_says_so(tmp_path: Any) -> None:
    with running_node(tmp_path) as node, worker_of(SOURCE, tmp_path, node, 1), Taskbahn(node.websocket) as app:
        job = app.get("works").start("x").id
        with pytest.raises(JobFailed, match="set TASKBAHN_SMTP_HOST and TASKBAHN_MAIL_FROM in its environment"):
            app.mail.start(job, "ops@example.org").result(timeout=60)
        with pytest.raises(JobFailed, match="set TASKBAHN_SMTP_HOST"):
            app.mail.start(job, "ops@example.org", digest=1).result(timeout=60)
