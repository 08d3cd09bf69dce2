"""The examples in README and docs, as a test runs them. Owns the rules of what a fenced block means:

```python title="NAME.py"      a file of this page; the same title again adds to it. `app = Taskbahn(...)` in it gets a worker.
```python                      runs in the page's own session, one block after the other, in the folder of these files.
```python title="X.py" run     a file that is run by itself.
```js                          runs as a module in Chromium, on a page of the node.
```py title="PATH"             on the pages fastapi.md and django.md: parts of a file of the example, with lines of `...` between them.
```py title="PATH", ```diff    elsewhere a new file of the repository, and a change of one: tests/processes/test_writing_a_limit.py applies them.
```console                     its lines after `$ ` run in a shell, in order, and succeed; except those of NOT_RUN.
`print(...)  # text`, or comment lines under a `print(...)`: the block prints these texts, in this order.

As a program: `python documents.py PAGE` runs the Python and console blocks of a page in the current folder.
"""

from __future__ import annotations

import contextlib
import io
import re
import subprocess
import sys
import traceback
from pathlib import Path
from typing import Any, NamedTuple

FENCE = re.compile(r"^```(\w+)([^\n`]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
TITLE = re.compile(r'title="([^"]+)"')
PRINT = re.compile(r"^\s*print\(.*\)\s*(?:# (.*))?$")
COMMENT = re.compile(r"^\s*# (.*)$")
DEFAULT_ADDRESS = "127.0.0.1:8080"
# what starts or installs something, or stays: the tests do that themselves
NOT_RUN = (
    "taskbahn up",
    "taskbahn worker",
    "pip ",
    "python -m http.server",
    "python3 -m venv",
    ". ",
    "git ",
    "make ",
    "cd ",
    "eval ",
    "sudo ",
)


class Block(NamedTuple):
    """One fenced block; `line` is that of its first line of content."""

    language: str
    title: str | None
    is_run: bool
    text: str
    line: int


def blocks(page: Path) -> list[Block]:
    """Return the fenced blocks of a page."""
    source = page.read_text(encoding="utf-8")
    found = []
    for match in FENCE.finditer(source):
        language, words, text = match.groups()
        title = TITLE.search(words)
        found.append(
            Block(language, title[1] if title else None, " run" in words, text, source.count("\n", 0, match.start()) + 2)
        )
    return found


def files(page: Path) -> dict[str, str]:
    """Return the files that a page defines."""
    made: dict[str, str] = {}
    for block in blocks(page):
        if block.title is not None and block.language != "py":
            made[block.title] = made.get(block.title, "") + block.text + "\n\n"
    return made


def applications(page: Path) -> list[str]:
    """Return the MODULE:APP of the files that define an application."""
    made = files(page)
    return [f"{name.removesuffix('.py')}:app" for name, text in made.items() if "\napp = Taskbahn(" in text]


def expected(text: str) -> list[str]:
    """Return what a block says it prints."""
    wanted: list[str] = []
    after_print = False
    for line in text.splitlines():
        printed, comment = PRINT.match(line), COMMENT.match(line)
        if printed and printed[1] is not None:
            wanted.append(printed[1])
        elif comment and after_print:
            wanted.append(comment[1])
        after_print = bool(printed) or bool(comment and after_print)
    return wanted


def missing(text: str, output: str) -> str:
    """Return the first expected text that *output* does not have in its place; empty if all is as expected."""
    lines = iter(output.splitlines())
    for wanted in expected(text):
        if not any(wanted.strip() == line.strip() for line in lines):
            return f"expected {wanted!r} in its place, but it printed:\n{output}"
    return ""


class Session:
    """The Python and console blocks of one page, run in order."""

    def __init__(self, page: Path) -> None:
        self.page = page
        self.names: dict[str, Any] = {"__name__": "__page__"}

    def run(self) -> bool:
        """Run all; return whether all went well."""
        good = True
        for block in blocks(self.page):
            wrong = self._run(block)
            if wrong:
                good = False
                print(f"{self.page.name}, line {block.line}: {wrong}\n{block.text}", file=sys.stderr)
        return good

    def _run(self, block: Block) -> str:
        if block.language == "python" and (block.is_run or block.title is None):
            return self._script(block) if block.is_run else self._here(block)
        if block.language == "console":
            return self._shell(block)
        return ""

    def _here(self, block: Block) -> str:
        output = io.StringIO()
        try:
            code = compile("\n" * (block.line - 1) + block.text, str(self.page), "exec")
            with contextlib.redirect_stdout(output):
                exec(code, self.names)  # noqa: S102 - that is what this is for
        except Exception:  # noqa: BLE001 - it is what the reader would see
            return traceback.format_exc()
        return missing(block.text, output.getvalue())

    def _script(self, block: Block) -> str:
        done = subprocess.run([sys.executable, str(block.title)], capture_output=True, text=True, timeout=120, check=False)
        if done.returncode:
            return f"exit code {done.returncode}\n{done.stdout}{done.stderr}"
        return missing(block.text, done.stdout)

    def _shell(self, block: Block) -> str:
        commands = [line[2:] for line in block.text.splitlines() if line.startswith("$ ")]
        script = "\n".join(command for command in commands if not command.startswith(NOT_RUN))
        if not script:
            return ""
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", script], capture_output=True, text=True, timeout=120, check=False
        )
        return f"exit code {done.returncode}\n{done.stdout}{done.stderr}" if done.returncode else ""


if __name__ == "__main__":
    sys.path.insert(0, str(Path.cwd()))
    sys.exit(0 if Session(Path(sys.argv[1])).run() else 1)
