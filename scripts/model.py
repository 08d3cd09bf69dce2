"""Make random lives of stores with promises, and see that mutations of the engine are found.

`model.py RUNS [STORE]` makes RUNS lives over the memory store and a tenth of them over SQLite, or over one of them; then it compares a fifth
as many cron lines with the clocks of all zones. `model.py --mutations [RUNS [WORD]]` makes up to RUNS lives with each mutation whose name
has the word, in a process of its own; those of `BOTH` must be found over each store, those of `TESTS` by tests. All but one that none of them
finds are well. Both end with 1 if not.
"""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
import tempfile
import time
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

ROOT = Path(__file__).resolve().parent.parent
MUTATION = "TASKBAHN_MODEL_MUTATION"


class Mutation(NamedTuple):
    """A mistake: in a module of `promises`, or one below the router's package, other text in the place of a text."""

    name: str
    module: str
    text: str
    other: str


MUTATIONS = (
    Mutation("an attempt that ended keeps its permits", "engine", "used=max(0, gate.used - cost * count)", "used=gate.used"),
    Mutation("what ended is not checked", "engine", "* count))\n                overlay.check.add(key)", "* count))"),
    Mutation("a lane that was looked at does not check its gates", "choose", "overlay.check_gates(lane)", "pass"),
    Mutation("a lane that lost a job checks no gates", "engine", "lane.costs)\n        if head is None:", "())\n        if head is None:"),
    Mutation("a limit that changed checks nothing", "engine", "overlay.check |= {found.key for found in rows.limits}", "pass"),
    Mutation("a pause or its end checks nothing", "engine", "reason=reason)\n            self.overlay.check.add(key)", "reason=reason)"),
    Mutation("no wake-up is written", "overlay", ".opens_at(gate, self.now_us, costs.get(key, 1))", " and None"),
    Mutation("what is due is not checked", "engine", "(due - changes - left)", "set[str]()"),
    Mutation("the next page of lanes is not read", "overlay", "return first is None or first.order > self.after", "return first is None"),
    Mutation("what the budget left over is not marked", "choose", "self.leftover.add(key)", "pass"),
    Mutation("a cut commit says that nothing is left", "choose", "(yield from self._next()) is not None", "False"),
    Mutation("a change of a limit ends after a page", "engine", "if is_cut else Gate(key, CHANGED)", "if False else Gate(key, CHANGED)"),
    Mutation("an open lane is a carrier whatever its place", "choose", "carrier.order <= lane.order", "True"),
    Mutation("a better head does not check its gate", "engine", "overlay.check.add(known.blocked)", "pass"),
    Mutation("lanes before a gate are not counted", "overlay", "self._shifts[key] += 1", "pass"),
    Mutation("one partition before a gate is opened", "choose", "overlay.before.get(key, ())):", "overlay.before.get(key, ()))[:1]:"),
    Mutation("a permit is not taken", "choose", "used=gate.used + cost * count", "used=gate.used"),
    Mutation("a rate is not taken", "rate", "+ cost * options.interval_us)", "+ 0)"),
    Mutation("a closed gate is not seen", "choose", "if closed is not None:", "if False:"),
    Mutation("a job starts after its time", "choose", "is_over(head.expires_at, self._now)", "False"),
    Mutation("jobs that come next start without permits", "choose", "- 1 for key, cost", "+ 1 for key, cost"),
    Mutation("jobs that come next take nothing", "choose", "self._take(lane, turns, count)", "self._take(lane, turns, 1)"),
    Mutation("an emptied lane stays", "choose", "self._overlay.remove(lane)\n            return", "return"),
    Mutation("keys that hang make no lane of plain jobs", "engine", "and id in overlay.hung:\n", "and False:\n"),
    Mutation("keys that were dropped hold lanes", "engine", "(due - changes - left) | dropped", "due - changes - left"),
    Mutation("dropped keys are left over for good", "engine", "wakes_at_us=0 if key in leftover else None", "wakes_at_us=None"),
    Mutation("a partition without keys keeps its lane", "engine", "overlay.remove(lane)\n                self", "self"),
    Mutation("a rate is forgotten before it is paid back", "purge", "gate.time_us <= now_us", "True"),
    Mutation("a gate is forgotten while lanes are before it", "purge", "gate.used or gate.blocked or", "gate.used or"),
    Mutation("turns are forgotten before they have passed", "purge", "_turn(one, overlay) >= gate.virtual_time", "True"),
    Mutation("turns are forgotten of a key that waits", "purge", "gate.key not in waiting and all(", "all("),
    Mutation("turns that are forgotten do not raise those of idle partitions", "purge", "in own - busy:", "in ():"),
    Mutation("what ended in the commit counts", "when_full", "self._places[key].running -= cost", "pass"),
    Mutation("jobs that are ready do not count", "when_full", "self._places[key].ready += cost * count", "pass"),
    Mutation("what became ready in the commit does not count", "when_full", "in (*lanes, *new):", "in lanes:"),
    Mutation("keys that hang are not counted", "when_full", "spots[key][Spot(partition, None)] = cost", "pass"),
    Mutation("jobs of a commit do not count for the next ones", "when_full", "            self._count(key, cost, decisions)\n", ""),
    Mutation("a refused job leaves what it has changed", "admissions", "while self._undo:", "while False:"),
    Mutation("unique keys and limits come before ids", "admissions", "if job.is_known or job.id in decisions.ids or", "if"),
    Mutation("one that is on its way out counts as staying", "when_full", "one.lacks(cost) > one.ending", "one.lacks(cost) > 0"),
    Mutation("the newest of the jobs has to go", "when_full", "one.jobs.sort()", "one.jobs.sort(reverse=True)"),
    Mutation("lanes are not found by their keys", "overlay", "if lane.keys and lane.is_gone == (", "if False and ("),
    Mutation("no lane is passed over", "elder", "waited != closed and self._overlay.room(waited, cost)", "False"),
    Mutation("no lane becomes an elder", "elder", "now_us - one.since_us < ELDER_US", "True"),
    Mutation("nothing is kept for an elder", "elder", "if keeping is not None and is_worse", "if False and is_worse"),
    Mutation("better lanes are held back", "elder", "and is_worse(lane, keeping[0])", "and lane is not keeping[0]"),
    Mutation("gates that keep less are not checked", "elder", "self._overlay.check.add(key)", "pass"),
    Mutation("an elder keeps its permits when it has started", "elder", "if domain.elder is lane:", "if False:"),
    Mutation("an elder that is gone keeps its permits", "elder", "lane is None or lane.is_gone or", "lane is None or"),
    Mutation("an elder whose job is gone keeps its permits", "elder", "or lane.best > one.best:", "or False:"),
    Mutation("an elder that is paused keeps its permits", "elder", "is_paused(overlay.gates[key], overlay.now_us)", "False"),
    Mutation("an elder that never may start keeps its permits", "elder", "or not self._may_open(key, cost):", "or False:"),
    Mutation("an elder without workers keeps its permits", "elder", "not any(lane.partition in served for", "not any(True for"),
    Mutation("permits are kept while a rate is closed", "elder", "own if all(", "own if True or all("),
    Mutation("what better lanes took does not count for an elder", "elder", "self._keep(domain, self._kept_for(domain.elder, domain))", "pass"),
    Mutation("an elder is not looked at in time", "elder", "wakes_at_us = min(times, default=None)", "wakes_at_us = None"),
    Mutation("a closed gate that keeps tokens has no wake-up", "overlay", "kept_until_us.get(key)", "None"),
    Mutation("jobs behind the first of a lane are forgotten", "choose", "if not lane.heads and not lane.is_read_out:", "if False:"),
    Mutation("an edge counts twice", "reactions", "pending=job.pending - 1", "pending=job.pending - 2"),
    Mutation("a failure satisfies its edges", "edges", "return PASSED_ON", "return SATISFIED"),
    Mutation("a failure is not passed on", "edges", "elif state == PASSED_ON and", "elif False and"),
    Mutation("what follows on a failure that was passed on is forgotten", "reactions", "self._moved.append(self.jobs[job.seq])", "pass"),
    Mutation("what the budget left is no duty", "reactions", "if stored.get(subject) != duty)", "if False)"),
    Mutation("a cut commit of reactions says that nothing is left", "reactions", "reacted.more = bool(left) or", "reacted.more ="),
    Mutation("a duty is forgotten before it is done", "reactions", "in stored.items() if subject not in left", "in stored.items()"),
    Mutation("a child starts before its time", "edges", "is_due(child.due_at, cascade.now)", "True"),
    Mutation("a retry by hand does not wait for parents", "core.reactions", "return Event.REOPEN if pending", "return Event.REOPEN if False"),
    Mutation("a retry by hand opens no edges again", "edges", "EdgesOf(parent.seq, PASSED_ON, DROPPED)", "EdgesOf(parent.seq, OPEN, OPEN)"),
    Mutation("a parent that failed before has no consequences", "parents", "ended_parents.append(parent)", "ended_parents.append(0)"),
    Mutation("a refused entry leaves its edges", "parents", "decisions.undo(decisions.admitted.edges.pop)", "pass"),
    Mutation("a child that waits asks for a place", "stores.driving", "and job.seq not in after", ""),
    Mutation("an id that is repeated drops edges", "admissions", "if job.seq not in", "if not {one.seq for one in jobs if one.id == job.id} &"),
    Mutation("a parent goes before its children", "stores.pruning", "state == State.SUCCEEDED", "True"),
    Mutation("a unique key is held for ever", "core.unique_keys", "return not state.is_final", "return True"),
    Mutation("a job that joined another one is stored", "admissions", "or job.seq in self._decisions.admitted.aliases:", ":"),
    Mutation("arguments that are others join", "unique", "not new.is_same(", "not (lambda _: True)("),
    Mutation("what is replaced goes on", "unique", "decisions.replace(", "(lambda *_: None)("),
    Mutation("what was replaced keeps its place", "when_full", "if runs or holder.state == State.READY:", "if False:"),
    Mutation("a unique key of the same batch is not seen", "unique", "self._holders[new.key] = KeyHolder(", "_ = KeyHolder("),
    Mutation("a refused entry keeps its unique key", "unique", "decisions.undo(partial(self._holders", "str(partial(self._holders"),
    Mutation("a time is not over", "core.unique_keys", "self.until_us > now_us", "True"),
    Mutation("a member that is ready does not ask for its key", "edges", "cascade.follow(Duty(Demands.name, child.seq))", "pass"),
    Mutation("a new member does not ask for its key", "parents", "admitted.look_at.append(job.seq)", "admitted.look_at.append(0)"),
    Mutation("what a member joined does not know it", "joining", "cascade.flag(other.seq, HAS_CHILDREN)", "pass"),
    Mutation("the end of a job that was just joined is missed", "reactions", "left.update(self._late(cascade))", "pass"),
    Mutation("a member that is retried follows what has ended", "joining", "elif edge.child not in found:", "elif found.add(edge.child):"),
    Mutation("a member that is retried keeps its old edge", "joining", "cascade.reacted.left.append(edge)", "pass"),
    Mutation("a member with its key waits for it still", "joining", "job = cascade.lower(job)", "pass"),
    Mutation("an outcome comes to a member that does not wait", "joining", "if job is None or not lacks_key(job):", "if job is None:"),
    Mutation("a child of a joined job waits for ever", "parents", "decisions.joined.get(parent) if", "None if"),
    Mutation("the edges of a cut page are taken as done", "edges", "if len(rows.edges) < most:", "if True:"),
    Mutation("an override does not count", "dispatcher.kept_limits", "return overridden(self.declared, self.override)", "return self.declared"),
    Mutation("a reset override stays", "dispatcher.kept_limits", "known, override=override,", "known, override=override or known.override,"),
    Mutation("a restart forgets overrides", "dispatcher.kept_limits", "None if row.override is None else", "None if True else"),
    Mutation("the newest declaration does not count", "dispatcher.kept_limits", "replace(known, declared=limit,", "replace(known,"),
    Mutation("a limit that is raised wakes no job", "dispatcher.limit_book", "self._changed.add(name)", "pass"),
    Mutation("a change is forgotten when its commit fails", "dispatcher.limit_book", "self._changed.update(rules.changed)", "pass"),
    Mutation("a pause hangs on no partition", "dispatcher.pauses", "for subject in subjects if subject in self._kept)", "for subject in ())"),
    Mutation("a pause closes no key", "dispatcher.pauses", "subject), until_us, pause.reason", "subject), None, pause.reason"),
    Mutation("the end of a pause wakes no job", "limits", "else gate.paused_until_us\n", "else None\n"),
    Mutation("a key that is resumed stays closed", "dispatcher.pauses", "= Pause(key_of(subject), None)", "= Pause(key_of(subject))"),
    Mutation("keys that hang no more hold lanes", "dispatcher.limit_book", "for key, _ in before if", "for key, _ in () if"),
    Mutation("a pause is not stored", "dispatcher.pauses", "self._unstored.add(_row_name(pause.subject))", "pass"),
    Mutation("the end of a pause is not stored", "dispatcher.pauses", "self._unstored.add(_row_name(subject))", "pass"),
    Mutation("a pause is forgotten when its commit fails", "dispatcher.pauses", "self._due.setdefault(pause.key, pause)", "pass"),
    Mutation("a range of one value has a step", "schedules.cron_line", "return [str(start)]", 'return [f"{start}-{end}{step}"]'),
    Mutation("a range over the end has no step", "schedules.cron_line", 'values[:: int(found["step"] or 1)]', "values"),
    Mutation("an hour with a step is fixed", "schedules.cron_line", 'not {"*", "/"} &', 'not {"*"} &'),
    Mutation("a nearest weekday is in the next month", "schedules.cron", "day + 1 if day < length else day - 2", "day + 1"),
    Mutation("a line with all hours has a fixed one", "schedules.cron", "has_fixed_hour and not self._has_all_hours", "has_fixed_hour"),
    Mutation("a skipped time fires that is not to", "schedules.times", 'if self._skipped == "never":', "if False:"),
    Mutation("the second of two times is the first", "schedules.times", "wall - offsets[is_second]", "wall - offsets[0]"),
    Mutation("a repeated hour has no second times", "schedules.times", "wall if local.fold else change + offsets[1] - TICK", "wall"),
    Mutation("the end of what is taken away is left out", "schedules.combined", "max(found, covered - TICK)", "max(found, covered)"),
    Mutation("a jitter goes beyond the next due time", "schedules.timetable", "min(self.jitter, following - due)", "self.jitter"),
    Mutation("a start is no due time", "schedules.timetable", "max(moment, self.start - TICK)", "max(moment, self.start)"),
    Mutation("an interval leaves out its start", "schedules.plain_times", "EARLIEST - TICK, self._start - TICK", "EARLIEST, self._start"),
    Mutation("a schedule that was changed fires as it was", "core.firings", "row is None or row.version != firing.version", "row is None"),
    Mutation("a due time that was fired fires again", "core.firings", "elif row.due_at != firing.due_at:", "elif False:"),
    Mutation("a due time whose job is there fires again", "core.firings", "if is_known:", "if False:"),
    Mutation("a due time passes those that wait", "core.firings", "if not (is_busy or waiting) or", "if not is_busy or"),
    Mutation("a schedule fires once more than its times", "core.firings", "fired >= firing.times", "fired > firing.times"),
    Mutation("a schedule is decided twice in a commit", "stores.scheduling", "if firing.schedule in self._decided:", "if False:"),
    Mutation("a clock that went back fires again", "stores.scheduling", "(went_back and", "(False and"),
    Mutation("a firing that a rule refused counts", "stores.scheduling", "if is_refused else fired", "if False else fired"),
    Mutation("jitter makes a due time late", "dispatcher.schedule_firing", "(row.next_at or row.due_at) < oldest", "row.due_at < oldest"),
    Mutation("what waits for room is missed", "dispatcher.schedule_firing", "(self._held_since or now) -", "now -"),
    Mutation("the next page waits for another reason", "dispatcher.schedule_firing", "now if has_more or self._again", "now if self._again"),
)  # fmt: skip
TIMES = ("tests/unit/test_schedule_times.py", "tests/unit/test_schedule_zones.py")
STORED = ("tests/stores/test_schedules.py",)
TESTS = {  # of modules whose mutations they must find, where no random life does
    "schedules.cron_line": TIMES,
    "schedules.cron": TIMES,
    "schedules.times": TIMES,
    "schedules.combined": TIMES,
    "schedules.timetable": TIMES,
    "schedules.plain_times": TIMES,
    "core.firings": STORED,
    "stores.scheduling": STORED,
    "dispatcher.schedule_firing": ("tests/unit/test_schedule_firing.py", "tests/unit/test_schedule_downtime.py"),
}
BOTH = {
    "admissions",
    "unique",
    "core.unique_keys",
    "joining",
    "reactions",
    "edges",
    "parents",
    "core.reactions",
    "stores.pruning",
}  # modules whose mutations each store must find


