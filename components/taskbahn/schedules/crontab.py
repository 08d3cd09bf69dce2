"""Crontab files: what their lines say, and lines that say it. A comment `# taskbahn: {…}` before a line has what cron knows no word for."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from taskbahn.protocol import messages
from taskbahn.protocol.limit_kinds import short

if TYPE_CHECKING:
    from collections.abc import Mapping

ABOUT = re.compile(r"#[ \t]*taskbahn:[ \t]*(.*)")
SETTING = re.compile(r"""(?P<quote>["']?)(?P<name>[A-Za-z_]\w*)(?P=quote)[ \t]*=[ \t]*(?P<value>.*)""", re.DOTALL)
SHORTHAND = re.compile(r"(@\w+)(?:[ \t]+(.*))?", re.DOTALL)
FIELDS = re.compile(r"((?:[^ \t]+[ \t]+){4}[^ \t]+)(?:[ \t]+(.*))?", re.DOTALL)
USER = re.compile(r"[^ \t]+(?:[ \t]+(.*))?", re.DOTALL)
INPUT = re.compile(r"(?<!\\)%")
ZONES = ("CRON_TZ", "TZ")  # the first wins
CLOCKS = ("skipped_time", "repeated_time")
OPTIONS = ("start", "end", "times", "jitter", "overlap", "catch_up", "alarm_after", "note")
KNOWN = ("id", "options", *CLOCKS, *OPTIONS)  # what the comment before a line may have

NUMBER = r"(?:[0-9]{1,2}|[A-Za-z]{3})"
TERM = rf"(?:\*(?:/[0-9]{{1,2}})?|{NUMBER}(?:-{NUMBER}(?:/[0-9]{{1,2}})?)?)"
PLAIN_FIELD = re.compile(rf"{TERM}(?:,{TERM})*")
RANGE = re.compile(r"([0-9]{1,2})-([0-9]{1,2})")


class CronJob(NamedTuple):
    """A line that starts something.   line: its times.   command: its `%` as the shell gets them.   about: the comment before it."""

    number: int
    line: str
    zone: str
    command: str
    about: Mapping[str, Any]


class Remark(NamedTuple):
    """What is wrong with a line, or good to know about it."""

    line: int
    message: str


class Crontab(NamedTuple):
    """What a file says."""

    jobs: list[CronJob]
    refused: list[Remark]
    remarks: list[Remark]


def read_crontab(text: str, zone: str = "UTC", *, has_user: bool = False) -> Crontab:
    """Read a crontab; what times its lines have, the router says.

    zone: of lines before which no CRON_TZ= or TZ= is.   has_user: a user is before each command, as in /etc/crontab.
    """
    reading = _Reading(zone, has_user=has_user)
    for number, line in enumerate(text.removesuffix("\n").split("\n"), 1):
        reading.read(number, line.strip(" \t\r"))
    reading.end()
    return reading.found


class _Reading:
    def __init__(self, zone: str, *, has_user: bool) -> None:
        self.found = Crontab([], [], [])
        self._default = zone
        self._zones: dict[str, str] = {}
        self._has_user = has_user
        self._about: Mapping[str, Any] = {}
        self._about_line = 0  # 0: no comment waits for its line

    def read(self, number: int, line: str) -> None:
        if not line:
            return
        try:
            if line.startswith("#"):
                about = ABOUT.fullmatch(line)
                if about is not None:
                    self.end()
                    self._about, self._about_line = _about(about[1]), number
            elif setting := SETTING.fullmatch(line):
                self._set(number, setting["name"], setting["value"].strip())
            else:
                self._job(number, line)
        except ValueError as error:
            self.found.refused.append(Remark(number, str(error)))

    def end(self) -> None:
        if self._about_line:
            self.found.refused.append(Remark(self._about_line, "no line follows for which this comment is"))
        self._about, self._about_line = {}, 0

    def _set(self, number: int, name: str, value: str) -> None:
        if len(value) > 1 and value[0] == value[-1] and value[0] in "\"'":
            value = value[1:-1]
        if name in ZONES:
            self._zones[name] = value.removeprefix(":")
        else:
            self.found.remarks.append(Remark(number, f"{name} has no effect: a job runs in the environment of its worker"))

    def _job(self, number: int, line: str) -> None:
        about, self._about, self._about_line = self._about, {}, 0
        found = SHORTHAND.fullmatch(line) or FIELDS.fullmatch(line)
        if found is None:
            raise ValueError(f"{short(line)} is no line of a crontab: it has five fields, such as 0 3 * * *, and a command")
        if found[1].lower() == "@reboot":
            raise ValueError(
                "@reboot is no time: a schedule does not know when a machine starts; let what starts it submit the job"
            )
        command = found[2] or ""
        if self._has_user:
            user = USER.fullmatch(command)
            command = (user and user[1]) or ""
        if not command:
            raise ValueError(f"{short(line)} has no command behind its times" + (" and its user" if self._has_user else ""))
        command, *rest = INPUT.split(command, maxsplit=1)
        if rest and rest[0].strip():
            raise ValueError(
                "what follows on % is for the standard input of the command, which a job has not; write \\% for a percent"
            )
        zone = next((self._zones[name] for name in ZONES if self._zones.get(name)), self._default)
        job = CronJob(number, " ".join(found[1].split()), zone, command.replace("\\%", "%").strip(" \t"), about)
        self.found.jobs.append(job)


def _about(text: str) -> dict[str, Any]:
    try:
        about = msgspec.json.decode(text, type=dict[str, Any])
    except msgspec.DecodeError as error:
        raise ValueError(f"the comment is for Taskbahn, and no JSON object: {error}") from None
    unknown = [name for name in about if name not in KNOWN]
    is_fit = isinstance(about.get("options", {}), dict) and isinstance(about.get("id", ""), str)
    if not is_fit:
        raise ValueError("in the comment before a line, id is text, and options an object")
    if unknown:
        raise ValueError(f"{short(unknown[0])} is nothing that the comment before a line may have: {', '.join(KNOWN)}")
    return about


def spec_of(job: CronJob, call: dict[str, Any]) -> dict[str, Any]:
    """Return the fields of the schedule that a line makes, which starts *call*."""
    form = {"kind": "cron", "line": job.line, "zone": job.zone} | {name: job.about[name] for name in CLOCKS if name in job.about}
    call = call | ({"options": {**call.get("options", {}), **job.about["options"]}} if "options" in job.about else {})
    return {"when": form, "call": call, **{name: job.about[name] for name in OPTIONS if name in job.about}}


def lines_of(id: str, spec: Mapping[str, Any], command: str) -> list[str]:
    """Return the lines that make a schedule of a cron line: the comment, and the line.  Raises ValueError: cron has no such line."""
    form = spec["when"]
    line = cron_fields(form["line"])
    about = (
        {"id": id}
        | {name: form[name] for name in CLOCKS if name in form}
        | {name: spec[name] for name in OPTIONS if name in spec}
    )
    options = spec["call"].get("options")
    about |= {"options": options} if options else {}
    text = messages.to_json(about)
    escaped = command.replace("%", "\\%")
    return [f"# taskbahn: {text}", f"{line} {escaped}"]


def cron_fields(line: str) -> str:
    """Return a cron line as cron has it, without a second; raises ValueError for one that cron does not know."""
    fields = line.split()
    if len(fields) == 6 and fields[0] == "0":  # noqa: PLR2004 - with a second
        fields = fields[1:]
    is_plain = len(fields) == 5 and all(map(PLAIN_FIELD.fullmatch, fields))  # noqa: PLR2004 - without one
    backwards = any(int(first) > int(last) for field in fields for first, last in RANGE.findall(field))
    if fields[0].startswith("@") or (is_plain and not backwards):
        return " ".join(fields)
    raise ValueError(f"cron does not know {short(line)}")
