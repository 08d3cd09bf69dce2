"""The tables of j: each system's flows beside its own jobs alone, and Taskbahn's beside those of its peers."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from benchmarks.contract import MODES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from benchmarks.contract import Result

    Table = tuple[list[str], list[list[str]]]

OURS = "taskbahn"


class Bound(NamedTuple):
    """A ratio that is not to be exceeded, or not to be fallen short of. peer: the system beside which it is; "": the same one."""

    title: str
    of: Callable[[Result], float | None]
    beside: Callable[[Result], float | None]
    peer: str
    at_most: float | None = None
    at_least: float | None = None


def link_ms(result: Result) -> float | None:
    """Return the milliseconds of a link of the chain."""
    return _each(result.chain_seconds, result.links)


def call_ms(result: Result) -> float | None:
    """Return the milliseconds of a call of those one after the other."""
    return _each(result.calls_seconds, result.links)


BOUNDS = (
    Bound("a chord, times the same jobs alone", lambda one: one.chord_seconds, lambda one: one.alone_seconds, "", at_most=1.2),
    Bound("a chord, times its group alone", lambda one: one.chord_seconds, lambda one: one.group_seconds, "", at_most=1.2),
    Bound("a link of a chain, times a call", link_ms, call_ms, "", at_most=1.2),
    Bound("Celery's chord, times ours", lambda one: one.chord_seconds, lambda one: one.chord_seconds, "celery", at_least=10),
    Bound("Celery's group, times ours", lambda one: one.group_seconds, lambda one: one.group_seconds, "celery", at_least=10),
    Bound("a link of Celery's chain, times ours", link_ms, link_ms, "celery", at_least=1),
    Bound("a link of Dramatiq's pipeline, times ours", link_ms, link_ms, "dramatiq", at_least=1),
)


def flow_rows(results: Iterable[Result]) -> Table:
    """Return head and rows: a system in a mode each, the fastest chord of a mode first."""
    head = [
        "", "mode", "jobs alone, ms", "group, ms", "chord, ms", "chord / jobs alone",
        "links", "one call, ms", "one link, ms", "link / call", "",
    ]  # fmt: skip
    ordered = sorted(results, key=lambda one: (MODES.index(one.mode), one.chord_seconds or 0.0))
    return head, [
        [
            one.system, one.mode, _shown(_ms(one.alone_seconds)), _shown(_ms(one.group_seconds)), _shown(_ms(one.chord_seconds)),
            _shown(_ratio(one.chord_seconds, one.alone_seconds)), "–" if one.links is None else f"{one.links:,}",
            _shown(call_ms(one)), _shown(link_ms(one)), _shown(_ratio(one.chain_seconds, one.calls_seconds)), one.chain_error,
        ]
        for one in ordered
    ]  # fmt: skip


def flow_bounds(results: Sequence[Result]) -> Table:
    """Return head and rows: a bound each, and how Taskbahn keeps it in each mode and over each transport."""
    ours = [one for one in results if one.system.startswith(OURS)]
    head = ["what is to hold", "bound", *(f"{one.system}, {one.mode}" for one in ours)]
    return head, [[bound.title, _limit(bound), *_kept(bound, ours, results)] for bound in BOUNDS if ours]


def _kept(bound: Bound, ours: Iterable[Result], results: Sequence[Result]) -> Iterator[str]:
    for one in ours:
        if bound.peer:
            peer = next((other for other in results if (other.system, other.mode) == (bound.peer, one.mode)), None)
            ratio = None if peer is None else _ratio(bound.beside(peer), bound.of(one))
        else:
            ratio = _ratio(bound.of(one), bound.beside(one))
        if ratio is None:
            yield "–"
        else:
            is_kept = ratio <= (bound.at_most or ratio) and ratio >= (bound.at_least or ratio)
            yield f"{ratio:,.2f}" if is_kept else f"**{ratio:,.2f}**, missed"


def _limit(bound: Bound) -> str:
    return f"at most {bound.at_most:g}" if bound.at_most is not None else f"at least {bound.at_least:g}"


def _ratio(part: float | None, whole: float | None) -> float | None:
    return None if part is None or not whole else part / whole


def _each(seconds: float | None, count: int | None) -> float | None:
    return None if seconds is None or not count else seconds / count * 1000


def _ms(seconds: float | None) -> float | None:
    return None if seconds is None else seconds * 1000


def _shown(value: float | None) -> str:
    return "–" if value is None else f"{value:,.0f}" if value >= 100 else f"{value:.2f}"
