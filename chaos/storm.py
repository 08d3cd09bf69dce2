"""The storm: load, of which some jobs misbehave, faults from a seeded deck, calm, and then the books are opened."""

from __future__ import annotations

import contextlib
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from chaos import journal, reading
from chaos.accounting import Account, Outside, make_account
from chaos.faults import LARGE, SMALL, Deck
from chaos.programs import NodeState
from chaos.scene import LOOK, Late, Scene

if TYPE_CHECKING:
    from collections.abc import Callable

BETWEEN_SMALL = (0.2, 0.9)  # seconds between two faults
BETWEEN_LARGE = (2.0, 6.0)  # seconds from the node's readiness to the next fault of the node
MISCHIEF = 0.04  # share of the jobs that are started one by one
ENDING = 15.0  # seconds for the programs of a task to end with it, on a busy machine
PATIENCE = 90.0  # seconds for what must happen once nothing is broken any more, on a busy machine


@dataclass
class Storm:
    """A run with its seed; `say` gets a line for each step."""

    seed: int
    seconds: float
    say: Callable[[str], None] = lambda _: None
    trouble: list[str] = field(default_factory=list)
    left_running: list[str] = field(default_factory=list)
    bereft: int = 0

    def run(self, scene: Scene) -> Account:
        """Let the storm rage, settle, and account for everything."""
        self.say("the node starts")
        scene.begin(PATIENCE)
        scene.journal.write("phase", name="storm")
        self._rage(scene)
        scene.journal.write("phase", name="calm")
        try:
            self._settle(scene)
        except Late as late:
            self.trouble.append(str(late))
            scene.end_clients()  # or they would go on while the books are read
        scene.journal.write("phase", name="settled")
        return self._account(scene)

    def _rage(self, scene: Scene) -> None:
        """Break things until the time is over."""
        small, large = Deck(SMALL, scene.chance), Deck(LARGE, scene.chance)
        end = time.monotonic() + self.seconds
        next_small = time.monotonic()
        next_large: float | None = None
        count = 0
        while time.monotonic() < end:
            now = time.monotonic()
            if scene.node.state is not NodeState.READY:
                next_large = None
            elif next_large is None:
                next_large = now + scene.chance.uniform(*BETWEEN_LARGE)
            elif now >= next_large:
                count += bool(large.deal(scene))
                next_large = None
            if now >= next_small:
                count += bool(small.deal(scene))
                next_small = now + scene.chance.uniform(*BETWEEN_SMALL)
            self.say(f"{count} faults, {max(0.0, end - now):.0f} s to go")
            scene.tick()
            time.sleep(LOOK)

    def _settle(self, scene: Scene) -> None:
        """Break nothing any more; let all come back, and all jobs come to their end."""
        self.say("no more faults")
        scene.calm()
        scene.until("the node is ready", lambda: scene.node.state is NodeState.READY, PATIENCE)
        scene.until("the workers are back", lambda: all(worker.is_ready for worker in scene.workers), PATIENCE)
        self.say("clients take what they wait for")
        stuck = scene.dismiss_clients(PATIENCE)
        self.trouble += [f"{name} waited in vain for an outcome, or failed; its log is in {scene.folder}" for name in stuck]
        self.say("jobs come to their end")
        with scene.app(PATIENCE) as app:
            scene.until("all schedules have fired", lambda: not reading.due(app), PATIENCE)
            scene.until("all jobs have ended", lambda: not reading.unfinished(app), PATIENCE)
            scene.until("all workers are attached", lambda: len(app.view.workers()) == len(scene.workers), PATIENCE)
            # a worker loses a place that stays taken until it attaches again
            scene.until("no worker has a place taken", lambda: not any(worker.running for worker in app.view.workers()), PATIENCE)
            self.trouble += [f"a question is open, and its job has ended: {one}" for one in app.view.questions()]
            self.trouble += [f"a permit is taken, and all jobs have ended: {text}" for text in reading.taken_permits(app)]
        scene.dismiss_people(PATIENCE)
        self._look_for_programs(scene)

    def _look_for_programs(self, scene: Scene) -> None:
        """See that what tasks have started has ended, now that all of them have."""
        with contextlib.suppress(Late):
            scene.until("the programs of tasks have ended", lambda: not scene.left_running()[0], ENDING)
        left, bereft = scene.left_running()
        self.left_running = [f"process {one.pid} of worker {one.session}: {one.command}" for one in left]
        self.bereft = len(bereft)

    def _account(self, scene: Scene) -> Account:
        """Read all jobs, restart the node, read them again, and hold both against the journals."""
        self.say("the books are opened")
        with scene.app(PATIENCE) as app:
            first = reading.all_jobs(app)
            counted = app.view.status().jobs
        starts = scene.node.starts
        scene.node.stop()
        scene.until("the node stops", lambda: scene.node.state is NodeState.GONE, PATIENCE)
        scene.node.wanted = True
        scene.until("the node is back", lambda: scene.node.state is NodeState.READY, PATIENCE)
        with scene.app(PATIENCE) as app:
            last = reading.all_jobs(app)
            triggers = app.triggers.views()
        self.trouble += [
            f"the trigger {one.id} has lost {one.lost} events; its trouble: {one.trouble}"
            for one in triggers
            if one.lost or one.trouble
        ]
        outside = Outside(
            trouble=[*self.trouble, *(f"node: {text}" for text in scene.node.failed_starts)],
            counted=counted,
            triggers={one.id: one.started for one in triggers},
            node_starts=starts,
            orphans=scene.node.orphans,
            dirty_stops=scene.node.dirty_stops,
            left_running=self.left_running,
            bereft=self.bereft,
            worker_codes=[code for worker in scene.workers for code in worker.codes],
        )
        return make_account(journal.read(scene.journals), first, last, outside)
