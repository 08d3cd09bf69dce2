"""Puts the dispatcher and its parts together over a store: for the service in a router, and for the tests over fakes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

import taskbahn_router
from taskbahn.protocol import messages
from taskbahn_router.access import own_rights
from taskbahn_router.access.admin import TokenAdmin
from taskbahn_router.access.book import CredentialBook
from taskbahn_router.access.challenges import Challenges
from taskbahn_router.access.issuing import TokenIssue
from taskbahn_router.access.key_admin import KeyAdmin
from taskbahn_router.access.logins import RefusedLogins
from taskbahn_router.access.ownership import Ownership
from taskbahn_router.access.password_checks import PasswordChecks
from taskbahn_router.access.password_login import PasswordLogin
from taskbahn_router.access.problems import found_problems
from taskbahn_router.access.role_limits import RoleLimits
from taskbahn_router.access.scoped_starts import ScopedStarts
from taskbahn_router.access.sessions import BrowserSessions
from taskbahn_router.access.user_admin import UserAdmin
from taskbahn_router.dispatcher.dispatcher import Dispatcher
from taskbahn_router.dispatcher.event_publishing import EventPublishing
from taskbahn_router.dispatcher.event_starts import EventStarts
from taskbahn_router.dispatcher.hook_intake import HookIntake
from taskbahn_router.dispatcher.job_actions import JobActions
from taskbahn_router.dispatcher.job_pausing import JobPausing
from taskbahn_router.dispatcher.limit_admin import LimitAdmin
from taskbahn_router.dispatcher.pause_admin import PauseAdmin
from taskbahn_router.dispatcher.schedule_admin import ScheduleAdmin
from taskbahn_router.dispatcher.schedule_alarms import ScheduleAlarms
from taskbahn_router.dispatcher.schedule_book import ScheduleBook
from taskbahn_router.dispatcher.schedule_firing import ScheduleFirings
from taskbahn_router.dispatcher.telling import Telling
from taskbahn_router.dispatcher.trigger_admin import TriggerAdmin
from taskbahn_router.dispatcher.trigger_book import TriggerBook
from taskbahn_router.metrics.history_query import HistoryQuery
from taskbahn_router.queries.asking import Ask
from taskbahn_router.queries.audit import AuditQueries
from taskbahn_router.queries.due_times import DueTimesQuery
from taskbahn_router.queries.explain import Explain
from taskbahn_router.queries.job_pages import JobPages
from taskbahn_router.queries.jobs import JobQueries
from taskbahn_router.queries.limits import LimitQueries
from taskbahn_router.queries.members import MemberQueries
from taskbahn_router.queries.questions import Questions
from taskbahn_router.queries.schedule_times import SchedulePreview
from taskbahn_router.queries.schedule_waits import ScheduleWaits
from taskbahn_router.queries.schedules import ScheduleQueries
from taskbahn_router.queries.status import StatusQuery
from taskbahn_router.queries.triggers import TriggerQueries
from taskbahn_router.workers.admin import Workers
from taskbahn_router.workers.declarations import Declarations
from taskbahn_router.workers.declared_schedules import DeclaredSchedules
from taskbahn_router.workers.declared_triggers import DeclaredTriggers
from taskbahn_router.workers.node_worker import NodeWorker
from taskbahn_router.workers.registry import WorkerRegistry

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from twisted.internet.defer import Deferred

    from taskbahn_router.core.role_limits import Limits
    from taskbahn_router.model.pending_call import PendingCall
    from taskbahn_router.model.ports import Clock, RouterPort, Runner
    from taskbahn_router.stores.contract import Reader, StartState, Store
    from taskbahn_router.workers.node_worker import Process


class PartsOwner(Protocol):
    """What the parts need of their owner, the service."""

    def declare(self, task: str) -> None:
        """Register a task's own name, once."""

    def withdraw(self, task: str) -> None:
        """Unregister the name of a forgotten task."""

    def failed(self, call: PendingCall, failure: Any) -> None:
        """Answer a call whose question to the store failed."""

    def lag(self) -> float:
        """Return by how many seconds the event loop was late just now."""

    def least_lag(self) -> float:
        """Return the least of the last few lags: one late turn is nothing."""


