"""What sessions of an own role may register."""

from __future__ import annotations

from taskbahn.access_errors import NotAllowed
from taskbahn_router.model.roles import rules_of
from taskbahn_router.submission.own_jobs import check_offers
from taskbahn_router.workers.offer_uris import offer_of


def not_offered(role: str | None, uri: str, match: str) -> str:
    """Return why a session may not register a procedure, as a sentence; "" if its role has no list of offers, or has this one."""
    rules = rules_of(role)
    if rules is None or rules.offers is None:
        return ""
    if match != "exact":
        return f"the role {role} registers procedures by their whole names, with match 'exact' and not {match!r}: a pattern has others"
    offer = offer_of(uri)
    try:
        check_offers(rules, () if offer is None else [offer.task], ())
    except NotAllowed as error:
        return error.message
    return ""
