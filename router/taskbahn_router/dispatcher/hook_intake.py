"""What other services send to `/hooks/<name>`: proved to come from them, read, and started as the triggers of the hook say."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import parse_qsl

from twisted.logger import Logger

from taskbahn.errors import NotReady, QueueFull, StoreUnavailable, TaskbahnError
from taskbahn.protocol import messages
from taskbahn.protocol.hooks import BODY, DEFAULT_HEADER, HEADERS
from taskbahn.protocol.outgoing import secret_variable
from taskbahn.protocol.triggers import HookTrigger
from taskbahn.signatures.exact_values import is_finite
from taskbahn_router.core.hook_schemes import NotGenuine, UnusableSecret, identity, keys_of, verify, visible_headers
from taskbahn_router.core.kept import is_over, pause_of
from taskbahn_router.dispatcher.trigger_specs import Arrival, spec_of
from taskbahn_router.submission.submission import check_depth, check_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from taskbahn_router.core.hook_schemes import Delivery
    from taskbahn_router.core.triggers import TriggerRow
    from taskbahn_router.dispatcher.dispatcher import Dispatcher
    from taskbahn_router.dispatcher.event_starts import EventStarts, Start
    from taskbahn_router.dispatcher.trigger_book import TriggerBook

OK, ACCEPTED = 200, 202
BAD, UNAUTHORIZED, NOT_FOUND, UNSUPPORTED, UNFIT, TOO_MANY, UNAVAILABLE = 400, 401, 404, 415, 422, 429, 503
MOST_FIELDS = 1000  # of a form
BURST_SECONDS = 2.0  # of requests, which may come at once
PAUSED_SECONDS, FULL_SECONDS = 60.0, 5.0  # after which a sender may try again
MOST_SHOWN = 10  # hooks without secrets


class Reply(NamedTuple):
    """An answer over HTTP.  retry_after: seconds; 0: none is said."""

    status: int
    said: dict[str, Any]
    retry_after: float = 0.0


class Refused(Exception):
    """The request is not taken."""

    def __init__(self, status: int, why: str, retry_after: float = 0.0) -> None:
        super().__init__(why)
        self.reply = Reply(status, {"error": why}, retry_after)


class Hook(NamedTuple):
    """A trigger of a hook."""

    row: TriggerRow
    spec: HookTrigger


class HookIntake:
    """Takes the requests.   environment: has the secrets."""

    log = Logger("taskbahn.hooks")

    def __init__(
        self, dispatcher: Dispatcher, book: TriggerBook, starts: EventStarts, environment: Mapping[str, str] = os.environ
    ) -> None:
        self._dispatcher = dispatcher
        self._book = book
        self._starts = starts
        self._environment = environment
        self._tokens: dict[str, tuple[float, float]] = {}  # by trigger: requests that may come at once, and when that was so

    def receive(self, name: str, delivery: Delivery, reply: Callable[[Reply], None]) -> None:
        """Take a request; *reply* gets the answer, once what it starts is durable."""
        try:
            self._receive(name, delivery, reply)
        except Refused as refused:
            reply(refused.reply)
        except Exception:  # noqa: BLE001 - the edge: whatever it is, the sender gets an answer
            self.log.failure("a request to the hook {name} failed", name=name)
            reply(Reply(UNAVAILABLE, {"error": "an internal error; the node's log has more"}, FULL_SECONDS))

    def without_secret(self) -> list[str]:
        """Return the hooks that take nothing, for the node lacks their secrets, each as a sentence."""
        found = []
        for hook in self._hooks():
            try:
                self._keys(hook.spec)
            except UnusableSecret as error:
                found.append(f"the hook {hook.spec.name} takes nothing: {error}")
        return list(dict.fromkeys(found))[:MOST_SHOWN]

    def _receive(self, name: str, delivery: Delivery, reply: Callable[[Reply], None]) -> None:
        named = [hook for hook in self._hooks() if hook.spec.name == name]
        if not named:
            raise Refused(NOT_FOUND, "there is no such hook")
        hooks = self._genuine(named, delivery)
        data = _read(delivery)
        if hooks[0].spec.scheme == "slack" and isinstance(data, dict) and data.get("type") == "url_verification":
            reply(Reply(OK, {"challenge": str(data.get("challenge", ""))[:1000]}))
            return
        now = self._dispatcher.wall()
        awake = [hook for hook in hooks if (pause := pause_of(hook.row)) is None or is_over(pause, now)]
        if not awake:
            raise Refused(UNAVAILABLE, "the hook is paused", PAUSED_SECONDS)
        fitting = [hook for hook in awake if _fits(data, delivery.headers, hook.spec.where)]
        if not fitting:
            reply(Reply(OK, {"job": None}))
            return
        for hook in fitting:
            self._count(hook)
        self._start(name, fitting, delivery, data, reply)

    def _hooks(self) -> Iterator[Hook]:
        for row in self._book.rows.values():
            if row.kind == "hook":
                spec = spec_of(row)
                assert isinstance(spec, HookTrigger)  # noqa: S101 - the kind says it
                yield Hook(row, spec)

    def _keys(self, spec: HookTrigger) -> list[bytes]:
        variable = secret_variable(spec.secret)
        secrets = self._environment.get(variable, "").split()
        if not secrets:
            raise UnusableSecret(f"the environment of the node has no {variable}; set it there and start the node again")
        try:
            return keys_of(spec.scheme, secrets)
        except UnusableSecret as error:
            raise UnusableSecret(f"{variable} of the node's environment cannot be its secret: {error}") from None

    def _genuine(self, hooks: list[Hook], delivery: Delivery) -> list[Hook]:
        """Return those whose secret has signed the request."""
        found, lacking = [], 0
        for hook in hooks:
            try:
                keys = self._keys(hook.spec)
                verify(hook.spec.scheme, keys, delivery._replace(header=hook.spec.header or DEFAULT_HEADER))
                found.append(hook)
            except NotGenuine:
                continue
            except UnusableSecret:
                lacking += 1
        if found:
            return found
        if lacking == len(hooks):
            raise Refused(UNAVAILABLE, "the node lacks the secret of this hook; its list of problems says which", PAUSED_SECONDS)
        raise Refused(UNAUTHORIZED, "the request is not signed by this hook's secret, or was a while ago")

    def _count(self, hook: Hook) -> None:
        """Refuse a request beyond those that may come in a second. Only genuine ones count: others must not use them up."""
        rate, now = hook.spec.per_second, self._dispatcher.clock.seconds()
        most = max(1.0, rate * BURST_SECONDS)
        left, since = self._tokens.get(hook.row.id, (most, now))
        left = min(most, left + (now - since) * rate)
        self._tokens[hook.row.id] = max(0.0, left - 1.0), now
        if left < 1.0:
            raise Refused(TOO_MANY, f"the hook takes {rate:g} requests a second", max(1.0, (1.0 - left) / rate))

    def _start(
        self, name: str, hooks: list[Hook], delivery: Delivery, data: Any, reply: Callable[[Reply], None]
    ) -> None:  # fmt: skip
        spec = hooks[0].spec
        delivery = delivery._replace(header=spec.header or DEFAULT_HEADER)
        id = identity(spec.scheme, delivery, data, by_body=any(hook.spec.repeats == "body" for hook in hooks))
        sources = {"body": data, "headers": visible_headers(spec.scheme, delivery), "name": name, "id": id.partition(" ")[2]}

        def done(starts: list[Start]) -> None:
            jobs = [start.job for start in starts if start.job is not None]
            if jobs:
                reply(Reply(ACCEPTED, {"job": jobs[0]} | ({"jobs": jobs} if len(jobs) > 1 else {})))
            else:
                why = next((start.error["message"] for start in starts if start.error), "it starts no job")
                reply(Reply(UNFIT, {"error": why}))

        def failed(error: TaskbahnError) -> None:
            is_ours = isinstance(error, QueueFull | NotReady | StoreUnavailable)
            after = float(error.detail.get("retry_after") or FULL_SECONDS)
            reply(Reply(UNAVAILABLE if is_ours else UNFIT, {"error": error.message}, after if is_ours else 0.0))

        arrival = Arrival(data, sources, [data], {}, f"hook {name} {id}")
        self._starts.start(arrival, [hook.row for hook in hooks], done, failed)


def _fits(data: Any, headers: Mapping[str, str], where: Mapping[str, Any]) -> bool:
    """Return whether a request has all of *where*: fields of its body, parts of them, and headers."""
    for name, wanted in where.items():
        if name.startswith(HEADERS):
            found: Any = headers.get(name.removeprefix(HEADERS).lower())
        else:
            found = data
            for step in name.removeprefix(BODY).split("."):
                found = found.get(step) if isinstance(found, dict) else None
        if found != wanted or isinstance(found, bool) is not isinstance(wanted, bool):
            return False
    return True


def _read(delivery: Delivery) -> Any:
    """Return the data of a body.  Raises Refused."""
    kind = delivery.headers.get("content-type", "application/json").partition(";")[0].strip().lower()
    if kind == "application/x-www-form-urlencoded":
        return _read_form(delivery.body)
    if kind == "application/json" or (kind.startswith("application/") and kind.endswith("+json")):
        return _read_json(delivery.body)
    raise Refused(UNSUPPORTED, "a hook takes application/json and application/x-www-form-urlencoded")


def _read_json(text: bytes | str) -> Any:
    try:
        if isinstance(text, bytes):
            text = text.decode()
        check_depth("the body", text)
        data = json.loads(text)
        check_text("the body", messages.to_json(data))
    except (ValueError, ArithmeticError, RecursionError, TaskbahnError):
        raise Refused(BAD, "the body is no JSON, or is nested too deep") from None
    if not is_finite(data):
        raise Refused(BAD, "the body has a number that is not finite")
    return data


def _read_form(body: bytes) -> Any:
    """Return the fields of a form; one that is nothing but JSON in the field `payload` is that, as GitHub and Slack send it."""
    try:
        pairs = parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=MOST_FIELDS, errors="strict")
    except ValueError:
        raise Refused(BAD, f"the body is no form of up to {MOST_FIELDS:,} fields") from None
    fields: dict[str, Any] = {}
    for name, value in pairs:
        known = fields.get(name)
        fields[name] = value if name not in fields else [*known, value] if isinstance(known, list) else [known, value]
    if fields.keys() == {"payload"} and isinstance(fields["payload"], str):
        return _read_json(fields["payload"])
    return fields
