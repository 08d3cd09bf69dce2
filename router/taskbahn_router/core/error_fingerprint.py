"""What failures have in common: the fingerprint of an error.

Two jobs failed alike if they are of one task, their errors have one type and one innermost place in the user's code, and their
messages differ only in what is different each time: numbers, hexadecimal, UUIDs, quoted text, paths and addresses. Of a process that died
the signal or exit code counts; of a worker that was lost, how that was, and not which one it was. Lines may move in a file
without making an error a new one, and the first thousand characters of a message are enough to distinguish it.
"""

from __future__ import annotations

import hashlib
import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

DIGITS = 12  # hexadecimal digits of a fingerprint
FINGERPRINT = re.compile(rf"[0-9a-f]{{{DIGITS}}}")
MESSAGE_READ = 1_000  # characters
TRACEBACK_READ = 40_000  # the last characters of a traceback; a worker of the SDK sends fewer
TRACEBACKS_KNOWN = 64
WORKER = re.compile(r"worker .*(?= (?:was lost|did not come back))")  # of a message, the name of the worker

VARYING = re.compile(
    r"""
    [0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}                # UUIDs
    | (?<!\w)'[^'\n]*'(?!\w) | "[^"\n]*" | `[^`\n]*` | “[^”\n]*”        # quoted text (and no apostrophes)
    | (?<![\w.+-])[\w.+-]+@[\w-]+(?:\.[\w-]+)+                            # addresses of mail
    | (?<![\w.~%@:-])[\w.~%@:-]*[/\\][\w.~%@:/\\?=&+\#-]*               # paths and addresses
    | 0[xX][0-9a-fA-F]+ | (?<!\w)(?=[a-fA-F]*[0-9])[0-9a-fA-F]{8,}(?!\w)
    | [0-9]+(?:[.,:][0-9]+)*
    """,
    re.VERBOSE,
)
FRAME = re.compile(r'^[ |]*File "([^"\n]+)", line \d+, in (\S+)', re.MULTILINE)  # a frame of a traceback, as Python writes it
OTHERS = re.compile(r"[/\\](?:site-packages|dist-packages|lib[/\\]python[0-9.]+)[/\\]|^<")  # code that is not the user's


def fingerprint(task: str, error: Mapping[str, Any]) -> str:
    """Return the fingerprint of a failed job's *error* (type, message, traceback): 12 hexadecimal digits, the same in each process."""
    parts = (task, str(error.get("type", "")), cause(error), *place(str(error.get("traceback", ""))[-TRACEBACK_READ:]))
    return hashlib.sha256("\0".join(parts).encode(errors="replace")).hexdigest()[:DIGITS]


def cause(error: Mapping[str, Any]) -> str:
    """Return what an error says, without what is different each time."""
    message = str(error.get("message", ""))
    match error.get("type"):
        case "ProcessDied" if "signal" in error or "exit_code" in error:  # its message has the memory that it took, too
            return f"signal {error.get('signal')}, exit code {error.get('exit_code')}"
        case "WorkerLost":
            return alike(WORKER.sub("worker", message[:MESSAGE_READ]))
    return alike(message)


def alike(message: str) -> str:
    """Return a message with `#` for all that is different each time."""
    return " ".join(VARYING.sub("#", message[:MESSAGE_READ]).split())


@lru_cache(TRACEBACKS_KNOWN)  # jobs that fail in floods fail alike
def place(traceback: str) -> tuple[str, str]:
    """Return file name and function of the innermost frame in the user's code; empty if there is none."""
    for path, function in reversed(FRAME.findall(traceback)):
        if not OTHERS.search(path):
            return re.split(r"[/\\]", path)[-1], function
    return "", ""
