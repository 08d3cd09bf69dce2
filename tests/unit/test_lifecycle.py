"""The table of a job's life: every (state, event) pair is either a move or refused, and all who draw on the table agree with it."""

import ast
import inspect
import itertools
import re
from pathlib import Path
from textwrap import dedent

import pytest

import taskbahn_router
from taskbahn.protocol.states import FINAL_STATES, State
from taskbahn_router.core import lifecycle
from taskbahn_router.core.lifecycle import MOVES, Event, IllegalMove, advance
from taskbahn_router.model.state import LiveJob
from taskbahn_router.stores.sqlite.statements import MIGRATIONS

PAIRS = list(itertools.product(State, Event))


@pytest.mark.parametrize("state, event", PAIRS, ids=[f"{state}-{event}" for state, event in PAIRS])
def test_every_pair_is_a_move_of_the_table_or_refused(state: State, event: Event) -> None:
    if (state, event) in MOVES:
        assert advance(state, event) is MOVES[state, event]
    else:
        with pytest.raises(IllegalMove, match=f"{state} cannot {event}"):
            advance(state, event)


def test_nothing_but_a_hand_leads_out_of_a_final_state() -> None:
    assert {event for state, event in MOVES if state in FINAL_STATES} == {
        Event.RETRY_BY_HAND,
        Event.REOPEN,
        Event.RESUME_FLOW,
    }


def test_a_success_is_never_undone() -> None:
    assert not [event for state, event in MOVES if state is State.SUCCEEDED]


def test_only_a_ready_job_starts() -> None:
    assert lifecycle.sources(Event.START) == (State.READY,)


def test_whatever_is_not_final_can_be_cancelled() -> None:
    assert set(lifecycle.sources(Event.CANCEL)) == set(State) - FINAL_STATES


def test_every_state_is_reached_from_a_first_one() -> None:
    reached = set(lifecycle.FIRST_STATES)
    for _ in State:
        reached |= {after for (state, _event), after in MOVES.items() if state in reached}
    assert reached == set(State)


def test_every_event_has_a_row() -> None:
    assert {event for _, event in MOVES} == set(Event), "an event of core/lifecycle.py has no row in MOVES"


def test_final_states_say_so() -> None:
    assert {state for state in State if state.is_final} == FINAL_STATES


def test_the_sql_check_has_the_same_states() -> None:
    check = re.search(r"CHECK \(state IN \(([^)]*)\)\)", MIGRATIONS[0])
    assert check
    in_sql = [word.strip().strip("'") for word in check[1].split(",")]
    assert in_sql == [str(state) for state in State], "the CHECK of the table job in stores/sqlite has other states"


def test_the_diagram_has_a_line_for_each_move() -> None:
    lines = lifecycle.mermaid().splitlines()
    assert lines[0] == "stateDiagram-v2"
    moves = {f"    {state} --> {after}: {event.replace('_', ' ')}" for (state, event), after in MOVES.items()}
    assert moves <= set(lines)
    assert len(lines) == 1 + len(moves) + len(lifecycle.FIRST_STATES) + len(FINAL_STATES)


def test_only_a_job_itself_writes_its_state_and_only_by_the_table() -> None:
    writes = [
        f"{file.name}: {ast.unparse(target)}"
        for file in sorted(Path(taskbahn_router.__file__).parent.rglob("*.py"))
        for statement in ast.walk(ast.parse(file.read_text("utf-8")))
        for target in written(statement)
        if isinstance(target, ast.Attribute) and target.attr == "state" and ast.unparse(target) != "self.state"
    ]
    assert writes == []
    job = ast.parse(dedent(inspect.getsource(LiveJob)))
    own = [ast.unparse(statement) for statement in ast.walk(job) if "self.state" in map(ast.unparse, written(statement))]
    assert own == ["self.state = state", "self.state = first_state(state)", "self.state = advance(self.state, event)"]


def written(statement: ast.AST) -> list[ast.expr]:
    """Return what a statement assigns to, tuples taken apart."""
    match statement:
        case ast.Assign(targets=targets):
            return [part for target in targets for part in (target.elts if isinstance(target, ast.Tuple) else [target])]
        case ast.AnnAssign(target=target) | ast.AugAssign(target=target):
            return [target]
    return []
