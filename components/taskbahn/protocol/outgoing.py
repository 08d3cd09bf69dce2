"""What the node itself sends out, as jobs of tasks that ship with it: their names, and what their calls may say.

SDK, dispatcher and the node's worker check by it, so that a wrong address is refused before anything is stored.
"""

from __future__ import annotations

import hashlib
import ipaddress
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import SplitResult, urlsplit

from taskbahn.errors import did_you_mean
from taskbahn.protocol.durations import parse_duration

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

WEBHOOK, MAIL, DIGEST = "taskbahn.webhook", "taskbahn.mail", "taskbahn.mail_digest"
BUILT_IN = frozenset((WEBHOOK, MAIL, DIGEST))
NODE_QUEUE = "taskbahn.node"  # in which their jobs wait, whatever their callers say
ENDPOINT_LIMIT = "taskbahn.webhook"  # name of the limit whose keys are the addresses of web hooks
SAME_ENDPOINT = 8  # deliveries to one address at a time

MAX_URL = 450  # characters: the key of a limit has 500
MAX_ADDRESS = 254  # characters
MAX_RECIPIENTS = 50
MAX_SUBJECT, MAX_TEXT = 200, 20_000  # characters
LONGEST_DIGEST = 86400.0  # seconds
SECRET = re.compile(r"env:([A-Z][A-Z0-9_]{0,100}_SECRET)")
NAMING_RULE = (
    "it names a variable of the node's environment that ends in _SECRET, as in 'env:ORDERS_SECRET'; "
    "the secret itself never travels"
)
VISIBLE = re.compile(r"[!-~]+")
LABEL = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?")
ADDRESS = re.compile(
    r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@((?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)*[A-Za-z0-9-]{1,63})"
)
UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
FIELDS = (
    "id", "task", "state", "queue", "title", "attempt", "error", "result", "tags", "created_at", "started_at", "finished_at",
)  # fmt: skip
PART = re.compile(r"\{\{|\}\}|\{([a-z_]+)\}|[{}]")
BRACES = {"{{": "{", "}}": "}"}


def split_url(url: str) -> SplitResult:
    """Return the parts of the address of a web hook; raises ValueError with what is wrong."""
    if len(url) > MAX_URL:
        raise ValueError(f"it has {len(url):,} characters, more than the {MAX_URL} allowed")
    if not VISIBLE.fullmatch(url) or "\\" in url:
        raise ValueError("it has a character that no address has; write it with %, as in %20, and a host's name as in xn--...")
    try:
        parts = urlsplit(url)
    except ValueError:
        raise ValueError("it has no host, or one that cannot be: its brackets are for an IPv6 address") from None
    if parts.scheme not in ("http", "https"):
        raise ValueError("it is an address that begins with https:// or http://")
    if "@" in parts.netloc:
        raise ValueError("it has a name or a password before the host, which all could read; sign with secret= instead")
    if "#" in url:
        raise ValueError("it has a part after #, which is not sent")
    try:
        host, port = parts.hostname, parts.port
    except ValueError:
        raise ValueError("its port is no number from 1 to 65535") from None
    if not host or port == 0 or not _is_host(host):
        raise ValueError("it has no host, or one that cannot be")
    return parts


def _is_host(host: str) -> bool:
    if ":" in host:
        try:
            ipaddress.IPv6Address(host)
        except ValueError:
            return False
        return "%" not in host
    return len(host) <= MAX_ADDRESS - 1 and all(LABEL.fullmatch(label) for label in host.removesuffix(".").split("."))


def tags_of(url: str) -> list[str]:
    """Return the tags of a delivery, by which people find those to one host, and to one address."""
    host = split_url(url).hostname or ""
    return [f"webhook:{host[:80]}", f"endpoint:{endpoint_id(url)}"]


def endpoint_id(url: str) -> str:
    """Return what stands for an address in a tag."""
    return hashlib.sha256(url.encode()).hexdigest()[:12]


def secret_variable(secret: str) -> str:
    """Return the variable that `env:NAME` names; raises ValueError."""
    found = SECRET.fullmatch(secret)
    if found is None:
        raise ValueError(NAMING_RULE)
    return found[1]


def recipients(to: Any) -> list[str]:
    """Return the addresses of a mail; raises ValueError."""
    given = [to] if isinstance(to, str) else to
    if not isinstance(given, list) or not 1 <= len(given) <= MAX_RECIPIENTS:
        raise ValueError(f"it is an address, or a list of 1 to {MAX_RECIPIENTS}")
    for one in given:
        if not isinstance(one, str) or len(one) > MAX_ADDRESS or not ADDRESS.fullmatch(one):
            raise ValueError(f"{one!r:.100} is no address such as ops@example.org")
    return list(dict.fromkeys(given))


def seconds_of_digest(digest: Any) -> float:
    """Return for how long mails are gathered, 0: not; raises ValueError."""
    seconds = parse_duration(digest) if isinstance(digest, str) else digest
    if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not 0 <= seconds <= LONGEST_DIGEST:
        raise ValueError("it is the time in which mails are gathered, at most a day, as in 600 or '10m'; 0 sends each")
    return float(seconds)


def filled_in(template: str, values: Mapping[str, str]) -> str:
    """Return a template with the fields of a job filled in; raises ValueError for one that cannot be."""

    def fill(part: re.Match[str]) -> str:
        if part[1] is not None and part[1] in values:
            return values[part[1]]
        if part[0] in BRACES:
            return BRACES[part[0]]
        if part[1] is None:
            raise ValueError(f"{part[0]!r} at position {part.start() + 1} has no partner; write {part[0] * 2} for the character")
        raise ValueError(
            f"{part[0]} at position {part.start() + 1} is no field of a job{did_you_mean(part[1], values)}; "
            f"there are {', '.join(values)}"
        )

    return PART.sub(fill, template)


def misfits(task: str, args: Sequence[Any], kwargs: Mapping[str, Any]) -> dict[str, str]:
    """Return what is wrong with a call of one of these tasks, by argument.  What is no text may come from another job."""
    found: dict[str, str] = {}
    for name, position, check in CHECKS.get(task, ()):
        value = args[position] if 0 <= position < len(args) else kwargs.get(name)
        if value is None or not isinstance(value, str | list | int | float):
            continue
        try:
            check(value)
        except ValueError as error:
            found[name] = str(error)
    return found


def _check_job(job: Any) -> None:
    if not isinstance(job, str) or not UUID.fullmatch(job):
        raise ValueError("it is the id of a job")


def _check_secret(secret: Any) -> None:
    if secret != "":
        secret_variable(str(secret))


def _template(most: int, *, is_line: bool) -> Callable[[Any], None]:
    def check(text: Any) -> None:
        if not isinstance(text, str):
            return  # the signature says it
        if len(text) > most:
            raise ValueError(f"it has {len(text):,} characters, more than the {most:,} allowed")
        if is_line and not text.isprintable():
            raise ValueError("it has a character that no line has, such as a line break")
        filled_in(text, dict.fromkeys(FIELDS, ""))

    return check


Check = tuple[str, int, "Callable[[Any], Any]"]
CHECKS: Mapping[str, Iterable[Check]] = {
    WEBHOOK: (("job", 0, _check_job), ("url", 1, split_url), ("secret", -1, _check_secret)),
    MAIL: (
        ("job", 0, _check_job),
        ("to", 1, recipients),
        ("subject", -1, _template(MAX_SUBJECT, is_line=True)),
        ("text", -1, _template(MAX_TEXT, is_line=False)),
        ("digest", -1, seconds_of_digest),
    ),
    DIGEST: (("to", 0, recipients),),
}
