"""A first use in a thread and a fork in another: the copy can use the client, too."""

import os
import subprocess
import sys
import textwrap
from pathlib import Path

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
def test_a_fork_during_another_threads_first_use_leaves_a_working_copy(moment: str) -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM, moment], timeout=40, check=False)
    assert done.returncode == 5


PACKAGE = """
    import os, time
    import slow_package.part
    if os.getpid() == int(os.environ["ORIGINAL"]):
        time.sleep(60)
    last = 3
"""
SLOW = """
import os, sys, threading, time
from taskbahn import app
from taskbahn import fork_imports

os.environ["ORIGINAL"] = str(os.getpid())
fork_imports.MAX_WAIT_SECONDS = 0.1
threading.Thread(target=lambda: __import__("slow_package"), daemon=True).start()
while "slow_package.part" not in sys.modules:
    time.sleep(0.001)
time.sleep(0.05)
copy = os.fork()
if copy == 0:
    import slow_package
    os._exit(5 if slow_package.part.number == slow_package.last == 3 else 6)
os._exit(os.waitstatus_to_exitcode(os.waitpid(copy, 0)[1]))
"""


def test_what_is_half_imported_after_the_wait_is_reimported_in_the_copy(tmp_path: Path) -> None:
    package = tmp_path / "slow_package"
    package.mkdir()
    (package / "part.py").write_text("number = 3")
    (package / "__init__.py").write_text(textwrap.dedent(PACKAGE))
    path = os.pathsep.join([str(tmp_path), *sys.path])
    done = subprocess.run([sys.executable, "-c", SLOW], timeout=40, check=False, env={**os.environ, "PYTHONPATH": path})
    assert done.returncode == 5
