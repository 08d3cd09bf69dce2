"""What a failed test leaves for those who want to know why: one folder `test-results`, in it one for each failed test.

There lie its report, what the commands and nodes that ran meanwhile said, what it wrote into its own directory, and of each open page a
screenshot, the source and the console. The last line of the run names the folder.
"""

from __future__ import annotations

import contextlib
import re
import shutil
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from support import programs

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator

FOLDER = "test-results"
LONGEST_NAME = 120  # characters
LARGEST_FILE_BYTES = 4 * 1024 * 1024  # of those that are copied from a test's own directory
MAX_FILES = 200

Witness = tuple[str, "Callable[[Path], None]"]  # what it writes down (its name in the report), and how
WITNESSES: list[Callable[[pytest.Item], Iterator[Witness]]] = []  # other parts that know something, such as the browser


class Evidence:
    """The plugin: `register` it.  Each process of pytest-xdist writes for its own tests."""

    def __init__(self, config: pytest.Config) -> None:
        self._root = config.rootpath
        self._is_controller = not hasattr(config, "workerinput")
        self._began: dict[str, float] = {}

    @property
    def folder(self) -> Path:
        """Where it all lies."""
        return self._root / FOLDER

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        """Note when it began: what had ended before has nothing to say."""
        self._began[item.nodeid] = time.monotonic()

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self, item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Write down what there is, while the test's fixtures are still up."""
        report = yield
        if report.failed:
            self._keep(item, report)
        return report

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Say where it lies."""
        count = len({report.nodeid for key in ("failed", "error") for report in terminalreporter.getreports(key)})
        if count and self._is_controller and self.folder.exists():
            tests = "the failed test" if count == 1 else f"the {count} failed tests"
            terminalreporter.write_line(f"What {tests} left (reports, logs, screenshots) is in {self.folder}")

    def _keep(self, item: pytest.Item, report: pytest.TestReport) -> None:
        folder = self.folder / _name(item.nodeid)
        if report.when == "setup" or not folder.exists():
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(parents=True)
        parts = [report.longreprtext, *(f"--- {title}\n{text}" for title, text in report.sections)]
        missing = [
            f"--- {name} could not be had: {error}"
            for name, write in self._witnesses(item)
            if (error := _attempt(write, folder)) is not None
        ]
        text = "\n\n".join([f"{item.nodeid}, {report.when}, after {report.duration:.1f} s", *parts, *missing])
        (folder / f"report-{report.when}.txt").write_text(text + "\n", encoding="utf-8", errors="backslashreplace")

    def _witnesses(self, item: pytest.Item) -> Iterator[Witness]:
        began = self._began.get(item.nodeid, 0.0)
        heard = [program for program in programs.STARTED if program.ended_at is None or program.ended_at >= began]
        for number, program in enumerate(heard, 1):
            name = f"{number}-{program.name}.log"
            yield name, partial(_under, name, program.write_output)
        own = getattr(item, "funcargs", {}).get("tmp_path")
        if isinstance(own, Path) and own.is_dir():
            yield "files", lambda folder: _copy(own, folder / "files")
        for witnesses in WITNESSES:
            yield from witnesses(item)


def _under(name: str, write: Callable[[Path], None], folder: Path) -> None:
    write(folder / name)


def _attempt(write: Callable[[Path], None], folder: Path) -> Exception | None:
    try:
        write(folder)
    except Exception as error:  # noqa: BLE001 - the others still have something to say, and so has the test
        return error
    return None


def _name(nodeid: str) -> str:
    """Return the name of a test's folder: its file and its name, without what file systems do not like."""
    path, _, name = nodeid.partition("::")
    return re.sub(r"[^\w.-]+", "-", f"{Path(path).stem}-{name}").strip("-")[:LONGEST_NAME]


def _copy(source: Path, target: Path) -> None:
    """Copy the small files of a test's own directory."""
    files = [path for path in sorted(source.rglob("*")) if path.is_file() and not path.is_symlink()]
    for path in files[:MAX_FILES]:
        with contextlib.suppress(OSError):  # it is gone meanwhile, or cannot be read
            if path.stat().st_size <= LARGEST_FILE_BYTES:
                copied = target / path.relative_to(source)
                copied.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(path, copied)
