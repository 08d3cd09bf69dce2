"""A node, a worker and a client with other versions of the libraries than the workarounds were checked with."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from support.programs import Program, running, running_node
from support.shell import Shell

from taskbahn.workarounds import DIRECT_PATH, FAST_START, PLAIN, RAW_MESSAGES, ROUTER_REPAIRS, Workaround

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.slow
# run by each process before all else
OTHER_VERSIONS = """
from taskbahn import workarounds
workarounds.CHECKED = {"autobahn": "1.0", "crossbar": "1.0", "twisted": "1.0"}
"""
APP = "from taskbahn import Taskbahn\napp = Taskbahn()\n@app.task(name='double', pool='thread')\ndef double(n: int) -> int: return 2 * n\n"


def test_each_process_names_what_other_versions_switch_off_and_works(tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text(OTHER_VERSIONS)
    (tmp_path / "other.py").write_text(APP)
    others = {"PYTHONPATH": str(tmp_path), PLAIN: "0"}
    with running_node(tmp_path, **others) as node:
        with running(Program("worker", "other:app", "--url", node.rawsocket, cwd=tmp_path, **others), "ready"):
            assert Shell(node.websocket)("call", "double", "21", **others) == (0, "42\n", "")
        for off in (FAST_START, RAW_MESSAGES, ROUTER_REPAIRS):
            assert [_line(off) in line for line in node.lines].count(True) == 1, node.lines
        assert not [line for line in node.lines if _line(DIRECT_PATH) in line]  # it is off with the raw messages
        assert "Traceback" not in "".join(node.lines)


def _line(off: Workaround) -> str:
    return f"the workaround of {off.switch} is off: "
