"""Tasks under three concurrency limits, for more workers than the limits let work. Each attempt writes down when it begins and ends.

The clock of these entries is the machine's monotonic one, which all processes share.
"""

from __future__ import annotations

import random
import time

from chaos.tasks import journal
from taskbahn import Concurrency, Taskbahn, current
from taskbahn.attempt.stops import Stop

STEP = 0.005  # seconds between two looks whether the attempt has to stop
LAST_SECONDS = 0.1  # that an attempt takes at most to end after it was cancelled; it has its permits until then
ALL, SOME, EACH = "crowd.all", "crowd.some", "crowd.each"
NUMBERS = {ALL: 20, SOME: 8, EACH: 2}
LIMITS = (
    Concurrency(NUMBERS[ALL], name=ALL),
    Concurrency(NUMBERS[SOME], name=SOME),
    Concurrency(NUMBERS[EACH], name=EACH, key="{who}"),
)
LISTED = {"crowd.one": (ALL,), "crowd.two": (ALL, SOME), "crowd.key": (ALL, EACH), "crowd.three": (ALL, SOME, EACH)}
WHO = ("ada", "grace", "edsger", "barbara", "alan", "donald")

app = Taskbahn(connect_within=30)  # clients come while the node is down


def work(who: str, seconds: float) -> None:
    """Work for a while, and write down the end however it comes; a cancel may stop it between any two lines, also before it began."""
    how, until = "stopped", time.monotonic() + seconds
    try:
        journal().write("started", id=current.job, attempt=current.attempt, task=current.task, key=who, clock=time.monotonic())
        while time.monotonic() < until:
            current.check()
            time.sleep(STEP)
        how = "returned"
    except Stop:
        time.sleep(random.random() * LAST_SECONDS)  # noqa: S311 - no secret
        raise
    finally:
        journal().write("ended", id=current.job, attempt=current.attempt, how=how, clock=time.monotonic())


for name, listed in LISTED.items():
    app.task(name=name, pool="thread", limits=[limit for limit in LIMITS if limit.name in listed])(work)
