"""What comes in as a submission or a plain call, checked and made into jobs to be accepted; nothing else is changed."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import msgspec

from taskbahn.errors import InvalidFlow, InvalidName, InvalidOption, InvalidRequest, TaskbahnError, TooDeep, UnknownTask
from taskbahn.protocol import messages
from taskbahn.protocol.calls import CHUNK, Bulk, Call
from taskbahn.protocol.encrypting import MARK
from taskbahn.protocol.json_depth import SHORTEST, check_nesting
from taskbahn.protocol.limit_fields import REFUSE
from taskbahn.protocol.options import Where, check_backoff, with_seconds
from taskbahn.protocol.options import check as check_options
from taskbahn.protocol.outgoing import BUILT_IN, WEBHOOK
from taskbahn.protocol.states import State
from taskbahn.signatures.exact_values import is_finite
from taskbahn_router.core.ids import id_text
from taskbahn_router.core.job_times import is_due
from taskbahn_router.core.policy import Policy, policy_of
from taskbahn_router.core.rows import text_of
from taskbahn_router.model.state import DispatcherState, LiveJob, both_ids, id_bytes
from taskbahn_router.submission import built_in
from taskbahn_router.submission.callers_code import check_by_workers, check_count, convert, new_declarations
from taskbahn_router.submission.deadlines import checked_deadline, due
from taskbahn_router.submission.flows import NO_PARENT, Parent, add_callbacks, callbacks_for, flags_of, read_flow
from taskbahn_router.submission.own_jobs import caller_of, check_allowed, check_free, check_own
from taskbahn_router.submission.packed_arguments import check_size, is_encrypted_call
from taskbahn_router.submission.secrets import opened_calls, sealed_plain

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Mapping

    from taskbahn_router.core.flow_jobs import Known
    from taskbahn_router.core.unique_keys import NewKey
    from taskbahn_router.model.declared_task import DeclaredTask
    from taskbahn_router.model.partitions import Named
    from taskbahn_router.model.roles import RoleRules
from taskbahn_router.submission.flows import Checked, FlowJobs

TASK_NAME = re.compile(messages.TASK_NAME)
RANDOM_BITS = 80
BACKOFF = frozenset({"retry_backoff", "retry_backoff_max"})
NOT_FINITE = "they have a number that is not finite (NaN or an infinity), which JSON has no word for; pass null or a text instead"


def check_name(name: str) -> None:
    """Raise `InvalidName` for what cannot be a task's name."""
    if len(name) > messages.MAX_TASK_NAME or not TASK_NAME.fullmatch(name):
        raise InvalidName(name)


def check_text(what: str, text: str) -> None:
    """Raise `InvalidRequest` for text with half of a surrogate pair, which JSON can say but neither a store nor a socket can take."""
    if not text.isascii():  # this check costs nothing
        try:
            text.encode()
        except UnicodeEncodeError as error:
            raise InvalidRequest(f"{what} has text that is no Unicode: {error.reason}") from None


def check_depth(what: str, text: str) -> None:
    """Raise `TooDeep` for JSON text that is nested deeper than the bound; short text, which nearly all is, cannot be."""
    if len(text) > SHORTEST:
        check_nesting(what, text.encode())


def new_id(now: float) -> tuple[str, bytes]:
    """Return a UUIDv7 (Source: RFC 9562, section 5.7) for a job whose caller gave none, as text and as bytes."""
    random = int.from_bytes(os.urandom(10))
    value = (int(now * 1000) << RANDOM_BITS) | (random & ~(0xF << 76) & ~(0x3 << 62)) | (0x7 << 76) | (0x2 << 62)
    raw = value.to_bytes(16)
    return id_text(raw), raw


@dataclass(slots=True)
class Draft:
    """A submission as far as it is read: the answers, entry by entry, the jobs that they accept, and the partitions of these.

    size: bytes of the jobs' arguments, about.   asks: whether some of the jobs have unique keys.
    """

    authid: str | None
    now: float
    is_confined: bool = False  # whether its client has only its own jobs
    by_tags: bool = False  # and of these only those with the tags of its browser token
    answers: list[Any] = field(default_factory=list)
    jobs: list[LiveJob] = field(default_factory=list)
    named: Named = field(default_factory=dict)
    size: int = 0
    counts: list[int] = field(default_factory=list)  # the jobs of each entry
    has_links: bool = False  # whether jobs have to do with others
    flows: list[FlowJobs] = field(default_factory=list)  # of which this is the first slice only
    planned: Named = field(default_factory=dict)  # the partitions of all jobs of these
    asks: bool = False

    def trusted(self, digest: str | None) -> str | None:
        """Return by what the client has checked arguments, if its word counts."""
        return None if self.is_confined else digest