class Parts:
    """Made before the store is open; `begin` makes the rest. `jobs`, `status`, `history` and `limits` answer from then on.

    writing, reading: run functions on the store's thread and on that of the reader.
    hashing: on one that hashes passwords.   wall: UTC seconds since the epoch.
    uniform: random numbers, 0 <= x < 1.  settings: what `taskbahn.view.settings` answers.
    start_worker: starts the process of the node's own worker.  role_limits: what each name of a role may use.
    """

    jobs: JobQueries
    status: StatusQuery
    history: HistoryQuery
    explain: Explain
    limits: LimitQueries
    members: MemberQueries
    pages: JobPages
    audit: AuditQueries
    telling: Telling
    questions: Questions
    limit_admin: LimitAdmin
    alarms: ScheduleAlarms
    firings: ScheduleFirings
    schedule_book: ScheduleBook
    schedule_admin: ScheduleAdmin
    schedules: ScheduleQueries
    schedule_waits: ScheduleWaits
    due_times: DueTimesQuery
    trigger_book: TriggerBook
    trigger_admin: TriggerAdmin
    triggers: TriggerQueries
    event_starts: EventStarts
    event_publishing: EventPublishing
    hooks: HookIntake
    triggers_known: Deferred[None]  # when the dispatcher hears what they wait for

    def __init__(
        self,
        store: Store,
        writing: Runner,
        reading: Runner,
        port: RouterPort,
        owner: PartsOwner,
        *,
        clock: Clock,
        wall: Callable[[], float],
        uniform: Callable[[], float],
        settings: Sequence[dict[str, Any]] = (),
        start_worker: Callable[[str, Callable[[str], None]], Process] | None = None,
        hashing: Runner | None = None,
        role_limits: Mapping[str, Limits] | None = None,
    ) -> None:
        self._reading = reading
        self._port = port
        self._owner = owner
        self._clock = clock
        self.wall = wall
        self.settings = list(settings)
        self.dispatcher = Dispatcher(store, writing, clock=clock, wall=wall, uniform=uniform, port=port)
        declarations = Declarations(self.dispatcher, owner.declare, owner.withdraw)
        self.registry = WorkerRegistry(self.dispatcher, port, declarations, taskbahn_router.__version__)
        self.node_worker = self.registry.node_worker = NodeWorker(self.dispatcher, start_worker)
        self.dispatcher.intake.declare_built_in = declarations.declare_built_in
        self.dispatcher.intake.declare_by_caller = declarations.declare_by_caller
        self._declarations = declarations
        self.admin = Workers(self.dispatcher)
        self.credentials = CredentialBook(wall, port.end_session)
        self.challenges = Challenges(self.credentials, clock.seconds)
        self.role_limits = RoleLimits(role_limits or {}, clock.seconds, self.credentials.browser.maker_of)
        self.dispatcher.admission.charge = self.role_limits.charge
        self.call_task: Callable[[PendingCall], None] = own_rights.starting(
            self.role_limits.starting(self.role_limits.watching(self.dispatcher.call_task))
        )
        self.refused_logins = RefusedLogins(self.dispatcher.auditing, clock.seconds)
        self.token_issue = TokenIssue(self.dispatcher, self.credentials.browser)
        self.token_admin = TokenAdmin(self.dispatcher, self.credentials, self.token_issue)
        starts = ScopedStarts(self.dispatcher.state.tasks, self.token_issue, wall)
        self.ownership = Ownership(self.dispatcher.state, self.credentials.browser.scope_of, starts)
        checks = PasswordChecks(hashing or reading)
        self.password_login = PasswordLogin(self.credentials, checks, self.refused_logins.throttle.delay, clock)
        self.user_admin = UserAdmin(self.dispatcher, self.credentials, checks, self.refused_logins)
        self.key_admin = KeyAdmin(self.dispatcher, self.credentials)
        self.browser_sessions = BrowserSessions(self.dispatcher, self.credentials)
        self.schedule_preview = SchedulePreview(wall, Ask(reading, owner.failed))
        self.job_actions = JobActions(self.dispatcher)
        self.pause_admin, self.job_pausing = PauseAdmin(self.dispatcher), JobPausing(self.dispatcher)

    def begin(self, start: StartState, reader: Reader) -> None:
        """Take over what the store holds, and begin: workers come back and say what they run."""
        dispatcher, owner = self.dispatcher, self._owner
        ask = Ask(self._reading, owner.failed)
        running = dispatcher.state.load(start)
        dispatcher.history.begin(start.minutes)
        self.status = StatusQuery(dispatcher, reader, self._reading, lambda: str(dispatcher.loop.error or ""), owner.least_lag)
        self.status.node_worker = self.node_worker
        is_insecure = any(setting["name"] == "node.insecure_no_auth" for setting in self.settings)
        self.status.access_problems = lambda: found_problems(
            self.refused_logins.throttle, self.role_limits, is_insecure=is_insecure
        )
        self.history = HistoryQuery(dispatcher.state, dispatcher.history, self.wall, reader, self._reading, owner.failed)
        self.jobs = JobQueries(
            dispatcher.state, dispatcher.limit_book, dispatcher.followers, reader, self._reading, owner.failed,
            wall=self.wall, clock=self._clock, history=dispatcher.history, waiting=self._port.unread_bytes,
        )  # fmt: skip
        self.explain = Explain(dispatcher, self.jobs.queue_positions, reader, ask)
        self.limits = LimitQueries(dispatcher, reader, ask)
        self.limit_admin = LimitAdmin(dispatcher, self.limits.answer_one)
        dispatcher.publisher.on_repetition = self.jobs.resend_outcome
        dispatcher.large_flows.find_error = self.jobs.find_error
        dispatcher.joins.find_meaning, dispatcher.joins.follow_joined = self.jobs.find_meaning, self.jobs.follow_joined
        dispatcher.publisher.on_member = self.jobs.rollups.joined
        self.telling = Telling(dispatcher, reader, self._reading, owner.failed)
        self.questions = Questions(dispatcher.state, reader, ask)
        self.audit = AuditQueries(reader, ask)
        self.pages = JobPages(reader, ask, dispatcher.wall)
        self.members = MemberQueries(reader, self.jobs.rollups, ask)
        self.ownership.begin(reader, ask)
        self.credentials.begin(start.credentials)
        self.token_issue.begin(reader, ask)
        self._begin_schedules(reader, ask)
        self._begin_triggers(reader, ask)
        dispatcher.start(start, running)
        dispatcher.limit_book.begin(start)
        dispatcher.event_waits.begin(reader, self._reading)
        self._declarations.begin()
        self.firings.begin()
        self.alarms.begin()
        self.registry.start()

    def _begin_schedules(self, reader: Reader, ask: Ask) -> None:
        dispatcher, runner = self.dispatcher, self._reading
        self.alarms = ScheduleAlarms(dispatcher, self._port, reader, runner)
        self.firings = ScheduleFirings(dispatcher, self.alarms, reader, runner)
        self.schedule_book = ScheduleBook(dispatcher, self.firings, self.alarms, reader, runner)
        self.schedules = ScheduleQueries(reader, ask, self.wall, dispatcher.state.tasks)
        self.due_times = DueTimesQuery(reader, ask, self.wall)
        self.schedule_waits = ScheduleWaits(dispatcher, reader, ask)
        self.schedule_admin = ScheduleAdmin(dispatcher, self.schedule_book, self.schedules.answer_one, self.schedules.answer_row)
        self.registry.schedules = DeclaredSchedules(dispatcher, self.schedule_book)
        self.registry.schedules.begin(reader.schedules, runner)

    def _begin_triggers(self, reader: Reader, ask: Ask) -> None:
        dispatcher, runner = self.dispatcher, self._reading
        book = self.trigger_book = TriggerBook(dispatcher, reader, runner)
        self.triggers = TriggerQueries(reader, ask, self.wall, dispatcher.state.tasks)
        self.trigger_admin = TriggerAdmin(dispatcher, book, self.triggers.answer_one, self.triggers.answer_row)
        self.event_starts = EventStarts(dispatcher, book)
        self.event_publishing = EventPublishing(dispatcher, book, self.event_starts, self._port)
        self.hooks = HookIntake(dispatcher, book, self.event_starts)
        self.status.lost_workers = self.registry.lost_workers
        self.status.hook_troubles = self.hooks.without_secret
        self.registry.triggers = DeclaredTriggers(dispatcher, book)
        self.registry.triggers.begin(reader.triggers, runner)
        self.triggers_known = book.begin()

    @property
    def has_begun(self) -> bool:
        """Whether questions can be answered."""
        return hasattr(self, "jobs")

    def status_view(self) -> dict[str, Any]:
        """Return the `views.Status`."""
        state = self.dispatcher.state
        workers = [worker for worker in state.workers.values() if worker.orders is not None]
        return {
            "version": taskbahn_router.__version__,
            "started_at": self.dispatcher.started_at,
            "now": self.wall(),
            "jobs": dict(state.counts),
            "workers": len(workers),
            "slots": sum(worker.room.slots for worker in workers),
            "running": sum(worker.room.taken for worker in workers),  # flows run, too, but in no slot
            "lag": self._owner.lag(),
            "pauses": [messages.plain(pause.view()) for pause in self.dispatcher.limit_book.pauses.all()],
            **self.status.status(),
        }
