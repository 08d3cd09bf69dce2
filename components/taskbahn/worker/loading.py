"""Find the application that `MODULE:APP` names; every way to get it wrong has a sentence of its own."""

from __future__ import annotations

import importlib
import importlib.util
import traceback
from pathlib import Path
from typing import TYPE_CHECKING

from taskbahn.app import Taskbahn
from taskbahn.errors import CallerError, did_you_mean

if TYPE_CHECKING:
    from types import ModuleType

DEFAULT_ATTRIBUTE = "app"
OWN_FOLDER = Path(__file__).parents[1]  # tracebacks leave out frames of files below this folder


class NoApplication(CallerError):
    """`MODULE:APP` does not lead to a `Taskbahn` application."""

    uri = "taskbahn.error.no_application"


def load_app(target: str) -> Taskbahn:
    """Import the application that *target* names (`photos:app`, `shop.tasks`); raises NoApplication."""
    module_name, _, attribute = target.partition(":")
    if not module_name or module_name.endswith(".py") or "/" in module_name:
        right = ".".join(Path(module_name).with_suffix("").parts) if module_name else "photos"
        raise NoApplication(f"{target!r} is not MODULE:APP: write it like an import, for example {right}:{attribute or 'app'}")
    module = _import(module_name)
    found = module
    for name in (attribute or DEFAULT_ATTRIBUTE).split("."):
        try:
            found = getattr(found, name)
        except AttributeError:
            raise NoApplication(_no_attribute(module, attribute or DEFAULT_ATTRIBUTE)) from None
    if not isinstance(found, Taskbahn):
        kind = type(found).__qualname__
        raise NoApplication(f"{target} is no Taskbahn application but {_article(kind)} {kind}{_suggest(module)}")
    if not found.tasks:
        raise NoApplication(f"{target} has no tasks yet: is the module that defines them imported?")
    return found


def _import(name: str) -> ModuleType:
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name == name or name.startswith(f"{error.name}."):
            near = did_you_mean(name, [path.stem for path in Path.cwd().glob("*.py")])
            raise NoApplication(f"there is no module {name!r} in {Path.cwd()} or on sys.path{near}") from error
        raise NoApplication(f"{name} cannot be imported: {_where(error)}: {error}") from error
    except Exception as error:
        raise NoApplication(f"{name} cannot be imported: {_where(error)}: {type(error).__name__}: {error}") from error


def _where(error: BaseException) -> str:
    if isinstance(error, SyntaxError):
        return f"{error.filename}, line {error.lineno}"
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if "importlib" not in frame.filename]
    # only frames of the user's files, where the fault is
    frames = [frame for frame in frames if not Path(frame.filename).is_relative_to(OWN_FOLDER)]
    return f"{frames[-1].filename}, line {frames[-1].lineno}" if frames else "on import"


def _no_attribute(module: ModuleType, attribute: str) -> str:
    near = did_you_mean(attribute, vars(module))
    made = "" if _suggest(module) or near else f": write `{attribute} = Taskbahn()` there, or name the module that has it"
    return f"{module.__name__} has no {attribute!r}{_suggest(module) or near}{made}"


def _suggest(module: ModuleType) -> str:
    names = [name for name, value in vars(module).items() if isinstance(value, Taskbahn)]
    return f" (did you mean {module.__name__}:{names[0]}?)" if names else ""


def _article(word: str) -> str:
    return "an" if word[:1].lower() in "aeiou" else "a"
