"""`taskbahn doctor`: whether a node is set up as docs/security.md wants it."""

from __future__ import annotations

import sys
import time

import click

from taskbahn.access_errors import NotAllowed
from taskbahn.cli.shared import common, connected, echo, print_json
from taskbahn.protocol.plain_text import plain_text

MARKS = {"ok": "ok     ", "warning": "warning", "error": "ERROR  "}


@click.command()
@common
def doctor(url: str | None, *, as_json: bool) -> None:
    """Check how the node is set up: login, TLS, who may read its data, tokens. Exit code 1 if something is wrong.

    Take a token of an admin to have the tokens checked, too.
    """
    from taskbahn.jobs.doctor import ERROR, findings

    with connected(url) as app:
        settings = app.view.settings()
        try:
            tokens, users = app.admin.tokens(), app.admin.users()
        except NotAllowed:
            tokens, users = None, []
        found = findings(settings, tokens, app.url, time.time(), users)
    if as_json:
        print_json([{"level": each.level, "what": each.what, "remedy": each.remedy} for each in found])
    else:
        for each in found:
            remedy = f"; {each.remedy}" if each.remedy else ""
            echo(plain_text(f"{MARKS[each.level]} {each.what}{remedy}"))
    if any(each.level == ERROR for each in found):
        sys.exit(1)
