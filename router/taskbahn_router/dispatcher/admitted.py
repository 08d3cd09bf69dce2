"""The answers for jobs that the rules of a commit did not store: which jobs they joined, and why entries were refused."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from taskbahn.errors import ID_TAKEN, Duplicate, InvalidFlow, InvalidRequest, LimitFull, UnknownJob, WrongTask
from taskbahn_router.core.ids import id_text
from taskbahn_router.core.rows import NoGroup, NoParent, Refusal

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from taskbahn.errors import TaskbahnError
    from taskbahn_router.core.rows import Refused
    from taskbahn_router.model.state import LiveJob
    from taskbahn_router.model.submissions import Submission
    from taskbahn_router.publishing.followers import JobFollowers


def refusal_error(refusal: Refused, job: str) -> TaskbahnError:
    """Return the error for the entry of a submission that was turned away because of one of its jobs."""
    if isinstance(refusal, Refusal):
        return LimitFull(*refusal[1:], job=job)
    if isinstance(refusal, NoGroup):
        return InvalidFlow(f"job {id_text(refusal.member)} is in no group that still runs, so nothing can be added to it")
    if isinstance(refusal, NoParent):
        return UnknownJob(id_text(refusal.parent) if isinstance(refusal.parent, bytes) else str(refusal.parent))
    return Duplicate(id_text(refusal.holder), refusal.key, refused=job, is_other=refusal.is_other)


def tell_joined(submissions: Iterable[Submission], aliases: Mapping[int, bytes], followers: JobFollowers) -> None:
    """Answer entries with the ids of the jobs that theirs mean, and let their followers follow those."""
    for submission in submissions:
        for number, jobs in submission.entries():
            joined = {place: id_text(aliases[job.seq]) for place, job in enumerate(jobs) if job.seq in aliases}
            if not joined:
                continue
            if submission.answers is not None:
                submission.answers[number] = _answer(submission.answers[number], joined)
            for place, means in joined.items():
                submission.joined(jobs[place], means)
                followers.join(jobs[place].id, means)


def refuse_others(submission: Submission, tasks: Mapping[int, str]) -> None:
    """Refuse jobs whose ids have other jobs.   tasks: of these, by the seqs of the refused ones; "" for jobs of others than the client."""
    kept = {job.id for job in submission.jobs if job.seq not in tasks}
    for number, jobs in submission.entries():
        wrong = {place: job for place, job in enumerate(jobs) if job.seq in tasks}
        if not wrong or submission.answers is None:  # the dispatcher chooses the id of a plain call
            continue
        errors = {place: id_taken(job, tasks[job.seq]).info() for place, job in wrong.items()}
        answer = submission.answers[number]
        if isinstance(answer, str):
            submission.answers[number] = errors[0]
        else:
            indexes = _accepted(answer)
            refused = {indexes[place]: error for place, error in errors.items()}
            counted = answer["accepted"] - len(refused)
            submission.answers[number] = answer | {"accepted": counted, "errors": answer["errors"] | refused}
        submission.left_out([job for job in wrong.values() if job.id not in kept])


def id_taken(job: LiveJob, task: str = "") -> TaskbahnError:
    """Return the error for a new job whose id has another one.   task: of that; "" if the client may not learn it."""
    return (
        WrongTask(job.id, task, job.partition.task, ID_TAKEN) if task else InvalidRequest(f"the id {job.id} is taken; {ID_TAKEN}")
    )


def _accepted(answer: Any) -> list[str]:
    """Return the indexes of those calls of a bulk that were accepted, in order."""
    errors = answer["errors"]
    return [index for index in map(str, range(answer["accepted"] + len(errors))) if index not in errors]


def _answer(answer: Any, joined: Mapping[int, str]) -> Any:
    """Return the answer to an entry with the ids that its jobs have now, by their places among those that were accepted."""
    if isinstance(answer, str):
        return joined.get(0, answer)
    accepted = _accepted(answer)
    return answer | {"joined": {accepted[place]: means for place, means in joined.items()}}
