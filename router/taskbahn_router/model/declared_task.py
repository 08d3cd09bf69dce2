"""A task as the workers, or its first caller, have declared it, with what the dispatcher makes of that."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf
from typing import TYPE_CHECKING

from taskbahn.protocol import messages
from taskbahn.protocol.encrypting import check_keys
from taskbahn_router.core.argument_schema import Validator
from taskbahn_router.core.limit_keys import LimitKeys
from taskbahn_router.core.task_keys import TaskKeys

if TYPE_CHECKING:
    from collections.abc import Mapping

    from taskbahn_router.core.secret_places import SecretPlaces

BY_CALLER = 0.0  # `declared_at` of a task that a caller has declared, and no worker yet
MAX_EARLIER = 20  # signatures of a task that are remembered beside the one that counts


@dataclass(slots=True, eq=False)
class DeclaredTask:
    """A declared task."""

    name: str
    declaration: messages.TaskDeclaration
    packed: str  # the declaration as JSON
    options: str  # the options alone, as JSON
    checker: Validator | None
    unique: TaskKeys
    limit_keys: LimitKeys | None = None  # None: it has no limits
    seconds_each: float | None = None
    declared_at: float = 0.0  # the `since` of the worker that declared it
    earlier: tuple[str, ...] = ()  # the digests of the signatures that workers declared before this one, the newest first
    not_taken_at: float = -inf  # when a worker last handed a job back because its code did not take the arguments

    @classmethod
    def of(
        cls, declaration: messages.TaskDeclaration, declared_at: float, capacities: Mapping[str, int] | None = None
    ) -> DeclaredTask:
        """Make what the dispatcher needs of a declaration; raises InvalidOption for limits and unique keys that cannot be.

        capacities: what one job may cost at most, by limit, where operators changed that.
        """
        signature = declaration.signature
        if declaration.encrypt:
            check_keys(declaration.name, declaration.limits, declaration.fair_key, declaration.unique)
        return cls(
            declaration.name,
            declaration,
            messages.to_json(declaration),
            messages.to_json(declaration.options),
            Validator(declaration.name, signature) if signature else None,
            TaskKeys(declaration),
            LimitKeys.declared(declaration, capacities),
            declared_at=declared_at,
        )

    def follows(self, known: DeclaredTask | None) -> None:
        """Take over what is known of the task from the declaration before this one, None if it is the first."""
        if known is None:
            return
        self.seconds_each = known.seconds_each
        digests = (known.digest if known.declared_at > BY_CALLER else None, *known.earlier)
        self.earlier = tuple(digest for digest in dict.fromkeys(digests) if digest and digest != self.digest)[:MAX_EARLIER]

    @property
    def secrets(self) -> SecretPlaces | None:
        """Where its arguments are secrets; None: nowhere."""
        return None if self.checker is None or not self.checker.secrets else self.checker.secrets

    @property
    def digest(self) -> str | None:
        """The digest of its signature, None without one."""
        return None if self.checker is None else self.checker.signature.digest
