"""Ends with a test what that began and left open, as a simulation in a coroutine that does not go on.

The test is that of pytest, by its id, or a `TestCase` of unittest or trial that runs it. A fixture ends what it began itself.
"""

from __future__ import annotations

import contextlib
import os
import sys
import warnings
from typing import TYPE_CHECKING, Any

from taskbahn.errors import TaskbahnError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

CALL = " (call)"  # the end of pytest's variable while a test runs, and none of its fixtures

_open: list[LeftOpen] = []


class LeftOpen:
    """Something that has an end.   tests: the names of the test that began it; none where that was no test."""

    def __init__(self, what: str, end: Callable[[], object]) -> None:
        self.what = what
        self._end = end
        case = _running_case()
        of_pytest = os.environ.get("PYTEST_CURRENT_TEST", "")
        self.tests = [case.id()] if case is not None else []
        self.tests += [of_pytest.removesuffix(CALL)] if of_pytest.endswith(CALL) else []
        _open.append(self)
        if case is not None:
            case.addCleanup(end_left, case.id())

    def close(self) -> None:
        """End it, if that has not happened."""
        if self in _open:
            _open.remove(self)
            self._end()


@contextlib.contextmanager
def ending(what: str, end: Callable[[], object]) -> Iterator[None]:
    """Call *end* after the block, or with the test that leaves it.   what: as the test has written it."""
    left = LeftOpen(what, end)
    try:
        yield
    finally:
        left.close()


def end_left(test: str) -> None:
    """End what a test has left open, with a warning; test: its id."""
    found = [left for left in reversed(_open) if test in left.tests]
    failed = ""
    for left in found:
        try:
            left.close()
        except TaskbahnError as error:
            failed = f"; it did not end well: {error}"
    if found:
        names = ", ".join(dict.fromkeys(f"`{left.what}`" for left in found))
        words = f"the test {test} did not leave its `with` block of {names}; taskbahn.testing ended that with the test{failed}"
        warnings.warn(words, RuntimeWarning, stacklevel=2)


def _running_case() -> Any:
    """Return the `TestCase` that runs what runs here, None if there is none."""
    cases: Any = sys.modules.get("unittest.case")
    frame = sys._getframe(1) if cases is not None else None  # noqa: SLF001 - a test does not say which one it is
    while frame is not None:
        code = frame.f_code
        if code.co_argcount and code.co_varnames[0] == "self" and isinstance(one := frame.f_locals.get("self"), cases.TestCase):
            return one
        frame = frame.f_back
    return None
