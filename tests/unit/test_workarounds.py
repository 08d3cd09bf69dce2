"""Workarounds: their switches, the checks of what they rely on, and the plain way where one is off."""

from __future__ import annotations

import re
import sys
import time
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import pytest
from autobahn.wamp import message
from autobahn.wamp.serializer import JsonSerializer
from twisted.internet import tcp
from twisted.internet.epollreactor import EPollReactor
from twisted.logger import globalLogPublisher

from taskbahn import tuning, workarounds
from taskbahn.transport import flush, monotonic_reactor, raw_messages
from taskbahn.transport.raw_messages import CALL, ERROR, RESULT, YIELD
from taskbahn.workarounds import CHECKED, PLAIN, Workaround, missing, other_arguments, other_version
from taskbahn_router.crossbar_edge import direct_path, router_repairs, send_buffers

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).parents[2]
EACH = {name: value for name, value in vars(workarounds).items() if isinstance(value, Workaround)}
REPAIRS = {"ROUTER_REPAIRS", "SEND_BUFFERS", "STEADY_TIMERS", "LOGIN_ANSWERS"}


def fresh(patch: pytest.MonkeyPatch, *workarounds: Workaround) -> None:
    """Have the environment without switches, and nothing decided."""
    for each in (PLAIN, *(each.switch for each in EACH.values())):
        patch.delenv(each, raising=False)
    for workaround in workarounds:
        patch.setattr(workaround, "_state", None)


