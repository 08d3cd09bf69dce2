"""What can be broken, and in which order: two decks of cards, shuffled with the seed, dealt again when they are empty.

One deck is for workers, clients and connections; a card of it is due every few hundred milliseconds, whatever else is broken at
that time. The other is for the node; a card of it is due some seconds after the node has become ready.
"""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING, TypeVar

from chaos.programs import Helper

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Mapping

    from chaos.scene import Scene

T = TypeVar("T", bound=Helper)
UP, CONTROLLER, ROUTER = range(3)  # places in the line of the node's processes
HALT_SECONDS = (0.5, 2.0)
CUT_SECONDS = (0.0, 2.0)


def kill_worker(scene: Scene) -> str | None:
    """SIGKILL a worker."""
    worker = pick(scene, scene.workers)
    return hit(worker, signal.SIGKILL)


def kill_child(scene: Scene) -> str | None:
    """SIGKILL a process of a worker's pool."""
    worker = pick(scene, scene.workers)
    children = worker.children() if worker is not None else []
    if not children:
        return None
    child = scene.chance.choice(children)
    return f"{child.number}" if child.send(signal.SIGKILL) else None


def stop_worker(scene: Scene) -> str | None:
    """SIGTERM a worker, as a deploy does."""
    worker = pick(scene, scene.workers)
    if worker is None:
        return None
    worker.tell_to_end()
    return worker.name


def halt_worker(scene: Scene) -> str | None:
    """SIGSTOP a worker, and SIGCONT after a while."""
    worker = pick(scene, scene.workers)
    pid = worker.program.pid if worker is not None and worker.program is not None else None
    if worker is None or pid is None or not pid.send(signal.SIGSTOP):
        return None
    scene.later(scene.chance.uniform(*HALT_SECONDS), lambda: pid.send(signal.SIGCONT))
    return worker.name


def cut_worker(scene: Scene) -> str | None:
    """Cut the connection of a worker, for a while."""
    return cut(scene, pick(scene, scene.workers))


def cut_client(scene: Scene) -> str | None:
    """Cut the connection of a client, for a while."""
    return cut(scene, pick(scene, [*scene.clients, *scene.people]))


def kill_client(scene: Scene) -> str | None:
    """SIGKILL a client, whatever it is about to submit."""
    return hit(pick(scene, [*scene.clients, *scene.people]), signal.SIGKILL)


def kill_router(scene: Scene) -> str | None:
    """SIGKILL the process that routes and dispatches."""
    return hit_node(scene, "router killed", ROUTER, signal.SIGKILL)


def kill_controller(scene: Scene) -> str | None:
    """SIGKILL Crossbar's controller."""
    return hit_node(scene, "controller killed", CONTROLLER, signal.SIGKILL)


def kill_up(scene: Scene) -> str | None:
    """SIGKILL `taskbahn up`."""
    return hit_node(scene, "taskbahn up killed", UP, signal.SIGKILL)


def stop_node(scene: Scene) -> str | None:
    """SIGTERM the node, with jobs in flight."""
    return hit_node(scene, "node stopped (SIGTERM)", UP, signal.SIGTERM)


SMALL: Mapping[str, tuple[int, Callable[[Scene], str | None]]] = {
    "worker killed": (1, kill_worker),
    "pool process killed": (3, kill_child),
    "worker stopped (SIGTERM)": (1, stop_worker),
    "worker halted (SIGSTOP)": (2, halt_worker),
    "worker's connection cut": (3, cut_worker),
    "client's connection cut": (3, cut_client),
    "client killed": (1, kill_client),
}
"""How often a card is in its deck, and what it does; it answers with what it hit, None if there was nothing to hit."""
LARGE: Mapping[str, tuple[int, Callable[[Scene], str | None]]] = {
    "router killed": (1, kill_router),
    "controller killed": (1, kill_controller),
    "taskbahn up killed": (1, kill_up),
    "node stopped (SIGTERM)": (1, stop_node),
}


class Deck:
    """Deals cards in an order that the seed decides; each deal of the whole deck has all of its cards."""

    def __init__(self, cards: Mapping[str, tuple[int, Callable[[Scene], str | None]]], chance: random.Random) -> None:
        self._cards = cards
        self._chance = chance
        self._left: list[str] = []

    def deal(self, scene: Scene) -> str:
        """Break something, write it down, return its kind; cards with nothing to hit now stay in the deck."""
        if not self._left:
            self._left = [kind for kind, (copies, _) in self._cards.items() for _ in range(copies)]
            self._chance.shuffle(self._left)
        for kind in dict.fromkeys(self._left):
            target = self._cards[kind][1](scene)
            if target is not None:
                self._left.remove(kind)
                scene.journal.write("fault", kind=kind, target=target)
                return kind
        return ""


def pick(scene: Scene, helpers: list[T]) -> T | None:
    """Return one of those that can be hit."""
    ready = [helper for helper in helpers if helper.is_ready]
    return scene.chance.choice(ready) if ready else None


def hit(helper: Helper | None, number: signal.Signals) -> str | None:
    """Send a signal; return the name of who got it."""
    if helper is None or helper.program is None:
        return None
    helper.program.send(number)
    return helper.name


def cut(scene: Scene, helper: Helper | None) -> str | None:
    """Cut a relay, and mend it after a while."""
    if helper is None or not helper.relay.cut():
        if helper is not None:
            helper.relay.mend()
        return None
    scene.later(scene.chance.uniform(*CUT_SECONDS), helper.relay.mend)
    return helper.name


def hit_node(scene: Scene, cause: str, place: int, number: signal.Signals) -> str | None:
    """Send a signal to one of the node's processes."""
    line = scene.node.line
    if not line:
        return None
    pid = line[place]
    scene.node.hit(cause, pid, number)
    return f"{pid.number}"
