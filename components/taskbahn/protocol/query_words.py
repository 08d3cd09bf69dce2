"""The words of the query language: blanks part them, and what is in quotes means itself.

In '…' and "…" blanks, colons and stars are letters like others, and the quote itself is written twice. Outside of quotes `*` is any run
of characters. In a pattern, which is what travels, `[*]` is a star that means itself. `query-words.js` of the page has the same rules.
"""

from __future__ import annotations

import re
from typing import NamedTuple

BLANK = r"\s\x1c-\x1f\x85\ufeff"  # what Python or a browser takes for a blank
PART = re.compile(rf"""'((?:[^']|'')*)('?)|"((?:[^"]|"")*)("?)|([^{BLANK}'"]+)""")
PLAIN = re.compile(rf"[^{BLANK}'\"*]+")


class Part(NamedTuple):
    """A part of a word, without its quotes."""

    text: str
    is_quoted: bool

    @property
    def pattern(self) -> str:
        """Return it as a pattern, in which a quoted star means itself."""
        return exact(self.text) if self.is_quoted else self.text


class Word(NamedTuple):
    """A word as it is written; is_open: its last quote is not closed."""

    text: str
    parts: tuple[Part, ...]
    is_open: bool

    @property
    def name(self) -> str | None:
        """What is before its first colon outside of quotes; None if there is none, or a quote before it."""
        first = self.parts[0]
        return None if first.is_quoted or ":" not in first.text else first.text.partition(":")[0]

    @property
    def value(self) -> tuple[Part, ...]:
        """The parts after the colon; of a word without a name, all."""
        first, *rest = self.parts
        if self.name is None:
            return self.parts
        return tuple(part for part in (Part(first.text.partition(":")[2], is_quoted=False), *rest) if part.text or part.is_quoted)


def split(text: str) -> list[Word]:
    """Return the words of a query."""
    found: list[list[re.Match[str]]] = []
    for match in PART.finditer(text):
        if found and found[-1][-1].end() == match.start():
            found[-1].append(match)
        else:
            found.append([match])
    return [
        Word(
            text[matches[0].start() : matches[-1].end()],
            tuple(_part(match) for match in matches),
            is_open=matches[-1][2] == "" or matches[-1][4] == "",
        )
        for matches in found
    ]


def _part(match: re.Match[str]) -> Part:
    single, _, double, _, plain = match.groups()
    if single is not None:
        return Part(single.replace("''", "'"), is_quoted=True)
    if double is not None:
        return Part(double.replace('""', '"'), is_quoted=True)
    return Part(plain, is_quoted=False)


def quote(name: str) -> str:
    """Return a name as a query has it: `tag:{quote(tag)}` finds that tag and no other."""
    return name if PLAIN.fullmatch(name) else "'" + name.replace("'", "''") + "'"


def exact(name: str) -> str:
    """Return the pattern that only this name matches."""
    return name.replace("*", "[*]")
