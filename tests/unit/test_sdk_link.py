"""The link when there is no router: patience that ends, with a word on what to do."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from datetime import date
from typing import Any

import psutil
import pytest

from taskbahn import Taskbahn
from taskbahn.attempt import blocking
from taskbahn.client.requests import Link, Request
from taskbahn.client.unsendable import unsendable
from taskbahn.errors import InvalidArguments, InvalidOption, RouterUnavailable
from taskbahn.jobs.job import Job
from taskbahn.transport.connection import Connection


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


def test_a_process_that_was_held_up_sees_its_connection_first(monkeypatch: pytest.MonkeyPatch) -> None:
    start, ask = Connection.start, Link.ask

    def held_up(link: Link, request: Request) -> None:
        start(link._connection)
        ask(link, request)
        time.sleep(0.3)  # on the reactor's thread: this process gets no processor

    monkeypatch.setattr(Connection, "start", lambda _: None)
    monkeypatch.setattr(Link, "ask", held_up)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"ws://127.0.0.1:{silent.getsockname()[1]}/ws"
        began = time.monotonic()
        with Taskbahn(url, timeout=1.0, connect_within=0.1) as app, pytest.raises(RouterUnavailable):
            app.client.ask("some.procedure").get()
        assert time.monotonic() - began >= 0.9


@pytest.mark.parametrize("patience", [0.02, 0.2, 1.0])
def test_no_request_fails_before_a_router_was_looked_for(patience: float) -> None:
    """A web server that has run long without a node tries every few seconds only."""
    with socket.socket() as late:
        late.bind(("127.0.0.1", 0))  # refuses until it listens
        with Taskbahn(f"ws://127.0.0.1:{late.getsockname()[1]}/ws", timeout=60, connect_within=patience) as app:
            with pytest.raises(RouterUnavailable):
                app.get("some.task").start()
            on_its_thread(app, far_away)
            late.listen()
            app.client.ask("some.procedure")
            late.settimeout(20)
            late.accept()[0].close()


def test_many_requests_without_a_router_look_for_it_now_and_then() -> None:
    with socket.socket() as nothing:
        nothing.bind(("127.0.0.1", 0))
        with Taskbahn(f"ws://127.0.0.1:{nothing.getsockname()[1]}/ws", timeout=60, connect_within=60) as app:
            app.client.ask("some.procedure")
            connection = app.client.link._connection
            tries: list[float] = []
            connect = connection._connect

            def counted() -> None:
                tries.append(time.monotonic())
                connect()

            connection._connect = counted  # type: ignore[method-assign]
            on_its_thread(app, far_away)
            for _ in range(1000):
                app.client.ask("some.procedure")
            on_its_thread(app, lambda _: None)
            while not tries:
                time.sleep(0.01)
            assert len(tries) == 1


def far_away(connection: Connection) -> None:
    """Have the next try come in an hour, as after a long backoff."""
    assert connection._retry is not None
    connection._retry.reset(3600)


def on_its_thread(app: Taskbahn, act: Callable[[Connection], None]) -> None:
    """Do something with the connection of an app once it waits for its next try."""
    done = threading.Event()
    link = app.client.link

    def soon() -> None:
        if link._connection._retry is None:
            link._thread.reactor.callLater(0.01, soon)
            return
        act(link._connection)
        done.set()

    link.call(soon)
    assert done.wait(20)


def test_in_a_worker_a_request_waits_longer(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blocking, "_is_worker", True)
    with Taskbahn(url, timeout=0.5, connect_within=0.01) as app:
        asked = app.client.ask("some.procedure")
        began = time.monotonic()
        assert asked.wait(30)
        assert time.monotonic() - began >= 0.4


@pytest.mark.parametrize(
    "kwargs, said",
    [
        (
            {"task": date(2026, 1, 1)},
            "task = datetime.date(2026, 1, 1) is of the type date, which cannot travel; give text, numbers",
        ),
        ({"state": [{"a": {1}}]}, "state = [{'a': {1}}], in which {1} is of the type set, which cannot travel"),
        ({"state": {(): object}}, "is of the type type, which cannot travel"),
        ({"task": "\ud800"}, "taskbahn.view.x cannot be sent: no"),
    ],
)
def test_a_value_that_cannot_travel_is_named_in_the_error(kwargs: dict[str, Any], said: str) -> None:
    error = unsendable("taskbahn.view.x", [1, None], kwargs, ValueError("no"))
    assert said in str(error)
    assert str(error).startswith("taskbahn.view.x")
