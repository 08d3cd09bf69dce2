"""A first use in a thread and a fork in another: the copy can use the client, too."""

import subprocess
import sys

import pytest

PROGRAM = """
import os, sys, threading, time, warnings
from taskbahn import Taskbahn
from taskbahn.errors import RouterUnavailable

warnings.simplefilter("ignore")
app = Taskbahn("ws://127.0.0.1:1/ws", timeout=0.5)

def use():
    try:
        app.get("x.y").start()
    except RouterUnavailable:
        return

threading.Thread(target=use, daemon=True).start()
time.sleep(float(sys.argv[1]))  # any moment will do
copy = os.fork()
if copy == 0:
    use()
    os._exit(5)
os._exit(os.waitstatus_to_exitcode(os.waitpid(copy, 0)[1]))
"""


@pytest.mark.parametrize("moment", ["0", "0.002", "0.05", "0.1", "0.15"])
def test_a_fork_during_the_first_use_in_another_thread_leaves_a_copy_that_works(moment: str) -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM, moment], timeout=40, check=False)
    assert done.returncode == 5