class _Mutated(SourceFileLoader):
    """Loads a module with a mistake in it."""

    mutation: Mutation

    def mutated(self, data: bytes, path: str) -> Any:
        source = data.decode()
        if source.count(self.mutation.text) != 1:
            sys.stderr.write(f"its text is {source.count(self.mutation.text)} times in {path}\n")
            sys.exit(2)
        return compile(source.replace(self.mutation.text, self.mutation.other), path, "exec")

    def get_code(self, fullname: str) -> Any:
        path = self.get_filename(fullname)
        return self.mutated(self.get_data(path), path)


class Finder:
    """Finds the module that a mutation changes."""

    def __init__(self, mutation: Mutation) -> None:
        self._mutation = mutation

    def find_spec(self, name: str, path: Sequence[str] | None, target: Any = None) -> ModuleSpec | None:
        module = self._mutation.module
        if name != f"taskbahn_router.{module if '.' in module else f'promises.{module}'}":
            return None
        spec = PathFinder.find_spec(name, path)
        if spec is None or spec.origin is None:
            return None
        loader = _Mutated(name, spec.origin)
        loader.mutation = self._mutation
        return importlib.util.spec_from_loader(name, loader, origin=spec.origin)


def live(runs: int, only: str) -> int:
    """Make lives, over one store or both, and say what they were; return the exit code."""
    sys.path.insert(0, str(ROOT / "tests"))
    from support.promise_runs import STORES, live
    from support.saturation import starve, trickle
    from support.stores import KINDS, opened

    for name, kind in KINDS.items():
        for see in (lambda store: starve(store, 7), trickle) if only in ("", name) else ():
            with tempfile.TemporaryDirectory() as folder, opened(kind, Path(folder, "data")) as store:
                see(store)
    for name, count in {only: runs}.items() if only else (("memory", runs), ("sqlite", runs // 10)):
        began = time.monotonic()
        with tempfile.TemporaryDirectory() as folder:
            started = sum(
                live(STORES[name], Path(folder, str(first)), range(first, min(first + 100, count)), steps=60)
                for first in range(0, count, 100)
            )
        print(f"{name}: {count:,} lives, {started:,} starts in {time.monotonic() - began:.0f} s", flush=True)
    return 0


def compare_clocks(lines: int) -> int:
    """Compare cron lines with what the clocks of all zones show; return the exit code."""
    sys.path.insert(0, str(ROOT / "tests"))
    from support import zone_lives

    began = time.monotonic()
    zone_lives.live(lines)
    print(f"clocks: {lines:,} lines in {time.monotonic() - began:.0f} s", flush=True)
    return 0


class Unshrunk:
    """Keeps Hypothesis from minutes of shrinking: it is enough that a test fails."""

    def pytest_collection(self) -> None:
        """Load the profile, after that of tests/conftest.py and before the tests."""
        import hypothesis

        phases = [hypothesis.Phase.explicit, hypothesis.Phase.generate]
        hypothesis.settings.register_profile("mutations", hypothesis.settings.get_profile("steady"), phases=phases)
        hypothesis.settings.load_profile("mutations")


def run_tests(files: Sequence[str]) -> int:
    """Run tests in this process, up to the first failure; return their exit code."""
    import pytest

    os.chdir(ROOT)
    code = int(pytest.main(["-x", "-q", "-p", "no:cacheprovider", *files], plugins=[Unshrunk()]))
    if code:
        sys.stderr.write("a test fails\n")
    return code


def mutate(runs: int, word: str) -> int:
    """Try each mutation in a process of its own; return the exit code."""
    tried = missed = 0
    for number, mutation in enumerate(MUTATIONS):
        for store in ("memory", "sqlite") if mutation.module in BOTH else ("",):
            if word not in mutation.name:
                continue
            tests = TESTS.get(mutation.module)
            command = [sys.executable, __file__, *(("--tests", *tests) if tests else (str(runs), store))]
            ended = subprocess.run(
                command, env={**os.environ, MUTATION: str(number)}, capture_output=True, text=True, check=False
            )
            last = (ended.stderr.strip() or "nothing").splitlines()
            found = ended.returncode == 1
            tried, missed = tried + 1, missed + (not found)
            print(f"{'found ' if found else 'MISSED'} {store} {mutation.name}: {' | '.join(last[-2:])[:160]}", flush=True)
    print(f"{missed} of {tried} mutations were missed")
    return 1 if missed else 0


def main() -> int:
    """Return the exit code."""
    words = sys.argv[1:]
    if MUTATION in os.environ:
        sys.meta_path.insert(0, Finder(MUTATIONS[int(os.environ[MUTATION])]))
    if words[:1] == ["--mutations"]:
        return mutate(int(words[1]) if len(words) > 1 else 400, words[2] if len(words) > 2 else "")
    if words[:1] == ["--tests"]:
        return run_tests(words[1:])
    runs = int(words[0]) if words else 1000
    code = live(runs, words[1] if len(words) > 1 else "")
    return code if code or MUTATION in os.environ else compare_clocks(runs // 5)


if __name__ == "__main__":
    sys.exit(main())
