"""What a browser token names: the jobs and tags that a page may see, what it may do with them, and which tasks it may start."""

from __future__ import annotations

import hashlib
import json
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from taskbahn.errors import InvalidRequest, TaskbahnError
from taskbahn.protocol.access import VERBS
from taskbahn.protocol.options import WIRE
from taskbahn_router.core.globs import fits
from taskbahn_router.core.ids import id_text
from taskbahn_router.model.state import id_bytes

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

MAX_JOBS = 50  # that one token names: its text fits into a login
MAX_PATTERNS = 50
MAX_PATTERN = 200  # characters
ALL = True  # of a verb: all jobs that the token sees
OWN_TAG = "token:"  # begins the tag of jobs that a token without tags starts


class Named(NamedTuple):
    """A job as far as a scope asks about it."""

    caller: str | None
    id: bytes
    above: Collection[bytes | None]  # its parent and its root
    tags: Collection[str]


class Scope(NamedTuple):
    """What one token names; what follows from jobs that it names belongs to these.

    id: of the token.   name, role: who made it.   sees_all: that role sees jobs of all callers.   expires_at: seconds since the epoch.
    watch: ids of jobs.   verbs: the ids of jobs with which each may be done, or `ALL`.   start: patterns of tasks.
    tags: jobs with one of them are seen, and what the token starts has them all.   once: it starts one job.
    mark: by what a token of another issuer is revoked, whose `id` names its user; "": this node has made it.   issued_at: of such a one.
    """

    id: str
    name: str
    role: str
    sees_all: bool
    expires_at: float
    watch: frozenset[bytes] = frozenset()
    verbs: Mapping[str, frozenset[bytes] | bool] = MappingProxyType({})
    start: tuple[str, ...] = ()
    tags: frozenset[str] = frozenset()
    once: bool = False
    earlier: frozenset[str] = frozenset()  # tags of what earlier tokens of the session have started, those that had no tags
    mark: str = ""
    issued_at: float = 0.0

    @property
    def holder(self) -> tuple[str, str, str]:
        """Whose it is: another token of the same one renews a session."""
        return self.name, self.role, self.id if self.mark else ""

    @property
    def given_tags(self) -> list[str]:
        """The tags of the jobs that it starts."""
        return sorted(self.tags) or [OWN_TAG + self.id]

    @property
    def all_tags(self) -> frozenset[str]:
        """The tags of the jobs that it sees."""
        return self.tags | self.earlier | {OWN_TAG + self.id}

    def after(self, before: Scope) -> Scope:
        """Return what a session sees that this token renews: what this one names, and what the earlier ones have started."""
        if before.id == self.id:
            return self._replace(earlier=before.earlier)
        return self._replace(earlier=before.earlier | {OWN_TAG + before.id})

    def names_all_of(self, before: Scope) -> bool:
        """Return whether a session may keep what it watches by another token that this one renews."""
        return before.watch <= self.watch and before.tags <= self.tags and (self.sees_all or not before.sees_all)

    def sees(self, job: Named) -> bool:
        """Return whether the token shows a job."""
        if job.caller != self.name and not self.sees_all:
            return False
        if job.id in self.watch or not self.watch.isdisjoint(job.above):
            return True
        return not self.all_tags.isdisjoint(job.tags)

    def may(self, verb: str, id: bytes) -> bool:
        """Return whether that may be done with a job that the token shows."""
        named = self.verbs.get(verb, ())
        return named is ALL or (isinstance(named, frozenset) and id in named)

    def may_start(self, task: str) -> bool:
        """Return whether it names a task."""
        return any(fits(task, pattern) for pattern in self.start)

    def scoped_key(self, key: str) -> str:
        """Return a caller's key of a job as one that other tokens do not share, unless they are of the same maker and have the same tags."""
        return f"{key}#{hashlib.sha256(repr((self.name, self.given_tags)).encode()).hexdigest()[:16]}"


