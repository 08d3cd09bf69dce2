"""Reads issuers from a file of TOML. Every error says where it is and what to do; a file with one gives no issuers at all."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from taskbahn.errors import InvalidOption, InvalidRequest, did_you_mean
from taskbahn.protocol.access import PRINCIPAL, VERBS
from taskbahn.protocol.durations import parse_duration
from taskbahn_router.access.browser_tokens import LIFETIME_MOST
from taskbahn_router.company.id_tokens import ALGORITHMS
from taskbahn_router.issuer_pages import is_safe
from taskbahn_router.model.scope import asked
from taskbahn_router.outside.claims import Template
from taskbahn_router.outside.issuers import Issuer
from taskbahn_router.toml_files import read_tables

if TYPE_CHECKING:
    from pathlib import Path

KEYS = ("issuer", "audience", "client", "jwks", "algorithms", "tags", "start", "verbs", "require", "max_age")
NEEDED = {
    "issuer": 'issuer = "https://…", as its tokens have it in iss',
    "audience": 'audience = "…", as its tokens for this node have it in aud',
    "client": 'client = "…", the name under which its users have their jobs',
}
NAME = re.compile(r"[a-z][a-z0-9_-]{0,63}")
MAX_ISSUERS, MAX_LIST, MAX_TEXT = 20, 50, 500
MAX_AGE_SECONDS = 86400.0  # unless the file says another one
LEAST_AGE_SECONDS = 10.0


def read_issuers(path: Path) -> list[Issuer]:
    """Return the issuers of a file.  Raises InvalidOption."""
    source = f"--issuers {path}"
    found = read_tables(path, source, "issuer", "issuers")
    if not 0 < len(found) <= MAX_ISSUERS:
        raise _wrong(source, f"it has {len(found) or 'no'} issuers: write 1 to {MAX_ISSUERS}, each a table, as [acme]")
    issuers = [_issuer(f"{source}, [{name}]", name, given) for name, given in found.items()]
    _check_apart(source, issuers)
    return issuers


def _check_apart(source: str, issuers: list[Issuer]) -> None:
    known: dict[tuple[str, str], str] = {}
    for each in issuers:
        for audience in each.audience:
            if (before := known.setdefault((each.issuer, audience), each.name)) != each.name:
                raise _wrong(
                    f"{source}, [{each.name}]",
                    f"[{before}] has the same issuer and audience: give one of the two another audience, or leave it out",
                )


def _issuer(where: str, name: str, given: Any) -> Issuer:
    if not isinstance(given, dict):
        raise _wrong(where.replace("[", "").replace("]", ""), f"it is outside of a table: write [name-of-an-issuer] above {name}")
    if not NAME.fullmatch(name):
        raise _wrong(
            where, "an issuer's name has 1 to 64 small letters, digits, '_' and '-', and begins with a letter: rename it"
        )
    if unknown := [key for key in given if key not in KEYS]:
        raise _wrong(where, f"there is no key {unknown[0]!r:.100}{did_you_mean(unknown[0], KEYS)}; there are {', '.join(KEYS)}")
    for key, form in NEEDED.items():
        if key not in given:
            raise _wrong(where, f"{key} is missing: add {form}")
    issuer = Issuer(
        name,
        _address(f"{where}, issuer", given["issuer"]),
        _list(f"{where}, audience", given["audience"] if isinstance(given["audience"], list) else [given["audience"]], least=1),
        _client(f"{where}, client", given["client"]),
        _address(f"{where}, jwks", given["jwks"]) if "jwks" in given else "",
        _algorithms(f"{where}, algorithms", given.get("algorithms", list(ALGORITHMS))),
        _tags(f"{where}, tags", given.get("tags", [])),
        _list(f"{where}, start", given.get("start", [])),
        _verbs(f"{where}, verbs", given.get("verbs", [])),
        _required(f"{where}, require", given.get("require", {})),
        _age(f"{where}, max_age", given.get("max_age", MAX_AGE_SECONDS)),
    )
    _check_rights(where, issuer)
    return issuer


def _check_rights(where: str, issuer: Issuer) -> None:
    if not issuer.start and not issuer.tags:
        raise _wrong(
            where,
            'its users would see no job and start none: add start, as start = ["images.*"], or tags, as tags = ["user:{sub}"]',
        )
    try:
        asked(issuer.rights | {"tags": [tag.text for tag in issuer.tags]})
    except InvalidRequest as error:
        raise _wrong(where, error.message) from None


def _address(where: str, given: Any) -> str:
    if not isinstance(given, str) or not is_safe(given) or not given.isprintable() or " " in given:
        raise _wrong(
            where, f"{given!r:.200} is no address: write https://…; http:// is for this machine alone, as http://127.0.0.1:8000"
        )
    if urlsplit(given).query or urlsplit(given).fragment:
        raise _wrong(where, f"{given!r:.200} has a ? or a #, which no address of an issuer has: leave out what follows it")
    return given


def _client(where: str, given: Any) -> str:
    if not isinstance(given, str) or not PRINCIPAL.fullmatch(given):
        raise _wrong(
            where, f"{given!r:.100} is no name: write that of a client, as `taskbahn token create NAME --role client` takes it"
        )
    return given


def _list(where: str, given: Any, least: int = 0) -> tuple[str, ...]:
    if not isinstance(given, list) or not least <= len(given) <= MAX_LIST:
        raise _wrong(where, f'it is a list of {least} to {MAX_LIST} texts, as ["…", "…"]')
    for each in given:
        if not isinstance(each, str) or not 0 < len(each) <= MAX_TEXT or not each.isprintable():
            raise _wrong(where, f"{each!r:.100}: write a text of 1 to {MAX_TEXT} printable characters")
    return tuple(dict.fromkeys(given))


def _algorithms(where: str, given: Any) -> tuple[str, ...]:
    found = _list(where, given, least=1)
    for each in found:
        if each not in ALGORITHMS:
            why = "is no algorithm of public keys, and no other signs here"
            raise _wrong(where, f"{each!r:.100} {why}: there are {', '.join(ALGORITHMS)}")
    return found


def _tags(where: str, given: Any) -> tuple[Template, ...]:
    templates = []
    for text in _list(where, given):
        try:
            templates.append(Template.of(text))
        except ValueError as error:
            raise _wrong(where, f"{text!r:.200}: {error}") from None
    return tuple(templates)


def _verbs(where: str, given: Any) -> tuple[str, ...]:
    found = _list(where, given)
    for each in found:
        if each not in VERBS:
            raise _wrong(
                where, f"there is no verb {each!r:.100}{did_you_mean(each, VERBS)}; there are {', '.join(VERBS)}; all may watch"
            )
    return found


def _required(where: str, given: Any, path: str = "") -> dict[str, tuple[str | bool | int, ...]]:
    """Return what claims have to be; a table in the table leads into a claim."""
    form = 'write claims and their values, as { groups = "staff", email_verified = true }; a list: one of its values'
    if not isinstance(given, dict):
        raise _wrong(where, f"it is a table: {form}")
    found: dict[str, tuple[str | bool | int, ...]] = {}
    for name, value in given.items():
        whole = f"{path}.{name}" if path else name
        if isinstance(value, dict):
            found |= _required(where, value, whole)
            continue
        values = value if isinstance(value, list) else [value]
        if not 0 < len(values) <= MAX_LIST or not all(isinstance(each, str | bool | int) for each in values):
            raise _wrong(where, f"{whole} = {value!r:.100}: {form}")
        found[whole] = tuple(values)
    return found


def _age(where: str, given: Any) -> float:
    try:
        seconds = parse_duration(given) if isinstance(given, str) else given
    except ValueError as error:
        raise _wrong(where, f"{given!r:.100}: {error}") from None
    is_number = isinstance(seconds, int | float) and not isinstance(seconds, bool)
    if not is_number or not LEAST_AGE_SECONDS <= seconds <= LIFETIME_MOST:
        raise _wrong(where, f'{given!r:.100}: write a time from {LEAST_AGE_SECONDS:.0f}s to 30d, as "12h"')
    return float(seconds)


def _wrong(where: str, why: str) -> InvalidOption:
    return InvalidOption(f"{where}: {why}", option="issuers")
