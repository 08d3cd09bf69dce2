"""What a job remembers from attempt to attempt: the results of steps, when a sleep is over, which children a task has started."""

from __future__ import annotations

import hashlib
import threading
from collections import Counter
from typing import TYPE_CHECKING, Any, get_type_hints

from taskbahn.attempt.context import ACTIVE
from taskbahn.attempt.plain_data import data_of
from taskbahn.errors import InvalidFlow, TooLarge
from taskbahn.protocol import messages
from taskbahn.protocol.ids import new_id, new_ids
from taskbahn.protocol.suspended import MAX_NAME
from taskbahn.signatures.payloads import plain_of, read_as

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from taskbahn.attempt.context import AttemptContext
    from taskbahn.future import Future

MAX_STEPS = 10_000  # steps, sleeps and the like of one attempt
SUSPENSIONS = "@suspensions"  # how often the job was suspended
ID_BYTES = 16
TIME_DIGITS = 13  # of an id in its text form: its time, with the hyphen


class Memory:
    """The notes of one attempt's job, and what its function has asked for so far, by name and number."""

    def __init__(self, context: AttemptContext) -> None:
        self._context = context
        self._used: set[str] = set()
        self._numbers: Counter[bytes | str] = Counter()
        self._item = -1  # of a chunk, that runs
        self._is_used = False  # by that item
        self.scope = ""  # what tells the names of an item from those of the others
        self._seed = context.job.encode()
        self._expected: dict[str, Future[None]] = {}
        self._counting = threading.Lock()  # a task may start children from several threads

    @property
    def failures(self) -> int:
        """How many attempts of the job ended otherwise than by a wait, before this one."""
        return self._context.attempt - 1 - int(self._context.notes.get(SUSPENSIONS, "0"))

    def begin_item(self, number: int) -> str | None:
        """Note which item of a chunk is next; return its result as JSON if an earlier attempt has remembered it."""
        self._item, self._is_used, self.scope = number, False, f"{number}/"
        return self.known(f"item:{number}")

    def end_item(self, text: str) -> None:
        """Remember the result of the item if it has waited or remembered something: it is not to do that again."""
        if self._is_used or self._context.waits is not None:
            self._context.open_output().note(f"item:{self._item}", text)

    def name(self, kind: str, name: str | None) -> str:
        """Return the name of a note; without one they are counted.  Raises InvalidFlow for a name that came before."""
        if name is None:
            name = f"#{self._number(self.scope + kind) + 1}"
        elif not 0 < len(name) <= MAX_NAME - 20:
            raise InvalidFlow(f"the name of a {kind} is text of 1 to {MAX_NAME - 20} characters, not {name!r:.60}")
        full = f"{kind}:{self.scope}{name}"
        self._is_used = True
        if full in self._used:
            raise InvalidFlow(f"the {kind} {name!r} comes twice in one attempt: give each one a name of its own", place=name)
        if len(self._used) >= MAX_STEPS:
            raise TooLarge(f"{kind}s and the like of one attempt", MAX_STEPS + 1, MAX_STEPS, "start a job for a part of them")
        self._used.add(full)
        return full

    def known(self, name: str) -> str | None:
        """Return what the job remembers under a name, as JSON."""
        return self._context.notes.get(name)

    def keep(self, name: str, value: Any) -> tuple[Any, Future[None]]:
        """Remember a value; return it as data, and what is done when it is recorded.

        Raises TypeError and ValueError for what is not data, TooLarge, TooDeep.
        """
        data = data_of(value, "what a job remembers", messages.MAX_RESULT, "keep")
        text = messages.to_json(data)
        self._context.notes[name] = text
        return plain_of(text), self._context.open_output().note(name, text)

    def expect(self, name: str) -> Future[None]:
        """Return what is done when there is a note of that name, which comes from outside."""
        future = self.next(name)
        if name in self._context.notes:  # it came before
            future.resolve(None)
        return future

    def next(self, name: str) -> Future[None]:
        """Return what is done when there is another note of that name, which comes from outside."""
        from taskbahn.future import Future  # late, as above

        future = self._expected.get(name)
        if future is None or future.done:
            future = self._expected[name] = Future()
        return future

    def came(self, name: str) -> None:
        """There is a note from outside; from any thread."""
        future = self._expected.pop(name, None)
        if future is not None:
            future.resolve(None)

    def child_id(self, text: str) -> str:
        """Return the id of a child by what it is started with: the same in each attempt, one for each time that it is started."""
        self._is_used = True
        text = f"{self.scope}\0{text}" if self.scope else text
        key = hashlib.blake2b(text.encode(), digest_size=ID_BYTES, key=self._seed[:64]).digest()
        number = self._number(key)
        value = int.from_bytes(hashlib.blake2b(key, digest_size=ID_BYTES, salt=number.to_bytes(8)).digest()[:10])
        value = value & ~(0xF << 76) & ~(0x3 << 62) | (0x7 << 76) | (0x2 << 62)
        digits = f"{value:020x}"
        return f"{self._context.job[:TIME_DIGITS]}-{digits[:4]}-{digits[4:8]}-{digits[8:]}"

    def _number(self, what: bytes | str) -> int:
        """Return how many of a kind came before, and count this one."""
        with self._counting:
            self._numbers[what] += 1
            return self._numbers[what] - 1


def remembering() -> Memory | None:
    """Return the memory of the attempt that runs this code, if its dispatcher keeps one."""
    context = ACTIVE.get()
    return context.open_memory() if context is not None and context.can_wait else None


def begin_again(ids: list[str]) -> list[str]:
    """Return which of these children are to be retried if they ended without success: once in each attempt after one that failed."""
    memory = remembering()
    if memory is None or not memory.failures:
        return []
    found = [id for id in ids if memory.known(f"again:{memory.failures}:{id}") is None]
    for id in found:
        memory.keep(f"again:{memory.failures}:{id}", value=True)
    return found


def is_after_failure() -> bool:
    """Return whether this is an attempt after one that failed, so that children may be there which failed with that."""
    memory = remembering()
    return memory is not None and memory.failures > 0


def id_for(text: str) -> str:
    """Return an id for a job that is about to be started; *text*: what it is started with."""
    memory = remembering()
    return new_id() if memory is None else memory.child_id(text)


def ids_for(task: str, texts: Iterable[str]) -> list[str]:
    """Return the ids of many jobs of one task, by their arguments."""
    memory, packed = remembering(), list(texts)
    return new_ids(len(packed)) if memory is None else [memory.child_id(f"{task}\0{text}") for text in packed]


def has_result_type(function: Callable[..., Any]) -> bool:
    """Return whether a function says what it returns, so that a later attempt gets the same type."""
    return "return" in getattr(function, "__annotations__", {})


def decoded(text: str, function: Callable[..., Any]) -> Any:
    """Return what a step gave in an earlier attempt, as the annotation of its function says."""
    try:
        kind = get_type_hints(function).get("return", Any)
    except Exception:  # noqa: BLE001 - an annotation that cannot be read means nothing
        kind = Any
    return read_as(text, kind)
