"""Nothing of a node outlives what it belongs to, however that ends: also by SIGKILL, which no handler sees.

`taskbahn up` holds one end of a pipe, and Crossbar's controller has the other as its standard input: the end of file says that
`taskbahn up` is gone. The router process, which the controller starts, looks whether its parent is still the same (Crossbar's
own pipe does not tell it). Both stop as on a signal; what is not gone after `GRACE_SECONDS`, as its event loop is stuck, is
ended hard. Only the standard library, as it runs before Crossbar is imported.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import signal
import threading
import time

CONTROLLER = "TASKBAHN_CONTROLLER"  # variable of the environment: the controller to which the router process belongs
GRACE_SECONDS = 1.5
LOOK_SECONDS = 0.25


def end_with_input() -> None:
    """Stop this process when its standard input ends, and with it the group that it leads."""
    os.environ[CONTROLLER] = str(os.getpid())
    atexit.register(_end_starting_router)
    threading.Thread(target=_read_to_the_end, name="taskbahn-lifeline", daemon=True).start()


def end_with_parent() -> None:
    """Stop this process when its parent is gone; it may be gone already, if that was while this process was being loaded."""
    parent = int(os.environ.get(CONTROLLER) or os.getppid())
    threading.Thread(target=_look_after, args=(parent,), name="taskbahn-lifeline", daemon=True).start()


def _read_to_the_end() -> None:
    with contextlib.suppress(OSError):
        while os.read(0, 1024):
            pass
    os.kill(os.getpid(), signal.SIGINT)  # Crossbar's controller stops cleanly on SIGINT
    time.sleep(GRACE_SECONDS)
    with contextlib.suppress(OSError):  # the process leads no group: another program started it
        os.killpg(os.getpid(), signal.SIGKILL)
    os._exit(1)


def _end_starting_router() -> None:
    """End a router process that is still starting: Crossbar's controller forgets it."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    with contextlib.suppress(OSError):
        os.killpg(os.getpid(), signal.SIGTERM)


def _look_after(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(LOOK_SECONDS)
    os.kill(os.getpid(), signal.SIGTERM)  # the controller stops it by SIGTERM, too
    time.sleep(GRACE_SECONDS)
    os._exit(1)
