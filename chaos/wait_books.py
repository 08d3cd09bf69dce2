"""The jobs that wait, compared with their plans: each has got what its plan says, once, and every attempt has got the same.

Pure. A plan is known from what its attempts wrote down; what it has to come to from the plan, from its children as they are at the end,
and from what people wrote down of what they said.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from typing import TYPE_CHECKING, Any, NamedTuple

from chaos.parents import ALL_PARENTS, NO_ANSWER
from taskbahn.protocol.states import State
from taskbahn_router.core.flow_jobs import GROUP

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from chaos.journal import Entry
    from chaos.reading import Standing

CLOCK = 0.01  # seconds by which the clock of a machine may seem to go back


class Counted(NamedTuple):
    """What there was of jobs that wait, and what is wrong with them: which job, and why."""

    parents: int
    children: int
    points: dict[str, int]  # of parents that succeeded, by kind
    replaced: int
    suspended: int  # attempts of threads and processes
    parked_or_again: int  # attempts after the first
    wrong: list[tuple[str, str]]


class Said:
    """What the journals have of one job that waits."""

    def __init__(self, entries: Iterable[Entry]) -> None:
        self.by_event: dict[str, list[Entry]] = defaultdict(list)
        for entry in entries:
            self.by_event[entry["event"]].append(entry)

    @property
    def plan(self) -> list[list[Any]]:
        """What its attempts were given."""
        plan: list[list[Any]] = self.by_event["started"][0]["plan"]
        return plan

    @property
    def replacing(self) -> bool:
        """Whether an attempt had another flow take its place."""
        return any(entry["how"] == "replaced" for entry in self.by_event["ended"])

    def points(self, attempt: int | None = None) -> list[Entry]:
        """Return what its attempts, or one of them, were given."""
        return [entry for entry in self.by_event["point"] if attempt in (None, entry["attempt"])]

    def values(self, event: str, **given: Any) -> list[Any]:
        """Return the values of the events of one kind that have these fields."""
        return [entry["value"] for entry in self.by_event[event] if given.items() <= entry.items()]


def count(entries: Iterable[Entry], last: Mapping[str, Standing]) -> Counted:
    """Hold the plans of the journals against the jobs at the end."""
    by_job: dict[str, list[Entry]] = defaultdict(list)
    groups: list[str] = []
    for entry in entries:
        if entry.get("id") and entry["event"] != "seen":
            by_job[entry["id"]].append(entry)
        if entry["event"] == "waits":
            groups.append(entry["id"])
    children: dict[str, list[Standing]] = defaultdict(list)
    for standing in last.values():
        children[standing.parent or ""].append(standing)
    parents = {id: Said(by_job[id]) for id, one in last.items() if one.task in ALL_PARENTS and by_job[id]}
    parents = {id: said for id, said in parents.items() if said.by_event["started"]}
    points: Counter[str] = Counter()
    wrong: list[tuple[str, str]] = []
    for id, said in parents.items():
        wrong += [(id, why) for why in (*_repeated(said), *_hurried(said), *_misheard(said))]
        if last[id].state == State.SUCCEEDED:
            wrong += [(id, why) for why in _differs(last[id], said, children[id], last)]
            points.update(kind for kind, *_ in said.plan)
    for id in groups:
        if id in last and last[id].task == GROUP and last[id].state == State.SUCCEEDED:
            wrong += [(id, why) for why in _gathered(last[id], children[id], parents)]
    return Counted(
        parents=len(parents),
        children=sum(len(children[id]) for id in parents),
        points=dict(points),
        replaced=sum(said.replacing for said in parents.values()),
        suspended=sum(entry["how"] == "suspended" for said in parents.values() for entry in said.by_event["ended"]),
        parked_or_again=sum(len(said.by_event["started"]) - 1 for said in parents.values()),
        wrong=wrong,
    )


def _repeated(said: Said) -> Iterator[str]:
    """Find steps that were done again though an attempt before had their result, and points at which attempts got different values."""
    first: dict[int, Entry] = {}
    for point in sorted(said.points(), key=lambda entry: entry["attempt"]):
        known = first.setdefault(point["place"], point)
        if known["value"] != point["value"]:
            yield f"point {point['place']} gave {_short(known)} and then {_short(point)}"
    for step in said.by_event["stepped"]:
        recorded = first.get(step["place"])
        if recorded is not None and recorded["attempt"] < step["attempt"]:
            yield f"step {step['place']} was done by attempt {step['attempt']}, and attempt {recorded['attempt']} had its result"


def _hurried(said: Said) -> Iterator[str]:
    """Find sleeps that were over too soon."""
    for point in said.points():
        begun = [entry for entry in said.by_event["sleeps"] if entry["place"] == point["place"]]
        if begun and point["at"] < min(entry["at"] + entry["seconds"] for entry in begun) - CLOCK:
            yield f"its sleep {point['place']} of {begun[0]['seconds']} s was over too soon"


def _misheard(said: Said) -> Iterator[str]:
    """Find questions answered twice or otherwise than people did, and events and messages that came twice, or that no client sent."""
    for point in said.points():
        place, value = point["place"], point["value"]
        match point["kind"]:
            case "ask":
                yield from _misanswered(said, f"ask {place}", value)
            case "event" if value not in said.values("telling"):
                yield f"it got the event {value}, which no client has published"
            case "messages":
                yield from _missent(said, value)


def _misanswered(said: Said, name: str, value: int) -> Iterator[str]:
    accepted = said.values("answered", name=name)
    if any(one != value for one in accepted):
        yield f"the router accepted {accepted} as the answer to {name!r}, and it got {value}"
    if value in said.values("refused", name=name):
        yield f"the router refused {value} as the answer to {name!r}, and it got that"
    if value not in (*said.values("answering", name=name), NO_ANSWER):
        yield f"it got {value} as the answer to {name!r}, which no client has given"


def _missent(said: Said, found: Sequence[int]) -> Iterator[str]:
    if len(set(found)) < len(found):
        yield f"a message came twice: {found}"
    for number, value in enumerate(found, 1):
        sent = said.values("sent", number=number)
        if sent not in ([], [value]):
            yield f"message {number} is {value}, and clients sent {sent}"
        if value not in said.values("sending"):
            yield f"message {number} is {value}, which no client has sent"


def _differs(one: Standing, said: Said, children: Sequence[Standing], last: Mapping[str, Standing]) -> Iterator[str]:
    """Find how what a parent came to differs from its plan."""
    points = said.points(one.attempt)
    plan = [point for point in said.plan if point[0] != "replace"]
    if [(point["place"], point["kind"]) for point in points] != [(place, kind) for place, (kind, *_) in enumerate(plan)]:
        yield f"its last attempt has the points {[(point['place'], point['kind']) for point in points]}"
        return
    given = json.loads(one.result or "null")
    if not said.replacing and given["values"] != [point["value"] for point in points]:
        yield f"it gave {json.dumps(given)[:300]}, and its attempt got {_short(points)}"
    wanted = sum(_started(point) for point in said.plan)
    if len(children) != wanted:
        yield f"it has {len(children)} children, and its plan has {wanted}"
    if said.replacing and one.result not in [child.result for child in children]:
        yield f"a flow took its place, and gave something else than {one.result}"
    for point in points:
        yield from _misgiven(point, {child.id: child for child in children}, last)


def _started(point: Sequence[Any]) -> int:
    """Return how many jobs a point of a plan starts as children of its job."""
    match point[0]:
        case "children" | "calls":
            return len(point[1])
        case "many":
            return int(point[3])
        case "flow" | "replace":
            return 1
    return 0


def _misgiven(point: Entry, children: Mapping[str, Standing], last: Mapping[str, Standing]) -> Iterator[str]:
    """Find children that gave something else than their parent got."""
    if point["kind"] == "calls":
        known = [child.result for child in children.values()]
        yield from (f"a call gave {gave}, and no child did" for gave in point["value"] if json.dumps(gave) not in known)
    if point["kind"] in ("children", "many", "flow"):
        for child in point["value"]:
            standing = children.get(child["job"])
            if standing is None:
                yield f"it got something of {child['job']}, which is {'no child of it' if child['job'] in last else 'not there'}"
            elif _gave(standing) != child["gave"]:
                yield f"it got {_short(child)}, and that one {standing.state} with {_gave(standing)}"


def _gave(child: Standing) -> Any:
    if child.state == State.SUCCEEDED:
        return json.loads(child.result or "null")
    return {"failed": (child.error or {}).get("type")}


def _gathered(one: Standing, members: Sequence[Standing], parents: Mapping[str, Said]) -> Iterator[str]:
    """Find a group whose result is not that of its members, the added ones included."""
    added = [value for member in members if member.id in parents for value in _added(member, parents[member.id])]
    missing = set(added) - {member.id for member in members}
    if missing:
        yield f"its members have added {sorted(missing)}, and they are no members"
    others = [member for member in members if member.id not in parents and member.id not in added]
    if others:
        yield f"{[member.id for member in others]} are members, and none of them has added these"
    gave = Counter(json.dumps(value) for value in json.loads(one.result or "null"))
    if gave != Counter(json.dumps(json.loads(member.result or "null")) for member in members):
        yield f"it gave {json.dumps(list(gave))[:300]}, and its members something else"


def _added(member: Standing, said: Said) -> list[str]:
    return [entry["value"] for entry in said.points(member.attempt) if entry["kind"] == "add"]


def _short(what: Any) -> str:
    return json.dumps(what)[:300]
