"""What a function takes, read from its annotations, and the JSON Schema that is published of it."""

from __future__ import annotations

import contextlib
import hashlib
import inspect
import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn, get_args, get_origin, get_type_hints

import msgspec

from taskbahn.errors import CallerError, did_you_mean
from taskbahn.protocol import messages
from taskbahn.protocol.templates import has_secrets
from taskbahn.signatures import codec, exact_values, streams
from taskbahn.signatures.choices import as_declared, declared_choices
from taskbahn.signatures.constraints import with_constraints
from taskbahn.signatures.payloads import NOT_DATA, has_secret
from taskbahn.signatures.redacted import with_redacted

if TYPE_CHECKING:
    from collections.abc import Callable

REQUIRED = inspect.Parameter.empty


class UnsupportedAnnotation(CallerError, TypeError):
    """A task's annotation names a type that cannot travel as data, or that does not exist."""

    uri = "taskbahn.error.unsupported_annotation"


class Parameter(NamedTuple):
    """One parameter of a task's function; `default` is REQUIRED if it has none.

    iterable: `Iterable` or `Iterator` if it is annotated so; then `hint` is the list that travels.
    """

    name: str
    kind: Any
    hint: Any
    default: Any
    iterable: Any = None


class Parameters:
    """All parameters of one task's function, and the type of its result.

    rest, any_name: `*args` and `**kwargs`, if there are.   ordered: those that may be given by position.
    stream: what kind of generator the function makes; `chunk` is the type of what that yields.
    Raises NameError if an annotation cannot be resolved (yet).
    """

    def __init__(self, function: Callable[..., Any], task: str) -> None:
        self.task = task
        hints = {name: _checked(task, name, hint) for name, hint in get_type_hints(function, include_extras=True).items()}
        found = [_parameter(parameter, hints) for parameter in inspect.signature(function).parameters.values()]
        self.rest = next((p for p in found if p.kind is inspect.Parameter.VAR_POSITIONAL), None)
        self.any_name = next((p for p in found if p.kind is inspect.Parameter.VAR_KEYWORD), None)
        self.named = {p.name: p for p in found if p is not self.rest and p is not self.any_name}
        self.ordered = [p for p in self.named.values() if p.kind is not inspect.Parameter.KEYWORD_ONLY]
        self.returns = _as_any(hints.get("return", Any))
        self.chunk: Any = Any
        self.stream = streams.kind_of(function)
        if self.stream:
            self.chunk, self.returns = _stream_types(task, self.stream, self.returns)
        self.hints = [p.hint for p in found]
        self.all_optional = all(p.default is not REQUIRED for p in self.named.values())

    def misfits(self, count: int, kwargs: Iterable[str]) -> dict[str, str]:
        """Say which arguments are missing, surplus or not known, by name."""
        wrong: dict[str, str] = {}
        given = {p.name for p in self.ordered[:count]}
        if count > len(self.ordered) and self.rest is None:
            wrong[""] = f"takes {len(self.ordered)} by position, {count} were given"
        for name in kwargs:
            parameter = self.named.get(name)
            if parameter is None or parameter.kind is inspect.Parameter.POSITIONAL_ONLY:
                if self.any_name is None:
                    wrong[name] = self._unknown(name, parameter)
            elif name in given:
                wrong[name] = "is given twice, by position and by name"
            else:
                given.add(name)
        for parameter in self.named.values():
            if parameter.default is REQUIRED and parameter.name not in given:
                wrong.setdefault(parameter.name, "is missing")
        return wrong

    def _unknown(self, name: str, parameter: Parameter | None) -> str:
        if parameter is not None:
            return "must be given by position"
        return f"is not an argument of this task{did_you_mean(name, self.named)}"

    def hint_at(self, index: int) -> Any:
        if index < len(self.ordered):
            return self.ordered[index].hint
        return self.rest.hint if self.rest else Any

    def hint_of(self, name: str) -> Any:
        parameter = self.named.get(name)
        if parameter is None or parameter.kind is inspect.Parameter.POSITIONAL_ONLY:
            return self.any_name.hint if self.any_name else Any
        return parameter.hint

    def at(self, place: int | str) -> Parameter | None:
        """Return the parameter of a position or a name; None: `*args` or `**kwargs` takes it."""
        if isinstance(place, str):
            return self.named.get(place)
        return self.ordered[place] if place < len(self.ordered) else None

    def is_paged(self, place: int | str) -> bool:
        """Return whether the function only iterates over an argument."""
        parameter = self.at(place)
        return parameter is not None and parameter.iterable is not None

    def name_at(self, index: int) -> str:
        """Return the name of the argument at a position."""
        if index < len(self.ordered):
            return self.ordered[index].name
        return f"{self.rest.name if self.rest else ''}[{index - len(self.ordered)}]"


