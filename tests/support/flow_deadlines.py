"""Deadlines in the lives of `flow_lives`: which ones flows get, what the model learns of them, and what must hold."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from support.promise_tables import tables_of

if TYPE_CHECKING:
    import random

    from support.dispatcher_harness import DispatcherHarness
    from support.flow_model import Job, World

OF_FLOWS = (0.53, 2.77, 8.31, 30.17)  # seconds in which a flow has to have ended; at no time at which a life does something
OF_MEMBERS = (0.43, 2.97, 7.73, 29.37)  # the same of members: not together with their flow
REFUSED_SECONDS = 10.0  # at most, from where a store begins to refuse commits until all that waited is stored


class Deadlines:
    """The deadlines of one life."""

    def __init__(self, harness: DispatcherHarness, world: World) -> None:
        self._harness = harness
        self._world = world

    @staticmethod
    def of_flow(pick: random.Random, node: dict[str, Any], *, is_cut: bool) -> dict[str, Any]:
        """Return options of a flow. is_cut: its later slices come late, but in time."""
        if pick.random() < 0.7 or "finish_within" in node.get("options", {}):
            return {}
        return {"finish_within": OF_FLOWS[-1] if is_cut else pick.choice(OF_FLOWS)}

    def pass_time(self) -> None:
        """Let the model see the deadlines that there are, and those that have passed."""
        self._harness.settle()
        now = self._harness.wall()
        unknown = {
            job.id.replace("-", ""): job
            for job in self._world.jobs.values()
            if job.within is not None and job.deadline is None
        }  # fmt: skip
        rows = tables_of(self._harness.store).jobs.values() if unknown else ()
        for row in rows:
            job = unknown.get(row.id.hex())
            if job is not None:  # those that it lacks come with a later slice
                assert row.deadline is not None
                assert job.within is not None
                assert row.deadline <= now + job.within
                job.deadline = row.deadline
        self._world.pass_time(now)

    def ending(self) -> int:
        """Return how many pass before a store that begins to refuse takes commits again. What it then does in one commit has no order."""
        soon = self._harness.wall() + REFUSED_SECONDS
        return sum(
            job.deadline is not None and not job.is_overdue and job.deadline < soon for job in self._world.jobs.values()
        )  # fmt: skip

    def check(self, job: Job) -> None:
        """A job has its own deadline, or that of its flow."""
        root = None if job.is_detached or job.outlives else job.root
        times = [one.deadline for one in (job, root) if one is not None and one.deadline is not None]
        assert self._harness.row(job.id).deadline == min(times, default=None), ("deadline", job.id, job.node, times)