class Claims(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What is signed.  Names as in RFC 7519, section 4.1; the others are those of `Scope`.  A verb: ids of jobs, True: all it sees."""

    iss: str
    sub: str
    jti: str
    iat: int
    exp: int
    role: str
    all: bool = False
    watch: list[str] = []
    cancel: bool | list[str] = []
    answer: bool | list[str] = []
    send: bool | list[str] = []
    retry: bool | list[str] = []
    start: list[str] = []
    tags: list[str] = []
    once: bool = False

    def scope(self) -> Scope:
        """Return what the token names."""
        verbs = {verb: named for verb in VERBS if (named := getattr(self, verb))}
        ids = {verb: ALL if named is True else frozenset(map(raw_id, named)) for verb, named in verbs.items()}
        watch = frozenset(map(raw_id, self.watch)).union(*(named for named in ids.values() if isinstance(named, frozenset)))
        return Scope(
            self.jti, self.sub, self.role, self.all, self.exp, watch, ids, tuple(self.start), frozenset(self.tags), self.once
        )  # fmt: skip


def token_mark(claims: Mapping[str, Any]) -> str:
    """Return by what a token of another issuer is revoked: its `jti` if it has one, else all that it says."""
    said = claims.get("jti")
    one = said if isinstance(said, str) and said else json.dumps(claims, sort_keys=True)
    return "u" + hashlib.sha256(f"{claims.get('iss')}\0{one}\0token".encode("utf-8", "surrogatepass")).hexdigest()[:16]


def person_id(issuer: str, subject: str) -> str:
    """Return by what logs and the audit name a user of an issuer: short, always the same, and without personal data."""
    return "u" + hashlib.sha256(f"{issuer}\0{subject}".encode("utf-8", "surrogatepass")).hexdigest()[:16]


def raw_id(id: str) -> bytes:
    """Return the id of a job as the store has it."""
    return id_bytes(id)


def asked(given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the claims that a caller asks for, checked by their form.  Raises InvalidRequest."""
    claims: dict[str, Any] = {"watch": _ids("watch", given.get("watch"))}
    for verb in VERBS:
        named = given.get(verb)
        claims[verb] = named if isinstance(named, bool) else _ids(verb, named)
    count = sum(len(named) for named in claims.values() if isinstance(named, list))
    if count > MAX_JOBS:
        raise InvalidRequest(f"a token names at most {MAX_JOBS} jobs, not {count:,}: give the jobs a tag, and the token that tag")
    claims["start"] = _texts("start", given.get("start"), MAX_PATTERN, "patterns of tasks, as 'images.*'")
    claims["tags"] = _texts("tags", given.get("tags"), int(WIRE["tags"].high or MAX_PATTERN), "tags of jobs, as 'user:42'")
    if len(claims["tags"]) > int(WIRE["tags"].most or MAX_PATTERNS):
        raise InvalidRequest(f"a job has at most {WIRE['tags'].most} tags, and what a token starts has all tags of the token")
    claims["once"] = given.get("once", False)
    if not isinstance(claims["once"], bool):
        raise InvalidRequest("once is true or false")
    if claims["once"] and not claims["start"]:
        raise InvalidRequest("once is for a token that starts a job: say which tasks, as start=['images.*']")
    if not any(claims[name] for name in ("watch", *VERBS, "start", "tags")):
        raise InvalidRequest("a token names something: watch, cancel, answer, send, retry, start or tags")
    if not any(claims[name] for name in ("watch", "start", "tags")) and not count:
        raise InvalidRequest("this token sees no job that a verb could be for: name jobs with watch, start or tags")
    return claims


def ids_in(claims: Mapping[str, Any]) -> list[str]:
    """Return the ids of all jobs that claims name."""
    return [id for name in ("watch", *VERBS) if isinstance(claims[name], list) for id in claims[name]]


def _ids(name: str, given: Any) -> list[str]:
    found = [] if given is None else given
    if isinstance(found, list) and len(found) <= MAX_JOBS:
        try:
            return [id_text(raw_id(id)) for id in found]
        except TaskbahnError as error:
            raise InvalidRequest(f"{name}: {error.message}") from None
    raise InvalidRequest(f"{name} is a list of at most {MAX_JOBS} ids of jobs, not {_shown(given)}")


def _texts(name: str, given: Any, longest: int, what: str) -> list[str]:
    found: Any = [] if given is None else given
    is_list = isinstance(found, list) and len(found) <= MAX_PATTERNS
    wrong = [each for each in found if not _is_text(each, longest)] if is_list else [given]
    if not wrong:
        return list(dict.fromkeys(found))
    raise InvalidRequest(
        f"{name} is a list of at most {MAX_PATTERNS} {what}, each of 1 to {longest} printable characters, "
        + (f"and {_shown(wrong[0])} is none" if is_list else f"not {_shown(given)}")
    )


def _is_text(given: Any, longest: int) -> bool:
    return isinstance(given, str) and 0 < len(given) <= longest and given.isprintable()


def _shown(given: Any) -> str:
    return f"{given!r:.100}" if isinstance(given, str | int | float | None) else f"a {type(given).__name__}"