def _parameter(found: inspect.Parameter, hints: dict[str, Any]) -> Parameter:
    hint = _as_any(hints.get(found.name, Any))
    iterable = get_origin(hint) or hint
    if iterable in (Iterable, Iterator):
        return Parameter(found.name, found.kind, list[(*get_args(hint), Any)[0]], found.default, iterable)  # type: ignore[misc]
    if found.default is None and hint is not Any:
        hint = hint | None if not isinstance(hint, str) else hint  # `width: int = None` is often written
    return Parameter(found.name, found.kind, hint, found.default)


def _stream_types(task: str, kind: streams.Kind, hint: Any) -> streams.Types:
    found = streams.types_of(kind, hint)
    if found is None:
        prefix, names = (
            ("async ", "AsyncIterator[...]") if kind == "async" else ("", "Iterator[...] or Generator[..., None, ...]")
        )
        spelled = inspect.formatannotation(hint)
        raise UnsupportedAnnotation(f"{task}: it is a {prefix}generator and its result is annotated {spelled}; write {names}")
    return streams.Types(_as_any(found.chunk), _as_any(found.result))


def _as_any(hint: Any) -> Any:
    return Any if hint is object or hint is NoReturn or getattr(hint, "__name__", "") == "Never" else hint


def publish(parameters: Parameters, doc: str, redact: tuple[str, ...] = ()) -> tuple[messages.Signature, dict[str, Any]]:
    """Return the wire form, and the schemas of the named types among the parameters.

    Raises UnsupportedAnnotation, or InvalidOption for what cannot be redacted.
    """
    named, rest, any_name = parameters.named, parameters.rest, parameters.any_name
    given = [*named.values(), *(p for p in (rest, any_name) if p)]
    labels = [p.name for p in given]
    schemas, definitions = _schemas(parameters.task, [p.hint for p in given], labels)
    (returns,), return_definitions = _schemas(parameters.task, [parameters.returns], ["return"])
    by_name = dict(zip(labels, schemas, strict=True))
    described = _descriptions(doc)
    properties = {name: _property(p, by_name[name], described.get(name)) for name, p in named.items()}
    if rest:
        properties[rest.name] = {"type": "array", "items": by_name[rest.name]}
    schema: dict[str, Any] = {"type": "object", "properties": properties}
    required = [p.name for p in named.values() if p.default is REQUIRED]
    if required:
        schema["required"] = required
    schema["additionalProperties"] = by_name[any_name.name] if any_name else False
    if redact:
        schema = with_redacted(parameters.task, schema, definitions, redact)
    if definitions:
        schema["$defs"] = definitions
    if return_definitions:
        returns = {**returns, "$defs": return_definitions}
    chunks = _chunk_schema(parameters) if parameters.stream else None
    if has_secrets(chunks):
        raise UnsupportedAnnotation(
            f"{parameters.task}: what it yields is or has a Secret, and all who watch see what a task yields; return the secret"
        )
    order = [p.name for p in parameters.ordered]
    variadic = rest.name if rest else None
    described_by = [schema, order, variadic, returns, *([] if chunks is None else [chunks])]
    digest = hashlib.blake2s(msgspec.json.encode(described_by, order="deterministic"), digest_size=8).hexdigest()
    signature = messages.Signature(
        digest=digest, parameters=schema, order=order, variadic=variadic, returns=returns, chunks=chunks
    )
    return signature, definitions


