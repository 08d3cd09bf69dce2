"""Arguments of callers that have no SDK, checked against the signature that a worker published."""

from __future__ import annotations

from typing import Any

from taskbahn.errors import InvalidArguments, InvalidRequest, did_you_mean
from taskbahn.protocol import messages
from taskbahn.protocol.secrets import SENTENCE, is_mark
from taskbahn_router.core.secret_places import SecretPlaces
from taskbahn_router.core.text_formats import WORDS, compiled

MAX_FIELDS = 20
HOLE = object()
NOT_SHOWN = "is not as the task says; what was given is not shown"


class Validator:
    """Checks calls of one task; the first check compiles the schema."""

    def __init__(self, task: str, signature: messages.Signature) -> None:
        self.task = task
        self.signature = signature
        self.secrets = SecretPlaces(signature)
        self._validator: Any = None

    def check(self, args: list[Any], kwargs: dict[str, Any]) -> None:
        """Raise `InvalidArguments` with what is wrong with each argument; `HOLE` stands for one that is not known yet."""
        named, wrong = self._bind(args, kwargs)
        if wrong:
            raise InvalidArguments(self.task, wrong)
        variadic = self.signature.variadic
        holes = [name for name, value in named.items() if value is HOLE or (name == variadic and HOLE in value)]
        for name in holes:
            del named[name]
        self.compile()
        try:
            fields = self._wrong(named)
        except (ValueError, TypeError, RecursionError):
            # arguments such as bytes and times are checked in the form in which they travel
            fields = self._wrong(self._as_data(named))
        for name in holes:
            fields.pop(name, None)
        if fields:
            raise InvalidArguments(self.task, fields)

    def compile(self) -> None:
        """Make the validator, once.  Raises `InvalidRequest` when the signature is no schema, or leads elsewhere."""
        if self._validator is not None:
            return
        try:
            self._validator = compiled(self.signature.parameters)
        except (ValueError, TypeError, RecursionError) as error:
            sentence = str(error).partition("\n")[0]
            raise InvalidRequest(f"the signature of {self.task} is no JSON Schema: {sentence}") from None

    def _wrong(self, named: dict[str, Any]) -> dict[str, str]:
        fields: dict[str, str] = {}
        for error in self._validator.iter_errors(named):
            for name, why in self._describe(error):
                fields.setdefault(name, why)
            if len(fields) >= MAX_FIELDS:
                break
        return fields

    def _as_data(self, named: dict[str, Any]) -> dict[str, Any]:
        try:
            data: dict[str, Any] = messages.from_json(messages.to_json(named))
        except (ValueError, TypeError, RecursionError) as error:
            raise InvalidArguments(self.task, {"": f"they are not data: {error}"}) from None
        return data

    def _bind(self, args: list[Any], kwargs: dict[str, Any]) -> tuple[dict[str, Any], dict[str, str]]:
        order, variadic = self.signature.order, self.signature.variadic
        named = dict(zip(order, args, strict=False))
        surplus = args[len(order) :]
        wrong = {name: "given twice, by position and by name" for name in kwargs if name in named}
        if variadic:
            named[variadic] = surplus
        elif surplus:
            wrong[""] = f"{len(args)} arguments were given by position, it takes {len(order)}"
        return {**named, **kwargs}, wrong

    def _describe(self, error: Any) -> list[tuple[str, str]]:
        path = list(error.instance_path)
        message = str(error.message)
        kind = type(error.kind).__name__.rsplit("_", 1)[-1]
        if not path and kind == "Required":
            return [(str(error.kind.property).strip('"'), "is missing")]
        if not path and kind == "AdditionalProperties":
            known = self.signature.parameters.get("properties", {})
            names = [str(name)[:100] for name in error.kind.unexpected[:MAX_FIELDS]]
            return [(name, f"is no argument of this task{did_you_mean(name, known)}") for name in names]
        name = ".".join(map(str, path))
        if self.secrets and self.secrets.touches(path):  # the sentence would quote what was given
            return [(name, SENTENCE if is_mark(error.instance) else NOT_SHOWN)]
        return [(name, _format_words(error) or message[:300])]


def _format_words(error: Any) -> str | None:
    """Return what a text must be that is none of its format; None for another error."""
    words = WORDS.get(str(getattr(error.kind, "format", "")))
    return f"must be {words}" if words else None
