"""What the site answers where Taskbahn refuses, or cannot be reached: a sentence for the page, and no error of the site."""

import logging
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse, JsonResponse

from taskbahn import CallerError, InvalidToken, LimitExceeded, NotAllowed, ServiceError, UnknownJob

AWAY = "The delivery does not answer now. Try again in a minute."
OURS = (ServiceError, InvalidToken, NotAllowed, LimitExceeded)  # what those who run the site have to mend
log = logging.getLogger(__name__)


class Refusals:
    """Middleware. A view need not catch what its requests to Taskbahn raise."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Pass the request on."""
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        """Say what is wrong with the request; of a node that does not answer the site, the page says that, and the log why."""
        if isinstance(error, OURS):
            log.warning("%s: %s", request.path, error)
            return JsonResponse({"detail": AWAY}, status=503)
        if isinstance(error, UnknownJob):
            return JsonResponse({"detail": "This order has no job."}, status=404)
        return JsonResponse({"detail": str(error)}, status=422) if isinstance(error, CallerError) else None
