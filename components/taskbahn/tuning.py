"""What Taskbahn asks of the interpreter, so that a single job is quick. `TASKBAHN_TUNING=0` leaves all of it as Python has it.

`transport.flush` has the same switch. Nothing here is a library's private matter, so there is nothing to check.
"""

from __future__ import annotations

import gc
import sys

from taskbahn.workarounds import TUNING

SWITCH_SECONDS = 0.001  # seconds for which a thread may keep the others from running; Python has 0.005
COLLECT_AFTER_OBJECTS = 5_000  # new containers, after which the garbage collector looks at them
POLL_TURNS = 50  # turns of the router's event loop, some 0.02 ms each, that it does not sleep while a quick job is held back


def settle_memory() -> None:
    """Have the garbage collector leave alone what was loaded at the start: Crossbar brings half a million objects, and looking
    through them again and again took a third of the time of a single job.
    """
    if TUNING.is_wanted:
        gc.collect()
        gc.freeze()
        gc.set_threshold(COLLECT_AFTER_OBJECTS, 20, 20)


def freeze_memory() -> None:
    """Have the garbage collector leave alone what was loaded so far: forked processes then share it."""
    if TUNING.is_wanted:
        gc.freeze()


def share_interpreter() -> None:
    """Have a thread give way after 1 ms, not 5.

    In the router the store's thread must come back into Python after each statement, and a commit of a thousand jobs has half a dozen.
    In a process of a pool the thread that talks to the worker waits for the one with the task.
    """
    if TUNING.is_wanted:
        sys.setswitchinterval(SWITCH_SECONDS)


def poll_turns() -> int:
    """Return how many turns the router's event loop does not sleep while a quick job is held back."""
    return POLL_TURNS if TUNING.is_wanted else 0
