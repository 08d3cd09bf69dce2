"""What one job was promised: its task's options and its call's options made into one policy.

Owns the rules for option names and values. Does not know time: delays stay durations here.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import msgspec

from taskbahn import wire
from taskbahn.errors import InvalidOption, did_you_mean

DEFAULT_KEEP = 7 * 24 * 3600.0
OPTION_NAMES = tuple(wire.Options.__struct_fields__)
QUEUE_LENGTH = 100
MAX_TAGS = 20
TAG_LENGTH = 100
LONGEST = 100 * 365 * 24 * 3600.0  # seconds; a hundred years is no delay but a mistake in units
MOST_RETRIES = 10_000


@dataclass(frozen=True, slots=True)
class Policy:
    """All options of one job with their defaults filled in; durations in seconds."""

    queue: str = wire.DEFAULT_QUEUE
    priority: int = 0
    delay: float = 0.0
    eta: float | None = None
    start_within: float | None = None
    run_within: float | None = None
    retries: int = 0
    retry_delays: tuple[float, ...] = ()
    retry_backoff: float = 1.0
    retry_backoff_max: float = 600.0
    retry_jitter: float = 0.5
    crash_attempts: int = 2
    keep: float = DEFAULT_KEEP
    at_most_once: bool = False
    cancel_on_caller_lost: bool = False
    tags: tuple[str, ...] = ()
    own: str = ""  # JSON text of the call's own options, as stored


def parse_options(given: dict[str, Any]) -> wire.Options:
    """Check option names and values; raises `InvalidOption` that names the option and what it may be."""
    for name in given:
        if name not in OPTION_NAMES:
            hint = did_you_mean(str(name), OPTION_NAMES) or f"; there are {', '.join(OPTION_NAMES)}"
            raise InvalidOption(f"there is no option {str(name)[:100]!r}{hint}", option=str(name)[:100])
    try:
        options = msgspec.convert(given, wire.Options)
    except (msgspec.ValidationError, UnicodeEncodeError, RecursionError) as error:
        raise InvalidOption(f"an option has a wrong value: {error}") from None
    _check_ranges(options)
    return options


def _check_ranges(options: wire.Options) -> None:
    for name in ("delay", "start_within", "run_within", "retry_backoff", "retry_backoff_max", "keep"):
        value = getattr(options, name)
        if value is not None and not 0 <= value <= LONGEST:
            raise InvalidOption(f"{name} is {value}: it must be 0 or more seconds, at most a hundred years", option=name)
    _check_limits(options)
    if options.retries is not None and not 0 <= options.retries <= MOST_RETRIES:
        raise InvalidOption(f"retries is {options.retries}: it must be 0 to {MOST_RETRIES:,}", option="retries")
    if options.priority is not None and not -1000 <= options.priority <= 1000:  # noqa: PLR2004 - the sentence says it
        raise InvalidOption(f"priority is {options.priority}: it must be -1000 to 1000, higher goes first", option="priority")
    if options.crash_attempts is not None and options.crash_attempts < 1:
        raise InvalidOption("crash_attempts is less than 1: a job has at least one attempt", option="crash_attempts")
    if options.retry_jitter is not None and not 0 <= options.retry_jitter <= 1:
        raise InvalidOption(f"retry_jitter is {options.retry_jitter}: it is a share, 0 to 1", option="retry_jitter")
    if options.retry_delays is not None and any(not 0 <= delay <= LONGEST for delay in options.retry_delays):
        raise InvalidOption("retry_delays has a delay that is negative or beyond a hundred years", option="retry_delays")
    if options.eta is not None and not 0 <= options.eta < 1e11:  # noqa: PLR2004 - the year 5138: milliseconds were meant to be seconds
        raise InvalidOption(f"eta is {options.eta}: it is a time in seconds since 1970, UTC", option="eta")
    _check_names(options)


def _check_limits(options: wire.Options) -> None:
    for name in ("start_within", "run_within"):
        if getattr(options, name) == 0:
            raise InvalidOption(f"{name} is 0: leave it out for no limit, or give seconds", option=name)


def _check_names(options: wire.Options) -> None:
    if options.queue is not None and (not options.queue.strip() or len(options.queue) > QUEUE_LENGTH):
        raise InvalidOption(f"queue must be a name of 1 to {QUEUE_LENGTH} characters", option="queue")
    if options.tags is not None and (len(options.tags) > MAX_TAGS or any(not 0 < len(tag) <= TAG_LENGTH for tag in options.tags)):
        raise InvalidOption(f"tags: at most {MAX_TAGS}, each 1 to {TAG_LENGTH} characters", option="tags")


def resolve(task: wire.Options, call: wire.Options, own: str) -> Policy:
    """Fill the call's options up with the task's, and these with the defaults; *own* is the call's JSON text."""

    def pick(name: str, default: Any) -> Any:
        value = getattr(call, name)
        if value is None:
            value = getattr(task, name)
        return default if value is None else value

    return Policy(
        queue=pick("queue", wire.DEFAULT_QUEUE),
        priority=pick("priority", 0),
        delay=pick("delay", 0.0),
        eta=pick("eta", None),
        start_within=pick("start_within", None),
        run_within=pick("run_within", None),
        retries=pick("retries", len(pick("retry_delays", ()))),
        retry_delays=tuple(pick("retry_delays", ())),
        retry_backoff=pick("retry_backoff", 1.0),
        retry_backoff_max=pick("retry_backoff_max", 600.0),
        retry_jitter=pick("retry_jitter", 0.5),
        crash_attempts=pick("crash_attempts", 2),
        keep=pick("keep", DEFAULT_KEEP),
        at_most_once=pick("delivery", "at_least_once") == "at_most_once",
        cancel_on_caller_lost=pick("on_caller_lost", "continue") == "cancel",
        tags=tuple(pick("tags", ())),
        own=own,
    )


@lru_cache(maxsize=1024)
def policy_of(task: str, call: str) -> Policy:
    """Return the policy for two JSON texts of options that were checked when they came in."""
    decode = msgspec.json.Decoder(wire.Options).decode
    return resolve(decode(task or "{}"), decode(call or "{}"), call)
