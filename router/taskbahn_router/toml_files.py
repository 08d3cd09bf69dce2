"""Reads the files of TOML that an operator gives to a node: a table for each thing."""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING, Any

from taskbahn.errors import InvalidOption

if TYPE_CHECKING:
    from pathlib import Path

MAX_FILE_BYTES = 2**20


def read_tables(path: Path, source: str, thing: str, option: str) -> dict[str, Any]:
    """Return what is in a file.   source: who names it.   thing: for which there is a table each.  Raises InvalidOption."""
    try:
        with path.open("rb") as file:
            content = file.read(MAX_FILE_BYTES + 1)
    except OSError as error:
        raise _wrong(source, f"{error.strerror or error}: give a file of TOML that the node's user may read", option) from None
    if len(content) > MAX_FILE_BYTES:
        raise _wrong(source, f"it has more than 1 MiB, which no file of {thing}s has: is it another file?", option)
    try:
        return tomllib.loads(f"{content.decode('utf-8-sig')}\n")  # with a last line, so that it has a number
    except UnicodeDecodeError as error:
        raise _wrong(source, f"byte {error.start} is no UTF-8: save the file as UTF-8", option) from None
    except (ValueError, RecursionError) as error:  # it says line and column
        raise _wrong(source, f"{error}: the file is TOML, a table for each {thing}", option) from None


def _wrong(source: str, why: str, option: str) -> InvalidOption:
    return InvalidOption(f"{source}: {why}", option=option)
