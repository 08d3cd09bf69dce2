"""The node's own cookies: with TLS a browser has them by names that no other host can set."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskbahn_router.crossbar_edge.own_cookies import COMPANY, SECURE, SESSION, header, inside, read

TEXTS = st.text(st.sampled_from("abcXYZ019-_.~=; \"',"), max_size=20)


@pytest.mark.parametrize("name", [SESSION, COMPANY])
def test_with_tls_only_the_secure_name_counts(name: str) -> None:
    set_by_node = header(name, "own", 60, same_site="Strict", is_secure=True).decode()
    assert set_by_node == f"{SECURE}{name}=own; Max-Age=60; Path=/; HttpOnly; SameSite=Strict; Secure"
    own = set_by_node.partition(";")[0]
    for sent in (own, f"{name}=foreign; {own}", f"{own}; {name}=foreign", f"a=b;{own};  {name} = foreign;c=d"):
        assert read(name, inside(sent)) == "own"
    assert read(name, inside(f"{name}=foreign; a=b")) == ""
    assert header(name, "", 0, same_site="Lax", is_secure=False).decode() == f"{name}=; Max-Age=0; Path=/; HttpOnly; SameSite=Lax"


@given(TEXTS, TEXTS)
def test_no_header_brings_in_a_cookie_by_its_plain_name(before: str, after: str) -> None:
    if SECURE not in before + after:
        assert read(SESSION, inside(f"{before}; {SESSION}=foreign; {after}")) == ""


@given(st.dictionaries(st.text(st.sampled_from("abc_"), min_size=1, max_size=5), st.text(st.sampled_from("xyz01"), max_size=5)))
def test_cookies_of_others_stay_as_they_are(others: dict[str, str]) -> None:
    sent = "; ".join(f"{name}={text}" for name, text in others.items())
    assert inside(sent) == sent
