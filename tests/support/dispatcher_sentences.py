"""All sentences of the dispatcher that elements show, made by its own functions, for the tests in JavaScript.

`python -m support.dispatcher_sentences` in `tests` writes `dispatcher_sentences.json` again.
"""

from __future__ import annotations

import inspect
import json
from itertools import product
from pathlib import Path
from typing import Any

from taskbahn.errors import InvalidArguments
from taskbahn.protocol.messages import Signature
from taskbahn.protocol.states import State
from taskbahn.protocol.views import Pause
from taskbahn_router.core import deadlines, text_formats, wait_reason
from taskbahn_router.core.argument_schema import Validator
from taskbahn_router.core.job_pauses import JobPause
from taskbahn_router.core.reactions import IS_FLOW, IS_SUSPENDED, ON_END, ON_FAILURE, ON_SUCCESS, PAUSE_BIT, WAKE
from taskbahn_router.core.rows import Gate
from taskbahn_router.core.unique_keys import FOLLOW
from taskbahn_router.core.wait_reason import WorkerFit
from taskbahn_router.promises.limits import Limit
from taskbahn_router.promises.members import CANCELLED_WITH, OVERDUE_WITH
from taskbahn_router.promises.parent_errors import NOT_NEEDED
from taskbahn_router.promises.rate import RateOptions
from taskbahn_router.promises.registry import KINDS

FILE = Path(__file__).with_suffix(".json")
ID = "01890000-0000-7000-8000-000000000001"
NOW = 1_800_000_000.0
UNSUCCESSFUL = (State.FAILED, State.CANCELLED, State.EXPIRED)
BOOL = (False, True)
FITS = [
    WorkerFit(*flags, slots, slots - free, blocked)
    for flags in product(BOOL, BOOL, BOOL)
    for slots, free in ((1, 0), (2, 0), (1, 1))
    for blocked in BOOL
]
# By annotation and name: what the arguments of the functions that make sentences may be. A new one is missing here, and the test fails.
VALUES: dict[str, list[Any]] = {
    "task: str": ["w.slow"],
    "queue: str": ["the night's"],
    "fits: Sequence[WorkerFit]": [[], *([fit] for fit in FITS), *([fit, fit] for fit in FITS)],
    "attempt: int": [0, 1, 12],
    "losses: int": [0, 1],
    "has_eta: bool": [*BOOL],
    "id: str": [ID],
    "state: str": [str(state) for state in State],
    "policy: str": ["fail", WAKE, FOLLOW, ON_SUCCESS, ON_FAILURE, ON_END],
    "is_held: bool": [*BOOL],
    "asks: str | None": [None, "May it go on, or not?"],
    "name: str": ["answer:may it"],
    "deadline: float": [NOW],
    "question: str": ["May it go on: or not?"],
    "ids: Sequence[str]": [[ID, ID]],
    "limit: str": ["the limit gpu", "the limit gpu for user:7"],
    "of: str | None": [None, ID],
    "pause: Pause": [
        Pause(query=query, reason=reason, paused_by=by, paused_at=NOW)
        for query in ("", "queue:the night's", "task:w.slow", "key:gpu[7]") for reason in ("", "lunch: back soon") for by in ("", "ada")
    ],
    "pause: JobPause": [JobPause(1, by, NOW, reason, None) for reason in ("", "lunch") for by in (None, "ada")],
}  # fmt: skip
LIMIT_OPTIONS: dict[str, list[Any]] = {  # by kind
    "concurrency": [1, 1200],
    "rate": [RateOptions(interval_us=interval, tolerance_us=0) for interval in (1, 500_000, 7_200_000_000)],
    "fair": [None],
}
WRONG: dict[str, tuple[Any, Any]] = {  # by kind of an error of jsonschema: a schema, and a value that does not fit it
    "Type": ({"type": "string"}, 3),
    "Minimum": ({"minimum": 16}, 3),
    "Maximum": ({"maximum": 16}, 30.5),
    "ExclusiveMinimum": ({"exclusiveMinimum": 16}, 3),
    "ExclusiveMaximum": ({"exclusiveMaximum": 16}, 30),
    "MultipleOf": ({"multipleOf": 3}, 4),
    "MinLength": ({"minLength": 3}, "a"),
    "MaxLength": ({"maxLength": 1}, "abc"),
    "Pattern": ({"pattern": "^a"}, "b"),
    "MinItems": ({"minItems": 2}, [1]),
    "MaxItems": ({"maxItems": 1}, [1, 2]),
    "UniqueItems": ({"uniqueItems": True}, [1, 1]),
    "Enum": ({"enum": ["a", "b"]}, "c"),
    "Constant": ({"const": "a"}, "c"),
    "AnyOf": ({"anyOf": [{"type": "string"}, {"type": "integer"}]}, []),
    "OneOfNotValid": ({"oneOf": [{"type": "string"}, {"type": "integer"}]}, []),
    "OneOfMultipleValid": ({"oneOf": [{"type": "number"}, {"type": "integer"}]}, 1),
    "Required": ({"required": ["a"]}, {}),
    "AdditionalProperties": ({"additionalProperties": False, "properties": {"b": {}}}, {"x": 1}),
    "FalseSchema": (False, 1),
    "Not": ({"not": {}}, 1),
    "MinProperties": ({"minProperties": 2}, {"a": 1}),
    "MaxProperties": ({"maxProperties": 1}, {"a": 1, "b": 2}),
    "Contains": ({"contains": {"type": "string"}}, [1]),
}
MORE_WRONG: list[tuple[Any, Any]] = [
    ({"type": ["string", "null"]}, 3),
    ({"enum": ["a", 2, None, "d", "e", "f"]}, "c"),
    ({"items": {"type": "object", "properties": {"name": {"type": "string"}}}}, [{"name": 5}]),
    ({"additionalProperties": False}, {"x": 1, "y": 2}),
]
# Kinds that no annotation of a task makes, or that are no errors of a value.
UNUSED = {
    "AdditionalItems", "BacktrackLimitExceeded", "ContentEncoding", "ContentMediaType", "Custom", "FromUtf8", "PropertyNames", "Referencing",
    "RegexEngineFailure", "UnevaluatedItems", "UnevaluatedProperties", "Format",
}  # fmt: skip


