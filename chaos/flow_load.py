"""Random flows: chains, groups, chords, groups in groups, a policy for each failure, callbacks, and joins by `.output`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chaos import tasks
from taskbahn import Job, chain, group

if TYPE_CHECKING:
    import random

    from chaos.client import Load
    from taskbahn import Flow
    from taskbahn.tasks.task_handle import TaskHandle

MAX_DEPTH = 3  # of shapes in shapes
MAX_PARTS = 5
WIDE, WIDE_MEMBERS = 0.1, 40  # share of groups that have more members than there are slots, and up to how many
CALLBACKS = 0.15  # share of parts that have one
POLICIES = ("none", "skip", "fail")


class Flows:
    """Makes flows. load: chooses their members."""

    def __init__(self, random: random.Random, load: Load) -> None:
        self._random = random
        self._load = load

    def flow(self) -> Flow[Any, Any]:
        """Return a flow with an id, that takes nothing."""
        shapes = (self._chain, self._chord, self._group, self._joined)
        made = self._with_callbacks(self._random.choice(shapes)(0, follows=False))
        return made.options(id=Job.new_id())

    def _part(self, depth: int, *, follows: bool) -> Flow[Any, Any]:
        """Return a part of a shape. follows: it comes after something, whose result it may take."""
        if depth >= MAX_DEPTH or self._random.random() < 0.6:
            made = self._link() if follows and self._random.random() < 0.7 else self._member()
        else:
            made = self._random.choice((self._chain, self._chord, self._group))(depth, follows=follows)
        return self._with_callbacks(made)

    def _chain(self, depth: int, *, follows: bool) -> Flow[Any, Any]:
        return chain(self._part(depth + 1, follows=follows or number > 0) for number in range(self._random.randint(2, MAX_PARTS)))

    def _group(self, depth: int, *, follows: bool) -> Flow[Any, Any]:
        if self._random.random() < WIDE:
            name, args = self._load.plain_call()
            return tasks.app.get(name).starmap([args] * self._random.randint(2, WIDE_MEMBERS))
        parts = [self._part(depth + 1, follows=follows) for _ in range(self._random.randint(0, MAX_PARTS))]
        return group([self._policy(part) for part in parts])

    def _policy(self, part: Flow[Any, Any]) -> Flow[Any, Any]:
        return {"none": part.if_fails("none"), "skip": part.if_fails("skip"), "fail": part}[self._random.choice(POLICIES)]

    def _chord(self, depth: int, *, follows: bool) -> Flow[Any, Any]:
        return self._group(depth, follows=follows) | self._link()

    def _joined(self, _depth: int, *, follows: bool) -> Flow[Any, Any]:
        """Return a call that gets a list of what others give, each wherever it is in the flow."""
        parts = [self._member() for _ in range(self._random.randint(2, MAX_PARTS))]
        later = parts[0] if self._random.random() < 0.5 else parts[0].if_fails("none")
        return self._link_task().si([later.output, *(part.if_fails("none").output for part in parts[1:])], self._load.seconds())

    def _member(self) -> Flow[Any, Any]:
        name, args = self._load.member_call()
        return tasks.app.get(name).si(*args)

    def _link(self) -> Flow[Any, Any]:
        return self._link_task().s(self._load.seconds())

    def _link_task(self) -> TaskHandle[..., Any]:
        return tasks.app.get(self._random.choice(tasks.LINKS))

    def _with_callbacks(self, made: Flow[Any, Any]) -> Flow[Any, Any]:
        if self._random.random() >= CALLBACKS:
            return made
        when = self._random.choice((made.on_success, made.on_failure, made.on_end))
        return when(self._link() if self._random.random() < 0.7 else self._member() | self._link())
