"""The keys of a job under limits: what its arguments, tags, caller and queue say to the templates of its task.

A key is the limit's name and, if the limit has a template, the canonical JSON list of what the template names: `stripe["acme","eu"]`.
No name has a bracket, so two keys are the same text only if name and values are the same: "a:b" and "c" are not "a" and "b:c".

A value is a text, a whole or other number, true, false or null. Numbers that are equal make the same key: 1 and 1.0, 0 and -0.0.
Text counts as it travels.
"""

from __future__ import annotations

from json import encoder
from typing import TYPE_CHECKING, Any

from taskbahn.errors import InvalidArguments, InvalidOption
from taskbahn.protocol.limit_kinds import KINDS
from taskbahn.protocol.limits import FAIR, capacity_of, check_limits
from taskbahn.protocol.templates import MISSING, Location, Source, locate, parse

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from taskbahn.protocol.messages import DeclaredLimit, Signature, TaskDeclaration

    Key = tuple[str, int]  # with the cost
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


class LimitKeys:
    """Computes the keys of one task's jobs.

    constant: the keys and costs of the limits that are the same for all jobs.
    varying: whether there are others; `of` returns these, in the order of the declaration, the fair key last.
    """

    __slots__ = ("_task", "_varying", "constant")

    @classmethod
    def declared(cls, declaration: TaskDeclaration, capacities: Mapping[str, int] | None = None) -> LimitKeys | None:
        """Return what computes the keys of a task, None if it has no limits; raises InvalidOption.

        capacities: what one job may cost at most, by limit, where that is not as declared.
        """
        if not declaration.limits and not declaration.fair_key:
            return None
        check_limits(declaration)
        return cls(declaration, capacities or {})

    def __init__(self, declaration: TaskDeclaration, capacities: Mapping[str, int]) -> None:
        self._task = declaration.name
        signature = declaration.signature
        constant: list[Key] = []
        varying: list[tuple[str, _Values | None, _Cost | int]] = []
        for limit in declaration.limits:
            values = None if limit.key is None else _Values(limit.name, limit.key, signature, self._task)
            cost = limit.cost if isinstance(limit.cost, int) else _Cost(limit, signature, self._task, capacities)
            if values is None and isinstance(cost, int):
                constant.append((limit.name, cost))
            else:
                varying.append((limit.name, values, cost))
        if declaration.fair_key:
            name = f"{self._task}.{FAIR}"
            varying.append((name, _Values(name, declaration.fair_key, signature, self._task), 1))
        self.constant = tuple(constant)
        self._varying = tuple(varying)

    @property
    def varying(self) -> bool:
        """Whether some of the keys depend on the job."""
        return bool(self._varying)

    def of(self, args: Args, kwargs: Kwargs, tags: Sequence[str], caller: str | None, queue: str) -> tuple[Key, ...]:
        """Return the keys that depend on the job, with their costs; a limit that the job costs nothing is left out.

        args, kwargs: plain values, as they travel.   caller: the authid of its session, None if it has none.
        Raises InvalidArguments, or InvalidOption for tags, with a sentence for each value that makes no key or cost.
        """
        found: list[Key] = []
        unfit: list[Unfit] = []
        origin = tags, caller, queue
        for name, values, cost in self._varying:
            try:
                its = cost if type(cost) is int else cost.of(args, kwargs, origin)  # type: ignore[union-attr]
                if its:
                    found.append((name if values is None else values.key(args, kwargs, origin), its))
            except Unfit as error:
                unfit.append(error)
        if unfit:
            raise _refused(self._task, unfit)
        return tuple(found)


def name_of(key: str) -> str:
    """Return the name of the limit to which a key belongs."""
    return key.partition("[")[0]


def _refused(task: str, unfit: list[Unfit]) -> InvalidArguments | InvalidOption:
    for error in unfit:
        if error.option:
            return InvalidOption(f"{error.field}: {error.why}", option=error.option)
    return InvalidArguments(task, {error.field: error.why for error in reversed(unfit)})


class _Values:
    """A compiled template."""

    __slots__ = ("_first", "_head", "_most", "_name", "_others", "_sources")

    def __init__(self, name: str, text: str, signature: Signature | None, task: str) -> None:
        self._name = name
        self._head = name + "["
        self._most = len(name) + MAX_VALUES
        self._sources = parse(text).sources
        self._first, *others = (_reader(source, signature, task) for source in self._sources)
        self._others = tuple(zip(others, self._sources[1:], strict=True))

    def key(self, args: Args, kwargs: Kwargs, origin: Origin) -> str:
        """Return the limit's name and the values."""
        value = self._first(args, kwargs, origin)
        is_plain = type(value) is str and len(value) < MAX_VALUES
        text = quoted(value) if is_plain else _text(value, self._sources[0], self._name)
        if self._others:
            rest = [_text(read(args, kwargs, origin), source, self._name) for read, source in self._others]
            key = f"{self._head}{text},{','.join(rest)}]"
        else:
            key = f"{self._head}{text}]"
        if len(key) > self._most:
            raise _too_long(self._sources[0], self._name, len(key) - len(self._name))
        if not key.isascii():
            self._check_unicode(key)
        return key

    def _check_unicode(self, key: str) -> None:
        try:
            key.encode()
        except UnicodeEncodeError:
            raise Unfit(self._sources[0].text, f"the key of the limit {self._name!r} has text that is no Unicode") from None


