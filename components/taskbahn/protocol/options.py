"""The options of a job, in one table: name, type, range, default, help, and whether a task or a call of it may say it.

SDK and dispatcher check by it. The tables of the docs and of the page are made from it, and tests hold the rest to it: `messages.Options`,
the types that a user's checker sees, the typedef of the browser kit.
"""

from __future__ import annotations

import re
from enum import Flag, auto
from math import inf
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal, NoReturn

import msgspec

from taskbahn.errors import InvalidOption, did_you_mean
from taskbahn.protocol import messages
from taskbahn.protocol.durations import parse_duration
from taskbahn.protocol.other_words import OPTION_VALUES, OPTION_WAYS, OPTION_WORDS, celery_says

if TYPE_CHECKING:
    from collections.abc import Mapping

LONGEST_SECONDS = 100 * 365 * 24 * 3600.0  # seconds; a hundred years is no delay but a mistake in units
LATEST = 1e11  # seconds since 1970, the year 5138; beyond it milliseconds were meant to be seconds
NOT_IN_A_LINE = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")
SHOWN = 100  # characters of a value, in an error
SECONDS = "it is in seconds, 0 or more, at most a hundred years"
LIMIT = "it is in seconds, more than 0, at most a hundred years; leave it out for no limit"


class Where(Flag):
    """Who may say an option: a task, for all its jobs; a call, for its own."""

    TASK = auto()
    CALL = auto()
    BOTH = TASK | CALL


class Option(msgspec.Struct, frozen=True, kw_only=True):
    """A row of the table.

    type: of the value on the wire, of one item if it is a list; None: the option does not travel.   python: what a user may write.
    low, high: bounds of a number, of the characters of a text, of each item of a list.   most: items of a list; None: it is none.
    rule: what a value may be, as a sentence.   otherwise: what goes without it, in words.   note: what Python takes besides.
    """

    name: str
    python: str
    help: str
    type: Any = None
    default: Any = None
    otherwise: str = ""
    note: str = ""
    where: Where = Where.BOTH
    unit: str = ""
    low: float = -inf
    high: float = inf
    is_limit: bool = False  # whether the option is a limit, for which 0 is no value
    most: int | None = None
    rule: str = ""
    is_line: bool = False  # whether a text has no line breaks and no control characters
    is_shown: bool = True  # whether people see it; if not, another option says it better

    @property
    def is_duration(self) -> bool:
        """Whether text such as "1h30m" says it, too. Not so for `keep`, which has words: a misspelt one is an error."""
        return self.unit == "s" and self.name != "keep"

    def allows(self, value: Any) -> bool:
        """Whether a value of the right type is in range; a NaN never is."""
        if self.most is not None:
            return len(value) <= self.most and all(self._allows(item) for item in value)
        return self._allows(value)

    def _allows(self, value: Any) -> bool:
        if isinstance(value, str):
            if self.is_line and NOT_IN_A_LINE.search(value):
                return False
            return self.low <= len(value.strip()) and len(value) <= self.high and not _is_broken(value)
        return bool(self.low <= value <= self.high and not (self.is_limit and value == 0))


