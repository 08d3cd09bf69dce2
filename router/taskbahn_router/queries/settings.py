"""The effective configuration of a node, each value with where it comes from; nothing in it is secret.

What the port and its neighbours are set to is read from the configuration that Crossbar was started on. `taskbahn up` wrote that
file: it says in the component's `extra` what of it the operator gave (`given`); the rest are Taskbahn's defaults. Other values are fixed.
"""

from __future__ import annotations

import json
import os
import platform
import pwd
import resource
import sqlite3
import stat
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import taskbahn_router
from taskbahn.protocol import messages
from taskbahn.protocol.options import WIRE, Where
from taskbahn.protocol.views import Setting
from taskbahn_router.core.role_limits import limits_of, shown
from taskbahn_router.dispatcher.outcomes import MAX_EVENTS_KEPT
from taskbahn_router.model.limits import MAX_PARTITIONS, MAX_SEND_BUFFERS_BYTES, MAX_TASKS
from taskbahn_router.submission import backpressure, memory_budget
from taskbahn_router.workers import registry

if TYPE_CHECKING:
    from collections.abc import Iterator

DATA, RIGHTS = "node.data", "node.data_rights"
DEFAULT = "default"
INSTALLED = "installed"
FILES = ("config.yaml", "config.json")  # Crossbar takes the first that exists
BYTES, SECONDS, JOBS = "bytes", "s", "jobs"
GIVEN = {  # options of `taskbahn up`
    "port": "the one port for everything",
    "interface": "address that the port is on",
    "socket": "the Unix socket for everything",
    "tls_cert": "certificate of the port, with its chain",
    "tls_key": "key of the certificate",
    "tls_client_ca": "authorities of the certificates that clients show",
    "tls_client_optional": "clients need not show one",
    "behind_proxy": "proxies that are believed who their clients are",
    "proxy_protocol": "these say it with the PROXY protocol, too",
    "data": "directory of the jobs and of the node's files",
    "loglevel": "what the node says on standard error, at least",
    "auth": "whether sessions have to log in",
    "roles": "roles of the configuration",
    "company": "provider of OpenID Connect by which people log in, too",
    "issuers": "others than the node that sign browser tokens, and whose jobs their users have",
    "insecure_no_auth": "others than this machine reach the node without a login",
    "role_limits": "what each name of a role may use",
    "keep_audit": "that entries of the audit are kept",
}
OPTIONS = {"role_limits": "role_limit", "company": "oidc_issuer"}  # where an option has another name
UNITS = {"keep_audit": SECONDS}
FIXED: list[tuple[str, Any, str, str]] = [
    ("workers.heartbeat", registry.HEARTBEAT_SECONDS, SECONDS, "a worker reports at least that often"),
    ("workers.missed_heartbeats", registry.MISSED_HEARTBEATS, "", "missed heartbeats after which a worker is given up"),
    ("workers.grace", registry.GRACE_SECONDS, SECONDS, "in which a lost worker may come back to what it runs"),
    ("workers.slots", registry.MAX_SLOTS, "", "that one worker may have"),
    ("bounds.message", messages.MAX_MESSAGE, BYTES, "of one message, on either transport"),
    ("bounds.arguments", messages.MAX_ARGUMENTS, BYTES, "of the arguments of one job, as JSON"),
    ("bounds.result", messages.MAX_RESULT, BYTES, "of the result of one job, as JSON"),
    ("bounds.submission", messages.MAX_CALLS, JOBS, "in one submission"),
    ("bounds.flow", messages.MAX_FLOW_JOBS, JOBS, "that one flow may be"),
    ("bounds.wait", messages.MAX_WAIT, JOBS, "that one call may wait for"),
    ("bounds.events", messages.MAX_EVENTS, "events", "in one answer to `taskbahn.job.events`"),
    ("bounds.events_kept", MAX_EVENTS_KEPT, "events", "log lines and chunks that are kept of one job"),
    ("bounds.unwritten", backpressure.MAX_UNWRITTEN, JOBS, "that wait for their commit, before more are refused"),
    ("bounds.unwritten_bytes", backpressure.MAX_BYTES, BYTES, "of the arguments of these"),
    ("bounds.large_submissions", memory_budget.LARGE_BUDGET_JOBS, JOBS, "of flows with more than 10,000, in memory at once"),
    ("bounds.medium_submissions", memory_budget.MEDIUM_BUDGET_JOBS, JOBS, "of smaller submissions, in memory at once"),
    ("bounds.waiting_submissions", memory_budget.MAX_WAITING_BYTES, BYTES, "of large ones that wait, before more are refused"),
    ("bounds.queued", backpressure.MAX_QUEUED, JOBS, "that wait or are ready, before more are refused"),
    ("bounds.tasks", MAX_TASKS, "", "declared, before those that no worker offers and that have no jobs make room"),
    ("bounds.queues", MAX_PARTITIONS, "", "each once for every task with jobs in it, before new ones are refused"),
    (
        "bounds.unread",
        MAX_SEND_BUFFERS_BYTES,
        BYTES,
        "that wait for slow readers, all together, before the worst of them are dropped",
    ),
    ("bounds.tags", WIRE["tags"].most, "", f"that one job may have, each of {WIRE['tags'].high} characters"),
    ("store.journal", "WAL", "", "how SQLite writes"),
    ("store.synchronous", "FULL", "", "a commit is on the disk before it is answered"),
]
OUTGOING = [  # of the node's own worker, which inherits the environment
    ("webhooks.allow_private", "TASKBAHN_ALLOW_PRIVATE_WEBHOOKS", "0", "web hooks may go to private addresses: 1, or 0"),
    ("mail.host", "TASKBAHN_SMTP_HOST", "", "the server that takes mails; none: the node sends none"),
    ("mail.port", "TASKBAHN_SMTP_PORT", "", "its port; none: that of mail.security"),
    ("mail.security", "TASKBAHN_SMTP_SECURITY", "starttls", "starttls, tls or none"),
    ("mail.from", "TASKBAHN_MAIL_FROM", "", "the address from which mails come"),
    ("mail.to", "TASKBAHN_MAIL_TO", "", "addresses and @domains that may get mails; none: all"),
]
VERSIONS = {"taskbahn": "this program", "system": "what the node runs on"}
PACKAGES = ("crossbar", "autobahn", "twisted", "msgspec")


