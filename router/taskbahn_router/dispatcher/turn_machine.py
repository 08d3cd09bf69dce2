"""A turn's life as one table: (state, event) -> state.

It is the path: `group_commit` keeps one state, moves it by `advance` only, and acts on the state that it gets. The table also feeds
the diagram in `docs/architecture.md` and a test of every pair.
"""

from enum import StrEnum
from types import MappingProxyType


class TurnState(StrEnum):
    """Where the dispatcher is between two commits."""

    IDLE = "idle"
    SCHEDULED = "scheduled"
    DECIDING = "deciding"
    DELAYED = "delayed"
    DELAYED_SCHEDULED = "delayed_scheduled"
    COMMITTING = "committing"
    PUBLISHING = "publishing"
    PIPELINED = "pipelined"
    RETRYING = "retrying"


PURPOSES = MappingProxyType(
    {
        TurnState.IDLE: "Everything that came in is committed.",
        TurnState.SCHEDULED: "Input waits; a turn follows as soon as the event loop has served what came with it.",
        TurnState.DECIDING: "The dispatcher makes a batch of the input, a large one in slices, and hands out early what may go before.",
        TurnState.DELAYED: "Workers have the jobs of a turn; its commit waits for their outcomes, 2 ms at most.",
        TurnState.DELAYED_SCHEDULED: "As `delayed`, and more input came: the next turn takes both.",
        TurnState.COMMITTING: "The store has a batch; what comes in meanwhile waits for the next turn.",
        TurnState.PUBLISHING: "The batch is durable; memory follows, and answers, hand-outs and events leave.",
        TurnState.PIPELINED: "As `publishing`, and the store has the next batch already.",
        TurnState.RETRYING: "The store refuses or another program locks it; the same batch goes to it again after a moment.",
    }
)


class TurnEvent(StrEnum):
    """What can happen to a turn."""

    SCHEDULE = "schedule"  # input came
    RUN_NOW = "run_now"  # input came, and no other is likely to come with it
    DUE = "due"  # the timer of `SCHEDULE` fires, or an old timer whose turn `RUN_NOW` has taken
    RELEASE = "release"  # the timer of `DELAY` fires
    NOTHING = "nothing"  # there is no input
    DELAY = "delay"
    COMMIT = "commit"
    DONE = "done"  # the batch is durable
    PIPELINE = "pipeline"  # the store got the next batch before the effects of this one were published
    PUBLISHED = "published"
    LOCKED = "locked"  # another program holds the data, for a short time so far
    REFUSED = "refused"
    RETRY = "retry"  # the timer of `LOCKED` or `REFUSED` fires


_S, _E = TurnState, TurnEvent

MOVES = MappingProxyType(
    {
        (_S.IDLE, _E.SCHEDULE): _S.SCHEDULED,
        (_S.IDLE, _E.RUN_NOW): _S.DECIDING,
        (_S.IDLE, _E.DUE): _S.IDLE,
        (_S.SCHEDULED, _E.SCHEDULE): _S.SCHEDULED,
        (_S.SCHEDULED, _E.RUN_NOW): _S.DECIDING,
        (_S.SCHEDULED, _E.DUE): _S.DECIDING,
        (_S.DECIDING, _E.SCHEDULE): _S.DECIDING,  # another turn follows its commit
        (_S.DECIDING, _E.RUN_NOW): _S.DECIDING,
        (_S.DECIDING, _E.DUE): _S.DECIDING,
        (_S.DECIDING, _E.NOTHING): _S.IDLE,
        (_S.DECIDING, _E.DELAY): _S.DELAYED,
        (_S.DECIDING, _E.COMMIT): _S.COMMITTING,
        (_S.DELAYED, _E.SCHEDULE): _S.DELAYED_SCHEDULED,
        (_S.DELAYED, _E.RUN_NOW): _S.DECIDING,  # the outcome is there
        (_S.DELAYED, _E.DUE): _S.DELAYED,
        (_S.DELAYED, _E.RELEASE): _S.DECIDING,
        (_S.DELAYED_SCHEDULED, _E.SCHEDULE): _S.DELAYED_SCHEDULED,
        (_S.DELAYED_SCHEDULED, _E.RUN_NOW): _S.DECIDING,
        (_S.DELAYED_SCHEDULED, _E.DUE): _S.DECIDING,
        (_S.DELAYED_SCHEDULED, _E.RELEASE): _S.DECIDING,
        (_S.COMMITTING, _E.SCHEDULE): _S.COMMITTING,
        (_S.COMMITTING, _E.RUN_NOW): _S.COMMITTING,
        (_S.COMMITTING, _E.DUE): _S.COMMITTING,
        (_S.COMMITTING, _E.DONE): _S.PUBLISHING,
        (_S.COMMITTING, _E.LOCKED): _S.RETRYING,
        (_S.COMMITTING, _E.REFUSED): _S.RETRYING,
        (_S.PUBLISHING, _E.SCHEDULE): _S.PUBLISHING,  # a turn follows in any case
        (_S.PUBLISHING, _E.RUN_NOW): _S.PUBLISHING,
        (_S.PUBLISHING, _E.DUE): _S.PUBLISHING,  # an old timer, between two slices of the effects
        (_S.PUBLISHING, _E.PIPELINE): _S.PIPELINED,
        (_S.PUBLISHING, _E.PUBLISHED): _S.SCHEDULED,  # a turn takes what came in since
        (_S.PIPELINED, _E.SCHEDULE): _S.PIPELINED,
        (_S.PIPELINED, _E.RUN_NOW): _S.PIPELINED,
        (_S.PIPELINED, _E.DUE): _S.PIPELINED,
        (_S.PIPELINED, _E.PUBLISHED): _S.COMMITTING,
        (_S.RETRYING, _E.SCHEDULE): _S.RETRYING,
        (_S.RETRYING, _E.RUN_NOW): _S.RETRYING,
        (_S.RETRYING, _E.DUE): _S.RETRYING,
        (_S.RETRYING, _E.RETRY): _S.COMMITTING,
    }
)


class IllegalTurn(ValueError):
    """The table has no such row."""


def advance(state: TurnState, event: TurnEvent) -> TurnState:
    """Return the state after *event*; raise `IllegalTurn` if the table has no such row."""
    try:
        return MOVES[state, event]
    except KeyError:
        raise IllegalTurn(f"a dispatcher that is {state} cannot {event}") from None


def mermaid() -> str:
    """Draw the table as a Mermaid state diagram, without the rows that change nothing."""
    rows = [
        f"    {state} --> {after}: {event.replace('_', ' ')}" for (state, event), after in MOVES.items() if after is not state
    ]
    return "\n".join(["stateDiagram-v2", f"    [*] --> {TurnState.IDLE}", *rows])