TABLE = (
    Option(
        name="queue", python="str", type=str, default=messages.DEFAULT_QUEUE, low=1, high=100, rule="a queue's name has 1 to 100 characters",
        help="the line in which a job waits; a worker serves those of its `--queues`",
    ),
    Option(
        name="priority", python="int", type=int, default=0, low=-1000, high=1000, rule="it is -1000 to 1000, higher goes first",
        help="-1000 to 1000; higher goes first, then first come",
    ),
    Option(
        name="delay", python="Duration", type=float, default=0.0, where=Where.CALL, unit="s", low=0, high=LONGEST_SECONDS, rule=SECONDS,
        help="until the job may start",
    ),
    Option(
        name="eta", python="float | datetime", type=float, otherwise="at once", where=Where.CALL, low=0, high=LATEST,
        rule="it is a datetime, or seconds since 1970 (UTC)",
        help="the time at which the job may start", note="a `datetime`, or seconds since 1970",
    ),
    Option(
        name="after", python="Iterable[Job[Any] | Flow[Any, Any] | str | UUID]", otherwise="none", where=Where.CALL,
        rule="it is a list of jobs, flows and ids of jobs", help="jobs and flows that have to succeed first",
    ),
    Option(
        name="start_within", python="Duration", type=float, otherwise="no limit", unit="s", low=0, high=LONGEST_SECONDS,
        is_limit=True, rule=LIMIT, help="a job may wait for its start; then it expires",
    ),
    Option(
        name="run_within", python="Duration", type=float, otherwise="no limit", unit="s", low=0, high=LONGEST_SECONDS,
        is_limit=True, rule=LIMIT, help="an attempt may run; then it is stopped, and fails",
    ),
    Option(
        name="finish_within", python="Duration", type=float, otherwise="no limit", unit="s", low=0, high=LONGEST_SECONDS,
        is_limit=True, rule=LIMIT, help="from its acceptance a job may take in all; then it fails, and what it started ends",
    ),
    Option(
        name="finish_by", python="float | datetime", type=float, otherwise="no limit", where=Where.CALL, low=0, high=LATEST,
        rule="it is a datetime, or seconds since 1970 (UTC)",
        help="the time by which a job has to have ended, in place of `finish_within`", note="a `datetime`, or seconds since 1970",
    ),
    Option(
        name="retries", python="int | Sequence[Duration]", type=int, default=0, low=0, high=10_000, rule="it is 0 to 10,000",
        help="attempts after the first that may fail", note="or a list of the delays before each",
    ),
    Option(
        name="retry_delays", python="list[float]", type=float, otherwise="as `retry_backoff` says", unit="s", low=0, high=LONGEST_SECONDS,
        most=10_000, rule="each delay is in seconds, 0 or more, at most a hundred years", is_shown=False,
        help="before each retry; the last one repeats",
    ),
    Option(
        name="retry_backoff", python="Duration", type=float, default=1.0, unit="s", low=0, high=LONGEST_SECONDS, rule=SECONDS,
        help="before the first retry, doubled for each further one",
    ),
    Option(
        name="retry_backoff_max", python="Duration", type=float, default=600.0, unit="s", low=0, high=LONGEST_SECONDS, rule=SECONDS,
        help="before any retry, at most; if it is not given and `retry_backoff` is longer, as long as that",
    ),
    Option(
        name="retry_jitter", python="float", type=float, default=0.5, low=0, high=1, rule="it is a share, 0 to 1",
        help="share of the delay that is random",
    ),
    Option(
        name="retry_on", python="Exceptions", otherwise="each", where=Where.TASK, rule="it is an exception class, or a list of them",
        help="exception classes after which an attempt is tried again; without `retries` 3 times",
    ),
    Option(
        name="give_up_on", python="Exceptions", otherwise="none", where=Where.TASK, rule="it is an exception class, or a list of them",
        help="exception classes after which an attempt is not tried again",
    ),
    Option(
        name="crash_attempts", python="int", type=int, default=2, low=1, rule="it is 1 or more: a job has at least one attempt",
        help="attempts that may lose their worker or process",
    ),
    Option(
        name="keep", python="float | timedelta", type=float, default=7 * 24 * 3600.0, otherwise="a week", unit="s", low=0, high=LONGEST_SECONDS,
        rule=SECONDS, help="a finished job stays readable",
    ),
    Option(
        name="delivery", python="Literal['at_least_once', 'at_most_once']", type=Literal["at_least_once", "at_most_once"],
        default="at_least_once", low=1, help="`at_least_once`; or `at_most_once`: never starts twice",
    ),
    Option(
        name="on_caller_lost", python="Literal['continue', 'cancel']", type=Literal["continue", "cancel"], default="continue", low=1,
        help="`continue`; or `cancel`: a remote procedure call ends when its caller goes away",
    ),
    Option(
        name="tags", python="Tags", type=str, otherwise="none", low=1, high=100, most=20, rule="at most 20 tags of 1 to 100 characters",
        help="up to 20 words to find jobs by",
    ),
    Option(
        name="id", python="str | UUID", otherwise="a new one", where=Where.CALL, rule="it is a UUID, as Job.new_id() makes it",
        help="the job's id: what has the same id is the same job",
    ),
    Option(
        name="key", python="str", type=str, otherwise="none", where=Where.CALL, low=1, high=200, rule="it has 1 to 200 characters",
        help="a word of the caller's own; as long as a job of the task with it is kept, that is the same job",
    ),
    Option(
        name="detached", python="bool", type=bool, default=False, where=Where.CALL, rule="it is true or false",
        help="the job goes on when the one that started it, or of which it is a part, is cancelled",
    ),
    Option(
        name="title", python="str", type=str, otherwise="none", where=Where.CALL, low=1, high=200, is_line=True,
        rule="it is one line of 1 to 200 characters", help="one line for people, shown with the job",
    ),
    Option(
        name="weight", python="float", type=float, default=1.0, low=0, high=1e6, rule="it is a number, 0 to a million",
        help="share of the progress of the whole of which the job is a part",
    ),
    Option(
        name="on_success", python="Flow[Any, Any] | Iterable[Flow[Any, Any]]", otherwise="none", rule="it is a flow, or a list of flows",
        help="flows that start when a job has succeeded, with its result as their first argument",
    ),
    Option(
        name="on_failure", python="Flow[str, Any] | Iterable[Flow[str, Any]]", otherwise="none", rule="it is a flow, or a list of flows",
        help="flows that start when a job has failed or expired, with its id as their first argument",
    ),
    Option(
        name="on_end", python="Flow[str, Any] | Iterable[Flow[str, Any]]", otherwise="none", rule="it is a flow, or a list of flows",
        help="flows that start when a job has ended in any way, with its id as their first argument",
    ),
    Option(
        name="name", python="str", otherwise="module and function", where=Where.TASK, rule="it is dotted words of lower-case letters",
        help="what clients call the task by",
    ),
    Option(
        name="pool", python="Pool", otherwise="`loop` for `async def`, else `process`", where=Where.TASK,
        rule="it is process, thread or loop", help="where an attempt runs",
    ),
    Option(
        name="limits", python="Sequence[Limit]", otherwise="none", where=Where.TASK, rule="it is a list of limits",
        help="how many jobs start in a time, or run at the same time: see [Limits](limits.md)",
    ),
    Option(
        name="fair_key", python="str", otherwise="first come, first served", where=Where.TASK, rule="it is a template such as '{customer}'",
        help="a template; jobs with different values of it take turns",
    ),
    Option(
        name="redact", python="Sequence[str]", otherwise="nothing", where=Where.TASK, rule="it is a list of names of arguments",
        help="names of arguments that are shown nowhere, such as `user.email`: see [Secrets](tasks.md#secrets)",
    ),
    Option(
        name="encrypt", python="bool", otherwise="false", rule="it is true or false",
        help="arguments, results and all that a job says are encrypted from end to end: see [Encryption](encryption.md)",
    ),
    Option(
        name="unique", python="Unique", otherwise="each call is a job", where=Where.TASK, rule="it is a Unique(...)",
        help="which jobs are the same one, and what becomes of the second: see [Unique jobs](unique.md)",
    ),
)  # fmt: skip