def settings(folder: Path, extra: dict[str, Any], data: Path) -> list[dict[str, Any]]:
    """Return the `views.Setting`s of a node; folder: Crossbar's, extra: the component's configuration, data: the data directory."""
    name, config = configuration(folder)
    found = [*_node(name, config, extra, data), *_outgoing(), *_fixed(data), *_versions()]
    return [messages.plain(setting) for setting in found]


def configuration(folder: Path) -> tuple[str, dict[str, Any]]:
    """Return the name of the configuration that Crossbar reads in *folder*, and what is in it."""
    import yaml  # late: Crossbar brings it, and simulations of users' tests go without Crossbar

    for name in FILES:
        try:
            text = (folder / name).read_text("utf-8")
        except OSError:
            continue
        try:
            config = json.loads(text) if name.endswith(".json") else yaml.safe_load(text)
        except (ValueError, yaml.YAMLError):  # a program may be writing the file now; Crossbar has read it before
            break
        return name, config if isinstance(config, dict) else {}
    return "the configuration", {}


def _node(name: str, config: dict[str, Any], extra: dict[str, Any], data: Path) -> Iterator[Setting]:
    """Return the settings of the port; a configuration of the user's own may lack them, and then they are not shown."""
    given: dict[str, str] = extra.get("given", {})
    door = next((door for door in _transports(config) if door.get("endpoint", {}).get("type") in ("tcp", "twisted")), {})
    url = str(extra.get("url", ""))
    endpoint = {**door.get("endpoint", {}), **extra.get("door", {})}
    values = {
        "port": endpoint.get("port"),
        "interface": endpoint.get("interface"),
        "socket": endpoint.get(
            "socket", url.removeprefix("unix://") if url.startswith("unix://") and "door" not in extra else None
        ),
        **{name: endpoint.get(name) for name in ("tls_cert", "tls_key", "tls_client_ca", "behind_proxy", "proxy_protocol")},
        "tls_client_optional": endpoint.get("tls_client_optional"),
        "data": str(data),
        "loglevel": extra.get("loglevel"),
        "auth": ("yes" if extra.get("login") else "no")
        if given
        else None,  # a configuration of the user's own may have another login
        "roles": [role["name"] for role in extra.get("roles", ())] or None,
        "company": (extra.get("company") or {}).get("issuer"),
        "issuers": [f"{each['issuer']} as {each['client']}" for each in extra.get("issuers", ())] or None,
        "insecure_no_auth": "yes" if extra.get("insecure") else None,
        "role_limits": shown(limits_of(extra.get("role_limits", {}))) if extra.get("login") else None,
        "keep_audit": extra.get("keep_audit"),
    }
    for key, help_ in GIVEN.items():
        if values[key] is not None:
            option = OPTIONS.get(key, key)
            change = f"taskbahn up --{option.replace('_', '-')} or TASKBAHN_UP_{option.upper()}" if given else f"edit {name}"
            yield Setting(
                name=f"node.{key}",
                value=values[key],
                source=given.get(key, name),
                help=help_,
                unit=UNITS.get(key, ""),
                change=change,
            )
    source, change = (DEFAULT, "") if given else (name, f"edit {name}")
    options = door.get("web", {}).get("paths", {}).get("ws", {}).get("options", {})
    for key, unit, per, help_ in (
        ("allowed_origins", "", None, "pages of these origins may connect"),
        ("auto_ping_interval", SECONDS, 1000, "between two pings to a browser"),
        ("auto_ping_timeout", SECONDS, 1000, "without an answer to a ping, and a browser is dropped"),
    ):
        if key in options:
            value = options[key] / per if per else options[key]
            where, how = source, change
            if key == "allowed_origins" and "origins" in given:
                where, how = given["origins"], "taskbahn up --origin or TASKBAHN_UP_ORIGIN"
            yield Setting(name=f"node.{key}", value=value, source=where, help=help_, unit=unit, change=how)
    yield Setting(name="node.user", value=_user(), source="system", help="the user as which the node runs")
    if data.is_dir():  # Crossbar, started without `taskbahn up`, has none yet at its first start
        yield Setting(name=RIGHTS, value=_rights(data), source="system", help="mode of the data directory", change="chmod")
    files = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    yield Setting(name="node.open_files", value=files, source="system", help="connections and files together", change="ulimit -n")


