"""What all views have in common: as data, for JSON and for what web frameworks do with it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterator


class View:
    """Data of the dispatcher that is shown. FastAPI and pydantic take it as it is, Django takes `data()`."""

    __slots__ = ()

    def data(self) -> dict[str, Any]:
        """Return it as a dict of what JSON knows; fields that have no value are left out."""
        found: dict[str, Any] = msgspec.to_builtins(self)
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
            made, serialization=core_schema.plain_serializer_function_ser_schema(cls.data)
        )

    @classmethod
    def __get_pydantic_json_schema__(cls, _: Any, handler: Any) -> dict[str, Any]:
        (schema,), parts = msgspec.json.schema_components([cls], ref_template="#/$defs/{name}")
        own: dict[str, Any] = parts.pop(schema["$ref"].rpartition("/")[2]) if "$ref" in schema else schema
        inlined: dict[str, Any] = _inlined(own, parts, ())
        return inlined


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
