"""Whether a simulation waits for a person: then no time that passes helps, and schedules would run for nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from taskbahn.protocol import messages
from taskbahn.protocol.questions import ANSWER

if TYPE_CHECKING:
    from taskbahn.testing.simulation.node import Node

MOST_JOBS = 200  # that have not ended; of more it is not known
SESSION = 100  # of the simulation's worker
SUSPENDED = f"answer:{ANSWER}"  # how the rule of a suspended job's question begins; that of a parked one has the question's name
OTHERS = ("answer:event:", "answer:message:")  # of a suspended job that waits for what a task may bring
BEHIND = ("job:", "behind:", "jobs", "circle")  # it waits for other jobs


def only_people_can_help(node: Node) -> bool:
    """Return whether each job that has not ended waits for an answer or the end of a pause, or for jobs that do."""
    jobs = _asked(node, messages.VIEW_JOBS, [], {"state": ["ready", "waiting", "running"], "limit": MOST_JOBS})["jobs"]
    if not jobs or len(jobs) >= MOST_JOBS:
        return False
    parents = {job.get("parent") for job in jobs}
    needs_people = False
    for job in jobs:
        closed = [reason for reason in _asked(node, messages.JOB_EXPLAIN, [job["id"]], {}) if not reason["open"]]
        people = [reason for reason in closed if _is_for_people(reason)]
        behind = [reason for reason in closed if reason["rule"].startswith(BEHIND)]
        waits_for_child = job["id"] in parents and all(reason["rule"] == "function" for reason in closed)
        needs_people = needs_people or bool(people)
        if not (people or behind or waits_for_child):
            return False
    return needs_people


def _is_for_people(reason: dict[str, Any]) -> bool:
    rule = reason["rule"]
    if rule == "pause":
        return reason.get("opens_at") is None
    return rule.startswith(SUSPENDED) or (rule.startswith("answer:") and not rule.startswith(OTHERS))


def _asked(node: Node, procedure: str, args: list[Any], words: dict[str, Any]) -> Any:
    """Return the answer of the dispatcher, which comes at once."""
    found: list[Any] = []
    node.call(procedure, args, words, session=SESSION, on_answer=found.append, on_fail=lambda _: None)
    return found[0] if found else {"jobs": []} if procedure == messages.VIEW_JOBS else []
