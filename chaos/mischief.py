"""Tasks that misbehave, each in its own way and in all three pools; each has a known outcome.

A kind checks what it gets. A task fails with `Unrefused`, which no kind expects, when the worker takes a value that it has to refuse.
"""

from __future__ import annotations

import asyncio
import logging
import multiprocessing
import os
import subprocess
import sys
import time
from datetime import timedelta
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, Any, NamedTuple

from taskbahn import Retry, current

if TYPE_CHECKING:
    from collections.abc import Callable

POOLS = ("process", "thread", "loop")
LONG = "600"  # seconds that a program runs which its task leaves behind: longer than a storm takes to settle
RUN_WITHIN = 1.0
SURROGATE = "caf\udce9 \ud800\0"
NAN, INFINITE = float("nan"), float("inf")
HUGE = 10**400
COPY = "the answer of a forked copy"
"""What a copy would answer for its job, if it could: a token that no attempt writes down."""


class Unrefused(Exception):
    """Something that must be refused was taken, or something went on otherwise than it has to."""


class Unspeakable(Exception):
    """Its text cannot be had: by variant, making it raises, gives no text, gives a lone surrogate, or ends the interpreter."""

    def __init__(self, variant: int) -> None:
        super().__init__(SURROGATE, NAN, object())
        self._variant = variant % 4
        self.__notes__ = [SURROGATE, object()]  # type: ignore[list-item]

    def __str__(self) -> str:
        match self._variant:
            case 0:
                raise RuntimeError(SURROGATE)
            case 1:
                return 3  # type: ignore[return-value]  # noqa: PLE0307 - that is the mischief
            case 2:
                return SURROGATE
            case _:
                raise SystemExit(3)

    __repr__ = __str__


class NumberLike:
    """A number as NumPy has them: no `float`, and yet one."""

    def __init__(self, value: float) -> None:
        self._value = value

    def __float__(self) -> float:
        return self._value


class WholeLike:
    """A whole number as NumPy has them."""

    def __init__(self, value: int) -> None:
        self._value = value

    def __index__(self) -> int:
        return self._value


class WriteOnly:
    """A stream that can do nothing but write: neither `flush` nor `encoding` nor `fileno`."""

    def write(self, text: str) -> int:
        """Swallow it."""
        return len(text)


def refused(function: Callable[..., Any], *args: Any, **words: Any) -> None:
    """See that a call raises TypeError or ValueError.  Raises Unrefused."""
    try:
        function(*args, **words)
    except (TypeError, ValueError):
        return
    raise Unrefused(f"{function.__qualname__} took {args!r:.200} {words!r:.200}")


def surrogates(variant: int) -> None:
    """Log and print what no encoding can carry."""
    current.log(SURROGATE, level=SURROGATE)
    print(SURROGATE)
    print(SURROGATE, file=sys.stderr, end="")
    logging.getLogger(f"chaos.{SURROGATE}").warning("%s %s", SURROGATE, variant)
    current.progress(0.5, message=SURROGATE)
    with current.stage(SURROGATE):
        current.log(SURROGATE)


def odd_numbers(variant: int) -> None:
    """Say how far it is in numbers of all kinds; those that are none are refused, here."""
    current.progress(NumberLike(0.5))  # type: ignore[arg-type]
    current.progress(WholeLike(variant), WholeLike(variant + 1))  # type: ignore[arg-type]
    current.progress(2**70, 2**71)
    current.extend(Decimal("0.5"))  # type: ignore[arg-type]
    with current.stage("odd", total=Fraction(7, 2)) as stage:  # type: ignore[arg-type]
        stage.advance(NumberLike(1.5))  # type: ignore[arg-type]
        for wrong in (NAN, INFINITE, HUGE, "1", object()):
            refused(stage.advance, wrong)
    for wrong in (NAN, -INFINITE, HUGE, 10**5000, NumberLike(NAN), WholeLike(HUGE), "half", object()):
        refused(current.progress, wrong)
        refused(current.progress, 1, wrong)
        refused(current.extend, wrong)
    for data in (object(), 2**70, {"key": 2**70}, {object()}):
        refused(current.progress, 0.5, data=data)


def no_number(variant: int) -> None:
    """Hand over what is no number, and let its refusal end the attempt."""
    (current.progress, current.extend)[variant % 2]((NAN, INFINITE, HUGE)[variant % 3])


