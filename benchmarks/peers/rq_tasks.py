"""The jobs of RQ, which finds functions by their import path."""

from rq import get_current_job

from benchmarks.contract import ANSWER


def noop() -> int:
    """Do nothing."""
    return ANSWER


def pass_on() -> object:
    """Return the result of the job before this one."""
    return _results()[0]


def right() -> int:
    """Return how many of the jobs before this one were right."""
    return _results().count(ANSWER)


def _results() -> list[object]:
    job = get_current_job()
    return [] if job is None else [before.return_value() for before in job.fetch_dependencies()]
