"""What is special about jobs of the tasks that ship with the node: their queue, their tags, what their calls may say."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

from taskbahn.errors import InvalidArguments
from taskbahn.protocol import messages
from taskbahn.protocol.options import WIRE
from taskbahn.protocol.outgoing import misfits, tags_of
from taskbahn_router.core.policy import Policy, policy_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from taskbahn_router.core.flow_jobs import Known


def in_their_queue(options: dict[str, Any]) -> dict[str, Any]:
    """Return the options of a call without the queue: workers of others serve those, and none of them may offer these tasks."""
    return {name: value for name, value in options.items() if name != "queue"} if "queue" in options else options


def check_calls(task: str, calls: Iterable[Known]) -> None:
    """Raise InvalidArguments for calls that cannot be; what other jobs give is checked when the job runs."""
    for args, kwargs in calls:
        if wrong := misfits(task, args, kwargs):
            raise InvalidArguments(task, wrong)


def with_tags(policy: Policy, task_options: str, args: list[Any], kwargs: Mapping[str, Any]) -> Policy:
    """Return the policy of a delivery with the tags that say where it goes, as far as there is room for them."""
    url = args[1] if len(args) > 1 else kwargs.get("url")
    if not isinstance(url, str):
        return policy
    own: dict[str, Any] = messages.from_json(policy.own) if policy.own else {}
    with suppress(ValueError):
        tags = list(dict.fromkeys([*tags_of(url), *policy.tags]))[: WIRE["tags"].most]
        return policy_of(task_options, messages.to_json({**own, "tags": tags}))
    return policy
