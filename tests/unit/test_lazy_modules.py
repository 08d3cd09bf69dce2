"""Code that runs at its first use: never before, never twice, and never less than the true thing."""

from __future__ import annotations

import sys
import threading
from importlib import import_module
from types import new_class
from typing import TYPE_CHECKING, Any, Optional

import pytest
from support.recording_modules import Ran, recording_modules

from taskbahn.fast_start.lazy_modules import DeferredModule, Name, defer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

# each file says in RAN that its code has run
FILES = {
    "shelf/__init__.py": "from shelf.books import Book; loan = 3; lend = lambda book: book().title",
    "shelf/books.py": "class Book:\n    title = 'Momo'\nclass Box(Book): pass",
    "shelf/cards.py": "from shelf import loan; days = loan * 7",
    "cellar/__init__.py": "import cellar.wine; depth = 2",
    "cellar/wine.py": "year = 1999",
}


@pytest.fixture
def ran(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Ran]:
    """Two packages, and the list of those of their modules whose code has run."""
    finders = list(sys.meta_path)
    with recording_modules(tmp_path, monkeypatch, FILES) as ran:
        yield ran
        sys.meta_path[:] = finders


def run(code: str) -> dict[str, Any]:
    """Run lines as those of a module of another library."""
    names: dict[str, Any] = {}
    exec(code, names)  # noqa: S102 - imports are what is tested
    return names


def test_a_deferred_import_runs_at_the_first_use_in_the_same_module(ran: Ran) -> None:
    defer({"shelf": ()})
    (shelf,) = (run("import shelf")["shelf"],)
    assert ran == []
    assert shelf.loan == 3
    assert ran == ["shelf", "shelf.books"]
    assert shelf is sys.modules["shelf"]
    assert type(shelf) is not DeferredModule
    assert run("from shelf import lend, Book")["lend"](shelf.Book) == "Momo"
    assert ran == ["shelf", "shelf.books"]


USES: dict[str, Callable[[Any], object]] = {
    "a call": lambda book: book().title == "Momo",
    "an attribute": lambda book: book.title == "Momo",
    "isinstance": lambda book: isinstance(sys.modules["shelf.books"].Box(), book),
    "issubclass": lambda book: issubclass(sys.modules["shelf.books"].Box, book),
    "a base class": lambda book: new_class("Atlas", (book,)).__mro__[1].__name__ == "Book",
    "an argument": lambda book: sys.modules["shelf"].lend(book) == "Momo",
}


@pytest.mark.parametrize("use", USES)
def test_a_name_is_stood_in_for_until_it_is_used(ran: Ran, use: str) -> None:
    defer({"shelf": ("Book", "lend"), "shelf.books": ("Book",)})
    book = run("import shelf\nfrom shelf.books import Book")["Book"]
    assert type(book) is Name
    # an annotation is no use
    assert Optional[book] == (book | None)  # noqa: UP045 - which of them is written is up to the others
    assert (None | book).__args__ == (type(None), book)
    assert "shelf.books.Book" in repr(book)
    assert ran == []
    assert USES[use](book)
    assert ran == ["shelf", "shelf.books"]


def test_a_name_that_is_kept_is_looked_up_once(ran: Ran, monkeypatch: pytest.MonkeyPatch) -> None:
    defer({"shelf": ("Book",)})
    kept = [run("from shelf import Book")["Book"]]  # where no true name is put
    assert kept[0].title == "Momo"
    monkeypatch.setattr("taskbahn.fast_start.lazy_modules.put_true_names", lambda: pytest.fail("once is enough"))
    assert kept[0]().title == "Momo"
    assert ran == ["shelf", "shelf.books"]


def test_what_lies_beneath_a_module_comes_after_it_and_once(ran: Ran) -> None:
    defer({"shelf": ()})
    run("import shelf")
    books = run("import shelf.books as books")["books"]
    assert ran == ["shelf", "shelf.books"]
    assert books is sys.modules["shelf"].books
    assert books.Book is sys.modules["shelf"].Book
    assert books.__spec__.loader is books.__loader__
    assert run("from shelf.cards import days")["days"] == 21


def test_a_hollow_package_is_left_out_until_its_own_names_are_used(ran: Ran) -> None:
    defer({"cellar": ()}, hollow=["cellar"])
    assert run("from cellar.wine import year")["year"] == 1999
    assert run("from cellar import wine")["wine"].year == 1999
    assert ran == ["cellar.wine"]
    assert run("import cellar")["cellar"].depth == 2
    assert ran == ["cellar.wine", "cellar"]


def test_a_module_can_have_another_run_before_it(ran: Ran) -> None:
    defer({"cellar": (), "shelf": ()}, after={"shelf": ["cellar"]})
    names = run("import cellar, shelf")
    assert names["shelf"].loan == 3
    assert ran == ["cellar", "cellar.wine", "shelf", "shelf.books"]


def test_setting_something_in_a_module_is_a_use(ran: Ran) -> None:
    defer({"shelf": ()})
    shelf = run("import shelf")["shelf"]
    shelf.loan = 5
    assert ran == ["shelf", "shelf.books"]
    assert shelf.loan == 5


def test_what_is_missing_is_missing_as_ever(ran: Ran) -> None:
    defer({"shelf": (), "missing_shelf": ()})
    with pytest.raises(ModuleNotFoundError, match="missing_shelf"):
        import_module("missing_shelf")
    shelf = run("import shelf")["shelf"]
    with pytest.raises(AttributeError, match="nothing_there"):
        _ = shelf.nothing_there
    assert ran == ["shelf", "shelf.books"]


def test_threads_that_use_it_at_the_same_time_find_it_whole(ran: Ran) -> None:
    defer({"shelf": ()})
    shelf = run("import shelf")["shelf"]
    together = threading.Barrier(8)
    seen: list[int] = []

    def look() -> None:
        together.wait(20)
        seen.append(shelf.loan)

    threads = [threading.Thread(target=look) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert seen == [3] * 8
    assert ran == ["shelf", "shelf.books"]
