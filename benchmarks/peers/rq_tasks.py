"""The job of RQ, which finds functions by their import path."""

from benchmarks.contract import ANSWER


def noop() -> int:
    """Do nothing."""
    return ANSWER
