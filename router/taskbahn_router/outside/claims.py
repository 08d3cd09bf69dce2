"""What the claims of a token say: found by dotted paths, put into tags, and compared with what the operator requires."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple

from taskbahn.protocol.options import WIRE
from taskbahn_router.company.id_tokens import Refused
from taskbahn_router.model.scope import OWN_TAG

if TYPE_CHECKING:
    from collections.abc import Mapping

PLACE = re.compile(r"\{([^{}]+)\}")
MAX_VALUE = 200  # characters of a claim in a tag
MAX_TAG = int(WIRE["tags"].high or MAX_VALUE)
FORBIDDEN = frozenset("*?[]{}\\\"',")  # what patterns and questions for jobs read as something else
WORD_LISTS = ("scope", "scp")  # claims whose text is words with spaces between them (RFC 8693, section 4.2)


def claim(claims: Mapping[str, Any], path: str) -> Any:
    """Return a claim by its name, or by a path with dots through the claims in it; None: there is none."""
    if path in claims:
        return claims[path]
    found: Any = claims
    for part in path.split("."):
        found = found.get(part) if isinstance(found, dict) else None
    return found


class Template(NamedTuple):
    """A tag with claims in it, as `user:{sub}`.   parts: texts, and paths of claims at each second place."""

    parts: tuple[str, ...]

    @classmethod
    def of(cls, text: str) -> Template:
        """Read a template.  Raises ValueError."""
        parts = PLACE.split(text)
        texts, paths = parts[::2], parts[1::2]
        if any("{" in part or "}" in part for part in texts):
            raise ValueError("a { or } is left over: write {sub} or another claim, and no other braces")
        if any(path != path.strip() for path in paths):
            raise ValueError("there are spaces in the braces: write the name of the claim alone, as {sub}")
        if any(not text for text in texts[1:-1]):
            raise ValueError("two claims follow each other, so two users may get one tag: write a text between them")
        if not all(text.isprintable() for text in texts) or FORBIDDEN.intersection(*map(set, texts)):
            raise ValueError("it has a character that no tag of a token has")
        return cls(tuple(parts))

    @property
    def text(self) -> str:
        """The template as it was written."""
        return "".join(f"{{{part}}}" if index % 2 else part for index, part in enumerate(self.parts))

    def filled(self, claims: Mapping[str, Any]) -> str:
        """Return the tag for a user.  Raises Refused."""
        filled = list(self.parts)
        for index in range(1, len(filled), 2):
            filled[index] = _value(claims, filled[index], set(filled[index + 1]) if index + 2 < len(filled) else set())
        tag = "".join(filled)
        if len(tag) > MAX_TAG:
            raise Refused(f"its tag would have {len(tag)} characters, and a job takes {MAX_TAG}")
        if tag.startswith(OWN_TAG):
            raise Refused(f"its tag would begin with {OWN_TAG!r}, as those of what single tokens of the node have started")
        return tag


def _value(claims: Mapping[str, Any], path: str, ends: set[str]) -> str:
    """Return a claim that may be in a tag.   ends: characters at which the next part of the tag begins: no two users share a tag."""
    value = claim(claims, path)
    if not isinstance(value, str):
        raise Refused(f"its claim {path} is {'missing' if value is None else 'no text'}, and a tag has it")
    if not 0 < len(value) <= MAX_VALUE or not value.isprintable() or value != value.strip():
        raise Refused(f"its claim {path} is empty, too long, or has characters that no tag has")
    if wrong := sorted((FORBIDDEN | ends).intersection(value)):
        raise Refused(f"its claim {path} has {wrong[0]!r}, which it may not have in a tag")
    return value


def has(claims: Mapping[str, Any], path: str, wanted: tuple[str | bool | int, ...]) -> bool:
    """Return whether a claim is one of the wanted values, or a list that has one."""
    found = claim(claims, path)
    if isinstance(found, str) and path in WORD_LISTS:
        found = found.split()
    values = found if isinstance(found, list) else [found]
    return any(type(each) is type(one) and each == one for each in values for one in wanted)
