"""Random flows as callers write them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import random

    Node = dict[str, Any]

IF_FAILS = ("fail", "fail", "skip", "none", "hold")
CALLBACKS = ("on_success", "on_failure", "on_end")


class Shapes:
    """Makes flows of up to *most* members; `older` are the ids of jobs that they may wait for; *within*: seconds in which some have to end."""

    def __init__(
        self, pick: random.Random, most: int, older: list[str], first: int = 0, *, within: tuple[float, ...] = ()
    ) -> None:
        self._pick = pick
        self._left = most
        self._older = older
        self._within = within
        self._names: list[str] = []  # of what was made so far and may be referred to
        self.made = first

    def flow(self) -> Node:
        """Return a whole."""
        node = self._node(0, takes=False)
        self._extras(node, 0)
        return node

    def _has(self, chance: float) -> bool:
        return self._pick.random() < chance

    def _node(self, depth: int, *, takes: bool) -> Node:
        kind = self._pick.choice(["task", "task", "chain", "group"] if depth else ["task", "chain", "chain", "group", "group"])
        if depth > 3 or self._left <= 1 or kind == "task":
            return self._member(depth, takes=takes)
        if kind == "chain":
            return {"chain": self._chain(depth, takes=takes)}
        node: Node = {"group": [self._part(depth + 1, takes=takes) for _ in range(self._pick.choice([0, 1, 2, 2, 3, 4]))]}
        return node

    def _chain(self, depth: int, *, takes: bool) -> list[Node]:
        parts: list[Node] = []
        for _ in range(self._pick.choice([1, 2, 2, 3, 4])):
            parts.append(self._part(depth + 1, takes=takes))
            takes = True
        return parts

    def _part(self, depth: int, *, takes: bool) -> Node:
        node = self._node(depth, takes=takes)
        self._extras(node, depth)
        return node

    def _extras(self, node: Node, depth: int) -> None:
        if depth and self._has(0.3):
            node["if_fails"] = self._pick.choice(IF_FAILS)
        if self._names and self._has(0.1):
            node["after"] = [self._pick.choice(self._names)]
        if self._older and self._has(0.1):
            node.setdefault("after", []).append(self._pick.choice(self._older))
        if self._left > 0 and self._has(0.15):
            known, older = self._names, self._older
            self._names, self._older = [], []
            node[self._pick.choice(CALLBACKS)] = [self._part(depth + 1, takes=True) for _ in range(self._pick.choice([1, 1, 2]))]
            self._names, self._older = known, older
        if depth and "chain" not in node and self._has(0.3):
            node["name"] = f"n{self.made}"
            self.made += 1
            self._names.append(node["name"])

    def _member(self, depth: int, *, takes: bool) -> Node:
        self._left -= 1
        self.made += 1
        node: Node = {"task": "a.t", "args": [], "kwargs": {"k": self.made}, "options": {}}
        if self._left > 0 and self._has(0.1):
            known = list(self._names)
            beside = self._part(depth + 1, takes=False)
            beside["name"] = f"w{self.made}"
            self.made += 1
            node["with"] = [beside]
            self._names = [*known, beside["name"]]
            node["args"].append({"$output": beside["name"]})
        for _ in range(self._pick.choice([0, 0, 1, 2])):
            node["args"].append(self._argument())
        if takes and self._has(0.4):
            node["immutable"] = True
        if self._has(0.2):
            node["options"] = {"retries": self._pick.choice([1, 2]), "retry_delays": [1.0]}
        if self._has(0.15):
            node["options"]["detached"] = True
        if self._within and self._has(0.05):
            node["options"]["finish_within"] = self._pick.choice(self._within)
        return node

    def _argument(self) -> Any:
        known = self._names + self._older
        if not known or self._has(0.5):
            return self._pick.choice([1, "x", None])
        reference = {"$output": self._pick.choice(known)}
        return reference if self._has(0.6) else [reference, 2]
