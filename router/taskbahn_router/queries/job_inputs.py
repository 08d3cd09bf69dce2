"""What a member of a flow gets from other jobs, and the job that it joined, as its view has them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from taskbahn.protocol.inputs import is_whole
from taskbahn.protocol.secrets import masked_text
from taskbahn.protocol.states import State
from taskbahn_router.core.ids import id_text
from taskbahn_router.core.reactions import ASKS_KEY, HAS_INPUTS, IS_LARGE, given
from taskbahn_router.core.unique_keys import FOLLOW

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from taskbahn_router.core.reactions import Edge, Input
    from taskbahn_router.stores.contract import Reader
    from taskbahn_router.stores.rows import JobRow

MOST_SHOWN = 50
MOST_BYTES = 64 * 1024  # of results that are read
VALUE_SHOWN = 500  # characters of a value's JSON


class InputsRead(NamedTuple):
    """What the store says of the jobs before a member."""

    edges: Sequence[Edge]
    jobs: Mapping[int, JobRow]
    results: Mapping[int, Input]  # by position


def read_inputs(reader: Reader, row: JobRow) -> InputsRead | None:
    """Read what a job gets from others; None: nothing. On the reader's thread."""
    if not row.flags & (HAS_INPUTS | ASKS_KEY):
        return None
    edges = [edge for edge in reader.edges_to([row.seq], MOST_SHOWN) if edge.position >= 0 or edge.policy == FOLLOW]
    jobs = {job.seq: job for job in reader.rows(sorted({edge.parent for edge in edges}))}
    results = reader.inputs(row.seq, -1, MOST_SHOWN, MOST_BYTES) if row.flags & HAS_INPUTS else []
    return InputsRead([edge for edge in edges if edge.parent in jobs], jobs, {one.position: one for one in results})


def fields(read: InputsRead) -> dict[str, Any]:
    """Return the fields of a `views.JobView`."""
    inputs = []
    for edge in read.edges:
        if edge.policy == FOLLOW:
            continue
        job = read.jobs[edge.parent]
        one = {"position": edge.position, "job": id_text(job.id), "task": job.task, "label": job.label, "state": job.state}
        inputs.append(
            {name: value for name, value in (one | _value(read.results.get(edge.position))).items() if value is not None}
        )
    followed = next((read.jobs[edge.parent] for edge in read.edges if edge.policy == FOLLOW), None)
    return ({"inputs": inputs} if inputs else {}) | ({} if followed is None else {"joined": id_text(followed.id)})


def _value(found: Input | None) -> dict[str, Any]:
    """Return what is known of a result: its JSON, no more than some of it; of one that is large or left out, nothing."""
    if found is None or not State(found.state).is_final or found.flags & IS_LARGE:
        return {}
    text = given([found]).get(found.position)
    if text is None or not is_whole(text):
        return {}
    text = masked_text(text)
    return {"value": text[:VALUE_SHOWN]} | ({"is_cut": True} if len(text) > VALUE_SHOWN else {})
