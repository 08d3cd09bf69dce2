"""The drawings of a graph, and its critical path, for graphs as chance has them."""

from __future__ import annotations

import itertools
import xml.etree.ElementTree as ET

from hypothesis import given
from hypothesis import strategies as st

from taskbahn.jobs.graph import JobGraph
from taskbahn.jobs.graph_svg import columns, placed
from taskbahn.protocol.member_views import GraphEdge, GraphNode
from taskbahn.protocol.states import State
from taskbahn_router.core.critical_path import Span, critical_path

SVG = "{http://www.w3.org/2000/svg}"
TIMES = st.one_of(st.none(), st.integers(0, 20).map(float))


@st.composite
def graphs(draw: st.DrawFn) -> JobGraph:
    """Return a graph whose edges lead anywhere, also in circles, as those of jobs shown as one may."""
    count = draw(st.integers(1, 20))
    nodes = [
        GraphNode(
            id=f"n{number}", task=draw(st.sampled_from(["a.b", 'a."<&', "taskbahn.group"])), state=draw(st.sampled_from(list(State))),
            label=draw(st.sampled_from([None, "name"])), started_at=draw(TIMES), finished_at=draw(TIMES),
            counts=draw(st.sampled_from([None, {"running": 2, "failed": 1}])),
        )
        for number in range(count)
    ]  # fmt: skip
    ends = st.sampled_from([node.id for node in nodes])
    pairs = draw(st.lists(st.tuples(ends, ends), max_size=40))
    edges = [GraphEdge(parent=one, child=other, policy="fail", state="open") for one, other in pairs if one != other]
    return JobGraph(id="n0", nodes=nodes, edges=edges, critical=draw(st.lists(ends, max_size=3)))


@given(graphs())
def test_every_drawing_has_every_job_once(graph: JobGraph) -> None:
    shown = graph.shown()
    lines = graph.text(100.0).splitlines()[1:]
    assert len([line for line in lines if "(above)" not in line]) == len(shown)
    assert graph.mermaid().count(":::") == len(shown)
    assert graph.graphviz().count("fillcolor=") == len(shown)
    root = ET.fromstring(graph.svg())  # noqa: S314 - our own
    assert len(root.findall(f"{SVG}g")) == len(shown)


@given(graphs())
def test_no_two_jobs_of_a_picture_overlap(graph: JobGraph) -> None:
    boxes, width, height = placed(columns([node.id for node in graph.nodes], graph.edges))
    assert boxes.keys() == {node.id for node in graph.nodes}
    for one, other in itertools.combinations(boxes.values(), 2):
        apart = one.x + one.width <= other.x or other.x + other.width <= one.x
        assert apart or one.y + one.height <= other.y or other.y + other.height <= one.y
    assert all(box.x + box.width <= width and box.y + box.height <= height for box in boxes.values())


@given(st.lists(st.tuples(TIMES, TIMES), min_size=1, max_size=8), st.data())
def test_the_critical_path_is_a_chain_of_the_latest_ends(
    times: list[tuple[float | None, float | None]], data: st.DataObject
) -> None:
    last = len(times)
    pairs = [(one, other) for one in range(last) for other in range(one + 1, last + 1)]
    edges = data.draw(st.lists(st.sampled_from(pairs), unique=True))
    spans = {number: Span(*its) for number, its in enumerate(times)}
    path = [*critical_path(last, edges, spans), last]
    for parent, child in itertools.pairwise(path):
        ends = [spans[one].finished_at for one, other in edges if other == child]
        assert (parent, child) in edges
        assert spans[parent].finished_at == (None if None in ends else max(end for end in ends if end is not None))
    assert not [one for one, other in edges if other == path[0]]
