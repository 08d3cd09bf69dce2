"""The commands of any release, one after the other in one process, as each would cost half a second to start.

python -m support.release_commands [[WORD, ...], ...]      takes and prints JSON: what each command printed
"""

from __future__ import annotations

import contextlib
import io
import json
import sys

from taskbahn.cli import cli


def run(words: list[str]) -> str:
    """Run one command; return what it printed."""
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        cli(words, prog_name="taskbahn", standalone_mode=False)
    return printed.getvalue()


if __name__ == "__main__":
    print(json.dumps([run(words) for words in json.loads(sys.argv[1])]))
