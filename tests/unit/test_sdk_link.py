"""The link when there is no router: patience that ends, with a word on what to do."""

import socket
import threading
import time
from collections.abc import Iterator

import psutil
import pytest

from taskbahn import Taskbahn
from taskbahn.attempt import blocking
from taskbahn.errors import InvalidArguments, InvalidOption, RouterUnavailable
from taskbahn.jobs.job import Job


@pytest.fixture
def url() -> str:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"ws://127.0.0.1:{probe.getsockname()[1]}/ws"


@pytest.fixture
def app(url: str) -> Iterator[Taskbahn]:
    with Taskbahn(url, timeout=0.2) as app:
        yield app


def test_a_start_without_a_router_names_the_address_and_the_remedy(app: Taskbahn, url: str) -> None:
    with pytest.raises(RouterUnavailable) as caught:
        app.get("some.task").start()
    assert caught.value.message.startswith(f"no router answers at {url}")
    assert "start one with `taskbahn up`" in caught.value.message
    assert caught.value.detail == {"url": url}


@pytest.mark.parametrize("ask", [Job.result, Job.view, Job.cancel, Job.logs, lambda job: list(job.events())])
def test_without_a_router_nothing_waits_for_ever(app: Taskbahn, ask: object) -> None:
    with pytest.raises(RouterUnavailable):
        ask(app.job("0192f0c1-2d3e-7abc-8def-0123456789ab"))  # type: ignore[operator]


def test_an_address_that_is_none_is_refused() -> None:
    with pytest.raises(InvalidOption, match=r"'http://x' is no address of a router: write ws://host:port/ws"):
        Taskbahn("http://x")


def test_closing_lets_go_of_everybody_who_waits(url: str) -> None:
    app = Taskbahn(url)
    raised: list[Exception] = []

    def start() -> None:
        try:
            app.get("some.task").start()
        except RouterUnavailable as error:
            raised.append(error)

    waiting = threading.Thread(target=start)
    waiting.start()
    while app._client is None or not app._client.link._asked:
        time.sleep(0.005)
    app.close()
    app.close()
    waiting.join(5)
    assert [str(error) for error in raised] == ["the connection was closed by this program"]


def test_closing_leaves_no_thread(app: Taskbahn) -> None:
    before = threading.active_count()
    with pytest.raises(RouterUnavailable):
        app.get("some.task").start()
    app.close()
    assert threading.active_count() == before


def test_closing_leaves_no_descriptor(url: str) -> None:
    process = psutil.Process()

    def once() -> int:
        with Taskbahn(url, timeout=0.01) as app, pytest.raises(RouterUnavailable):
            app.get("some.task").start()
        return process.num_fds()

    once()  # what stays for all
    assert once() == once()


def test_declaring_and_checking_needs_no_connection(app: Taskbahn) -> None:
    @app.task(name="t.add")
    def add(a: int) -> int:
        return a

    with pytest.raises(InvalidArguments):
        add.start("x")  # type: ignore[arg-type]
    assert app._client is None


def test_where_nothing_ever_answered_a_request_fails_soon(url: str) -> None:
    began = time.monotonic()
    with Taskbahn(url, timeout=60, connect_within=0.2) as app, pytest.raises(RouterUnavailable, match="connect_within"):
        app.get("some.task").start()
    assert time.monotonic() - began < 30
    with pytest.raises(InvalidOption, match="connect_within"):
        Taskbahn(url, connect_within=0)


def test_where_something_listens_a_request_waits_as_for_a_busy_router() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"ws://127.0.0.1:{silent.getsockname()[1]}/ws"
        began = time.monotonic()
        with Taskbahn(url, timeout=0.5, connect_within=0.01) as app, pytest.raises(RouterUnavailable):
            app.get("some.task").start()
        assert time.monotonic() - began >= 0.4


def test_in_a_worker_a_request_waits_longer(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blocking, "_is_worker", True)
    with Taskbahn(url, timeout=0.5, connect_within=0.01) as app:
        asked = app.client.ask("some.procedure")
        began = time.monotonic()
        assert asked.wait(30)
        assert time.monotonic() - began >= 0.4
