"""A flow as a whole on the command line and in Python, against a real node and a real worker."""

from __future__ import annotations

import asyncio
import json
import re
import xml.etree.ElementTree as ET
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest
from support.sample_app import add, talk
from support.shell import SECONDS

from taskbahn import group
from taskbahn.protocol.states import State

if TYPE_CHECKING:
    from pathlib import Path

    from support.shell import Shell

    from taskbahn import Taskbahn

pytestmark = pytest.mark.slow


def test_a_flow_is_seen_as_a_whole(shell: Shell, web: Taskbahn, gate: Path) -> None:
    job = (add.si(1, 2) | group(add.s(10), add.s(20)) | talk.si(4, held=str(gate))).start()
    with job.events() as events:
        seen = next(event.data for event in events if event.kind == "progress" and event.data["fraction"] >= 0.8)
        assert seen["message"] == "4 of 5 members"
        text = shell("graph", job.id).out
        assert text.splitlines()[0] == f"chain {job.id} running, 5 members"
        assert text.count("shop.add") == 3
        assert "▶ shop.talk" in text
        (member,) = (member for member in job.members() if member.task == "shop.talk")
        assert (member.parent, member.root) == (job.id, job.id)
        assert f"It waits for the job {member.id} (shop.talk), which is running" in shell("explain", job.id).out
        gate.touch()
    job.result(SECONDS)
    view = job.view()
    assert view.members is not None
    assert (view.members.counts, view.members.fraction) == ({"succeeded": 5}, 1.0)
    assert shell("jobs", f"parent:{job.id}", "--json").json == shell("jobs", f"root:{job.id}", "--json").json
    assert len(shell("jobs", f"parent:{job.id}", "--json").json) == 5
    assert "5 of 5 members" in shell("jobs", "chain").out
    assert re.search(r"members +5 succeeded", shell("job", job.id).out)
    assert re.search(rf"belongs to +{job.id}", shell("job", member.id).out)


def test_a_graph_has_each_format(shell: Shell, web: Taskbahn) -> None:
    job = (add.si(1, 2) | add.s(3)).start()
    job.result(SECONDS)
    with ThreadPoolExecutor(1) as thread:  # the tests' own thread has an event loop already
        found = thread.submit(lambda: asyncio.run(read(job))).result(SECONDS)
    assert shell("graph", job.id, "--format", "mermaid").out.startswith("flowchart LR")
    assert shell("graph", job.id, "--format", "graphviz").out.startswith("digraph")
    assert ET.fromstring(shell("graph", job.id, "--format", "svg").out).tag.endswith("svg")  # noqa: S314 - our own
    assert [node["id"] for node in shell("graph", job.id, "--json").json["nodes"]] == found


async def read(job: object) -> list[str]:
    graph = await job.graph_async()  # type: ignore[attr-defined]
    members = await job.members_async(state=State.SUCCEEDED)  # type: ignore[attr-defined]
    assert {member.id for member in members} == {node.id for node in graph.nodes} - {graph.id}
    return [node.id for node in graph.nodes]


def test_the_command_line_starts_a_flow_from_a_file(shell: Shell, web: Taskbahn, tmp_path: Path) -> None:
    file = tmp_path / "flow.json"
    file.write_text(json.dumps((add.si(1, 2) | group(add.s(10), add.s(20))).data()))
    assert shell("call", "--flow", str(file)).json == [13, 23]
    id = shell("submit", "--flow", str(file), "-o", "title=Sums", "-o", 'tags=["x"]', "--json").json["id"]
    job = web.job(id)
    assert job.result(SECONDS) == [13, 23]
    assert (job.view().title, job.view().tags) == ("Sums", ["x"])
    assert shell("submit", "--flow", str(file), "--id", id).out.strip() == id, "sent twice it is the same flow"
    assert shell("call", "--flow", "-", given=json.dumps(add.si(1, 2).data())).json == 3


@pytest.mark.parametrize(
    "text, arguments, said",
    [
        ("[]", (), "is no flow, which is a JSON object: Expected `object`, got `array`"),
        ('{"chain": [', (), "is no flow, which is a JSON object: Input data was truncated"),
        ('{"chain": [{"task": "shop.ad"}]}', (), "(did you mean 'shop.add'?)"),
        ('{"chian": []}', (), "exactly one of task, chain, group, map; this has none"),
        ('{"group": []}', ("shop.add",), "A flow has its tasks and arguments in its file: leave out 'shop.add', or --flow."),
        ('{"group": []}', ("-o", "quue=x"), "there is no option 'quue' (did you mean 'queue'?)"),
    ],
)
def test_what_is_no_flow_is_refused(shell: Shell, tmp_path: Path, text: str, arguments: tuple[str, ...], said: str) -> None:
    file = tmp_path / "flow.json"
    file.write_text(text)
    found = shell("submit", *arguments, "--flow", str(file))
    assert said in found.err
    assert (found.code, found.out) == (2, "")


def test_the_command_line_says_whose_result_an_argument_is(shell: Shell, web: Taskbahn, gate: Path) -> None:
    job = (talk.si(1, held=str(gate)) | add.si(1, 2) | add.s(3)).start()
    (member,) = (member for member in job.members() if web.job(member.id).view().args == [{"$input": 0}, 3])
    first = shell("job", member.id).out
    assert re.search(r"arguments +← result of shop.add \([0-9a-f-]+\), 3\n", first)
    assert re.search(r"inputs +← result of shop.add \([0-9a-f-]+\): waiting\n", first)
    gate.touch()
    assert job.result(SECONDS) == 6
    assert re.search(r"arguments +3, 3\n +inputs +← result of shop.add \([0-9a-f-]+\): 3\n", shell("job", member.id).out)