def odd_delays(variant: int) -> None:
    """Ask for the next attempt after delays of all kinds; the third attempt is content."""
    for wrong in (NAN, INFINITE, -1, 1e300, HUGE, "soon", object()):
        refused(Retry, delay=wrong)
    attempt = current.attempt or 0
    if attempt > 2:
        return
    delays = (timedelta(milliseconds=30), Decimal("0.02"), Fraction(1, 50), NumberLike(0.02), WholeLike(0), 0, None)
    retry = Retry(delay=delays[(variant + attempt) % len(delays)], reason=SURROGATE)  # type: ignore[arg-type]
    if variant % 5 == 0:
        retry.delay = NAN  # which its constructor could not see
    raise retry


def fork(variant: int) -> None:
    """Let a copy return, exit or raise, and see that it ends with the code that it should."""
    how, code = (("return", 0), ("exit", 3), ("raise", 1), ("_exit", 4))[variant % 4]
    copy = os.fork()
    if copy:
        got = os.waitstatus_to_exitcode(os.waitpid(copy, 0)[1])
        if got != code:
            raise Unrefused(f"a copy that ends by {how} ended with {got}, not {code}")
        return
    print(f"the copy ends by {how}")
    current.log(f"the copy ends by {how}")
    if how == "exit":
        sys.exit(code)
    if how == "_exit":
        os._exit(code)
    if how == "raise":
        raise Unspeakable(variant)


def leave_program(variant: int) -> None:
    """Start programs, and forget them."""
    subprocess.Popen(["sleep", LONG], stdin=subprocess.DEVNULL)
    if variant % 2:
        subprocess.Popen(["sh", "-c", f"trap '' TERM; sleep {LONG}; sleep {LONG}"])


def helpers(variant: int) -> None:
    """Have a pool of processes of its own."""
    with multiprocessing.get_context("fork").Pool(2) as pool:
        got = pool.map(abs, range(-variant, 0))
    if got != list(range(variant, 0, -1)):
        raise Unrefused(f"a pool of helpers answered {got!r:.200}")


def odd_stream(variant: int) -> None:
    """Put another stream in the place of the standard output, and leave it there."""
    sys.stdout = WriteOnly()
    print(SURROGATE, variant)


def block(variant: int) -> None:
    """Block the event loop that runs this for one or two seconds."""
    time.sleep(1 + variant % 11 / 10)


def call_another(variant: int) -> None:
    """Wait for another job on the event loop that runs this."""
    from chaos import tasks

    tasks.app.get(tasks.THREAD).call(variant / 1000)


def hang(variant: int) -> None:
    """Wait for a program, far beyond the time limit."""
    os.system(f"sleep {LONG}" if variant % 2 else f"sleep {LONG}; sleep {LONG}")  # noqa: S605 - that is the mischief


def unspeakable(variant: int) -> None:
    """Raise an error without a usable text."""
    raise Unspeakable(variant)


class Kind(NamedTuple):
    """A way to misbehave. error: how the type of the error ends with which it has to fail; empty if it has to succeed.

    on_loop: it needs a running event loop, of its own where it is not given one.
    """

    act: Callable[[int], None]
    error: str = ""
    on_loop: bool = False
    options: dict[str, Any] = {}  # noqa: RUF012 - of a tuple

    @property
    def name(self) -> str:
        """What it is called."""
        return self.act.__name__


KINDS = (
    Kind(surrogates),
    Kind(odd_numbers),
    Kind(no_number, error="ValueError"),
    Kind(odd_delays, options={"retries": [0.05, 0.05, 0.05]}),
    Kind(fork),
    Kind(leave_program),
    Kind(helpers),
    Kind(odd_stream),
    Kind(block, on_loop=True),
    Kind(call_another, error="WouldBlock", on_loop=True),
    Kind(hang, error="TimeLimit", options={"run_within": RUN_WITHIN}),
    Kind(unspeakable, error="Unspeakable"),
)


def task_name(kind: Kind, pool: str) -> str:
    """Return the name of the task that misbehaves in this way in this pool."""
    return f"chaos.mischief.{kind.name}.{pool}"


KIND_OF = {task_name(kind, pool): kind for kind in KINDS for pool in POOLS}
"""By the name of the task."""


def perform(kind: Kind, pool: str, variant: int, begin: Callable[[], Callable[[str], str]]) -> str:
    """Be an attempt that misbehaves; return its token."""
    end, pid = begin(), os.getpid()
    try:
        if kind.on_loop and pool != "loop":
            asyncio.run(_on_loop(kind, variant))
        else:
            kind.act(variant)
    except BaseException:
        if os.getpid() == pid:
            end("raised")
        raise
    return end("returned") if os.getpid() == pid else COPY


async def _on_loop(kind: Kind, variant: int) -> None:
    kind.act(variant)
