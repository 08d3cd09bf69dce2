"""Arguments as a list in the Python API of the site: an extension of griffe, which reads the docstrings (mkdocs.yml).

A docstring describes arguments as `name: what it is.   other: what that is.`, which Markdown would show as one paragraph.
"""

from __future__ import annotations

import re
from typing import Any

import griffe

# A name and a colon where a sentence may begin: no sentence begins with a small letter.
ARGUMENT = re.compile(r"(?:\A|(?<=[.:;]\n)|(?<=   )|(?<=[.;] ))(?P<names>[a-z_]+(?:, [a-z_]+)*): +")
AFTER = re.compile(r"(?:^|(?<=  )|(?<=\. ))Raises (?=[A-Z]|as `)", re.MULTILINE)


class ArgumentLists(griffe.Extension):
    """Rewrites each docstring before it is shown."""

    def on_instance(self, *, obj: griffe.Object, **_: Any) -> None:
        """Rewrite one."""
        if obj.docstring:
            obj.docstring.value = listed(obj.docstring.value)


def listed(docstring: str) -> str:
    """Return a docstring with its arguments, and what it raises, as Markdown shows them."""
    if "```" in docstring:
        return docstring
    return "\n\n".join(_listed(paragraph) for paragraph in docstring.split("\n\n"))


def _listed(paragraph: str) -> str:
    if paragraph.startswith((" ", "```", "|", "- ", "* ")):
        return paragraph
    text, raises = paragraph, ""
    if found := AFTER.search(paragraph):
        text, raises = paragraph[: found.start()].rstrip(), paragraph[found.start() :]
    starts = list(ARGUMENT.finditer(text))
    if not starts:
        return paragraph
    ends = [found.start() for found in starts[1:]] + [len(text)]
    items = [f"- {_code(found['names'])}: {_flat(text[found.end() : end])}" for found, end in zip(starts, ends, strict=True)]
    parts = [_flat(text[: starts[0].start()]), "\n".join(items), _flat(raises)]
    return "\n\n".join(part for part in parts if part)


def _code(names: str) -> str:
    return ", ".join(f"`{name}`" for name in names.split(", "))


def _flat(text: str) -> str:
    return re.sub(r"\s+", " ", text).strip()
