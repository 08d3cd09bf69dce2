"""The URIs under which a session without an SDK offers a task, and what to say of those that cannot be taken.

`taskbahn.offer_as.<name>.<task>`: the name is the one component after the prefix, the task all that follows, dots included.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from taskbahn.protocol import messages

NAMED = (messages.OFFER_AS_PREFIX, messages.OFFER_JOB_AS_PREFIX)
PREFIXES = (messages.OFFER_PREFIX, messages.OFFER_JOB_PREFIX, *NAMED)
WITH_JOB = (messages.OFFER_JOB_PREFIX, messages.OFFER_JOB_AS_PREFIX)  # prefixes whose procedures get the job before the arguments
TASK_NAME = re.compile(messages.TASK_NAME)
OFFER_NAME = re.compile(messages.OFFER_NAME)


class Offer(NamedTuple):
    """What an offer's URI says; `name` is empty where only one session may offer the task."""

    uri: str
    task: str
    name: str
    knows_job: bool


def offer_of(uri: str) -> Offer | None:
    """Return what *uri* offers; None if it is not below a prefix of offers. Its names are not checked."""
    prefix = next((each for each in PREFIXES if uri.startswith(each)), None)
    if prefix is None:
        return None
    name, rest = "", uri.removeprefix(prefix)
    if prefix in NAMED:
        name, _, rest = rest.partition(".")
    return Offer(uri, rest, name, prefix in WITH_JOB)


def problem_of(uri: str, match: str = "exact") -> str:
    """Return why a registration below a prefix of offers cannot be taken, as a sentence; empty if it can, or is no offer."""
    offer = offer_of(uri)
    if offer is None:
        return ""
    if match != "exact":
        return f"an offer is registered with match 'exact', not {match!r}: each registration offers one task"
    if uri.startswith(NAMED):
        prefix = next(each for each in NAMED if uri.startswith(each))
        form = f"a named offer is {prefix}<name>.<task>, as {prefix}tab-1.images.thumbnail"
        if not OFFER_NAME.fullmatch(offer.name):
            return f"{form}, and {offer.name[:100]!r} is no name of a worker: it has 1 to 64 letters, digits, '_' or '-'"
        if not offer.task:
            return f"{form}, and the task is missing after the name {offer.name!r}"
    if len(offer.task) > messages.MAX_TASK_NAME or not TASK_NAME.fullmatch(offer.task):
        return (
            f"{offer.task[:100]!r} cannot name a task: use dotted words of lower-case letters, digits and '_', "
            f"at most {messages.MAX_TASK_NAME} characters, not starting with taskbahn, wamp or crossbar"
        )
    return ""


def taken(uri: str) -> str:
    """Return what to say to a session that registers an offer which another one holds; empty if *uri* is no offer."""
    offer = offer_of(uri)
    if offer is None:
        return ""
    if offer.name:
        return f"another session offers {offer.task} under the name {offer.name!r}: register it under another name"
    prefix = messages.OFFER_JOB_AS_PREFIX if offer.knows_job else messages.OFFER_AS_PREFIX
    return (
        f"another session offers {offer.task} as {uri}, which only one may do: "
        f"register {prefix}<name>.{offer.task}, with a name of its own for each session"
    )
