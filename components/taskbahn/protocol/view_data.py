"""What all views have in common: as data, for JSON and for what web frameworks do with it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterator


class View:
    """Data of the dispatcher that is shown. FastAPI and pydantic take it as it is, Django takes `data()`."""

    __slots__ = ()

    arguments_in: ClassVar[tuple[str, ...]] = ()  # fields with arguments of jobs

    def data(self, *, traceback: bool = False, arguments: bool = False) -> dict[str, Any]:
        """Return it as a dict of what JSON knows; fields that have no value are left out.

        What end users are not to see without a decision is left out, too. traceback: whether errors have theirs, which name paths and
        lines of the code.   arguments: whether jobs have their `args`, `kwargs` and `calls`.
        """
        found: dict[str, Any] = msgspec.to_builtins(shown(self, traceback=traceback, arguments=arguments))
        return found

    def __iter__(self) -> Iterator[tuple[str, Any]]:
        """Make `dict(view)` the same as `data()`; FastAPI's encoder does that."""
        return iter(self.data().items())

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: Any) -> Any:
        from pydantic_core import core_schema  # pydantic itself asks for this, so it is there

        def made(value: Any) -> Any:
            try:
                return value if isinstance(value, cls) else msgspec.convert(value, cls)
            except msgspec.ValidationError as error:
                raise ValueError(str(error)) from None

        return core_schema.no_info_plain_validator_function(
            made,
            ref=f"{cls.__module__}.{cls.__qualname__}:{id(cls)}",  # so FastAPI's OpenAPI has it once, as a component of its name
            serialization=core_schema.plain_serializer_function_ser_schema(cls.data),
        )

    @classmethod
    def __get_pydantic_json_schema__(cls, _: Any, handler: Any) -> dict[str, Any]:
        (schema,), parts = msgspec.json.schema_components([cls], ref_template="#/$defs/{name}")
        own: dict[str, Any] = parts.pop(schema["$ref"].rpartition("/")[2]) if "$ref" in schema else schema
        inlined: dict[str, Any] = _inlined(own, parts, ())
        return inlined


class ShownEvent:
    """What happened to a job, for JSON."""

    __slots__ = ()

    kind: str
    data: Any

    def json_data(self, *, traceback: bool = False, arguments: bool = False) -> Any:
        """Return `data` as JSON knows it, for a page: a view as by its `data()`, an error without its traceback unless that is asked for."""
        if isinstance(self.data, View):
            return self.data.data(traceback=traceback, arguments=arguments)
        if self.kind == "state" and isinstance(self.data, dict) and "error" in self.data and not traceback:
            return {**self.data, "error": without_traceback(self.data["error"])}
        return msgspec.to_builtins(self.data)


def shown(value: Any, *, traceback: bool, arguments: bool) -> Any:
    """Return a view, or what a view holds, without what is not asked for."""
    if isinstance(value, list):
        return [shown(item, traceback=traceback, arguments=arguments) for item in value]
    if not isinstance(value, View):
        return value
    changed: dict[str, Any] = {} if arguments else dict.fromkeys(value.arguments_in)
    struct: Any = value  # each view is one
    for name in struct.__struct_fields__:
        held = getattr(value, name)
        if name == "error" and not traceback:
            changed[name] = without_traceback(held)
        elif isinstance(held, View | list) and name not in changed:
            changed[name] = shown(held, traceback=traceback, arguments=arguments)
    return msgspec.structs.replace(struct, **changed) if changed else value


def without_traceback(error: Any) -> Any:
    """Return an error as it travels, or a cause in it, without its traceback."""
    if not isinstance(error, dict):
        return error
    kept = {name: value for name, value in error.items() if name != "traceback"}
    return kept | ({"cause": without_traceback(kept["cause"])} if "cause" in kept else {})


def _inlined(schema: Any, parts: dict[str, Any], within: tuple[str, ...]) -> Any:
    """Return a schema without references: pydantic keeps names of its own for its definitions."""
    if isinstance(schema, list):
        return [_inlined(item, parts, within) for item in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return {"type": "object"} if name in within else _inlined(parts.get(name, {"type": "object"}), parts, (*within, name))
    return {key: _inlined(value, parts, within) for key, value in schema.items()}
