"""A job's life as one table: (state, event) -> state.

It is the path: in memory a job moves by `advance`, in the stores by guards that are made from the table (`stores.guards`). It also
feeds the CHECK of the SQL schema, the constants of the JavaScript client, the diagram in `docs/lifecycle.md` and a test of every pair.
"""

from enum import StrEnum
from types import MappingProxyType

from taskbahn.protocol.states import State


class Event(StrEnum):
    """What moves an accepted job from state to state. What its watchers hear of is `protocol.messages.Event`."""

    DUE = "due"
    START = "start"
    SUCCEED = "succeed"
    FAIL = "fail"
    RETRY = "retry"
    WORKER_LOST = "worker_lost"
    HAND_BACK = "hand_back"
    SUSPEND = "suspend"
    EXPIRE = "expire"
    OVERDUE = "overdue"
    PARENT_FAILED = "parent_failed"
    CANCEL = "cancel"
    RETRY_BY_HAND = "retry_by_hand"
    REOPEN = "reopen"
    COMPLETE = "complete"
    RESUME_FLOW = "resume_flow"
    PAUSE = "pause"


MOVES = MappingProxyType(
    {
        (
            State.WAITING,
            Event.DUE,
        ): State.READY,  # the time is there for which the job waited, all its parents have ended well, and it is not paused
        (State.WAITING, Event.CANCEL): State.CANCELLED,
        (State.WAITING, Event.EXPIRE): State.EXPIRED,  # `start_within` is over
        (State.READY, Event.START): State.RUNNING,  # a worker has a free slot
        (State.WAITING, Event.PARENT_FAILED): State.FAILED,  # a job that it depends on did not succeed, or another has its key
        (State.READY, Event.CANCEL): State.CANCELLED,
        (State.READY, Event.EXPIRE): State.EXPIRED,
        (State.WAITING, Event.OVERDUE): State.FAILED,  # its deadline is there
        (State.READY, Event.OVERDUE): State.FAILED,
        (State.RUNNING, Event.OVERDUE): State.FAILED,  # at once, as by a cancel
        (State.RUNNING, Event.SUCCEED): State.SUCCEEDED,
        (State.RUNNING, Event.FAIL): State.FAILED,  # no retry is left, or the error forbids one
        (State.RUNNING, Event.RETRY): State.WAITING,  # the job waits for the delay of its retry
        (State.RUNNING, Event.WORKER_LOST): State.READY,  # the worker's session ended without an outcome
        (State.RUNNING, Event.HAND_BACK): State.READY,  # the worker stops, or is too busy to begin
        (State.RUNNING, Event.SUSPEND): State.WAITING,  # its function waits, and the attempt gave its slot back
        (
            State.RUNNING,
            Event.CANCEL,
        ): State.CANCELLED,  # at once; the worker gets the order to stop, and a late outcome is refused
        (State.FAILED, Event.RETRY_BY_HAND): State.READY,
        (State.CANCELLED, Event.RETRY_BY_HAND): State.READY,
        (State.EXPIRED, Event.RETRY_BY_HAND): State.READY,
        (State.FAILED, Event.REOPEN): State.WAITING,  # a retry by hand, while a parent has not succeeded
        (State.CANCELLED, Event.REOPEN): State.WAITING,
        (State.EXPIRED, Event.REOPEN): State.WAITING,
        (State.WAITING, Event.COMPLETE): State.SUCCEEDED,  # a group inside a flow: all its members have; or what it joined has
        (State.RUNNING, Event.COMPLETE): State.SUCCEEDED,  # a flow: its last member has
        (State.RUNNING, Event.PARENT_FAILED): State.FAILED,  # a flow of which a member failed
        (State.FAILED, Event.RESUME_FLOW): State.RUNNING,  # a retry by hand of a flow
        (State.CANCELLED, Event.RESUME_FLOW): State.RUNNING,
        (State.EXPIRED, Event.RESUME_FLOW): State.RUNNING,
        (State.READY, Event.PAUSE): State.WAITING,  # it is paused, or a job of which it is a part
    }
)

FIRST_STATES = (State.WAITING, State.READY, State.RUNNING)  # running: a worker was free when the dispatcher accepted the job


class IllegalMove(ValueError):
    """The table has no such row."""


def first_state(state: State) -> State:
    """Return a state in which a job may be accepted; raise `IllegalMove` for any other."""
    if state not in FIRST_STATES:
        raise IllegalMove(f"no job is accepted as {state}")
    return state


def advance(state: State, event: Event) -> State:
    """Return the state after *event*; raise `IllegalMove` if the table has no such row."""
    try:
        return MOVES[state, event]
    except KeyError:
        raise IllegalMove(f"a job that is {state} cannot {event}") from None


def sources(*events: Event) -> tuple[State, ...]:
    """Return the states in which one of *events* may happen."""
    return tuple(dict.fromkeys(state for state, event in MOVES if event in events))


def targets(*events: Event) -> tuple[State, ...]:
    """Return the states to which *events* lead."""
    return tuple(dict.fromkeys(after for (_, event), after in MOVES.items() if event in events))


def mermaid() -> str:
    """Draw the table as a Mermaid state diagram."""
    rows = [f"    [*] --> {state}" for state in FIRST_STATES]
    rows += [f"    {state} --> {after}: {event.replace('_', ' ')}" for (state, event), after in MOVES.items()]
    rows += [f"    {state} --> [*]" for state in State if state.is_final]
    return "\n".join(["stateDiagram-v2", *rows])