def _rights(data: Path) -> str:
    return f"{stat.S_IMODE(data.stat().st_mode):o}"


def as_of_now(found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return settings as they are now: an operator may have changed who may read the data."""
    data = next((Path(each["value"]) for each in found if each["name"] == DATA), None)
    if data is None or not data.is_dir():
        return found
    return [each | {"value": _rights(data)} if each["name"] == RIGHTS else each for each in found]


def _user() -> str:
    try:
        return pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:  # a container may run a user without a name
        return str(os.geteuid())


def _outgoing() -> Iterator[Setting]:
    """Return what the environment says about web hooks and mails, without the secrets."""
    for name, variable, otherwise, help_ in OUTGOING:
        value = os.environ.get(variable)
        yield Setting(
            name=name,
            value=value or otherwise,
            source="environment" if value else DEFAULT,
            help=help_,
            change=f"{variable} in the node's environment",
        )
    has_secret = bool(os.environ.get("TASKBAHN_WEBHOOK_SECRET"))
    yield Setting(
        name="webhooks.signed",
        value="yes" if has_secret else "no",
        source="environment" if has_secret else DEFAULT,
        help="web hooks that name no secret are signed by the node's own one",
        change="TASKBAHN_WEBHOOK_SECRET in the node's environment",
    )


def _transports(config: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for worker in config.get("workers", ()):
        yield from worker.get("transports", ())


def _fixed(data: Path) -> Iterator[Setting]:
    for name, value, unit, help_ in FIXED:
        yield Setting(name=name, value=value, source=DEFAULT, help=help_, unit=unit)
    yield Setting(name="store.file", value=str(data / "taskbahn.db"), source=DEFAULT, help="where everything is kept")
    for name in WIRE:
        option = WIRE[name]
        if option.is_shown:
            change = f"option {name} of a {'task or a call' if option.where is Where.BOTH else 'call'}"
            help_ = option.help.replace("`", "") + (f"; none: {option.otherwise}" if option.default is None else "")
            yield Setting(name=f"jobs.{name}", value=option.default, source=DEFAULT, help=help_, unit=option.unit, change=change)


def _versions() -> Iterator[Setting]:
    found = {"taskbahn": taskbahn_router.__version__, "python": platform.python_version(), "sqlite": sqlite3.sqlite_version}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:  # Taskbahn runs from a copy that is not installed
            continue
    found["system"] = f"{platform.system()} {platform.release()} {platform.machine()}"
    for name, value in found.items():
        yield Setting(
            name=f"versions.{name}", value=value, source=INSTALLED, help=VERSIONS.get(name, "what the node is built on")
        )
