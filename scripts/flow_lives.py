"""Make random lives of a dispatcher with flows, and see that mutations are found.

`flow_lives.py RUNS [FIRST]` makes RUNS over the memory store and a tenth over SQLite. Each has a seed, of which its failure speaks.
`flow_lives.py --mutations [RUNS]` makes up to RUNS lives with each mutation, in a process of its own. Both end with 1 if not all is well.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from model import MUTATION, ROOT, Finder, Mutation  # type: ignore[import-not-found]  # it lies beside this one

LONGEST_SECONDS = 300  # of the lives with a mutation: one that never ends is found

MUTATIONS = (
    Mutation("a callback that is not needed stays", "edges", "elif state == DROPPED and child.state == State.WAITING:", "elif False:"),
    Mutation("a dropped callback is not begun again", "edges", "elif edge.state == DROPPED and state == OPEN and", "elif False and"),
    Mutation("a flow completes twice", "reactions", "for seq in dict.fromkeys(seqs) if waits(self.jobs[seq])", "for seq in seqs"),
    Mutation("a member of a cancelled job goes on", "members", "cascade.move(member, Event.CANCEL, reason)", "pass"),
    Mutation("a member that failed is not begun again", "members", "cascade.move(member, retried(member.pending, member.flags))", "pass"),
    Mutation("detached members end with their job", "members", "member.flags & IS_DETACHED or", ""),
    Mutation("members that outlive their job end with it", "members", "elif not member.flags & OUTLIVES_PARENT and not", "elif not"),
    Mutation("members that outlive their job are not begun again", "members", "member.flags & IS_DETACHED or", "member.flags & 2176 or"),
    Mutation("what is held stays so after a skip", "edges", "if parent.flags & IS_SKIPPED else []", "if False else []"),
    Mutation("the rest of the members is forgotten", "members", "duty._replace(cursor=rows.members[-1].seq), ", ""),
    Mutation("the place among the members is forgotten", "members", "duty._replace(cursor=rows.members[-1].seq)", "duty"),
    Mutation("what waits follows before the members", "registry", "(Members(), Holding(), Edges(),", "(Edges(), Members(), Holding(),"),
    Mutation("an error names who passed it on", "parent_errors", 'if isinstance(origin, dict) and "id" in origin:', "if False:"),
    Mutation("an edge that passes no result loses its order", "core.flow_graph", "job.link(before.job, ORDER, before.policy)", "pass"),
    Mutation("an empty group in a callback waits for nothing", "core.flow_graph", "if not parts:", "if not parts and not group.waits_for:"),
    Mutation("what comes with a later slice is not waited for", "parents", "job.member.awaited if job.member is not None else 0", "0"),
    Mutation("a callback of a failure starts after a success", "parents", " and edge.policy != ON_FAILURE", ""),
    Mutation("a flow is never sealed", "trees", "member.seals and", "False and"),
    Mutation("a later slice is never stored", "admissions", "bool(stored.flags & IS_UNSEALED)", "False"),
    Mutation("a flow is sealed before its end", "submission.flows", "job.number == self._count - 1", "job.number == self._count - 2"),
    Mutation("a pause begins again what failed", "stores.reacting", "+ result.look_at", "+ result.look_at + result.repaused"),
    Mutation("a pause holds no members", "holding", "member = cascade.hold(member, is_held=follows(member, job))", "pass"),
    Mutation("what a pause lets go stays waiting", "reactions", "self.move(now, Event.DUE)", "pass"),
    Mutation("the members of a job that missed its deadline go on", "members", " or bool(job.flags & IS_OVERDUE)", ""),
    Mutation("a deadline that was missed counts after a retry", "reactions", "moved.flags & ~IS_OVERDUE, deadline=None", "moved.flags"),
    Mutation("a retry has only the time that was left", "core.job_times", "return now + within", "return before"),
    Mutation("a cut flow hears of its older parents last", "edges", "duties = sorted(duties)", "duties = sorted(duties, reverse=True)"),
    Mutation("what is skipped gives null", "core.reactions", "elif one.policy != SKIP:", "else:"),
)  # fmt: skip


def live_all(name: str, seeds: range) -> int:
    """Make a life of each seed over a store; return how many failed."""
    sys.path.insert(0, str(ROOT / "tests"))
    import txaio

    txaio.use_twisted()
    from support.flow_lives import live_of
    from support.storing import FakeSqliteStore, FakeStore

    failed, began = 0, time.monotonic()
    for seed in seeds:
        with tempfile.TemporaryDirectory() as folder:
            store = FakeStore() if name == "memory" else FakeSqliteStore(Path(folder))
            try:
                live_of(seed, store)
            except Exception as error:  # noqa: BLE001 - printed with its seed
                failed += 1
                print(f"{name}: seed {seed}: {type(error).__name__}: {error!s:.600}", flush=True)
            finally:
                store.close()
        if failed and MUTATION in os.environ:
            return failed
    print(f"{name}: {len(seeds):,} lives in {time.monotonic() - began:.0f} s, {failed} failed", flush=True)
    return failed


def mutate(runs: int) -> int:
    """Try each mutation in a process of its own; return how many were missed."""
    missed = 0
    for number, mutation in enumerate(MUTATIONS):
        environment = {**os.environ, MUTATION: str(number)}
        try:
            ended = subprocess.run(
                [sys.executable, __file__, str(runs)], env=environment, capture_output=True, text=True, check=False,
                timeout=LONGEST_SECONDS,
            )  # fmt: skip
        except subprocess.TimeoutExpired:
            found, last = True, "it never ends"
        else:
            found, last = ended.returncode == 1 and "seed" in ended.stdout, (ended.stdout or ended.stderr).strip()[-160:]
        missed += not found
        print(f"{'found ' if found else 'MISSED'} {mutation.name}: {last!r:.160}", flush=True)
    print(f"{missed} of {len(MUTATIONS)} mutations were missed")
    return missed


def main() -> int:
    """Return the exit code."""
    words = sys.argv[1:]
    if words[:1] == ["--mutations"]:
        return 1 if mutate(int(words[1]) if len(words) > 1 else 300) else 0
    if MUTATION in os.environ:
        sys.meta_path.insert(0, Finder(MUTATIONS[int(os.environ[MUTATION])]))
    runs, first = map(int, [*words[:2], *("10000", "0")[len(words) :]])
    return 1 if live_all("memory", range(first, first + runs)) + live_all("sqlite", range(first, first + runs // 10)) else 0


if __name__ == "__main__":
    sys.exit(main())
