"""Ids of jobs in a forked copy of a client."""

import multiprocessing

from taskbahn.protocol import ids


def test_a_forked_process_counts_from_elsewhere() -> None:
    ids.new_id()
    context = multiprocessing.get_context("fork")
    answers: multiprocessing.SimpleQueue[str] = context.SimpleQueue()
    child = context.Process(target=lambda: answers.put(ids.new_id()))
    child.start()
    theirs = answers.get()
    child.join()
    assert theirs[:23] != ids.new_id()[:23]
