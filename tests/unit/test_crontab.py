"""Crontab files: what their lines say, what their commands start, and that what is exported is read back as it was."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskbahn.cli.crontab_commands import call_of_command, id_of_call
from taskbahn.cli.schedule_files import exported_lines
from taskbahn.protocol import messages
from taskbahn.protocol.scheduling import SchedulePause, ScheduleView
from taskbahn.schedules.crontab import Remark, cron_fields, read_crontab, spec_of

FILE = """
# a comment
MAILTO=ops@example.com
PATH = "/usr/bin:/bin"
0 3 * * 1-5   taskbahn call reports.report day=monday
  @daily\tbackup --all
CRON_TZ=Europe/Berlin
# taskbahn: {"id": "tenth", "overlap": "allow"}
*/10 9-17 * * MON-FRI echo 10\\% done
"TZ"='Asia/Tokyo'
@hourly x
CRON_TZ=
0 0 1 1 * y %
"""


def test_the_lines_of_a_file_are_read() -> None:
    found = read_crontab(FILE, "UTC")
    assert [(job.number, job.line, job.zone, job.command) for job in found.jobs] == [
        (5, "0 3 * * 1-5", "UTC", "taskbahn call reports.report day=monday"),
        (6, "@daily", "UTC", "backup --all"),
        (9, "*/10 9-17 * * MON-FRI", "Europe/Berlin", "echo 10% done"),
        (11, "@hourly", "Europe/Berlin", "x"),
        (13, "0 0 1 1 *", "Asia/Tokyo", "y"),
    ]
    assert [job.about for job in found.jobs] == [{}, {}, {"id": "tenth", "overlap": "allow"}, {}, {}]
    assert found.refused == []
    assert [(remark.line, remark.message.split()[0]) for remark in found.remarks] == [(3, "MAILTO"), (4, "PATH")]


@pytest.mark.parametrize(
    "line, why",
    [
        ("@reboot taskbahn call x", "@reboot is no time"),
        ("@daily", "has no command behind its times"),
        ("0 3 * * *", "has no command behind its times"),
        ("0 3 * *", "is no line of a crontab"),
        ("mail everybody", "is no line of a crontab"),
        ("0 3 * * * mail -s x ops%Hello", "what follows on % is for the standard input"),
        ("# taskbahn: {", "no JSON object"),
        ("# taskbahn: []", "no JSON object"),
        ('# taskbahn: {"id": 5}', "id is text"),
        ('# taskbahn: {"when": "* * * * *"}', "'when' is nothing that the comment before a line may have"),
        ('# taskbahn: {"id": "x"}', "no line follows"),
    ],
)
def test_a_line_that_cannot_be_a_schedule_is_named(line: str, why: str) -> None:
    found = read_crontab(f"\n{line}\n")
    assert found.jobs == []
    assert [remark.line for remark in found.refused] == [2]
    assert why in found.refused[0].message


def test_a_user_before_the_commands_is_passed_over() -> None:
    text = "0 3 * * * root  taskbahn call x\n@daily root\n"
    found = read_crontab(text, has_user=True)
    assert ([job.command for job in found.jobs], [remark.line for remark in found.refused]) == (["taskbahn call x"], [2])


def test_each_of_two_comments_needs_its_line() -> None:
    found = read_crontab('# taskbahn: {"id": "a"}\n# taskbahn: {"id": "b"}\n\n@daily x\n')
    assert (found.refused, found.jobs[0].about) == ([Remark(1, "no line follows for which this comment is")], {"id": "b"})


@pytest.mark.parametrize(
    "command, call",
    [
        ("taskbahn call reports.report", {"task": "reports.report", "args": [], "kwargs": {}}),
        ("taskbahn submit x 5 -5 'a b' name=\"c\"", {"task": "x", "args": [5, -5, "a b"], "kwargs": {"name": "c"}}),
        ("/opt/bin/taskbahn call x {@due:%Y} >> /dev/null 2>&1", {"task": "x", "args": ["{@due:%Y}"], "kwargs": {}}),
        ("python3 -m taskbahn submit x -- --loud", {"task": "x", "args": ["--loud"], "kwargs": {}}),
        ("taskbahn call -f --timeout 5 x --json &>/dev/null", {"task": "x", "args": [], "kwargs": {}}),
        ("taskbahn call x -o queue=slow", {"task": "x", "args": [], "kwargs": {}, "options": {"queue": "slow"}}),
        ("taskbahn call x --finish-within 1m", {"task": "x", "args": [], "kwargs": {}, "options": {"finish_within": 60.0}}),
        ("taskbahn call x '$HOME; *' \"a;b\" \\*", {"task": "x", "args": ["$HOME; *", "a;b", "*"], "kwargs": {}}),
        ("taskbahn call x [1,2]", {"task": "x", "args": [[1, 2]], "kwargs": {}}),
    ],
)
def test_a_command_of_taskbahn_starts_its_task(command: str, call: dict[str, Any]) -> None:
    assert call_of_command(command, None, {}) == call
    assert call_of_command(command, "shell.run", {}) == call, "a task for other commands changes nothing"


def test_what_a_task_takes_decides_what_is_text() -> None:
    signature = messages.Signature(digest="", parameters={"properties": {"day": {"type": "string"}}}, order=["day"])
    assert call_of_command("taskbahn call x 5", None, {"x": signature})["args"] == ["5"]


@pytest.mark.parametrize(
    "command, why",
    [
        ("backup --all", "no schedule runs the command 'backup --all'"),
        ("cd /tmp && taskbahn call x", "no schedule runs"),
        ("taskbahn status", "no schedule runs"),
        ("taskbahn call 'x", "a quote has no end"),
        ("taskbahn call x | mail ops", "'|' in the command is for a shell"),
        ("taskbahn call x $HOME", "'$' in the command is for a shell"),
        ('taskbahn call x "$(date)"', "'$' in the command is for a shell"),
        ("taskbahn call x *.txt", "'*' in the command is for a shell"),
        ("taskbahn call x > out.txt", "'>' in the command is for a shell"),
        ("taskbahn call x # why", "'#' in the command is for a shell"),
        ("taskbahn call", "names no task"),
        ("taskbahn call --flow x.json", "--flow reads a file"),
        ("taskbahn call x --id 0190a1b2-0000-7000-8000-000000000000", "--id means nothing for a schedule"),
        ("taskbahn call x --finish-by 2030-01-01", "--finish-by means nothing"),
        ("taskbahn call x --loud", "No such option: --loud"),
        ("taskbahn call x -o queue", "has no value"),
        ("taskbahn call x -o prioritie=1", "prioritie"),
        ("taskbahn call --help", "only shows its help"),
        ("taskbahn submit -h", "only shows its help"),
    ],
)
def test_a_command_that_no_schedule_can_run_is_refused(command: str, why: str) -> None:
    with pytest.raises(ValueError) as refused:  # noqa: PT011 - the sentence is looked at
        call_of_command(command, None, {})
    assert why in str(refused.value)


def test_other_commands_go_to_a_task_that_is_named() -> None:
    call = {"task": "shell.run", "args": ["cd /tmp && x > y"], "kwargs": {}}
    assert call_of_command("cd /tmp && x > y", "shell.run", {}) == call


def test_the_id_of_a_command_is_the_same_each_time() -> None:
    one = {"task": "reports.report", "args": [1], "kwargs": {}}
    assert id_of_call(one) == id_of_call(dict(reversed(one.items()))) == "crontab.reports.report.00439dad"
    assert id_of_call(one) != id_of_call(one | {"args": [2]})


@pytest.mark.parametrize("line", ["0 3 * * 1-5", "*/5 0-8/2 1,15 JAN-MAR sun", "@weekly", "0 0 3 * * *"])
def test_cron_knows_a_line(line: str) -> None:
    assert cron_fields(line) == line.removeprefix("0 0 3").join(["0 3", ""] if line.startswith("0 0") else ["", ""])


@pytest.mark.parametrize("line", ["*/5 * * * * *", "0 3 L * *", "0 3 15W * *", "0 3 * * FRI#2", "0 22-4 * * *", "5/10 * * * *"])
def test_cron_does_not_know_a_line(line: str) -> None:
    with pytest.raises(ValueError, match="cron does not know"):
        cron_fields(line)


def view(call: dict[str, Any], when: dict[str, Any] | None = None, **more: Any) -> ScheduleView:
    spec = {"when": when or {"kind": "cron", "line": "0 3 * * *"}, "call": call, **more.pop("spec", {})}
    return ScheduleView(id="s", words="at 03:00", zone="UTC", spec=spec, **more)


@pytest.mark.parametrize(
    "left, why",
    [
        (view({"flow": {"chain": []}}), "it starts a flow"),
        (view({"task": "x"}, {"kind": "every", "interval": 60}), "its times are no cron line"),
        (view({"task": "x"}, pause=SchedulePause()), "it is paused"),
        (view({"task": "x", "kwargs": {"a b": 1}}), "its arguments cannot be typed"),
        (view({"task": "x"}, {"kind": "cron", "line": "0 3 L * *"}), "cron does not know '0 3 L * *'"),
    ],
)
def test_what_cannot_be_a_line_of_a_crontab_says_why(left: ScheduleView, why: str) -> None:
    assert exported_lines(left, {}) == ([], why)


TEXTS = st.text(max_size=20) | st.sampled_from(
    ["a=b", "-x", "5", "null", "true", '"q"', "100%", "\\%", "a\\", "{@due:%Y}", "$HOME", "*"]
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False) | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=6,
)
NAMES = st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,8}", fullmatch=True)
CALLS = st.fixed_dictionaries(
    {"task": st.sampled_from(["reports.report", "a-b.c_d"])},
    optional={
        "args": st.lists(VALUES, max_size=4),
        "kwargs": st.dictionaries(NAMES, VALUES, max_size=3),
        "options": st.just({"queue": "slow", "priority": 5}),
    },
)
TYPED_CALLS = st.fixed_dictionaries({"task": st.just("x"), "args": st.lists(TEXTS, max_size=1)})  # it takes text
FORMS = st.fixed_dictionaries(
    {"kind": st.just("cron"), "line": st.sampled_from(["0 3 * * 1-5", "*/7 0-5 1,15 JAN-MAR *", "@daily", "0 0 3 * * *"])},
    optional={
        "zone": st.sampled_from(["Europe/Berlin", "Asia/Tokyo"]),
        "skipped_time": st.just("never"),
        "repeated_time": st.sampled_from(["second", "both"]),
    },
)
FIELDS = st.fixed_dictionaries(
    {},
    optional={
        "start": st.floats(0, 1e9), "end": st.floats(2e9, 3e9), "times": st.integers(1, 99), "jitter": st.floats(0, 60),
        "overlap": st.sampled_from(["buffer_one", "allow"]), "catch_up": st.floats(0, 9), "note": TEXTS,
    },
)  # fmt: skip
SIGNATURES = {"x": messages.Signature(digest="", parameters={"properties": {"day": {"type": "string"}}}, order=["day"])}


@given(call=CALLS | TYPED_CALLS, when=FORMS, fields=FIELDS)
def test_an_exported_schedule_is_read_back_as_it_was(call: dict[str, Any], when: dict[str, Any], fields: dict[str, Any]) -> None:
    one = view(call, when, spec=fields)
    lines, why = exported_lines(one, SIGNATURES)
    assert why is None, lines
    assert all("\n" not in line for line in lines)
    found = read_crontab("\n".join([f"CRON_TZ={when.get('zone', 'UTC')}", *lines, ""]))
    assert (found.refused, found.remarks, len(found.jobs)) == ([], [], 1)
    again = spec_of(found.jobs[0], call_of_command(found.jobs[0].command, None, SIGNATURES))
    assert found.jobs[0].about["id"] == "s"
    full = {"args": [], "kwargs": {}, **call}
    zone = {} if "zone" in when else {"zone": "UTC"}
    line = cron_fields(when["line"])
    assert again == {**fields, "call": full, "when": {**when, **zone, "line": line}}


@given(text=st.text())
def test_any_text_is_read_or_refused(text: str) -> None:
    found = read_crontab(text)
    for job in found.jobs:
        try:
            call_of_command(job.command, None, {})
        except ValueError:
            continue
