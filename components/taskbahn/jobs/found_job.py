"""A job that is known by its id alone: its task, and with it the type of its result, is read with its outcome."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol, TypeVar
from uuid import UUID

from taskbahn.errors import InvalidOption, TaskbahnError, WrongTask
from taskbahn.jobs.chunk_stream import ChunkStream
from taskbahn.jobs.job import Job
from taskbahn.protocol import messages, views

if TYPE_CHECKING:
    from collections.abc import Mapping

    from taskbahn.client.client import HasClient, RawOutcome
    from taskbahn.signatures.signature import TaskSignature

R = TypeVar("R")
WITHOUT_TYPE = (None, "null")  # results that are the same for each task


def id_in(given: Any) -> str:
    """Return the id of a job as text, given as that or as a UUID; raises InvalidOption for what is neither."""
    if isinstance(given, str | UUID):
        return str(given).strip().lower()
    wanted = "it is a UUID or its text" + (f": job.id is {given.id!r}" if isinstance(given, Job) else "")
    raise InvalidOption(f"the id of a job = {given!r:.100}: {wanted}", option="id")


class KnownTask(Protocol):
    """A task, as far as jobs of it go."""

    @property
    def signature(self) -> TaskSignature | None:
        """What the task takes and gives."""


class FoundJob(Job[R]):
    """A job by its id.   tasks: those whose types are known, by name.   expected: the task of which it has to be; empty: any."""

    __slots__ = ("_expected", "_tasks")
    SHOWN_AS = "Job"

    def __init__(self, app: HasClient, id: str, tasks: Mapping[str, KnownTask], expected: str = "") -> None:
        super().__init__(app, id)
        self._tasks = tasks
        self._expected = expected
        self.encrypted_by = None

    def chunks(self, type: Any = None) -> ChunkStream[Any]:  # noqa: A002 - as in `Job`
        """As `Job.chunks`: without *type* what the annotation of the task says, if the application has the task."""
        if type is not None:
            return super().chunks(type)
        events = self.events()

        def converted(value: Any) -> Any:
            if not self.task and events.snapshot is not None:
                self._learn(events.snapshot)
            return self._signature.unpack_chunk(value) if self._signature else value

        return ChunkStream(events, converted)

    def take(self, outcome: RawOutcome) -> None:
        """Take the outcome; a result waits until the task of the job is known, by whose types it is read."""
        if self.task or outcome[2] in WITHOUT_TYPE or not (self._tasks or self._expected):
            super().take(outcome)
            return
        future = self._app.client.ask(messages.JOB_GET, self.id)

        def answered() -> None:
            try:
                self._view(future.now())
            except TaskbahnError as error:
                self.fail(self.id, error)
            else:
                super(FoundJob, self).take(outcome)

        future.listen(answered)

    def _view(self, answer: Any) -> views.JobView:
        view = super()._view(answer)
        self._learn(view)
        return view

    def _learn(self, view: views.JobView) -> None:
        if self._expected and view.task != self._expected:
            self.task = ""
            raise WrongTask(self.id, view.task, self._expected)
        self.task = view.task
        task = self._tasks.get(view.task)
        self._signature = task.signature if task is not None else None