OPTIONS = MappingProxyType({option.name: option for option in TABLE})
WIRE = MappingProxyType({option.name: option for option in TABLE if option.type is not None})


def names(where: Where) -> tuple[str, ...]:
    """Return the names that may be said there, as people are shown them."""
    return tuple(option.name for option in TABLE if option.where & where and option.is_shown)


DURATIONS = frozenset(name for name, option in WIRE.items() if option.is_duration)


def with_seconds(given: Mapping[str, Any]) -> dict[str, Any]:
    """Return options with the seconds that texts such as "1h30m" say, in the places of these.  Raises `InvalidOption`."""
    return {name: _seconds(name, value) if name in DURATIONS else value for name, value in given.items()}


def check(given: dict[str, Any], where: Where = Where.BOTH) -> messages.Options:
    """Return what was given as it travels; None is left out.  Raises `InvalidOption` that names the option and what it may be."""
    for name, value in given.items():
        check_name(name, where)
        if isinstance(value, bool) and (name, value) in OPTION_VALUES:
            refuse_value(name, value)
    try:
        options = msgspec.convert(given, messages.Options)
    except (msgspec.ValidationError, UnicodeEncodeError, RecursionError) as error:
        raise _wrong_type(given, error) from None
    for name, value in given.items():
        if value is not None and not WIRE[name].allows(getattr(options, name)):
            raise InvalidOption(f"option {name} = {_short(value)}: {WIRE[name].rule}", option=name)
    if options.delay is not None and options.eta is not None:
        raise InvalidOption("options delay and eta exclude each other: give one of them", option="eta")
    if options.finish_within is not None and options.finish_by is not None:
        raise InvalidOption("options finish_within and finish_by exclude each other: give one of them", option="finish_by")
    check_backoff(options.retry_backoff, options.retry_backoff_max)
    return options


