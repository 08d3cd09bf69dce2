"""Why a node cannot start."""

from __future__ import annotations

from taskbahn.errors import ServiceError


class NodeFailed(ServiceError):
    """The node cannot start or did not stay; the sentence says why and what to do."""

    uri = "taskbahn.error.node_failed"
