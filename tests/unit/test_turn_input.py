"""The input of a turn: only its own verbs write it."""

import ast
import dataclasses
from pathlib import Path

import taskbahn_router
from taskbahn_router.model.turn import TurnInput

FIELDS = {field.name for field in dataclasses.fields(TurnInput)}
MUTATORS = {"append", "extend", "insert", "clear", "pop", "remove", "sort", "reverse"}


def test_no_other_module_writes_a_field_of_the_input() -> None:
    writes = [
        f"{file.name}: {ast.unparse(target)}"
        for file in sorted(Path(taskbahn_router.__file__).parent.rglob("*.py"))
        if file.name != "turn.py"
        for node in ast.walk(ast.parse(file.read_text("utf-8")))
        for target in written(node)
        if isinstance(target, ast.Attribute) and target.attr in FIELDS and "turn_input" in ast.unparse(target)
    ]
    assert writes == []


def test_cancels_can_be_put_off_without_losing_their_order() -> None:
    turn_input = TurnInput()
    for raw in (b"a", b"b", b"a", b"c"):
        turn_input.add_cancel(raw, raw.decode(), lambda _: None)
    assert [cancel[0] for cancel in turn_input.take_cancels_of({b"a"})] == [b"a", b"a"]
    assert [cancel[0] for cancel in turn_input.cancels] == [b"b", b"c"]


def written(node: ast.AST) -> list[ast.expr]:
    """Return what a statement assigns to, or a call changes."""
    match node:
        case ast.Assign(targets=targets):
            return [part.value if isinstance(part, ast.Subscript) else part for part in targets]
        case ast.AugAssign(target=target) | ast.AnnAssign(target=target):
            return [target]
        case ast.Call(func=ast.Attribute(value=value, attr=attr)) if attr in MUTATORS:
            return [value]
    return []