def why_it_waits() -> set[str]:
    """Return what `wait_reason` and the limits say."""
    found = {value for name, value in vars(wait_reason).items() if name.startswith("WHY_")}
    for name, function in vars(wait_reason).items():
        if not name.startswith("why_"):
            continue
        parameters = inspect.signature(function).parameters.values()
        for values in product(*(VALUES[f"{one.name}: {one.annotation}"] for one in parameters)):
            given = dict(zip((one.name for one in parameters), values, strict=True))
            if not given.get("is_held") or given["state"] in UNSUCCESSFUL:  # a person decides about no other job
                found.add(function(**given))
    for name, kind in KINDS.items():
        for options, key in product(LIMIT_OPTIONS[name], ("gpu", "gpu[user:7]")):
            found.add(Limit("gpu", kind, options).why(Gate(key, "gpu", used=1)))
    return found


def why_it_ended() -> set[str]:
    """Return the errors of jobs whose time was over, or that went with another job."""
    errors = [CANCELLED_WITH, OVERDUE_WITH, *NOT_NEEDED.values()]
    for state, flags, pending, due_at, left in product(
        ("running", "ready", "waiting"),
        (0, IS_FLOW, IS_SUSPENDED),
        (0, 1, 7, PAUSE_BIT),
        (None, NOW),
        (0, 1, 7, deadlines.MOST_COUNTED),
    ):
        errors.append(deadlines.error_of(deadlines.Overdue(state, 2, "w-1", due_at, flags, pending, NOW, left)))
    return {str(deadlines.NOT_STARTED["message"]), *(json.loads(error)["message"] for error in errors)}


def why_it_does_not_fit() -> set[str]:
    """Return what is wrong with an argument."""
    found: set[str] = set()
    formats = {f"format {name}": ({"type": "string", "format": name}, "?") for name in text_formats.WORDS}
    types = {
        f"type {name}": ({"type": name}, "a" if name != "string" else 3)
        for name in ("string", "integer", "number", "boolean", "array", "object", "null")
    }
    for schema, value in (*WRONG.values(), *formats.values(), *types.values(), *MORE_WRONG):
        found.update(wrong({"properties": {"a": schema}}, [], {"a": value}).values())
    strict = {"properties": {"width": {}}, "additionalProperties": False, "required": ["width"]}
    for args, kwargs in (([], {"widht": 3}), ([], {"other": 3}), ([3, 4], {}), ([3], {"width": 3})):
        found.update(wrong(strict, args, kwargs).values())
    return found


def wrong(parameters: Any, args: list[Any], kwargs: dict[str, Any]) -> dict[str, str]:
    """Return what is wrong by argument."""
    try:
        Validator("w.slow", Signature(digest="", parameters=parameters, order=["width"])).check(args, kwargs)
    except InvalidArguments as error:
        fields: dict[str, str] = error.detail["fields"]
        return fields
    raise AssertionError(f"{kwargs} fit {parameters}")


def sentences() -> str:
    """Return the text of `FILE`."""
    return json.dumps(sorted(why_it_waits() | why_it_ended() | why_it_does_not_fit()), indent=1, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    FILE.write_text(sentences(), encoding="utf-8")
