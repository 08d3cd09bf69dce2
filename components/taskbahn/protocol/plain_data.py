"""What all views have in common: web frameworks can answer with them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec


class View(msgspec.Struct):
    """A view as a dict of plain values, as browsers get it: what has its default value may be left out.

    FastAPI answers with a view as it is; elsewhere `data()` goes into the answer, as in `JsonResponse(view.data())`.
    """

    def data(self) -> dict[str, Any]:
        """Return it as what `json.dumps` takes."""
        plain: dict[str, Any] = msgspec.to_builtins(self, str_keys=True)
        return plain

    def __iter__(self) -> Iterator[tuple[str, Any]]:
        """Yield names and values, as models of pydantic do: `dict(view)` is `view.data()`."""
        return iter(self.data().items())

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: Any) -> Any:
        """Let pydantic write a view, and read its data, where an annotation names it."""
        from pydantic_core import core_schema  # it calls this, so it is there

        def read(value: Any) -> View:
            try:
                return value if isinstance(value, cls) else msgspec.convert(value, cls)
            except msgspec.ValidationError as error:
                raise ValueError(str(error)) from error

        written = core_schema.plain_serializer_function_ser_schema(cls.data)
        return core_schema.no_info_plain_validator_function(read, serialization=written)

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: Any, handler: Any) -> dict[str, Any]:
        """Return what documents of an interface (OpenAPI) say about it: an object with these fields."""
        return {"type": "object", "title": cls.__name__, "properties": {name: {} for name in cls.__struct_fields__}}