class Submissions:
    """Makes `LiveJob`s of requests; wall is the clock that jobs are dated by (UTC seconds)."""

    def __init__(self, state: DispatcherState, wall: Callable[[], float]) -> None:
        self._state = state
        self._wall = wall
        self.declare_built_in: Callable[[str], None] = lambda _: None  # declares a task that ships with the node
        self.declare_by_caller: Callable[[list[messages.TaskDeclaration]], None] = lambda _: None  # until a worker does

    def read(
        self, entries: Any, authid: str | None, *, is_confined: bool = False, by_tags: bool = False, own: RoleRules | None = None
    ) -> Generator[None, None, Draft]:
        """Read a submission, call by call, and return it; there may be a pause at each step."""
        check_count(entries)
        draft = Draft(authid, self._wall(), is_confined, by_tags)
        answer: Any
        for entry in entries:
            before = len(draft.jobs)
            try:
                check_allowed(entry)
                draft.authid = caller_of(self._state, entry, authid, is_confined=is_confined, rules=own)
                if not is_confined and (new := new_declarations(entry, self._state.tasks)):
                    self.declare_by_caller(new)
                if isinstance(entry, dict) and "calls" in entry:
                    answer = yield from self._bulk(entry, draft)
                elif isinstance(entry, dict) and "flow" in entry:
                    answer = yield from self._flow(entry, draft)
                else:
                    answer = self._single(entry, draft)
            except TaskbahnError as error:
                answer = error.info()
            draft.answers.append(answer)
            draft.counts.append(len(draft.jobs) - before)
            yield
        return draft

    def plain(self, task: str, args: list[Any], kwargs: dict[str, Any], authid: str | None) -> Draft:
        """Read a plain remote procedure call, which is one job."""
        known = self.task(task)
        draft = Draft(authid, self._wall())
        policy = self.policy(known, {})
        packed, ids = self._pack(known, args, kwargs), new_id(draft.now)
        callbacks = callbacks_for(self, known, ids[1], {}, draft) if known.declaration.callbacks else ()
        job = self._job(known, policy, ids, packed, draft)
        job.is_new = True
        if callbacks:
            add_callbacks(self, job, callbacks, draft)
        return draft

    def _single(self, entry: Any, draft: Draft) -> str:
        call = convert(entry, Call, "a call")
        task = self.task(call.task)
        parent = self._parent(call.parent)
        options, key = _without_key(call.options) if "key" in call.options else (call.options, None)
        if call.parent:
            options = {**parent.inherited, **options}
        policy = self.policy(task, options)
        packed = (
            self._pack(task, call.args, call.kwargs)
            if call.packed is None
            else self.checked(task, call.packed, draft.trusted(call.checked))
        )
        ids = both_ids(call.id) if call.id else new_id(draft.now)
        given = None if key is None else _given(task, key, packed)
        callbacks = callbacks_for(self, task, ids[1], options, draft) if task.declaration.callbacks else ()
        job = self._job(task, policy, ids, packed, draft, given)
        job.is_new = not call.id
        self._belongs(job, parent, draft)
        if callbacks:
            add_callbacks(self, job, callbacks, draft)
        return job.id

    def _bulk(self, entry: Any, draft: Draft) -> Generator[None, None, dict[str, Any]]:
        bulk = convert(entry, Bulk, "a bulk call")
        task = self.task(bulk.task)
        parent = self._parent(bulk.parent)
        options = {**parent.inherited, **bulk.options}
        policy = self.policy(task, options)
        errors: dict[str, Any] = {}
        followed: list[tuple[LiveJob, list[Checked]]] = []
        for index, (id, packed) in enumerate(bulk.calls):
            try:
                text, ids = self.checked(task, packed, draft.trusted(bulk.checked)), both_ids(id)
                callbacks = callbacks_for(self, task, ids[1], options, draft) if task.declaration.callbacks else None
                job = self._job(task, policy, ids, text, draft)
                self._belongs(job, parent, draft)
                if callbacks:
                    followed.append((job, callbacks))
            except TaskbahnError as error:
                errors[str(index)] = error.info()
            yield
        for job, callbacks in followed:  # behind all of the calls: the answer goes by their places
            add_callbacks(self, job, callbacks, draft)
            yield
        return {"accepted": len(bulk.calls) - len(errors), "errors": errors}

    def _flow(self, entry: dict[str, Any], draft: Draft) -> Generator[None, None, str]:
        id = entry.get("id")
        ids = both_ids(id) if id else new_id(draft.now)
        parent = self._parent(entry.get("parent"))
        if entry.get("group_of") is not None:
            parent = parent._replace(joins=id_bytes(entry["group_of"]))
        return (yield from read_flow(self, entry, ids, parent, draft))

    def begin(self, flow: FlowJobs, draft: Draft) -> Generator[None, None, None]:
        """Add the first slice of a flow, which may be all of it."""
        count = yield from flow.add(self, draft)
        flow.accepted(count)
        if flow:
            yield from flow.planned(self._state, draft.planned)
            draft.flows.append(flow)

    def may_refuse(self, task: str) -> bool:
        """Return whether a limit of a task refuses jobs that find no place."""
        known = self._state.tasks.get(task)
        return known is not None and any(limit.when_full == REFUSE for limit in known.declaration.limits)

    def _parent(self, id: str | None) -> Parent:
        """Return what children of a job have from it; while it runs these are its priority and tags."""
        if not id:
            return NO_PARENT
        text, raw = both_ids(id)
        job = self._state.jobs.get(text)
        if job is None:
            return Parent(raw)
        policy = job.policy
        inherited: dict[str, Any] = {"priority": policy.priority} if policy.priority else {}
        if policy.tags:
            inherited["tags"] = list(policy.tags)
        return Parent(raw, inherited, job.deadline)

    @staticmethod
    def _belongs(job: LiveJob, parent: Parent, draft: Draft) -> None:
        """Let a job belong to the one that starts it."""
        if parent.raw is not None:
            job.links = parent.links(flags_of(job.policy))
            job.inherit(parent.deadline)
            draft.has_links = True

    def check_own(self, ids: Iterable[bytes], draft: Draft) -> None:
        """Raise UnknownJob unless jobs are live and of the caller of a draft; a browser token ties jobs to no others."""
        check_own(self._state, ids, None if draft.by_tags else draft.authid)

    def callbacks(self, name: str) -> Mapping[str, Any]:
        """Return the callbacks that a task has declared."""
        task = self._state.tasks.get(name)
        return {} if task is None else task.declaration.callbacks

    def task(self, name: str) -> DeclaredTask:
        """Return a task that a worker has declared; raises `UnknownTask`, or `InvalidName`."""
        if name in BUILT_IN and name not in self._state.tasks:
            self.declare_built_in(name)
        task = self._state.tasks.get(name)
        if task is None:
            check_name(name)
            raise UnknownTask(name, self._state.tasks)
        return task

    def policy(self, task: DeclaredTask | None, options: dict[str, Any], *, takes_key: bool = False) -> Policy:
        """Return what a job is promised by its task, if it has one, and by its own options."""
        of_task = task.options if task is not None else ""
        if task is not None:
            options = _with_stored(task.declaration.options, options)
            if task.name in BUILT_IN:
                options = built_in.in_their_queue(options)
        if not options:
            return policy_of(of_task, "")
        options = with_seconds(options)
        check_options(options, Where.CALL)
        if "key" in options and not takes_key:
            raise InvalidOption("option key names one job, and a bulk call has many", option="key")
        policy = policy_of(of_task, messages.to_json(options))
        if not BACKOFF.isdisjoint(options):  # one of the two may be the task's
            check_backoff(policy.retry_backoff, policy.retry_backoff_max)
        return policy

    def checked(self, task: DeclaredTask, packed: str, digest: str | None, known: list[Known] | None = None) -> str:
        """Return packed arguments after the checks that the caller did not make itself.

        known: those of each call, with holes in the places of those that other jobs give; None: there are no such.
        """
        check_text(f"what {task.name} is called with", packed)
        check_size(task.name, packed)
        check_depth(f"the arguments of {task.name}", packed)
        if (task.declaration.encrypt or MARK in packed) and is_encrypted_call(task, packed):
            return packed
        if '$secret"' in packed:
            known = opened_calls(task.name, packed, known)
        if task.checker is None or digest != task.checker.signature.digest:
            for args, kwargs in [unpack(packed)] if known is None else known:
                check_by_workers(task, args, kwargs, digest)
        if task.name in BUILT_IN:
            built_in.check_calls(task.name, [unpack(packed)] if known is None else known)
        return packed if task.secrets is None else task.secrets.sealed(packed)

    def _pack(self, task: DeclaredTask, args: list[Any], kwargs: dict[str, Any]) -> str:
        if task.checker is not None:
            task.checker.check(args, kwargs)
        if not args and not kwargs and not task.declaration.encrypt:
            return messages.NO_ARGUMENTS
        try:
            packed = messages.to_json([args, kwargs])
            if "null" in packed and not is_finite([args, kwargs]):
                raise ValueError(NOT_FINITE)  # noqa: TRY301 - as of what JSON cannot say otherwise
        except RecursionError:
            raise TooDeep(f"the arguments of {task.name}", messages.MAX_NESTING) from None
        except (TypeError, ValueError) as error:
            raise InvalidRequest(f"the arguments of {task.name} are not data: {error}") from None
        return self.checked(task, sealed_plain(task.name, packed), task.checker.signature.digest if task.checker else None)

    def _job(
        self,
        task: DeclaredTask,
        policy: Policy,
        ids: tuple[str, bytes],
        packed: str,
        draft: Draft,
        unique: NewKey | None = None,
    ) -> LiveJob:
        keys = self.keys(task, packed, policy, draft)
        if task.unique.is_unique:
            unique = task.unique.of(*unpack(packed), (policy.tags, draft.authid, policy.queue))
        job = self.add(task.name, policy, ids, packed, keys, draft)
        if unique is not None:
            job.unique, draft.asks = unique, True
        return job

    @staticmethod
    def keys(task: DeclaredTask, packed: str, policy: Policy, draft: Draft) -> str | None:
        """Return a job's own keys, as it is stored with them; None without any. What is the same for all jobs hangs on the partition."""
        limits = task.limit_keys
        if limits is None or not limits.varying:
            return None
        if packed.startswith(CHUNK):
            raise InvalidFlow(
                f"each job of {task.name} has keys of its own for limits, and a chunk of calls has no one key: use map"
            )
        keys = limits.of(*unpack(packed), policy.tags, draft.authid, policy.queue)
        return text_of(keys) if keys else None

    def add(
        self, task: str, policy: Policy, ids: tuple[str, bytes], packed: str, keys: str | None, draft: Draft
    ) -> LiveJob:  # fmt: skip
        """Add a job that was checked to a draft."""
        now = draft.now
        if draft.is_confined:
            check_free(self._state, ids[0], draft.authid, policy.tags if draft.by_tags else None)
        if task == WEBHOOK:
            policy = built_in.with_tags(policy, self._state.tasks[task].options, *unpack(packed))
        due_at = due(policy, now)
        state = State.READY if is_due(due_at, now) else State.WAITING
        partition = self._state.named(policy.queue, task, draft.named)
        job = LiveJob(*ids, partition, policy, packed, now, draft.authid, state)
        job.keys = keys
        job.deadline = checked_deadline(policy, now)
        if state is State.WAITING:
            job.due_at = due_at
        draft.jobs.append(job)
        draft.size += len(packed)
        return job