@pytest.mark.parametrize("name", EACH)
def test_each_has_a_switch_and_a_row_in_the_docs(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    each = EACH[name]
    fresh(monkeypatch, each)

    def wanted(switch: str, word: str) -> bool:
        monkeypatch.setenv(switch, word)
        return each.is_wanted

    assert [wanted(PLAIN, word) for word in ("1", "yes", "0", "")] == [name in REPAIRS] * 2 + [True] * 2
    assert [wanted(each.switch, word) for word in ("1", "0", "off", "No")] == [True] + [False] * 3
    assert not each.is_on(lambda: pytest.fail("what is off needs no check"))
    assert each.is_off
    assert f"`{each.switch}`" in (ROOT / "docs" / "workarounds.md").read_text("utf-8")


def test_the_versions_that_were_checked_are_those_that_are_installed() -> None:
    required = (ROOT / "setup.cfg").read_text("utf-8")
    assert f"    crossbar =={CHECKED['crossbar']}\n" in required
    assert f"    autobahn[twisted] =={CHECKED['autobahn']}\n" in required
    documented = (ROOT / "docs" / "workarounds.md").read_text("utf-8")
    for name, version in CHECKED.items():
        assert re.search(rf"{name} {re.escape(version)}", documented, re.IGNORECASE)


def twice(a: int, b: int = 2) -> int:
    return a * b


def test_a_check_says_what_does_not_fit() -> None:
    assert other_version("autobahn") == ""
    assert other_arguments(twice, "a", "b") == ""
    assert other_arguments(twice, "a") == "twice takes (a, b), not (a)"
    assert other_arguments(None, "a") == "NoneType takes (), not (a)"
    assert missing(tcp.Server, "doWrite") == ""
    assert missing(tcp.Server, "doWrite", "doNothing", "doLittle") == "Server has no doNothing, doLittle"
    assert workarounds.first("", "this", "that") == "this"


def raises() -> str:
    raise KeyError("_dealer")


@pytest.mark.parametrize(
    "misfit, why",
    [(lambda: "Router has no _dealer", "Router has no _dealer"), (raises, "its check failed with KeyError: '_dealer'")],
)
def test_what_does_not_fit_is_off_and_said_once(misfit: Callable[[], str], why: str, monkeypatch: pytest.MonkeyPatch) -> None:
    fresh(monkeypatch)
    each = Workaround("TASKBAHN_SHORTCUT", "all takes longer")
    logged: Any = []
    globalLogPublisher.addObserver(logged.append)
    try:
        assert [each.is_on(misfit) for _ in range(3)] == [False] * 3
    finally:
        globalLogPublisher.removeObserver(logged.append)
    assert [event["line"] for event in logged] == [
        f"the workaround of TASKBAHN_SHORTCUT is off: {why}. Without it all takes longer"
    ]


# the checks themselves: what is installed fits, and a change is noticed


class Dealer:
    _invocations: dict[int, Any] = {}  # noqa: RUF012 - not ours to improve
    _caller_to_invocations: dict[Any, Any] = {}  # noqa: RUF012
    _invocations_by_call: dict[Any, Any] = {}  # noqa: RUF012

    def _remove_invoke_request(self, invocation_request: Any) -> None: ...


class Router:
    """Crossbar's, as 26.10.1 has it; the tests of a real node see that this is so."""

    is_traced = _trace_traffic = False

    def __init__(self) -> None:
        self._roles: dict[str, Any] = {}
        self._dealer = Dealer()

    def attach(self, session: Any) -> Any: ...
    def process(self, session: Any, msg: Any) -> None: ...
    def send(self, session: Any, msg: Any) -> None: ...
    def detach(self, session: Any = None) -> Any: ...
    def authorize(self, session: Any, uri: str, action: str, options: Any) -> Any: ...


def test_what_is_installed_fits() -> None:
    assert raw_messages.misfit() == flush.misfit() == ""
    assert send_buffers.misfit(EPollReactor, Router()) == monotonic_reactor.misfit(EPollReactor) == ""


@pytest.mark.parametrize("name", ["_dealer", "authorize"])
def test_a_router_of_another_shape_is_not_repaired(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(router_repairs, "other_version", lambda _: "")
    assert router_repairs.misfit(Router()) == ""
    router = Router()
    monkeypatch.delattr(router if name in vars(router) else Router, name)
    each = Workaround("TASKBAHN_ROUTER_REPAIRS", "", is_repair=True)
    lines: list[str] = []
    assert not each.is_on(lambda: router_repairs.misfit(router), lines.append)
    assert name in lines[0]


def test_a_method_with_other_arguments_is_noticed() -> None:
    class Other(Router):
        def process(self, session: Any, msg: Any, more: Any = None) -> None: ...

    assert router_repairs.other_methods(Other()).endswith("process takes (self, session, msg, more), not (self, session, msg)")


def test_another_autobahn_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workarounds, "CHECKED", {"autobahn": "1.0"})
    assert raw_messages.misfit() == f"autobahn is {CHECKED['autobahn']}, and it was checked with 1.0"
    monkeypatch.undo()
    monkeypatch.setattr(JsonSerializer, "serialize", lambda _, msg: (repr(msg), False))
    assert "does not send" in raw_messages.misfit()


def test_a_connection_of_another_shape_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr("twisted.internet.abstract.FileDescriptor.dataBuffer")
    assert flush.misfit() == send_buffers.misfit(EPollReactor, Router()) == "FileDescriptor has no dataBuffer"


# the plain ways


def test_without_raw_messages_autobahn_sends_and_reads_objects(monkeypatch: pytest.MonkeyPatch) -> None:
    fresh(monkeypatch, workarounds.RAW_MESSAGES)
    monkeypatch.setattr(raw_messages, "misfit", lambda: "all is different")
    serializer = JsonSerializer()
    sent: list[Any] = []
    transport = SimpleNamespace(_serializer=serializer, send=sent.append)
    assert not raw_messages.attach(transport, lambda _: pytest.fail("it is Autobahn's"))
    assert "unserialize" not in vars(serializer)
    for raw in (
        [CALL, 1, {"receive_progress": True}, "a.task", [1], {"b": 2}],
        [RESULT, 1, {"progress": True}, [3]],
        [YIELD, 1, {"progress": True}, [4]],
        [ERROR, CALL, 1, {}, "an.error", ["no"]],
    ):
        raw_messages.say(transport, raw)
        assert isinstance(sent[-1], message.Message)
        assert sent[-1].marshal() == raw


def test_without_tuning_the_interpreter_and_the_sockets_are_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    fresh(monkeypatch, workarounds.FLUSH)
    monkeypatch.setenv("TASKBAHN_TUNING", "0")
    for function in ("gc.freeze", "gc.set_threshold", "sys.setswitchinterval"):
        monkeypatch.setattr(function, lambda *_: pytest.fail("it is Python's"))
    tuning.settle_memory()
    tuning.freeze_memory()
    tuning.share_interpreter()
    assert tuning.poll_turns() == 0

    connection = tcp.Connection.__new__(tcp.Connection)
    connection.connected, connection.disconnecting = True, False
    monkeypatch.setattr(tcp.Connection, "doWrite", lambda _: pytest.fail("it is the reactor's"))
    flush.flush([connection])
    assert flush.send_at_once(connection, lambda value: value + 1, 1) == 2


def test_without_steady_timers_a_reactor_stays_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    fresh(monkeypatch, workarounds.STEADY_TIMERS)
    monkeypatch.setattr(monotonic_reactor, "misfit", lambda _: "all is different")
    reactor = SimpleNamespace(seconds=time.time)
    monotonic_reactor.steady_timers(reactor)
    assert reactor.seconds is time.time


def test_a_direct_path_needs_a_router_of_the_shape_that_it_knows(monkeypatch: pytest.MonkeyPatch) -> None:
    class Role:
        def authorize(self, session: Any, uri: str, action: str, options: Any) -> Any: ...

    for name in ("crossbar", "crossbar.router", "crossbar.router.role"):  # the true one takes two seconds
        module = SimpleNamespace(__version__=CHECKED["crossbar"], RouterRoleStaticAuth=Role)
        monkeypatch.setitem(sys.modules, name, cast("Any", module))
    assert direct_path.misfit(Router()) == ""
    router = Router()
    del router._roles
    assert direct_path.misfit(router) == "Router has no _roles"
    monkeypatch.setattr(sys.modules["crossbar"], "__version__", "27.1")
    assert direct_path.misfit(Router()) == f"crossbar is 27.1, and it was checked with {CHECKED['crossbar']}"