def rough_wire(function: Callable[..., Any]) -> messages.Signature:
    """Return as much of the wire form as is known while an annotation cannot be resolved: the names of the parameters."""
    parameters = inspect.signature(function).parameters.values()
    rest = next((p.name for p in parameters if p.kind is inspect.Parameter.VAR_POSITIONAL), None)
    takes_any = any(p.kind is inspect.Parameter.VAR_KEYWORD for p in parameters)
    names = [p.name for p in parameters if p.kind not in (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)]
    properties: dict[str, Any] = {name: {"default": None} for name in names} | ({rest: {}} if rest else {})
    schema = {"type": "object", "properties": properties, "additionalProperties": takes_any}
    return messages.Signature(digest="", parameters=schema, order=names, variadic=rest)


def _chunk_schema(parameters: Parameters) -> dict[str, Any]:
    (schema,), definitions = _schemas(parameters.task, [parameters.chunk], ["yield"])
    return {**schema, "$defs": definitions} if definitions else schema


def schema_of(what: str, kind: Any) -> dict[str, Any]:
    """Return the JSON Schema of a type; raises UnsupportedAnnotation, which names *what*."""
    (schema,), definitions = _schemas(what, [kind], ["type"])
    return {**schema, "$defs": definitions} if definitions else dict(schema)


def _schemas(name: str, hints: list[Any], labels: list[str]) -> tuple[list[Any], dict[str, Any]]:
    extra: dict[str, Any] = {}
    hook = codec.schema_hook_into(extra)
    said = [codec.with_formats(hint) for hint in hints]
    try:
        schemas, components = msgspec.json.schema_components(said, schema_hook=hook, ref_template="#/$defs/{name}")
    except (TypeError, NotImplementedError) as error:
        for label, hint in zip(labels, hints, strict=True):
            _check_annotation(name, label, hint)
        raise UnsupportedAnnotation(f"{name}: the annotations cannot be published: {error}") from error
    choices = declared_choices(hints)
    return [as_declared(schema, choices) for schema in schemas], as_declared({**components, **extra}, choices)


def _checked(task: str, label: str, hint: Any) -> Any:
    """Return an annotation with the constraints that arguments are checked by."""
    try:
        return with_constraints(hint)
    except TypeError as error:  # an `Unchecked`, or msgspec's own of what does not go together
        raise UnsupportedAnnotation(f"{task}: {_place_of(label)} is annotated with {error}") from error


def _place_of(label: str) -> str:
    return {"return": "the result", "yield": "what it yields"}.get(label, f"parameter {label!r}")


def _check_annotation(name: str, label: str, hint: Any) -> None:
    try:
        msgspec.json.schema_components([hint], schema_hook=codec.schema_hook_into({}))
    except (TypeError, NotImplementedError) as error:
        first = str(error).partition(" - type ")[0].partition("\n")[0]
        if first.endswith("objects of type Secret is unsupported"):
            raise UnsupportedAnnotation(
                f"{name}: {_place_of(label)} has a field whose default is a Secret, which is not published; "
                "write field(default_factory=lambda: Secret(...))"
            ) from error
        reason = "" if first.startswith("Generating JSON schema") or "not data" in first else f" ({first})"
        spelled = inspect.formatannotation(hint)
        raise UnsupportedAnnotation(
            f"{name}: {_place_of(label)} is annotated {spelled}, which cannot travel as data{reason}; use a plain type, a dataclass, or Any"
        ) from error


def _property(parameter: Parameter, schema: dict[str, Any], description: str | None) -> dict[str, Any]:
    result = dict(schema)
    if parameter.default is not REQUIRED and not has_secret(parameter.default):
        with contextlib.suppress(*NOT_DATA):  # the schema leaves out a default that is not data
            result["default"] = messages.from_json(exact_values.pack(parameter.default))
    if description:
        result.setdefault("description", description)
    return result


def _descriptions(doc: str) -> dict[str, str]:
    """Find what a docstring says of single arguments: `:param width: pixels`, or `width: pixels` on a line of its own."""
    pattern = re.compile(r"^(?::param (?:\w+ )?|[ \t]*)(\w+)(?: \([^)\n]*\))?: (\S.*)$", re.MULTILINE)
    return {found[1]: found[2].strip() for found in pattern.finditer(doc)}
