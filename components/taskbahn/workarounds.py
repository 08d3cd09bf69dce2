"""The workarounds: what goes around a library beneath, or reaches into it. Each has a switch, and a check of what it relies on.

A variable of the environment turns one off (`TASKBAHN_DIRECT_PATH=0`). `TASKBAHN_PLAIN=1` turns off all that only make something quicker.
A workaround whose check finds another version or another shape stays off too, and the log has one line that says so, and what that costs.
The plain way is always there. `docs/workarounds.md` has what each works around, what it gains, and what doing without it means.

Only the standard library, and little of it: the start of a process reads this first.
"""

from __future__ import annotations

import os
from importlib import import_module
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

PLAIN = "TASKBAHN_PLAIN"
NO = frozenset({"", "0", "no", "off", "false"})
# What the workarounds were checked with. Crossbar and Autobahn must be of this version, as in `setup.cfg`; of Twisted the shape decides.
CHECKED = MappingProxyType({"autobahn": "26.10.2", "crossbar": "26.10.1", "twisted": "26.10.0"})


class Workaround:
    """One workaround. *switch*: the variable that turns it off.  *without*: what doing without it means, for the log.

    is_repair: it keeps a promise, so that `TASKBAHN_PLAIN` leaves it on. The others only make something quicker.
    """

    __slots__ = ("_state", "is_repair", "switch", "without")

    def __init__(self, switch: str, without: str, *, is_repair: bool = False) -> None:
        self.switch = switch
        self.without = without
        self.is_repair = is_repair
        self._state: bool | None = None

    @property
    def is_wanted(self) -> bool:
        """Whether the environment leaves it on."""
        is_plain = os.environ.get(PLAIN, "").lower() not in NO
        return (self.is_repair or not is_plain) and os.environ.get(self.switch, "1").lower() not in NO

    @property
    def is_off(self) -> bool:
        """Whether this process has decided to do without it."""
        return self._state is False

    def is_on(self, misfit: Callable[[], str], say: Callable[[str], None] | None = None) -> bool:
        """Whether this process uses it: decided at the first call.

        misfit: looks at what the workaround relies on, and returns what does not fit, or nothing.  say: takes the line for the log.
        """
        if self._state is None:
            self._state = self.is_wanted and self._fits(misfit, say or _warn)
        return self._state

    def _fits(self, misfit: Callable[[], str], say: Callable[[str], None]) -> bool:
        try:
            why = misfit()
        except Exception as error:  # noqa: BLE001 - a library of another shape may raise anything
            why = f"its check failed with {type(error).__name__}: {error}"
        if why:
            say(f"the workaround of {self.switch} is off: {why}. Without it {self.without}")
        return not why


FAST_START = Workaround("TASKBAHN_FAST_START", "a node needs twice the time to start, and two thirds more memory")
NODE_START = Workaround("TASKBAHN_FAST_START", "a node starts as `crossbar start` does")
NODE_KEY = Workaround("TASKBAHN_NODE_KEY", "a node makes an Ethereum key at its first start, and loads what that needs")
RAW_MESSAGES = Workaround("TASKBAHN_RAW_MESSAGES", "each message takes up to 0.05 ms longer, at both ends")
DIRECT_PATH = Workaround("TASKBAHN_DIRECT_PATH", "each call takes the router 0.1 ms longer")
ROUTER_REPAIRS = Workaround("TASKBAHN_ROUTER_REPAIRS", "some calls and offers are not answered as documented", is_repair=True)
SEND_BUFFERS = Workaround("TASKBAHN_SEND_BUFFERS", "the router keeps without a bound what a client does not read", is_repair=True)
LOGIN_ANSWERS = Workaround(
    "TASKBAHN_LOGIN_ANSWERS",
    "a wrong answer to a challenge is not in the audit and costs no wait, and a stranger hears what was wrong",
    is_repair=True,
)
STEADY_TIMERS = Workaround("TASKBAHN_STEADY_TIMERS", "timers fire early or late when the wall clock is set", is_repair=True)
FLUSH = Workaround("TASKBAHN_TUNING", "each message takes 0.04 ms longer")
TUNING = Workaround("TASKBAHN_TUNING", "")  # uses only public means of Python, so there is nothing to check


def other_version(package: str) -> str:
    """Return what is wrong with a package's version, or nothing."""
    found = getattr(import_module(package), "__version__", "unknown")
    return "" if found == CHECKED[package] else f"{package} is {found}, and it was checked with {CHECKED[package]}"


def missing(thing: Any, *names: str) -> str:
    """Return which attributes a thing lacks, or nothing."""
    lacking = [name for name in names if not hasattr(thing, name)]
    return f"{_name_of(thing)} has no {', '.join(lacking)}" if lacking else ""


def other_arguments(function: Any, *names: str) -> str:
    """Return how the arguments of a function differ from *names*, or nothing."""
    code = getattr(function, "__code__", None)
    found = code.co_varnames[: code.co_argcount] if code else ()
    return "" if found == names else f"{_name_of(function)} takes ({', '.join(found)}), not ({', '.join(names)})"


def first(*misfits: str) -> str:
    """Return the first that says something, or nothing."""
    return next(filter(None, misfits), "")


def _name_of(thing: Any) -> str:
    return str(getattr(thing, "__qualname__", type(thing).__qualname__))


def _warn(line: str) -> None:
    from twisted.logger import Logger  # late: the start of a process needs no Twisted

    Logger("taskbahn.workarounds").warn("{line}", line=line)
