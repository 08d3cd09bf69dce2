"""The entries of a submission: what `taskbahn.submit` takes; and jobs that make several calls."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterable

CHUNK = '{"calls":'  # how the arguments of a job begin that makes several calls of its task, one after the other


class Call(msgspec.Struct, kw_only=True, omit_defaults=True):
    """One job to be. Arguments as values (`args`, `kwargs`), or packed as JSON text of `[args, kwargs]`."""

    task: str
    id: str | None = None  # made by the client, so that sending it again creates nothing twice
    args: list[Any] = []
    kwargs: dict[str, Any] = {}
    packed: str | None = None
    checked: str | None = None  # digest of the signature that the client checked the arguments against
    options: dict[str, Any] = {}
    parent: str | None = None  # id of the job whose attempt starts this one
    declarations: list[
        dict[str, Any]
    ] = []  # `messages.TaskDeclaration`s of the caller, for tasks that no worker has declared yet


class Bulk(msgspec.Struct, kw_only=True, omit_defaults=True):
    """Many jobs of one task with the same options: `calls` is [[id, JSON text of [args, kwargs]], ...]."""

    task: str
    calls: list[tuple[str, str]]
    checked: str | None = None
    options: dict[str, Any] = {}
    parent: str | None = None
    declarations: list[dict[str, Any]] = []


class BulkAnswer(msgspec.Struct, kw_only=True):
    """How many jobs of a `Bulk` are accepted, and the `ErrorInfo` of each that is not, by its index as text."""

    accepted: int
    errors: dict[str, dict[str, Any]] = {}
    joined: dict[str, str] = {}  # likewise the ids of the jobs that jobs of it joined


class _Chunk(msgspec.Struct):
    calls: list[msgspec.Raw]


_as_chunk = msgspec.json.Decoder(_Chunk).decode


def chunk_of(calls: Iterable[str]) -> str:
    """Return the arguments of a job that makes *calls*, each the JSON text of [args, kwargs]; its result is the list of all results."""
    return f"{CHUNK}[{','.join(calls)}]}}"


def calls_in(packed: str) -> list[str]:
    """Return the arguments of each call that a job makes: mostly there is one, the job's own."""
    return [bytes(call).decode() for call in _as_chunk(packed).calls] if packed.startswith(CHUNK) else [packed]
