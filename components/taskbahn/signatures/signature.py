"""What a task takes and gives, from its function's annotations: the schema others see, and the checks on both ways.

Arguments travel as JSON text of `[args, kwargs]`, results as JSON text. What is checked once by the types themselves
at the caller's end is converted back to the same types at the worker's end.
"""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn

import msgspec

from taskbahn.errors import InvalidArguments, ResultNotSerialisable, TooDeep
from taskbahn.protocol import messages
from taskbahn.protocol.secrets import may_hold, opened, opened_keys
from taskbahn.signatures import codec, exact_values
from taskbahn.signatures.dataclass_fields import complete, has_gaps
from taskbahn.signatures.parameters import Parameters, UnsupportedAnnotation, publish
from taskbahn.signatures.payloads import NOT_DATA, arguments_text, has_secret, not_data, pack_plain, pack_result
from taskbahn.signatures.secret import as_secret, noted

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["TaskSignature", "UnsupportedAnnotation", "pack_plain", "pack_result"]

MAX_SHAPES = 256  # ways of calling one task that are kept

NOT_SHOWN = "is not as the task says; what was given is not shown"
NO_NAMES = "],{}]"  # the end of the text of a call with arguments by position alone

astuple = msgspec.structs.astuple
convert = msgspec.convert
encode = codec.encode
decode_hook = codec.decode_hook


class Shape(NamedTuple):
    """A checked way of calling: a number of arguments by position, these by name.

    struct: an array-like msgspec struct with a field for each value; None if all of them may be anything.
    decode: makes of a call's whole text one of `args`, such a struct; None if there are names, or gaps to complete.
    """

    struct: Any
    decode: Callable[[str], Any] | None = None


