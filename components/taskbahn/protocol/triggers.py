"""Triggers: what starts a task or a flow when an event arrives.

A trigger is data, so it works while no worker is there. Its kind says what events are: `topic`, an event of a WAMP topic; `hook`, a request
of another service over HTTP.
"""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

import msgspec

from taskbahn.errors import InvalidOption, TooLarge
from taskbahn.protocol import messages
from taskbahn.protocol.hooks import Repeats, Scheme, check_hook
from taskbahn.protocol.mapping import compiled
from taskbahn.protocol.scheduling import SchedulePause
from taskbahn.protocol.view_data import View

Match = Literal["exact", "prefix", "wildcard"]
OWN = ("taskbahn", "wamp", "crossbar")  # first components of the node's own topics
MAX_TOPIC = 200  # characters
MAX_NOTE = 500  # characters
MAX_SPEC = 64 * 1024  # bytes of JSON
MAX_TRIGGERS = 1_000  # that one worker declares
MAX_EVENT_ID = 200  # characters
PATTERNS = {
    "exact": re.compile(r"([^\s.#]+\.)*[^\s.#]+"),
    "prefix": re.compile(r"([^\s.#]+\.)*[^\s.#]*"),
    "wildcard": re.compile(r"([^\s.#]*\.)*[^\s.#]*"),
}


class TriggerSpec(msgspec.Struct, kw_only=True, omit_defaults=True, forbid_unknown_fields=True, tag_field="kind"):
    """What triggers of all kinds have.

    call: an entry of `taskbahn.submit`: a `Call` or a flow, without an id, with templates as `mapping` has them. A call of one task that
    says nothing of arguments has those of the event.   where: fields that the event has, with these values; others start nothing.
    """

    call: dict[str, Any]
    where: dict[str, Any] = {}
    note: Annotated[str, msgspec.Meta(max_length=MAX_NOTE)] = ""


class TopicTrigger(TriggerSpec, tag="topic"):
    """Events of a WAMP topic.   match: how *topic* is meant, as in a subscription."""

    topic: str
    match: Match = "exact"


class HookTrigger(TriggerSpec, tag="hook"):
    """Requests to `/hooks/<name>`.

    scheme: how they are signed.   secret: `env:NAME`, a variable of the node's environment.   header: that of the signature, of the
    scheme `hmac`.   repeats: by what a request is known that comes again.   per_second: requests that are taken.
    """

    name: str
    scheme: Scheme
    secret: str
    header: str = ""
    repeats: Repeats = "id"
    per_second: float = 100.0


class TriggerKind(msgspec.Struct, frozen=True):
    """A kind of triggers.   sources: what templates may name.   words: a format of what it waits for."""

    spec: type[TriggerSpec]
    sources: tuple[str, ...]
    words: str = ""


KINDS = {
    "topic": TriggerKind(TopicTrigger, ("event", "args", "kwargs", "topic", "id")),
    "hook": TriggerKind(
        HookTrigger, ("body", "headers", "name", "id"), "requests to /hooks/{spec.name}, signed by the scheme {spec.scheme}"
    ),
}


class TriggerView(View, msgspec.Struct, kw_only=True, omit_defaults=True):
    """A trigger as it is now.

    words: what it waits for.   spec: what holds.   declared: what code says, None if no code does.   changed: what was set at run time.
    started: events that started jobs.   lost: events for which there was no room.   last_at, last_job: of the newest one that did.
    trouble: why the newest event started none.
    """

    id: str
    kind: str
    words: str
    spec: dict[str, Any]
    declared: dict[str, Any] | None = None
    changed: dict[str, Any] = {}
    pause: SchedulePause | None = None
    started: int = 0
    lost: int = 0
    last_at: float | None = None
    last_job: str | None = None
    trouble: dict[str, Any] | None = None
    changed_by: str | None = None
    changed_at: float = 0.0


def read_trigger(plain: Any) -> TriggerSpec:
    """Return what travelled as *plain*, after the checks of its forms; raises InvalidOption."""
    kind = plain.get("kind", "topic") if isinstance(plain, dict) else None
    known = KINDS.get(kind) if isinstance(kind, str) else None
    if known is None:
        raise InvalidOption(f"kind = {kind!r:.100}: a trigger is an object with a kind, one of {', '.join(KINDS)}", option="kind")
    try:
        spec = msgspec.convert({**plain, "kind": kind}, known.spec)
        size = len(messages.to_json(spec))
    except (msgspec.ValidationError, TypeError, ValueError, RecursionError) as error:
        raise InvalidOption(f"a trigger is malformed: {error}", option="spec") from None
    if size > MAX_SPEC:
        raise TooLarge("bytes of a trigger", size, MAX_SPEC)
    if isinstance(spec, TopicTrigger):
        check_topic(spec.topic, spec.match)
    if isinstance(spec, HookTrigger):
        check_hook(spec.name, spec.scheme, spec.secret, spec.header, spec.per_second)
    call = spec.call
    if "id" in call or "parent" in call or "calls" in call or ("task" in call) is ("flow" in call):
        raise InvalidOption(
            "call is one task, {'task': ..., 'kwargs': {...}}, or one flow, {'flow': ...}, without an id", option="call"
        )
    compiled(call, known.sources)
    return spec


def check_topic(topic: Any, match: str = "exact") -> None:
    """Raise InvalidOption for what cannot be a topic, and for topics of the node itself."""
    if not isinstance(topic, str) or len(topic) > MAX_TOPIC or not PATTERNS[match].fullmatch(topic):
        raise InvalidOption(
            f"topic = {topic!r:.100}: it is a URI of up to {MAX_TOPIC} characters, as 'orders.created', without spaces"
            + (", and with empty components for match='wildcard' only" if match == "exact" else ""),
            option="topic",
        )
    first = topic.partition(".")[0]
    if first in OWN and (match != "prefix" or "." in topic):
        raise InvalidOption(f"the topic {topic} is one of the node's own ({first}.); choose another one", option="topic")
    covered = next((own for own in OWN if match == "prefix" and f"{own}.".startswith(topic)), None)
    if covered is not None or (match == "wildcard" and not first):
        raise InvalidOption(
            f"the {match} {topic!r} covers topics of the node itself, such as {covered or OWN[0]}.; "
            + ("make it longer" if match == "prefix" else "its first component must not be empty"),
            option="topic",
        )


def is_passed_on(call: dict[str, Any]) -> bool:
    """Return whether the task gets the arguments of the event as they are."""
    return "task" in call and not call.keys() & {"args", "kwargs", "packed"}
