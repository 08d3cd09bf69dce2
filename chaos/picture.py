"""The series of a soak as an SVG picture, a panel for each."""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

if TYPE_CHECKING:
    from collections.abc import Sequence

    from chaos.flatness import Verdict

WIDTH, PANEL, LEFT, RIGHT, TOP, BOTTOM = 900, 190, 70, 20, 34, 26
HEADROOM = 1.1
INK, LINE, FRAME, BAD = "#222", "#2563eb", "#d4d4d8", "#b91c1c"
STYLE = "font: 13px sans-serif; background: white"


def draw(title: str, times: Sequence[float], series: Sequence[tuple[Verdict, Sequence[float]]]) -> str:
    """Return the picture; times: seconds."""
    height = 40 + PANEL * len(series)
    panels = [panel(40 + PANEL * index, times, values, verdict) for index, (verdict, values) in enumerate(series)]
    head = f'<text x="{LEFT}" y="24" font-size="16" font-weight="bold" fill="{INK}">{escape(title)}</text>'
    root = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}" style="{STYLE}">'
    return "\n".join([root, head, *panels, "</svg>", ""])


def panel(y: int, times: Sequence[float], values: Sequence[float], verdict: Verdict) -> str:
    """Return one panel: from 0 to a little above the highest value, with the second half's verdict above it."""
    width, height = WIDTH - LEFT - RIGHT, PANEL - TOP - BOTTOM
    end, highest = max(times[-1], 1e-9), max(*values, 1e-9) * HEADROOM
    bottom = y + TOP + height
    points = " ".join(
        f"{LEFT + width * time / end:.1f},{bottom - height * value / highest:.1f}"
        for time, value in zip(times, values, strict=True)
    )
    middle = LEFT + width * (end - verdict.seconds) / end
    colour = INK if verdict.is_flat else BAD
    return "\n".join(
        (
            f'<text x="{LEFT}" y="{y + TOP - 10}" fill="{colour}">{escape(verdict.sentence)}</text>',
            f'<rect x="{LEFT}" y="{y + TOP}" width="{width}" height="{height}" fill="none" stroke="{FRAME}"/>',
            f'<line x1="{middle:.1f}" x2="{middle:.1f}" y1="{y + TOP}" y2="{bottom}" stroke="{FRAME}" stroke-dasharray="4"/>',
            f'<polyline points="{points}" fill="none" stroke="{LINE}" stroke-width="1.5"/>',
            f'<text x="{LEFT - 8}" y="{y + TOP + 10}" text-anchor="end" fill="{INK}">{highest:.4g}</text>',
            f'<text x="{LEFT - 8}" y="{bottom}" text-anchor="end" fill="{INK}">0</text>',
            f'<text x="{LEFT + width}" y="{bottom + 16}" text-anchor="end" fill="{INK}">{end:.0f} s</text>',
        )
    )
