"""The node's own cookies: that of a login, and what a browser keeps on its way to the company's provider and back.

With TLS their names begin with `__Host-`, so that no other host of the domain, and nothing without TLS, can have set them (RFC 6265bis,
section 4.1.3.2). Requests have them by their plain names inside of the node.
"""

from __future__ import annotations

from http.cookies import CookieError, SimpleCookie

SESSION = "taskbahn_session"
COMPANY = "taskbahn_login"
SECURE = "__Host-"
PLAIN = {SECURE + name: name for name in (SESSION, COMPANY)}


def header(name: str, text: str, seconds: int, *, same_site: str, is_secure: bool) -> bytes:
    """Return the value of `Set-Cookie`; with no seconds it takes the cookie away."""
    shown, secure = (SECURE + name, "; Secure") if is_secure else (name, "")
    return f"{shown}={text}; Max-Age={seconds}; Path=/; HttpOnly; SameSite={same_site}{secure}".encode()


def inside(cookies: str) -> str:
    """Return the value of `Cookie` of a request with TLS as the node takes it: its own cookies by their secure names alone."""
    pairs = [pair.strip().partition("=") for pair in cookies.split(";") if pair.strip()]
    known = [(PLAIN.get(name.strip(), name), text) for name, _, text in pairs if name.strip() not in PLAIN.values()]
    return "; ".join(f"{name}={text}" for name, text in known)


def read(name: str, cookies: str | None) -> str:
    """Return the text of a cookie; "" if there is none."""
    try:
        found = SimpleCookie(cookies or "").get(name)
    except CookieError:
        return ""
    return found.value if found else ""
