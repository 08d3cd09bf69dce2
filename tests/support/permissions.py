"""What Crossbar lets a session of a role do, by the role's permissions."""

from __future__ import annotations

from typing import Any


def may_call(permissions: list[dict[str, Any]], uri: str) -> bool:
    return may(permissions, uri, "call")


def may(permissions: list[dict[str, Any]], uri: str, action: str) -> bool:
    """Return what Crossbar decides: an exact URI goes before a prefix, the longest prefix before the others."""
    exact = [one for one in permissions if one["match"] == "exact" and one["uri"] == uri]
    prefixes = [one for one in permissions if one["match"] == "prefix" and uri.startswith(one["uri"])]
    found = exact or sorted(prefixes, key=lambda one: len(one["uri"]))[-1:]
    return bool(found and found[0]["allow"][action])
