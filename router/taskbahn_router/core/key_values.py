"""The values that templates name, of one job: what its arguments, tags, caller and queue say to them, as text of a key.

A value is a text, a whole or other number, true, false or null. Numbers that are equal make the same text: 1 and 1.0, 0 and -0.0.
Text counts as it travels.
"""

from __future__ import annotations

from json import encoder
from typing import TYPE_CHECKING, Any

from taskbahn.errors import InvalidArguments, InvalidOption
from taskbahn.protocol.secrets import is_secret
from taskbahn.protocol.templates import MISSING, Location, Source, locate, parse

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from taskbahn.protocol.messages import Signature

    Args = Sequence[Any]
    Kwargs = Mapping[str, Any]
    Origin = tuple[
        Sequence[str], str | None, str
    ]  # of a job: its tags, the authid of its caller (None if it has none), its queue
    Reader = Callable[[Args, Kwargs, Origin], Any]

MAX_VALUES = 500  # characters of the JSON list of a key
MAX_DIGITS = 500  # of a number in it
LARGEST = 10**MAX_DIGITS
LARGEST_SHOWN = 10**20

quoted: Callable[[str], str] = encoder.encode_basestring


class Unfit(Exception):
    """A value that makes no key or cost; option: whose it is if it is no argument's."""

    def __init__(self, field: str, why: str, option: str = "") -> None:
        super().__init__(why)
        self.field = field
        self.why = why
        self.option = option


def refused(task: str, unfit: list[Unfit]) -> InvalidArguments | InvalidOption:
    """Return the error for values that make no key."""
    for error in unfit:
        if error.option:
            return InvalidOption(f"{error.field}: {error.why}", option=error.option)
    return InvalidArguments(task, {error.field: error.why for error in reversed(unfit)})


class Values:
    """A compiled template: makes keys that begin with a name, `stripe["acme","eu"]`.

    what: the key, as errors say it.   user: what goes by it, likewise.
    """

    __slots__ = ("_first", "_head", "_most", "_others", "_sources", "_what")

    def __init__(self, name: str, text: str, signature: Signature | None, task: str, what: str, user: str) -> None:
        self._what = what
        self._head = name + "["
        self._most = len(name) + MAX_VALUES
        self._sources = parse(text).sources
        self._first, *others = (reader(source, signature, task, user) for source in self._sources)
        self._others = tuple(zip(others, self._sources[1:], strict=True))

    def key(self, args: Args, kwargs: Kwargs, origin: Origin) -> str:
        """Return the name and the values; raises Unfit."""
        value = self._first(args, kwargs, origin)
        is_plain = type(value) is str and len(value) < MAX_VALUES
        text = quoted(value) if is_plain else text_of(value, self._sources[0], self._what)
        if self._others:
            rest = [text_of(read(args, kwargs, origin), source, self._what) for read, source in self._others]
            key = f"{self._head}{text},{','.join(rest)}]"
        else:
            key = f"{self._head}{text}]"
        if len(key) > self._most:
            raise _too_long(self._sources[0], self._what, len(key) - len(self._head) + 1)
        if not key.isascii():
            self._check_unicode(key)
        return key

    def _check_unicode(self, key: str) -> None:
        try:
            key.encode()
        except UnicodeEncodeError:
            raise Unfit(self._sources[0].text, f"{self._what} has text that is no Unicode") from None


def text_of(value: Any, source: Source, what: str) -> str:
    """Return a value as JSON, the same text for all that are equal."""
    if isinstance(value, str):
        if len(value) < MAX_VALUES:
            return quoted(value)
        raise _too_long(source, what, len(value))
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        if value.is_integer():
            value = int(value)
        elif value - value == 0:
            return repr(value)
        else:
            raise Unfit(source.text, f"is {value}, and {what} takes finite numbers only")
    if isinstance(value, int):
        if not -LARGEST < value < LARGEST:
            raise _too_long(source, what, MAX_DIGITS + 1)
        return str(int(value))
    raise Unfit(source.text, f"is {kind_of(value)}, and {what} takes a text, a number, true, false or null")


def _too_long(source: Source, what: str, size: int) -> Unfit:
    why = f"makes {what} {size:,} characters long or longer, more than the {MAX_VALUES} allowed; use an id"
    return Unfit(source.text, why, "tags" if source.kind == "tag" else "")


def kind_of(value: Any) -> str:
    """Return what a sentence says of a value: a number itself, of anything else what it is."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(int(value)) if -LARGEST_SHOWN < value < LARGEST_SHOWN else "a number of many digits"
    if isinstance(value, float):
        return repr(float(value))
    if isinstance(value, str):
        return "a text"
    if is_secret(value):
        return "a Secret"
    return "a list" if isinstance(value, list | tuple) else "an object" if isinstance(value, dict) else type(value).__name__


# where a value comes from


def reader(source: Source, signature: Signature | None, task: str, user: str) -> Reader:
    """Return what reads the value of a source from a job; user: what goes by it, as errors say it."""
    if source.kind == "caller":
        return lambda _args, _kwargs, origin: origin[1]
    if source.kind == "queue":
        return lambda _args, _kwargs, origin: origin[2]
    if source.kind == "tag":
        return _tag_reader(source.path[0] + ":", user)
    where = locate(source, signature, task)
    whole = _argument_reader(where, source, user)
    return _part_reader(where, source, whole, user) if where.steps else whole


def _tag_reader(prefix: str, user: str) -> Reader:
    def read(_args: Args, _kwargs: Kwargs, origin: Origin) -> str | None:
        found = [tag for tag in origin[0] if tag.startswith(prefix)]
        if len(found) > 1:
            why = f"{found[0]!r:.50} and {found[1]!r:.50} are two tags {prefix}…, and {user} goes by it; give one of them"
            raise Unfit("tags", why, "tags")
        return found[0][len(prefix) :] if found else None

    return read


def _argument_reader(where: Location, source: Source, user: str) -> Reader:
    name, default = where.name, where.defaults[0]
    index = -1 if where.position is None else where.position
    if where.is_rest:
        return lambda args, _kwargs, _origin: list(args[index:])

    def read(args: Args, kwargs: Kwargs, _origin: Origin) -> Any:
        if 0 <= index < len(args):
            return args[index]
        value = kwargs.get(name, default)
        if value is MISSING:
            raise Unfit(source.text, f"is missing, and {user} goes by it")
        return value

    return read


def _part_reader(where: Location, source: Source, whole: Reader, user: str) -> Reader:
    steps = tuple(zip(where.steps, where.defaults[1:], strict=True))

    def read(args: Args, kwargs: Kwargs, origin: Origin) -> Any:
        value = whole(args, kwargs, origin)
        for number, (step, default) in enumerate(steps):
            value = _part(value, step, default)
            if value is MISSING:
                before = ".".join(source.path[: number + 1])
                raise Unfit(source.text, f"is missing: {before} has no part {step!r:.50}, and {user} goes by it")
        return value

    return read


def _part(value: Any, step: str, default: Any) -> Any:
    if isinstance(value, dict):
        return value.get(step, default)
    if isinstance(value, list | tuple) and step.isdecimal() and int(step) < len(value):
        return value[int(step)]
    return MISSING
