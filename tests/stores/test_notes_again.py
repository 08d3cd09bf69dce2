"""Notes from outside that a client sends again, in every store."""

from __future__ import annotations

import pytest
from support.rows import NOW, finish, id_of, new_job, put, row_of, state_of

from taskbahn.protocol.states import State
from taskbahn_router.core.suspensions import Told
from taskbahn_router.stores.contract import CommitBatch, Store
from taskbahn_router.stores.rows import Answer


def tell(store: Store, told: Told) -> tuple[bool, str]:
    """Return whether a note has come, and under which name."""
    (found,) = store.commit(CommitBatch(told=[told])).told
    assert found is not None
    assert found[0] == Answer(State(state_of(store, 1)), is_moved=found[0].is_moved)
    return found[0].is_moved, found[1]


@pytest.mark.parametrize("ended", [False, True])
@pytest.mark.parametrize("name", ["", "answer:q"])
def test_what_comes_again_under_its_key_has_come_already(store: Store, name: str, *, ended: bool) -> None:
    """A client sends it again when the connection was lost with its answer."""
    put(store, new_job(1, state="running"))
    first, other = (Told(id_of(1), name, "1", NOW, key) for key in ("mine", "other"))
    given = name or "message:000000001"
    assert tell(store, first) == (True, given)
    if ended:
        store.commit(CommitBatch(finishes=[finish(1)]))
    assert tell(store, first) == tell(store, first._replace(value="")) == (True, given)
    notes = store.reader().notes(row_of(store, 1).seq, "", 100, 1_000_000)
    assert [note.name for note in notes if not note.name.startswith("@")] == [given]
    assert not tell(store, other._replace(value=""))[0]
    assert tell(store, other)[0] is not (ended or name != "")
