"""What can be declared as a task; what cannot is refused where it is declared, with what to write instead."""

from __future__ import annotations

import functools
import inspect
import types
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_type_hints

from taskbahn.errors import InvalidOption

if TYPE_CHECKING:
    from collections.abc import Callable

BOUND_NAMES = ("self", "cls")
SIMPLE = (str, bytes, int, float, bool, type(None), tuple, frozenset)


def plain_function(given: Any) -> Callable[..., Any]:
    """Return the function to be called for *given*; raises InvalidOption if it cannot be a task.

    A static method is its function. Functions, bound methods, builtins and what a decorator such as `functools.cache` has made of a
    function stay what they are.
    """
    if isinstance(given, staticmethod):
        return plain_function(given.__func__)
    problem = _problem(given)
    if problem:
        raise InvalidOption(f"{_shown(given)} cannot be a task: {problem}", option="function")
    function: Callable[..., Any] = given
    return function


def _problem(given: Any) -> str:
    if isinstance(given, classmethod):
        return "it is a class method, which has no class here; declare a function, or @staticmethod below @app.task"
    if isinstance(given, functools.partial | functools.partialmethod):
        return "it is a partial, which has no name, annotations or signature of its own; write a function that calls it"
    if isinstance(given, type):
        return "it is a class; declare a function that makes one and returns data"
    if isinstance(given, property):
        return "it is a property; declare a function"
    if not isinstance(getattr(given, "__name__", None), str) or not isinstance(getattr(given, "__module__", None), str):
        return f"it is an object of class {type(given).__qualname__}; write a function that calls it"
    try:
        parameters = list(inspect.signature(given).parameters)
    except (TypeError, ValueError):
        return "Python does not know its parameters; write a function that calls it"
    if hasattr(given, "cache_info") and _makes_one_use(inspect.unwrap(given)):
        return "it caches a coroutine or a generator, which can be used once; cache what is in it"
    owner = _owner(given)
    if owner and parameters[:1] and parameters[0] in BOUND_NAMES:
        return (
            f"it is a method of {owner}, and a job has no {parameters[0]}: declare it outside of the class, "
            "or declare the method of an object, app.task(name=...)(object.method)"
        )
    return ""


def _makes_one_use(function: Any) -> bool:
    kinds = (inspect.iscoroutinefunction, inspect.isgeneratorfunction, inspect.isasyncgenfunction)
    return any(is_kind(function) for is_kind in kinds)


def _owner(function: Any) -> str:
    """Return the class in whose body a function was written; empty for others."""
    if isinstance(function, types.MethodType):
        return ""
    inner = str(getattr(function, "__qualname__", "")).rpartition("<locals>.")[2]
    return inner.rpartition(".")[0]


def _shown(given: Any) -> str:
    name = getattr(given, "__qualname__", None) or getattr(getattr(given, "__func__", None), "__qualname__", None)
    if isinstance(name, str):
        return name
    try:
        return f"{given!r:.200}"
    except Exception:  # noqa: BLE001 - a __repr__ of the user's
        return f"an object of class {type(given).__qualname__}"


# two functions under one name


def source_mark(function: Callable[..., Any]) -> tuple[str, int]:
    """Return the file of *function* and when that was changed: a definition that follows in the same one is another, not a reload."""
    code = _code(function)
    if code is None or code.co_filename.startswith("<"):
        return "", 0
    try:
        return code.co_filename, Path(code.co_filename).stat().st_mtime_ns
    except OSError:
        return code.co_filename, 0


def is_other_code(known: Callable[..., Any], known_mark: tuple[str, int], function: Callable[..., Any]) -> bool:
    """Return whether *function*, of the same module and name as *known*, is another one of the same source.

    A module that is imported twice or loaded again, a cell of a notebook and a line at a prompt define the same one again.
    """
    if function is known:
        return False
    mark = source_mark(function)
    if not mark[0] or mark != known_mark:
        return False
    return _code(known) != _code(function) or _held(known) != _held(function)


def _code(function: Any) -> types.CodeType | None:
    code = getattr(inspect.unwrap(function), "__code__", None)
    return code if isinstance(code, types.CodeType) else None


def _held(function: Any) -> list[Any]:
    """Return the plain values that a closure holds: a function that is made in a loop differs in them alone."""
    held = []
    for cell in getattr(inspect.unwrap(function), "__closure__", None) or ():
        try:
            value = cell.cell_contents
        except ValueError:  # the variable has no value yet
            continue
        held.append(value if isinstance(value, SIMPLE) else type(value))
    return held


# annotations


def unresolved(function: Callable[..., Any], error: Exception) -> str:
    """Say which annotation of *function* cannot be resolved, and why."""
    found = inspect.unwrap(function)
    for name, annotation in getattr(found, "__annotations__", {}).items():
        try:
            _resolve(found, annotation)
        except Exception as problem:  # noqa: BLE001 - an annotation is any expression of the user's
            where = "the result" if name == "return" else f"parameter {name!r}"
            spelled = annotation if isinstance(annotation, str) else inspect.formatannotation(annotation)
            return f"the annotation {spelled!r} of {where} cannot be resolved: {_text(problem)}"
    return f"an annotation, or one of a class that it names, cannot be resolved: {_text(error)}"


def _resolve(function: Any, annotation: Any) -> None:
    def holder() -> None: ...

    holder.__annotations__ = {"x": annotation}
    get_type_hints(holder, globalns=getattr(function, "__globals__", {}), include_extras=True)


def _text(error: Exception) -> str:
    return str(error) if isinstance(error, NameError) else f"{type(error).__name__}: {error}"
