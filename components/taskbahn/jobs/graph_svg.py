"""A graph of jobs as a picture: columns from left to right, many jobs of one column as small cells in a block."""

from __future__ import annotations

import time
from html import escape
from typing import TYPE_CHECKING, NamedTuple

from taskbahn.jobs.graph_words import SIGNS, name_of, span_of, state_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from taskbahn.protocol import member_views

MOST_BOXES = 12  # jobs of a column that are boxes with words; more are cells with a sign
BOX, CELL = (176, 44), (26, 22)  # width and height
GAP, COLUMN_GAP = 8, 60
CELLS_HIGH, MOST_HIGH, WIDE = 15, 24, 12  # cells of a block: it grows in height first, until it is wide
MARGIN, TITLE_HEIGHT = 12, 30
SHOWN_LETTERS = 24
FILLS = {
    "waiting": "#f1f1f1", "ready": "#dff5f5", "running": "#dfe6fb", "succeeded": "#dcf2dc", "failed": "#fbdcdc",
    "cancelled": "#f5dff5", "expired": "#fbeadc",
}  # fmt: skip


class Box(NamedTuple):
    """Where a job is drawn."""

    x: int
    y: int
    width: int
    height: int
    block: tuple[int, int, int, int] | None = None  # x, y, width and height of the block of cells that it is in


def columns(ids: Sequence[str], edges: Sequence[member_views.GraphEdge]) -> list[list[str]]:
    """Return the jobs by columns, each behind all that it waits for; a circle of jobs shown as one is cut where it began."""
    parents: dict[str, list[str]] = {}
    waits: dict[str, int] = dict.fromkeys(ids, 0)
    children: dict[str, list[str]] = {}
    for edge in edges:
        parents.setdefault(edge.child, []).append(edge.parent)
        children.setdefault(edge.parent, []).append(edge.child)
        waits[edge.child] += 1
    rank: dict[str, int] = {}
    free = [id for id in ids if not waits[id]]
    while len(rank) < len(ids):
        free = free or [next(id for id in ids if id not in rank)]
        at = free.pop()
        if at in rank:
            continue
        rank[at] = 1 + max((rank[parent] for parent in parents.get(at, ()) if parent in rank), default=-1)
        for child in children.get(at, ()):
            waits[child] -= 1
            if not waits[child]:
                free.append(child)
    found: list[list[str]] = [[] for _ in range(max(rank.values(), default=-1) + 1)]
    for id in ids:
        found[rank[id]].append(id)
    return found


def placed(rows: Sequence[Sequence[str]]) -> tuple[dict[str, Box], int, int]:
    """Return where each job is drawn, and the width and height of all."""
    sizes = [_size(len(row)) for row in rows]
    height = max((size[1] for size in sizes), default=0)
    boxes: dict[str, Box] = {}
    x = MARGIN
    for row, (wide, high) in zip(rows, sizes, strict=True):
        top = TITLE_HEIGHT + MARGIN + (height - high) // 2
        is_block = len(row) > MOST_BOXES
        block = (x - GAP // 2, top - GAP // 2, wide + GAP, high + GAP) if is_block else None
        each = CELL if is_block else BOX
        for number, id in enumerate(row):
            across, down = divmod(number, _high(len(row))) if is_block else (0, number)
            gap = 2 if is_block else GAP
            boxes[id] = Box(x + across * (each[0] + gap), top + down * (each[1] + gap), *each, block)
        x += wide + COLUMN_GAP
    return boxes, x - COLUMN_GAP + MARGIN, height + TITLE_HEIGHT + 2 * MARGIN


def drawn(
    nodes: Sequence[member_views.GraphNode], edges: Sequence[member_views.GraphEdge], critical: Sequence[str], title: str
) -> str:
    """Return an SVG document."""
    boxes, width, height = placed(columns([node.id for node in nodes], edges))
    width = max(width, 600)
    now, on_path = time.time(), set(critical)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}"',
        f'font-family="system-ui, sans-serif" font-size="12" role="img"><title>{escape(title)}</title>',
        f'<rect width="{width}" height="{height}" fill="#fff"/><text x="{MARGIN}" y="22" font-size="14">{escape(title)}</text>',
    ]
    lines: dict[str, bool] = {}
    for edge in edges:
        line = _line(boxes[edge.parent], boxes[edge.child])
        lines[line] = lines.get(line, False) or (edge.parent in on_path and edge.child in on_path)
    for line, is_critical in lines.items():
        parts.append(
            f'<path d="{line}" fill="none" stroke="{"#222" if is_critical else "#999"}" stroke-width="{3 if is_critical else 1}"/>'
        )
    parts += [_box(node, boxes[node.id], now, is_critical=node.id in on_path) for node in nodes]
    return "\n".join([*parts, "</svg>"])


def _size(count: int) -> tuple[int, int]:
    if count <= MOST_BOXES:
        return BOX[0], count * (BOX[1] + GAP) - GAP
    across = -(-count // _high(count))
    return across * (CELL[0] + 2) - 2, min(count, _high(count)) * (CELL[1] + 2) - 2


def _high(count: int) -> int:
    """Return how many cells of a block are below each other."""
    return max(CELLS_HIGH, min(MOST_HIGH, -(-count // WIDE)))


def _line(start: Box, end: Box) -> str:
    """Return a curve from one job to another; a block of cells has one for all."""
    left, right = (box.block or box[:4] for box in (start, end))
    x1, y1, x2, y2 = left[0] + left[2], left[1] + left[3] // 2, right[0], right[1] + right[3] // 2
    bend = max(20, (x2 - x1) // 2)
    return f"M{x1} {y1}C{x1 + bend} {y1} {x2 - bend} {y2} {x2} {y2}"


def _box(node: member_views.GraphNode, box: Box, now: float, *, is_critical: bool) -> str:
    sign, took = SIGNS.get(node.state, "?"), span_of(node, now)
    words = ", ".join(filter(None, (name_of(node), state_of(node), took, node.id)))
    stroke = 'stroke="#222" stroke-width="3"' if is_critical else 'stroke="#888"'
    shape = f'<rect x="{box.x}" y="{box.y}" width="{box.width}" height="{box.height}" rx="4" fill="{FILLS.get(node.state, "#fff")}" {stroke}/>'
    if box.block is not None:
        text = f'<text x="{box.x + box.width // 2}" y="{box.y + 15}" text-anchor="middle">{sign}</text>'
    else:
        name = name_of(node)
        name = name if len(name) <= SHOWN_LETTERS else f"{name[: SHOWN_LETTERS - 1]}…"
        text = (
            f'<text x="{box.x + 8}" y="{box.y + 18}">{sign} {escape(name)}</text>'
            f'<text x="{box.x + 8}" y="{box.y + 35}" fill="#555">{escape(" ".join(filter(None, (state_of(node), took))))}</text>'
        )
    return f"<g><title>{escape(words)}</title>{shape}{text}</g>"
