"""A node with several workers and jobs in every state, of the application tests/browser/apps/studio.py."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from support.programs import Node, Program, running

if TYPE_CHECKING:
    from collections.abc import Iterator

APPS = Path(__file__).resolve().parents[1] / "browser" / "apps"
WORKERS = (("cutting-room", 8, "video,default"), ("office", 4, "mail"), ("archive", 2, "default"))  # name, slots, queues
START_SECONDS = 90


class PopulatedNode(NamedTuple):
    """The node, and ids of jobs.

    running: with stages.   failed: with a traceback.   waiting: for its time.   workflow: the whole of one.
    """

    node: Node
    running: str
    failed: str
    waiting: str
    workflow: str


@contextmanager
def populated_node(folder: Path, *, pictures: int = 40) -> Iterator[PopulatedNode]:
    """Start the node, the workers and the work; end all of it afterwards."""
    with ExitStack() as stack:
        node = Node(folder, STUDIO_HOOK_SECRET="of the film studio")
        stack.enter_context(running(node, "Taskbahn is ready"))
        for name, slots, queues in WORKERS:
            words = ("studio:app", "--name", name, "--slots", str(slots), "--queues", queues)
            worker = Program("worker", *words, cwd=APPS, TASKBAHN_URL=node.websocket)
            stack.enter_context(running(worker, " ready"))
            stack.callback(worker.process.kill)  # one of their jobs would run on for as long as a worker that is stopped waits
        script = f"import json, studio_work; print(json.dumps(studio_work.make_present({pictures})._asdict()))"
        environment = {**os.environ, "TASKBAHN_URL": node.websocket, "PYTHONPATH": os.pathsep.join([str(APPS), *sys.path])}
        work = subprocess.run(
            [sys.executable, "-c", script], env=environment, capture_output=True, text=True, timeout=START_SECONDS, check=False
        )
        assert work.returncode == 0, work.stderr
        yield PopulatedNode(node, **json.loads(work.stdout))
