"""`make chaos` and `make soak` as they are run: half a minute of kills, cuts and stops, after which every job is accounted for."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
SVG = "{http://www.w3.org/2000/svg}"
SMALL = {
    "worker killed",
    "pool process killed",
    "worker stopped (SIGTERM)",
    "worker halted (SIGSTOP)",
    "worker's connection cut",
    "client's connection cut",
    "client killed",
}
MISCHIEF = {
    "block",
    "call_another",
    "fork",
    "hang",
    "helpers",
    "leave_program",
    "no_number",
    "odd_delays",
    "odd_numbers",
    "odd_stream",
    "surrogates",
    "unspeakable",
}
POOLS = {"process", "thread", "loop"}
LARGE = {"router killed", "controller killed", "taskbahn up killed", "node stopped (SIGTERM)"}


class Chaos:
    """Runs `python -m chaos`; what it leaves, because something was wrong, is in the test's own directory."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._process: subprocess.Popen[str] | None = None

    def run(self, *arguments: str, within: float) -> tuple[int, dict[str, Any], str]:
        """Return the exit code, the JSON and what it said."""
        self._process = subprocess.Popen(
            [sys.executable, "-m", "chaos", *arguments, "--json"],
            cwd=ROOT,
            env={**os.environ, "TMPDIR": str(self.folder)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        out, said = self._process.communicate(timeout=within)
        assert out, said
        return self._process.returncode, json.loads(out), said

    def close(self) -> None:
        """It ends all that it has started, however it ends."""
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()
            self._process.communicate(timeout=60)


@pytest.fixture
def chaos(tmp_path: Path) -> Iterator[Chaos]:
    made = Chaos(tmp_path)
    yield made
    made.close()


@pytest.mark.slow
@pytest.mark.timeout(480)
def test_chaos_loses_nothing_and_records_nothing_twice(chaos: Chaos) -> None:
    code, account, said = chaos.run("--minutes", "0.6", "--seed", "20", within=420)
    broken = json.dumps(account["findings"], indent=1)[:20_000]
    assert set(account["must_be_0"].values()) == {0}, broken + said
    assert code == 0
    # it did break things, and there were jobs to lose
    assert len(SMALL & set(account["faults"])) >= 3
    assert LARGE & set(account["faults"])
    assert account["acknowledged"] > 50
    assert account["seen"] > 20
    assert account["run_again"] > 0
    assert account["cancelled_running"] > 0
    assert account["limits"]["runs"] > 0
    assert account["limits"]["starts"] > 0
    assert account["flows"]["joins"] > account["flows"]["flows"] > 10
    assert account["flows"]["callbacks"] > 0
    waits = account["waits"]
    assert waits["children"] > waits["parents"] > 10
    assert waits["suspended"] > 0
    assert {"step", "sleep", "ask", "event", "messages", "children"} <= set(waits["points"])
    # and schedules fired meanwhile
    assert account["schedules"]["fired"] >= account["schedules"]["due"] > 10
    # so did triggers
    triggers = account["triggers"]
    assert triggers["started"] >= triggers["due"] > 10
    assert min(triggers["published"], triggers["posted"], triggers["again"]) > 0
    # jobs misbehaved in every way, and in every pool
    assert set(account["mischief"]) == MISCHIEF
    assert {pool for pools in account["mischief"].values() for pool in pools} == POOLS
    assert list(chaos.folder.iterdir()) == []


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_a_crowd_exceeds_none_of_its_limits(chaos: Chaos) -> None:
    code, found, said = chaos.run("crowd", "--minutes", "0.1", "--seed", "20", within=250)
    assert (code, found["exceeded"], found["attempts_without_end"]) == (0, [], 0), said
    assert found["succeeded"] + found["cancelled"] == found["jobs"]
    assert found["cancelled_running"] > 0
    assert found["cancelled_waiting"] > 0
    assert [limit["most"] for limit in found["limits"].values()] == [limit["limit"] for limit in found["limits"].values()]
    assert list(chaos.folder.iterdir()) == []


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_a_short_soak_draws_what_it_measured(chaos: Chaos, tmp_path_factory: pytest.TempPathFactory) -> None:
    output = tmp_path_factory.mktemp("soak") / "soak.json"
    code, soak, said = chaos.run("soak", "--minutes", "0.17", "--seed", "20", "--output", str(output), within=250)
    assert (soak["without_outcome"], soak["clients_stuck"], soak["failed_requests"]) == ([], [], 0), said
    assert code == (0 if soak["good"] else 1)
    assert soak == json.loads(output.read_text())
    assert len(soak["samples"]) >= 5
    assert all(sample["memory"] > 20 and sample["open_files"] > 5 and sample["database"] > 0 for sample in soak["samples"])
    assert soak["jobs"] > 0
    assert [verdict["bound"]["name"] for verdict in soak["verdicts"]] == ["memory", "open_files", "database", "lag"]
    picture = ET.parse(output.with_suffix(".svg")).getroot()  # noqa: S314 - our own
    lines = [line.attrib["points"].split() for line in picture.iter(f"{SVG}polyline")]
    assert [len(line) for line in lines] == [len(soak["samples"])] * 4