def _without_key(options: dict[str, Any]) -> tuple[dict[str, Any], str | None]:
    """Return the options of a call without the key that its caller gives to it, and that key."""
    key = check_options(with_seconds(options), Where.CALL).key
    return {name: value for name, value in options.items() if name != "key"}, key


def _with_stored(declared: Mapping[str, Any], options: dict[str, Any]) -> dict[str, Any]:
    """Return the options of a call with those of its task that are stored with the job, for the store goes by them."""
    if "weight" in declared:  # for who counts its whole
        options = {"weight": declared["weight"], **options}
    if "finish_within" in declared and options.get("finish_by") is None:  # for a retry by hand
        options = {"finish_within": declared["finish_within"], **options}
    return options


def _given(task: DeclaredTask, key: str, packed: str) -> NewKey:
    """Return the unique key that a caller gives to a job, without its seq."""
    unpack(packed)  # it is compared with the arguments of others
    return task.unique.given(key, packed)


def unpack(packed: str) -> tuple[list[Any], dict[str, Any]]:
    """Return the (args, kwargs) of packed arguments; raises `InvalidRequest`."""
    try:
        args, kwargs = messages.from_json(packed)
    except (msgspec.DecodeError, ValueError, TypeError, RecursionError):
        raise InvalidRequest("packed arguments must be the JSON text of [args, kwargs]") from None
    if not isinstance(args, list) or not isinstance(kwargs, dict):
        raise InvalidRequest("packed arguments must be the JSON text of [args, kwargs]: a list and an object")
    return args, kwargs
