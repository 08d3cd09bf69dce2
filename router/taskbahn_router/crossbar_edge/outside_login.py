"""Begins what takes browser tokens of other issuers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from taskbahn_router.outside.issuer_keys import AGAIN_SECONDS, IssuerKeys
from taskbahn_router.outside.issuers import Issuer
from taskbahn_router.outside.tokens import OutsideTokens
from taskbahn_router.store_threads import Thread

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from taskbahn_router.service import Service


def outside_tokens(given: Iterable[Mapping[str, Any]], service: Service, reactor: Any) -> OutsideTokens:
    """Return what takes the tokens of the issuers of a node's configuration; their keys are fetched from now on."""
    issuers, parts = [Issuer.of(each) for each in given], service.parts
    # a thread each, so that one that is slow keeps no other waiting; they end with the process
    keys = {each.name: IssuerKeys(each, Thread(reactor, f"taskbahn-issuer-{each.name}"), reactor.seconds) for each in issuers}
    found = OutsideTokens(issuers, keys, parts.credentials, parts.wall)
    parts.token_issue.find = lambda text: found.find(text) if found.is_meant(text) else parts.credentials.browser.find(text)
    maintenance = service.dispatcher.maintenance
    maintenance.add("issuers", found.refresh, interval=AGAIN_SECONDS / 2, first=0.0)
    maintenance.add("clients of issuers", found.begin, first=1.0)
    return found
