"""The triggers of the storm, and the tasks that only they start: events of topics, and requests to hooks; one event may mean several.

What a trigger takes is said here in few words, so that the books do not ask the router which triggers an event means.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, NamedTuple

from chaos.tasks import CRASHES, app, begin, sleep

if TYPE_CHECKING:
    from collections.abc import Mapping

    from taskbahn.protocol.hooks import Scheme
    from taskbahn.protocol.triggers import Match

TRIGGERED = ("chaos.triggered.process", "chaos.triggered.thread", "chaos.triggered.loop")  # only triggers start them
LARGE = "large"  # the field of events by which some triggers choose
SECRETS: Mapping[str, str] = {
    "CHAOS_HMAC_SECRET": "a-secret-of-the-storm",
    "CHAOS_STANDARD_SECRET": "whsec_YSBzZWNyZXQgb2YgdGhlIHN0b3Jt",
}
"""Variables of the node's environment."""
ARRIVALS: Mapping[str, str] = {"hmac": "hook {name} body {id}", "standard": "hook {name} id {id}"}
"""How the store knows a request to a hook again, by its scheme: names of such requests, as templates."""


class On(NamedTuple):
    """A trigger of a topic.   is_picky: it takes only what is large.   is_made: at run time, by clients; the others are in the code."""

    id: str
    topic: str
    match: Match
    task: str
    is_picky: bool = False
    is_made: bool = False

    def takes(self, way: str, to: str) -> bool:
        """Whether events of the topic *to* are for it."""
        if way != "publish":
            return False
        if self.match == "wildcard":
            own, given = self.topic.split("."), to.split(".")
            return len(own) == len(given) and all(one in ("", other) for one, other in zip(own, given, strict=True))
        return to.startswith(self.topic) if self.match == "prefix" else to == self.topic

    def declare(self) -> None:
        """Declare it in the code."""
        app.on(self.topic, match=self.match, where=self.where, args=self.args, id=self.id)(app.tasks[self.task])

    def make(self) -> None:
        """Make it at run time, or once more."""
        app.triggers.create(self.id, self.topic, app.get(self.task), match=self.match, where=self.where, args=self.args)

    @property
    def where(self) -> dict[str, Any]:
        """The fields that its events have."""
        return {LARGE: True} if self.is_picky else {}

    @property
    def args(self) -> list[str]:
        """The arguments of its task."""
        return [self.id, "{id}", "{event.seconds}"]


class Hook(NamedTuple):
    """A trigger of a hook; the words are those of `On`."""

    id: str
    name: str
    scheme: Scheme
    task: str
    is_picky: bool = False
    is_made: bool = False

    def takes(self, way: str, to: str) -> bool:
        """Whether requests to the hook *to* are for it."""
        return (way, to) == ("post", self.name)

    def declare(self) -> None:
        """Declare it in the code."""
        secret = f"env:CHAOS_{self.scheme.upper()}_SECRET"
        args = [self.id, ARRIVALS[self.scheme], "{body.seconds}"]
        hook = app.hook(
            self.name, scheme=self.scheme, secret=secret, where={LARGE: True} if self.is_picky else {}, args=args, id=self.id
        )
        hook(app.tasks[self.task])


TOPICS = ("chaos.orders.created", "chaos.orders.paid", "chaos.parcels.created")
HOOKS: Mapping[str, Scheme] = {"chaos-hmac": "hmac", "chaos-standard": "standard"}
ON = (
    On("chaos.on.exact", TOPICS[0], "exact", TRIGGERED[0]),
    On("chaos.on.prefix", "chaos.orders.", "prefix", TRIGGERED[1], is_picky=True),
    On("chaos.on.wildcard", "chaos..created", "wildcard", TRIGGERED[2]),
    On("chaos.on.made", TOPICS[1], "exact", TRIGGERED[2], is_made=True),
)
TRIGGERS: tuple[On | Hook, ...] = (
    *ON,
    Hook("chaos.hook.hmac", "chaos-hmac", "hmac", TRIGGERED[0]),
    Hook("chaos.hook.standard", "chaos-standard", "standard", TRIGGERED[1]),
    Hook("chaos.hook.large", "chaos-standard", "standard", TRIGGERED[2], is_picky=True),
)


def meant(way: str, to: str, *, is_large: bool) -> list[str]:
    """Return the triggers that an event means.   way: "publish" or "post".   to: the topic, or the name of the hook."""
    return [one.id for one in TRIGGERS if one.takes(way, to) and (is_large or not one.is_picky)]


def triggered(trigger: str, arrival: str, seconds: float) -> str:
    """Work for a trigger, and write down for which event."""
    end = begin(trigger=trigger, arrival=arrival)
    sleep(seconds)
    return end("returned")


app.task(name=TRIGGERED[0], pool="process", crash_attempts=CRASHES)(triggered)
app.task(name=TRIGGERED[1], pool="thread", crash_attempts=CRASHES)(triggered)


@app.task(name=TRIGGERED[2], crash_attempts=CRASHES)
async def triggered_in_loop(trigger: str, arrival: str, seconds: float) -> str:
    """Do the same on the worker's event loop."""
    end = begin(trigger=trigger, arrival=arrival)
    await asyncio.sleep(seconds)
    return end("returned")


for each in TRIGGERS:
    if not each.is_made:
        each.declare()
