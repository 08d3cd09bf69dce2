"""What `task.s`, `task.si`, `task.map`, `task.starmap` and `task.chunks` make: flows of one task. Their arguments are checked here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from taskbahn.errors import CallerError, InvalidArguments, InvalidFlow
from taskbahn.flows.arguments import misfits, pack, pack_following
from taskbahn.flows.nodes import Group, Many, Member, Part, shape
from taskbahn.protocol.error_words import say_also
from taskbahn.tasks.flow import Flow

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from taskbahn.flows.arguments import Packed
    from taskbahn.flows.nodes import Node
    from taskbahn.signatures.signature import TaskSignature
    from taskbahn.tasks.task_handle import TaskHandle

Args = tuple[Any, ...]
Names = dict[str, Any]


def following(handle: TaskHandle[..., Any], said: Mapping[str, Any], args: Args, kwargs: Names) -> Flow[Any, Any]:
    """Make `task.s(...)`.  said: options, `id` and `after` of the handle.  Raises InvalidArguments, InvalidFlow, TooLarge, TooDeep.

    The call is packed for each place in which its arguments fit: where nothing comes before it, and after something.
    """
    name, signature = handle.name, handle.signature
    wrong_alone = misfits(signature, len(args), kwargs)
    wrong_following = misfits(signature, len(args) + 1, kwargs)
    alone: Packed | None = None
    after: Packed | None = None
    refused = None
    if wrong_alone and wrong_following:
        refused = InvalidArguments(name, wrong_alone if "" in wrong_alone else wrong_following)  # "": too many by position
    wrong = _why_not(signature, wrong_alone, wrong_following)
    if not wrong_alone:
        try:
            alone = pack(name, signature, args, kwargs)
        except InvalidArguments as error:
            refused, wrong = error, error.detail["fields"]
    if signature is None:
        after = alone
    elif not wrong_following:
        try:
            after = pack_following(name, signature, args, kwargs)
        except InvalidArguments as error:
            refused, wrong = error, error.detail["fields"]
    if alone is None and after is None and refused is not None:
        raise _with_remedy(refused, args, kwargs)
    return _member(handle, said, alone=alone, following=after, wrong=wrong)


def immutable(handle: TaskHandle[..., Any], said: Mapping[str, Any], args: Args, kwargs: Names) -> Flow[Any, Any]:
    """Make `task.si(...)`; raises as `following`."""
    try:
        packed = pack(handle.name, handle.signature, args, kwargs)
    except InvalidArguments as error:
        raise _with_remedy(error, args, kwargs) from error.__cause__
    return _member(handle, said, alone=packed, following=packed, is_immutable=True)


def mapped(handle: TaskHandle[..., Any], said: Mapping[str, Any], calls: Iterable[Args]) -> Flow[Any, Any]:
    """Make a group of a call for each tuple of arguments; raises as `following`, with the number of the call."""
    found = _packed(handle, ((args, {}) for args in calls))
    name, signature, options = handle.name, handle.signature, said["options"]
    whole = {word: value for word, value in said.items() if word != "options"}
    texts = tuple(packed for packed in found if isinstance(packed, str))
    node: Node = Many(task=name, signature=signature, calls=texts, member_options=options, **whole)
    if len(texts) < len(found):
        words = {"task": name, "signature": signature, "options": options, "is_immutable": True}
        node = shape(Group, tuple(Part(Member(alone=packed, following=packed, **words)) for packed in found), **whole)
    return Flow(handle.app, Part(node))


def chunked(
    handle: TaskHandle[..., Any], said: Mapping[str, Any], calls: Iterable[tuple[Args, Names]], size: Any
) -> Flow[Any, Any]:
    """Make a group of jobs that make *size* calls each; raises as `mapped`."""
    if type(size) is not int or size < 1:
        raise InvalidFlow(f"{handle.name}.chunks(items, {size!r:.100}): the size is a number of items, 1 or more")
    found = _packed(handle, calls)
    texts = tuple(packed for packed in found if isinstance(packed, str))
    if len(texts) < len(found):
        raise InvalidFlow(f"{handle.name}.chunks() takes values, no results of other jobs: write {handle.name}.map(...)")
    words = {word: value for word, value in said.items() if word != "options"} | {"member_options": said["options"]}
    return Flow(handle.app, Part(Many(task=handle.name, signature=handle.signature, calls=texts, per_job=size, **words)))


def _packed(handle: TaskHandle[..., Any], calls: Iterable[tuple[Args, Names]]) -> list[Packed]:
    found: list[Packed] = []
    for args, kwargs in calls:
        try:
            found.append(pack(handle.name, handle.signature, args, kwargs))
        except CallerError as error:
            say_also(error, f"in item number {len(found)} (from 0)")
            raise
    return found


def _member(handle: TaskHandle[..., Any], said: Mapping[str, Any], **more: Any) -> Flow[Any, Any]:
    return Flow(handle.app, Part(Member(task=handle.name, signature=handle.signature, **said, **more)))


def _why_not(signature: TaskSignature | None, alone: Mapping[str, str], following: Mapping[str, str]) -> Mapping[str, str]:
    """Say why the call does not fit in one of its places; empty if it has the right number of arguments for both."""
    if alone and signature:
        return {signature.parameters.name_at(0): "is missing, because nothing comes before this task"}
    if following:
        return {
            "": f"{'; '.join(following.values())}, because the result of what comes before is the first; si() takes no result"
        }
    return {}


def _with_remedy(error: InvalidArguments, args: Args, kwargs: Names) -> InvalidArguments:
    from taskbahn.jobs.job import Job  # late: the processes of a worker need neither Twisted nor a client

    if any(isinstance(value, Flow | Job) for value in (*args, *kwargs.values())):
        say_also(error, "the result of a flow or a job is given as its .output")
    return error
