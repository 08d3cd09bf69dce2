"""What the protocol says about login: who a session is, and how admins change that.

A session logs in with WAMP's `ticket`: its ticket is an API token, and the node tells it who it is (its authid) and its role. Or its
authid is the name of a user, and its ticket that user's password. Or it
logs in with `cryptosign`: `authextra` has its public key of Ed25519 as `pubkey`, and it signs the challenge of the node.
With `tls` it is who has the key in the certificate that its connection has shown.
With `wampcra` an account that has a secret for it logs in under its own name.

Browser tokens (CALL): what a page may see and do, and for how long.
    taskbahn.token(watch=, cancel=, answer=, send=, retry=, start=, tags=, expires=900, once=False) -> {"token", "id", "expires_at"}
    taskbahn.token.renew(token)              -> {"id", "expires_at"}         for a session that a browser token has opened

Who sees everything (CALL):
    taskbahn.view.roles()                    -> [RoleView, ...]

Admins (CALL):
    taskbahn.admin.token.create(name, role, expires=, who="") -> TokenView, and its text as `token`: it is said this once
    taskbahn.admin.token.list()              -> [TokenView, ...]             also those that are revoked or expired
    taskbahn.admin.token.revoke(token, who="") -> [TokenView, ...]           an id, or a name for all of it; ends their sessions
    taskbahn.admin.token.rotate(revoke=False, who="") -> {"id", "created_at"}  browser tokens have a new key; revoke: the old ones end
    taskbahn.admin.token.keys()              -> [SigningKeyView, ...]        the keys that sign browser tokens, the oldest first
    taskbahn.admin.user.create(name, role, password, who="") -> UserView
    taskbahn.admin.user.list()               -> [UserView, ...]
    taskbahn.admin.user.remove(name, who="") -> UserView                     ends its sessions
    taskbahn.admin.user.passwd(name, password, who="") -> UserView           gives it another password; ends its sessions
    taskbahn.admin.key.add(name, role, public_key, expires=, who="") -> KeyView      hexadecimal digits, a line of OpenSSH, or PEM;
        or wampcra=True: the node makes a secret, which is said this once; or certificate=, in PEM, of a client of TLS
    taskbahn.admin.key.list()                -> [KeyView, ...]               as for tokens
    taskbahn.admin.key.revoke(key, who="")   -> [KeyView, ...]               as for tokens

Who has logged in as a user (CALL):
    taskbahn.user.password(old, new, who="") -> UserView                     gives itself another password; ends its sessions
"""

from __future__ import annotations

import re
from enum import StrEnum

import msgspec

TOKEN_CREATE = "taskbahn.admin.token.create"  # noqa: S105 - URIs
TOKEN_LIST = "taskbahn.admin.token.list"  # noqa: S105
TOKEN_REVOKE = "taskbahn.admin.token.revoke"  # noqa: S105
TOKEN_ROTATE = "taskbahn.admin.token.rotate"  # noqa: S105
TOKEN_KEYS = "taskbahn.admin.token.keys"  # noqa: S105
BROWSER_TOKEN = "taskbahn.token"  # noqa: S105
BROWSER_TOKEN_RENEW = "taskbahn.token.renew"  # noqa: S105
VERBS = ("cancel", "answer", "send", "retry")  # what a browser token may name beside watching
USER_CREATE = "taskbahn.admin.user.create"
USER_LIST = "taskbahn.admin.user.list"
USER_REMOVE = "taskbahn.admin.user.remove"
USER_PASSWD = "taskbahn.admin.user.passwd"  # noqa: S105
OWN_PASSWORD = "taskbahn.user.password"  # noqa: S105
VIEW_ROLES = "taskbahn.view.roles"
KEY_ADD = "taskbahn.admin.key.add"
KEY_LIST = "taskbahn.admin.key.list"
KEY_REVOKE = "taskbahn.admin.key.revoke"

# no colon: jobs of schedules and triggers have callers with one.   no pattern: names are looked for by them
PRINCIPAL = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.@+-]{0,99}")
TOKEN_PREFIX = "taskbahn_"  # noqa: S105 - by which scanners of repositories and logs find tokens that have leaked
MAX_TICKET = 4096  # characters of what a session logs in with
MAX_OUTSIDE_TICKET = 8192  # of a token of another issuer
ANYONE = "*"  # as authid: the ticket alone says who it is


class Role(StrEnum):
    """What a session may do; without login, on the loopback interface, every session has all roles."""

    VIEWER = "viewer"  # sees everything, changes nothing
    CLIENT = "client"  # starts jobs, and sees and changes its own
    WORKER = "worker"  # offers tasks, and starts jobs
    OPERATOR = "operator"  # sees and changes everything but who may log in
    ADMIN = "admin"  # also that
    BROWSER = "browser"  # what a browser token names; no credential has it


GIVEN_ROLES = tuple(role for role in Role if role is not Role.BROWSER)  # to credentials


class TokenView(msgspec.Struct, frozen=True, kw_only=True):
    """An API token as it is shown. Times are UTC seconds since the epoch; None: never, not.

    name: who its sessions are, the authid.   token: its text, only in the answer that creates it.
    """

    id: str
    name: str
    role: str
    created_at: float
    created_by: str | None = None
    expires_at: float | None = None
    revoked_at: float | None = None
    revoked_by: str | None = None
    token: str | None = None


class UserView(msgspec.Struct, frozen=True, kw_only=True):
    """A user as it is shown. Times are UTC seconds since the epoch.

    name: who its sessions are, the authid.   login: what it logs in by, "password" or "company", the provider of OpenID Connect.
    """

    name: str
    role: str
    login: str
    created_at: float
    created_by: str | None = None


class KeyView(msgspec.Struct, frozen=True, kw_only=True):
    """A key that opens sessions, as it is shown. Times are UTC seconds since the epoch; None: never, not.

    name: who its sessions are, the authid.   method: of WAMP's login.   public_key: 64 hexadecimal digits.
    certificate_key: of a certificate, the SHA-256 of the public key in it (SubjectPublicKeyInfo), 64 hexadecimal digits.
    secret: of WAMP-CRA, only in the answer that makes it.
    """

    id: str
    name: str
    role: str
    method: str
    created_at: float
    public_key: str | None = None
    certificate_key: str | None = None
    secret: str | None = None
    created_by: str | None = None
    expires_at: float | None = None
    revoked_at: float | None = None
    revoked_by: str | None = None


class SigningKeyView(msgspec.Struct, frozen=True, kw_only=True):
    """A key that signs browser tokens, as it is shown, without the key itself. Times are UTC seconds since the epoch.

    in_use: it signs now, until *signs_until*; the others check what they have signed.   expires_at: when the node forgets it.
    created_by: None: the node itself.
    """

    id: str
    in_use: bool
    created_at: float
    signs_until: float
    expires_at: float
    created_by: str | None = None


class RoleView(msgspec.Struct, frozen=True, kw_only=True):
    """A role of a node with login, and what its sessions may do.   None: all that the base may.

    base: itself, of a role that each node has.   calls: the tasks that they may start; offers, queues: the tasks that workers may offer,
    and the queues that these may take from; may: the procedures of the node, without `taskbahn.`.
    """

    name: str
    base: str
    may: list[str]
    calls: list[str] | None = None
    offers: list[str] | None = None
    queues: list[str] | None = None
