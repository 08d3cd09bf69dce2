"""`Secret[str]`: a value that Taskbahn shows nowhere, and that does not show itself."""

from __future__ import annotations

import contextlib
import hmac
import inspect
from typing import TYPE_CHECKING, Any, ClassVar, Generic, NoReturn, TypeVar

import msgspec

from taskbahn.protocol.secrets import HIDDEN, SEALING, SENTENCE, is_mark
from taskbahn.signatures.dataclass_fields import complete

if TYPE_CHECKING:
    from collections.abc import Callable

T_co = TypeVar("T_co", covariant=True)
SEAL = {"taskbahn": "seal"}  # the context in which Taskbahn has a model written
AS_BYTES: dict[Any, Any] = {str: str.encode, bytes: bytes}


class Secret(Generic[T_co]):
    """Holds a value that is shown nowhere; `reveal` gives it.

    Its text is `[hidden]`, it is equal to another Secret with an equal value only, and it cannot be pickled.
    """

    __slots__ = ("__value",)

    inner: ClassVar[Any] = Any  # the type of the value
    kinds: ClassVar[dict[Any, type[Secret[Any]]]] = {}
    on_reveal: ClassVar[Callable[[Any], object]] = staticmethod(lambda _: None)  # a running attempt notes what its task reveals

    def __init__(self, value: T_co) -> None:
        self.__value = value

    def reveal(self) -> T_co:
        """Return the value."""
        Secret.on_reveal(self.__value)
        return self.__value

    if not TYPE_CHECKING:  # checkers know `Generic`; at run time each `Secret[X]` is a class, and msgspec's hooks see what X is

        def __class_getitem__(cls, inner: Any) -> Any:
            """Return the class of secrets whose values are *inner*."""
            if isinstance(inner, TypeVar) or cls is not Secret:
                return super().__class_getitem__(inner)
            try:
                return cls.kinds[inner]
            except (KeyError, TypeError):  # a type that cannot be hashed
                name = f"Secret[{inspect.formatannotation(inner)}]"
                kind = type(name, (cls,), {"__slots__": (), "inner": inner, "__module__": cls.__module__, "__doc__": cls.__doc__})
                with contextlib.suppress(TypeError):
                    cls.kinds[inner] = kind
                return kind

    @classmethod
    def __get_pydantic_core_schema__(cls, _source: Any, _handler: Any) -> Any:
        """Tell pydantic how models take secrets: as tasks do. What a model writes of one says nothing, but to Taskbahn itself."""
        from pydantic_core import core_schema  # late: only models need it

        from taskbahn.signatures.codec import decode_hook

        return core_schema.no_info_plain_validator_function(
            lambda value: value if isinstance(value, cls) else made_secret(cls, value, decode_hook),
            serialization=core_schema.plain_serializer_function_ser_schema(_as_json, info_arg=True, when_used="json"),
        )

    @classmethod
    def __get_pydantic_json_schema__(cls, _core: Any, _handler: Any) -> dict[str, Any]:
        from taskbahn.signatures.parameters import schema_of

        return {name: part for name, part in schema_of("a model", cls).items() if name != "$defs"}

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        mine, its = value_of(self), value_of(other)
        to_bytes: Any = AS_BYTES.get(type(mine)) if type(mine) is type(its) else None
        if to_bytes is None:
            return bool(mine == its)
        try:
            return hmac.compare_digest(to_bytes(mine), to_bytes(its))  # takes the same time wherever they differ
        except UnicodeEncodeError:
            return bool(mine == its)

    def __hash__(self) -> int:
        return hash((SEALING, self.__value))

    def __str__(self) -> str:
        return HIDDEN

    def __repr__(self) -> str:
        return f"Secret({HIDDEN})"

    def __format__(self, spec: str) -> str:
        return format(HIDDEN, spec)

    def __copy__(self) -> Secret[T_co]:
        return self

    def __deepcopy__(self, _: Any) -> Secret[T_co]:
        return self

    def __reduce_ex__(self, _: Any) -> NoReturn:
        raise TypeError("a Secret cannot be pickled: give what reveal() returns to what needs it")

    def __getstate__(self) -> NoReturn:
        self.__reduce_ex__(None)


def value_of(secret: Secret[Any]) -> Any:
    """Return the value of a secret for Taskbahn itself, which notes nothing."""
    return secret._Secret__value  # type: ignore[attr-defined]  # noqa: SLF001


def made_secret(kind: type[Secret[Any]], value: Any, decode_hook: Callable[[type, Any], Any]) -> Secret[Any]:
    """Return a secret of a type, made of a value or of another secret; raises ValueError, which does not quote the value."""
    if isinstance(value, Secret):
        value = value_of(value)
    elif isinstance(value, dict) and value.keys() == {SEALING}:
        value = value[SEALING][0]
    elif is_mark(value):
        raise ValueError(SENTENCE)
    try:
        made = msgspec.convert(value, kind.inner, str_keys=True, dec_hook=decode_hook)
    except (TypeError, ValueError, OverflowError, NotImplementedError):
        pass  # what is wrong may quote the value
    else:
        complete(made)
        return kind(made)
    raise ValueError(f"expected a {kind.__name__}; what was given is not shown")


def _as_json(secret: Secret[Any], info: Any) -> Any:
    return sealing(secret) if info.context is SEAL else HIDDEN


def published(schema: dict[str, Any]) -> dict[str, Any]:
    """Return the JSON Schema of a secret whose value has this one."""
    is_text = schema.get("type") == "string" and "format" not in schema
    return {**schema, "writeOnly": True} | ({"format": "password"} if is_text else {})


def noted(value: Any, is_plain: bool) -> Any:  # noqa: FBT001 - as `protocol.secrets.opened` calls it
    """Return a secret that a running attempt gets, which notes what is not to be seen; as a plain value if it was given as one."""
    Secret.on_reveal(value)
    return value if is_plain else Secret(value)


def as_secret(value: Any, is_plain: bool) -> Any:  # noqa: FBT001 - likewise
    """Return a secret that a client gets."""
    return value if is_plain else Secret(value)


def sealing(secret: Secret[Any]) -> dict[str, Any]:
    """Return what an encoder writes for a secret; `protocol.secrets.sealed` makes of it what travels."""
    return {SEALING: [value_of(secret)]}
