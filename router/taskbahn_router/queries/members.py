"""Questions about a job's members: they by page, and the graph of what waits for what.

As with lists, no question holds up the ones behind it: the graph of a job with many members is read in slices.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from taskbahn.errors import InvalidRequest, UnknownJob
from taskbahn.protocol.message_pages import pages, value_bytes
from taskbahn.protocol.states import State
from taskbahn_router.core.ids import id_text
from taskbahn_router.core.reactions import HAS_MEMBERS, IS_FLOW
from taskbahn_router.model.state import id_bytes
from taskbahn_router.model.wire_format import brief
from taskbahn_router.queries.job_graph import GraphBuilder
from taskbahn_router.queries.job_lists import MAX_COUNTED, MAX_LISTED, SECONDS, is_number

if TYPE_CHECKING:
    from taskbahn_router.model.pending_call import PendingCall
    from taskbahn_router.publishing.rollups import MembersRead, Rollups
    from taskbahn_router.queries.asking import Ask
    from taskbahn_router.stores.contract import Reader
    from taskbahn_router.stores.rows import JobRow

EACH = 500  # members that one look reads
MAX_EDGES = 10_000  # that one look reads
MAX_OUTSIDE = 200  # jobs that are no members, on each side


class MemberQueries:
    """Answers `taskbahn.job.members` and `taskbahn.job.graph`."""

    def __init__(self, reader: Reader, rollups: Rollups, ask: Ask) -> None:
        self._reader = reader
        self._rollups = rollups
        self._ask = ask

    def members(self, call: PendingCall) -> None:
        """`taskbahn.job.members`."""
        given = dict(zip(("id", "after", "limit"), call.args, strict=False)) | call.kwargs
        raw, after, limit, states = (
            id_bytes(given.get("id")),
            given.get("after", 0),
            given.get("limit", 100),
            given.get("state") or [],
        )
        states = [states] if isinstance(states, str) else states
        if not is_number(after) or not is_number(limit) or not 0 < limit <= MAX_LISTED:
            raise InvalidRequest(f"limit must be 1 to {MAX_LISTED:,}, after the `next` of an earlier answer")
        if not isinstance(states, list) or not all(state in list(State) for state in states):
            raise InvalidRequest(f"state must be one or a list of {', '.join(State)}")

        def read() -> tuple[list[JobRow], list[MembersRead]] | None:
            with self._reader.snapshot():
                job = self._reader.job(raw)
                if job is None:
                    return None
                rows = self._reader.rows(self._reader.members(job.seq, after, limit, states))[::-1]
                return rows, self._rollups.read_all(rows, MAX_COUNTED)

        def answer(found: tuple[list[JobRow], list[MembersRead]] | None) -> None:
            if found is None:
                call.fail(UnknownJob(id_text(raw)))
                return
            rows, members = found
            views = [self._rollups.shown(brief(row)) for row in rows]
            of = {read.row.seq: self._rollups.fields(read) for read in members}
            shown = next(pages([view | of.get(row.seq, {}) for row, view in zip(rows, views, strict=True)], value_bytes), [])
            is_end = len(rows) < limit and len(shown) == len(rows)
            call.answer({"jobs": shown, "next": None if is_end or not shown else rows[len(shown) - 1].seq})

        self._ask(call, answer, read)

    def graph(self, call: PendingCall) -> None:
        """`taskbahn.job.graph`."""
        raw = id_bytes(call.args[0] if call.args else call.kwargs.get("id"))

        def next_slice(found: tuple[GraphBuilder, int | None] | None) -> None:
            if found is None:
                call.fail(UnknownJob(id_text(raw)))
            elif found[1] is None:
                self._ask(call, call.answer, self._finished, found[0])
            elif call.open:
                self._ask(call, next_slice, self._slice, *found)

        self._ask(call, next_slice, self._begun, raw)

    def _begun(self, raw: bytes) -> tuple[GraphBuilder, int | None] | None:
        job = self._reader.job(raw)
        if job is None:
            return None
        counts = self._reader.member_counts([job.seq], 1)[job.seq] if job.flags & HAS_MEMBERS else {}
        graph = GraphBuilder(job, sum(counts.values()))
        return graph, 0 if graph.members else None

    def _slice(self, graph: GraphBuilder, after: int) -> tuple[GraphBuilder, int | None]:
        """Read some members; return where to go on."""
        until = time.monotonic() + SECONDS
        while True:
            with self._reader.snapshot():
                seqs = self._reader.members(graph.job.seq, after, EACH)
                rows = self._reader.rows(seqs)[::-1]
                plain, flows = ([row.seq for row in rows if bool(row.flags & IS_FLOW) is is_flow] for is_flow in (False, True))
                edges = self._reader.edges_to(plain, MAX_EDGES) + self._reader.edges_to(flows, MAX_EDGES)
            graph.add(rows, edges)
            if len(seqs) < EACH:
                return graph, None
            after = seqs[-1]
            if time.monotonic() > until:
                return graph, after

    def _finished(self, graph: GraphBuilder) -> dict[str, Any]:
        """Add what is around the members, and return the graph."""
        seq = graph.job.seq
        with self._reader.snapshot():
            most = MAX_EDGES if graph.members else MAX_OUTSIDE
            graph.add((), self._reader.edges_to([seq], most))
            if not graph.members:
                graph.add((), self._reader.edges_from([seq], MAX_OUTSIDE))
            graph.add(self._reader.rows(graph.missing()[: MAX_OUTSIDE * 2]), (), outside=True)
        return graph.view()