class TaskSignature:
    """The parameters and the result of one function, read from it once.

    wire: what is published.  Raises UnsupportedAnnotation if a type cannot travel, NameError if it cannot be found (yet).
    """

    @classmethod
    def of(cls, function: Callable[..., Any], name: str | None = None, redact: tuple[str, ...] = ()) -> TaskSignature:
        """Read the signature of *function*; *name* is the task's, for the text of errors.  redact: names of arguments."""
        return cls(function, name or f"{function.__module__}.{function.__qualname__}", redact)

    def __init__(self, function: Callable[..., Any], name: str, redact: tuple[str, ...] = ()) -> None:
        self.name = name
        self.parameters = Parameters(function, name)
        self.wire, definitions = publish(self.parameters, inspect.getdoc(function) or "", redact)
        self._quiet = frozenset(path.partition(".")[0] for path in redact)  # arguments whose values no error quotes
        self._takes_apart = bool(definitions)  # whether values have dataclasses and the like in them
        self._needs_nothing = self.parameters.all_optional
        self._takes_gaps = self._takes_apart and has_gaps(self.parameters.hints)
        self._gives_gaps = "$defs" in self.wire.returns and has_gaps([self.parameters.returns])
        self._shapes: dict[Any, Shape] = {}
        # decoder of the newest call: most calls of a task have the same number of arguments
        self._usual: Callable[[str], Any] | None = None
        self._chunk_hint = self.parameters.chunk
        self.is_paged = any(parameter.iterable for parameter in self.parameters.named.values())
        self._decode_result = msgspec.json.Decoder(self.parameters.returns, dec_hook=decode_hook).decode

    def pack(self, args: tuple[Any, ...], kwargs: dict[str, Any], unchecked: tuple[int | str, ...] = ()) -> str:
        """Check a call against the types and return the JSON text of `[args, kwargs]`; raises InvalidArguments, TooLarge, TooDeep.

        unchecked: positions and names of arguments that may be anything.
        """
        if not args and not kwargs and self._needs_nothing:
            return messages.NO_ARGUMENTS
        shape: Any = (len(args), *kwargs) if kwargs else len(args)
        if unchecked:
            shape = (shape, unchecked)
        struct = (self._shapes.get(shape) or self._shape(shape, args, kwargs, unchecked)).struct
        try:
            if struct is not None:
                values = (*args, *kwargs.values()) if kwargs else args
                if self._takes_apart:
                    convert(codec.as_data(values), struct, dec_hook=decode_hook)
                else:
                    try:
                        convert(values, struct, dec_hook=decode_hook)
                    except NOT_DATA:  # a subclass of a type of data, as `Markup`, is taken for that type
                        convert(codec.as_bases(values), struct, dec_hook=decode_hook)
            data = encode((args, kwargs))
            if exact_values.is_suspect(data):
                data = exact_values.exactly((args, kwargs), self._hints(len(args), kwargs), data)
        except RecursionError:
            raise TooDeep(f"the arguments of {self.name}", messages.MAX_NESTING) from None
        except exact_values.Inexact as error:
            raise InvalidArguments(self.name, self._named(error, len(args))) from error
        except NOT_DATA as error:
            self._refuse(args, kwargs, error, by_wire=False, unchecked=unchecked)
        return arguments_text(self.name, data)

    def pack_first(self, value: Any) -> str:
        """Check a first argument and return its JSON text; raises InvalidArguments, TooLarge, TooDeep."""
        name, hint = self.parameters.name_at(0), self.parameters.hint_at(0)
        wrong: dict[str, str] = {}
        _note_problem(wrong, name, value, hint, by_wire=False)
        if wrong:
            raise InvalidArguments(self.name, dict.fromkeys(wrong, NOT_SHOWN) if name in self._quiet else wrong)
        try:
            data = exact_values.pack(value, hint)
        except exact_values.Inexact as error:
            raise InvalidArguments(self.name, {name: str(error)}) from error
        return arguments_text(self.name, data)

    def unpack(self, text: str) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """Return the arguments of one call, with their rich types restored; raises InvalidArguments."""
        if text == messages.NO_ARGUMENTS and self._needs_nothing:
            return (), {}
        if may_hold(text):
            return self._unpack_opened(text)
        may_restore = exact_values.may_restore(text)
        usual = self._usual  # another thread may set it meanwhile
        if usual is not None and not may_restore and text.endswith(NO_NAMES):
            try:
                return astuple(usual(text).args), {}
            except NOT_DATA:  # another number of arguments, or a wrong one; the code below finds out which
                pass
        args, kwargs = _split(self.name, text)
        return self._made(args, kwargs, may_restore=may_restore)

    def _unpack_opened(self, text: str) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """As `unpack`, where there are secrets: what the annotations do not say is one becomes plain, unless they say nothing."""
        args, kwargs = _split(self.name, text)
        may_restore = exact_values.may_restore(text)
        parameters = self.parameters
        given = tuple(_opened_for(value, parameters.hint_at(index)) for index, value in enumerate(args))
        named = {name: _opened_for(value, parameters.hint_of(name)) for name, value in opened_keys(kwargs).items()}
        return self._made(given, named, may_restore=may_restore)

    def _made(
        self, args: tuple[Any, ...], kwargs: dict[str, Any], *, may_restore: bool
    ) -> tuple[tuple[Any, ...], dict[str, Any]]:
        if may_restore:
            args, kwargs = self._restored(args, kwargs)
        key = (len(args), *kwargs) if kwargs else len(args)
        struct, self._usual = self._shapes.get(key) or self._shape(key, args, kwargs)
        if struct is None:
            return args, kwargs
        try:
            made = convert((*args, *kwargs.values()), struct, str_keys=True, dec_hook=decode_hook)
        except NOT_DATA as error:
            self._refuse(args, kwargs, error, by_wire=True)
        values = astuple(made)
        if self._takes_gaps:
            complete(values)
        return values[: len(args)], dict(zip(kwargs, values[len(args) :], strict=True))

    def pack_result(self, value: Any) -> str:
        """Return a result as JSON text; raises ResultNotSerialisable, ResultTooLarge."""
        return pack_result(value, self.parameters.returns)

    def unpack_result(self, text: str) -> Any:
        """Return a result in the annotated type; as plain values if it does not fit the annotation."""
        if text == "null":
            return None
        if may_hold(text):
            return self._unpack_opened_result(text)
        try:
            if exact_values.may_restore(text):
                plain = exact_values.restored(messages.from_json(text), self.parameters.returns)
                value = convert(plain, self.parameters.returns, str_keys=True, dec_hook=decode_hook)
            else:
                value = self._decode_result(text)
        except msgspec.ValidationError:
            return messages.from_json(text)
        if self._gives_gaps:
            complete(value)
        return value

    def _unpack_opened_result(self, text: str) -> Any:
        returns = self.parameters.returns
        for make in (as_secret, lambda inner, _: inner):
            plain = exact_values.restored(opened(messages.from_json(text), make), returns)
            try:
                value = convert(plain, returns, str_keys=True, dec_hook=decode_hook)
            except NOT_DATA:
                continue
            if self._gives_gaps:
                complete(value)
            return value
        return opened(messages.from_json(text), as_secret)

    def chunk(self, value: Any, number: int) -> Any:
        """Return *value*, the chunk of that number, if it is what the annotation says; raises ResultNotSerialisable."""
        if self._chunk_hint is not Any:
            wrong: dict[str, str] = {}
            _note_problem(wrong, "", value, self._chunk_hint, by_wire=False)
            if wrong:
                kind = inspect.formatannotation(self._chunk_hint)
                raise ResultNotSerialisable(
                    f"{self.name} yields {kind}, and chunk {number} is none: {wrong['']}", type=type(value).__qualname__, where=""
                )
        return value

    def unpack_chunk(self, value: Any) -> Any:
        """Return a chunk in the annotated type; as plain values if it does not fit the annotation."""
        if self._chunk_hint is Any:
            return value
        try:
            return convert(value, self._chunk_hint, str_keys=True, dec_hook=decode_hook)
        except NOT_DATA:
            return value

    def _hints(self, count: int, kwargs: dict[str, Any]) -> list[Any]:
        parameters = self.parameters
        return [*map(parameters.hint_at, range(count)), *map(parameters.hint_of, kwargs)]

    def _restored(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[tuple[Any, ...], dict[str, Any]]:
        made = tuple(exact_values.restored(arg, self.parameters.hint_at(index)) for index, arg in enumerate(args))
        return made, {name: exact_values.restored(arg, self.parameters.hint_of(name)) for name, arg in kwargs.items()}

    def _named(self, error: exact_values.Inexact, count: int) -> dict[str, str]:
        """Return what is wrong by the argument's name: the path of an inexact part begins with a position or a name."""
        if error.where.startswith("."):
            name, bracket, rest = error.where[1:].partition("[")
            place = bracket + rest
        else:
            index, _, place = error.where[1:].partition("]")
            name = self.parameters.name_at(min(int(index), count - 1))
        return {name: f"{error.what} at {place}" if place else error.what}

    def _shape(self, key: Any, args: tuple[Any, ...], kwargs: dict[str, Any], unchecked: tuple[int | str, ...] = ()) -> Shape:
        wrong = self.parameters.misfits(len(args), kwargs)
        if wrong:
            raise InvalidArguments(self.name, wrong)
        places = (*range(len(args)), *kwargs)
        hints = [Any if place in unchecked else hint for place, hint in zip(places, self._hints(len(args), kwargs), strict=True)]
        if all(hint is Any for hint in hints):
            shape = Shape(None)
        else:
            fields = [(f"a{index}", hint) for index, hint in enumerate(hints)]
            struct = msgspec.defstruct("Arguments", fields, array_like=True, forbid_unknown_fields=True)
            shape = Shape(struct, None if kwargs or self._takes_gaps else _decoder(struct))
        if len(self._shapes) < MAX_SHAPES:
            self._shapes[key] = shape
        return shape

    def _refuse(
        self,
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        cause: Exception,
        *,
        by_wire: bool,
        unchecked: tuple[int | str, ...] = (),
    ) -> NoReturn:
        """Look at one argument after the other and name all that are wrong."""
        wrong: dict[str, str] = {}
        for index, value in enumerate(args):
            hint = Any if index in unchecked else self.parameters.hint_at(index)
            _note_problem(wrong, self.parameters.name_at(index), value, hint, by_wire=by_wire)
        for name, value in kwargs.items():
            hint = Any if name in unchecked else self.parameters.hint_of(name)
            _note_problem(wrong, name, value, hint, by_wire=by_wire)
        for name in wrong.keys() & self._quiet:
            wrong[name] = NOT_SHOWN
        if self._quiet:
            raise InvalidArguments(self.name, wrong or {"": NOT_SHOWN}) from None
        raise InvalidArguments(self.name, wrong or {"": str(cause)}) from cause


def _opened_for(value: Any, hint: Any) -> Any:
    """Return an argument with its secrets; as plain values if the annotation is of those."""
    found = opened(value, noted)
    try:
        convert(found, hint, str_keys=True, dec_hook=decode_hook)
    except NOT_DATA:
        return opened(value)
    return found


def _decoder(struct: type[Any]) -> Callable[[str], Any]:
    """Return what makes of the text of a call without names a struct of `args`; it raises what decoding raises."""
    empty = msgspec.defstruct("Empty", [], forbid_unknown_fields=True)
    call = msgspec.defstruct("Call", [("args", struct), ("names", empty)], array_like=True, forbid_unknown_fields=True)
    return msgspec.json.Decoder(call, dec_hook=decode_hook).decode


def _note_problem(wrong: dict[str, str], name: str, value: Any, hint: Any, *, by_wire: bool) -> None:
    if not by_wire:
        found = not_data(value)
        if found:
            wrong[name] = f"{found[1]} at {found[0]}" if found[0] else found[1]
            return
        value = codec.as_bases(value)
    try:
        convert(value, hint, str_keys=by_wire, dec_hook=decode_hook)
    except NOT_DATA as error:
        text, _, place = str(error).replace("`", "").partition(" - at $")
        wrong[name] = f"{text[:1].lower()}{text[1:]} at {place}" if place else f"{text[:1].lower()}{text[1:]}"
        if not by_wire and has_secret(value):
            wrong[name] += "; there is a Secret in it, perhaps where the task takes none"


def _split(name: str, text: str) -> tuple[tuple[Any, ...], dict[str, Any]]:
    try:
        args, kwargs = messages.from_json(text)
        return (*args,), {**kwargs}
    except (ValueError, TypeError) as error:
        raise InvalidArguments(name, {"": f"they are not [list, object]: {error}"}) from error
