"""What the site answers where Taskbahn refuses, or cannot be reached: a sentence for the page, and no error of the site."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse, JsonResponse

from taskbahn import CallerError, ServiceError, UnknownJob


class Refusals:
    """Middleware. A view need not catch what its requests to Taskbahn raise."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Pass the request on."""
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        """Say what is wrong: with the request, or that the node cannot be reached now."""
        if not isinstance(error, CallerError | ServiceError):
            return None
        status = 404 if isinstance(error, UnknownJob) else 422 if isinstance(error, CallerError) else 503
        return JsonResponse({"detail": str(error)}, status=status)
