"""How a worker says how it is."""

from __future__ import annotations

from typing import Annotated

import msgspec

Amount = Annotated[float, msgspec.Meta(ge=0, le=1e9)]


class Blocked(msgspec.Struct, kw_only=True, omit_defaults=True):
    """A worker's event loop of `async def` tasks does not answer: for how many seconds, and the line of code that it executes.

    job, attempt, task: to which that belongs; empty if it is not known.
    """

    at: Annotated[str, msgspec.Meta(max_length=400)]
    seconds: Amount
    job: Annotated[str, msgspec.Meta(max_length=100)] = ""
    attempt: int = 0
    task: Annotated[str, msgspec.Meta(max_length=200)] = ""


class Vitals(msgspec.Struct, kw_only=True, omit_defaults=True):
    """How a worker is, and what it takes of its machine, with its pool processes; None: it cannot tell.

    memory: bytes; cpu: cores in use, on average since it last said so; load: the machine's 1-minute average, divided by its cores;
    blocked: what keeps its event loop, None while that answers.
    """

    memory: Annotated[int, msgspec.Meta(ge=0, le=2**60)] | None = None
    cpu: Amount | None = None
    load: Amount | None = None
    blocked: Blocked | None = None