class _Cost:
    """A compiled template of a cost."""

    __slots__ = ("_limit", "_most", "_read", "_source")

    def __init__(self, limit: DeclaredLimit, signature: Signature | None, task: str, capacities: Mapping[str, int]) -> None:
        self._source = parse(str(limit.cost)).sources[0]
        self._read = _reader(self._source, signature, task)
        self._most = capacities.get(limit.name, capacity_of(limit))
        self._limit = limit

    def of(self, args: Args, kwargs: Kwargs, origin: Origin) -> int:
        """Return what the job costs, 0 if nothing."""
        value = self._read(args, kwargs, origin)
        if type(value) is float and value.is_integer():
            value = int(value)
        if type(value) is not int or value < 0:
            raise self._unfit(f"is {_kind(value)}, and the cost for the limit {self._limit.name!r} is a whole number, 0 or more")
        if value > self._most:
            word = KINDS[self._limit.kind].bound
            raise self._unfit(f"is {_kind(value)}, a cost above the {word} of {self._most:,} of the limit {self._limit.name!r}")
        return value

    def _unfit(self, why: str) -> Unfit:
        return Unfit(self._source.text, why)


def _text(value: Any, source: Source, name: str) -> str:
    """Return a value as JSON, the same text for all that are equal."""
    if isinstance(value, str):
        if len(value) < MAX_VALUES:
            return quoted(value)
        raise _too_long(source, name, len(value))
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
            raise Unfit(source.text, f"is {value}, and the key of the limit {name!r} takes finite numbers only")
    if isinstance(value, int):
        if not -LARGEST < value < LARGEST:
            raise _too_long(source, name, MAX_DIGITS + 1)
        return str(int(value))
    raise Unfit(source.text, f"is {_kind(value)}, and the key of the limit {name!r} takes a text, a number, true, false or null")


def _too_long(source: Source, name: str, size: int) -> Unfit:
    why = f"makes the key of the limit {name!r} {size:,} characters long or longer, more than the {MAX_VALUES} allowed; use an id"
    return Unfit(source.text, why, "tags" if source.kind == "tag" else "")


def _kind(value: Any) -> str:
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
    return "a list" if isinstance(value, list | tuple) else "an object" if isinstance(value, dict) else type(value).__name__


# where a value comes from


def _reader(source: Source, signature: Signature | None, task: str) -> Reader:
    if source.kind == "caller":
        return lambda _args, _kwargs, origin: origin[1]
    if source.kind == "queue":
        return lambda _args, _kwargs, origin: origin[2]
    if source.kind == "tag":
        return _tag_reader(source.path[0] + ":")
    where = locate(source, signature, task)
    whole = _argument_reader(where, source)
    return _part_reader(where, source, whole) if where.steps else whole


def _tag_reader(prefix: str) -> Reader:
    def read(_args: Args, _kwargs: Kwargs, origin: Origin) -> str | None:
        found = [tag for tag in origin[0] if tag.startswith(prefix)]
        if len(found) > 1:
            why = f"{found[0]!r:.50} and {found[1]!r:.50} are two tags {prefix}…, and a limit goes by it; give one of them"
            raise Unfit("tags", why, "tags")
        return found[0][len(prefix) :] if found else None

    return read


def _argument_reader(where: Location, source: Source) -> Reader:
    name, default = where.name, where.defaults[0]
    index = -1 if where.position is None else where.position
    if where.is_rest:
        return lambda args, _kwargs, _origin: list(args[index:])

    def read(args: Args, kwargs: Kwargs, _origin: Origin) -> Any:
        if 0 <= index < len(args):
            return args[index]
        value = kwargs.get(name, default)
        if value is MISSING:
            raise Unfit(source.text, "is missing, and a limit goes by it")
        return value

    return read


def _part_reader(where: Location, source: Source, whole: Reader) -> Reader:
    steps = tuple(zip(where.steps, where.defaults[1:], strict=True))

    def read(args: Args, kwargs: Kwargs, origin: Origin) -> Any:
        value = whole(args, kwargs, origin)
        for number, (step, default) in enumerate(steps):
            value = _part(value, step, default)
            if value is MISSING:
                before = ".".join(source.path[: number + 1])
                raise Unfit(source.text, f"is missing: {before} has no part {step!r:.50}, and a limit goes by it")
        return value

    return read


def _part(value: Any, step: str, default: Any) -> Any:
    if isinstance(value, dict):
        return value.get(step, default)
    if isinstance(value, list | tuple) and step.isdecimal() and int(step) < len(value):
        return value[int(step)]
    return MISSING