def refuse_value(name: str, value: Any) -> NoReturn:
    """Raise `InvalidOption` for a value that Celery has, and this option not."""
    raise InvalidOption(
        f"option {name} = {value!r}: {OPTIONS[name].rule} ({name}={value!r} of Celery is {OPTION_VALUES[name, value]})",
        option=name,
    )


def check_backoff(first: float | None, most: float | None) -> None:
    """Raise `InvalidOption` for a delay before the first retry that is longer than the longest one; None: it is not given."""
    if first is not None and most is not None and first > most:
        raise InvalidOption(
            f"option retry_backoff = {first:g} s is longer than retry_backoff_max = {most:g} s: "
            "give a longer retry_backoff_max, or leave it out",
            option="retry_backoff",
        )


def _seconds(name: str, value: Any) -> Any:
    if isinstance(value, list):
        return [_seconds(name, item) for item in value]
    if not isinstance(value, str):
        return value
    try:
        return parse_duration(value)
    except ValueError as error:
        raise InvalidOption(f"option {name} = {_short(value)}: {error}", option=name) from None


def check_name(name: Any, where: Where) -> None:
    """Raise `InvalidOption` for what is no option that travels from there; the sentence has what may have been meant."""
    option = OPTIONS.get(name) if isinstance(name, str) else None
    if option is not None and option.where & where and option.type is not None:
        return
    shown = str(name)[:SHOWN]
    if name == "encrypt":
        raise InvalidOption("option encrypt is for SDKs, which encrypt the arguments themselves; it does not travel", option=name)
    if option is not None and option.type is None and option.where & where & Where.CALL:
        as_in = "{task, id}" if name == "id" else f"{{flow: {{task, args, {name}}}}}"
        raise InvalidOption(f"option {name} travels beside the options: submit {as_in}", option=name)
    if option is not None:
        raise InvalidOption(f"option {name} is said by {_place_of(option)}", option=name)
    known = names(where)
    ours = OPTION_WORDS.get(shown, "")
    is_known = ours in OPTIONS or shown in OPTION_WAYS
    elsewhere = f", which is said by {_place_of(OPTIONS[ours])}" if ours in OPTIONS and ours not in known else ""
    hint = f" ({celery_says(shown, OPTION_WAYS.get(shown) or repr(ours))}{elsewhere})" if is_known else did_you_mean(shown, known)
    raise InvalidOption(f"there is no option {shown!r}{hint}; there are {', '.join(sorted(known))}", option=shown)


def _place_of(option: Option) -> str:
    """Say what has the option."""
    name = option.name
    return f"the task, as in @app.task({name}=...)" if option.where is Where.TASK else f"a call, as in task.options({name}=...)"


def _wrong_type(given: dict[str, Any], error: Exception) -> InvalidOption:
    for name, value in given.items():
        try:
            msgspec.convert({name: value}, messages.Options)
        except (msgspec.ValidationError, UnicodeEncodeError, RecursionError) as found:
            reason = str(found).replace("`", "").replace(" | null", "").partition(" - at ")[0]
            rule = f"; {WIRE[name].rule}" if name in WIRE else ""
            return InvalidOption(f"option {name} = {_short(value)}: {reason[:1].lower()}{reason[1:]}{rule}", option=name)
    return InvalidOption(f"an option has a wrong value: {error}")


def _short(value: Any) -> str:
    text = ascii(value) if isinstance(value, str) and _is_broken(value) else repr(value)
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}…"


def _is_broken(text: str) -> bool:
    """Whether it has half of a character, which neither a store nor a socket takes."""
    if text.isascii():
        return False
    try:
        text.encode()
    except UnicodeEncodeError:
        return True
    return False
