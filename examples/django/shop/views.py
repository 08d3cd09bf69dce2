"""The views of the shop."""

from typing import Any

from django.db import transaction
from django.forms import ModelForm
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_GET, require_POST

from shop.models import Order
from shop.tasks import deliver
from taskbahn import Job, UnknownJob


class OrderForm(ModelForm):
    """What a customer says."""

    class Meta:
        """Of an order."""

        model = Order
        fields = ("customer", "parcels")


@require_GET
def page(request: HttpRequest) -> HttpResponse:
    """Show the page."""
    return render(request, "shop/page.html", {"form": OrderForm(), "orders": Order.objects.order_by("-pk")[:10]})


@require_POST
def create(request: HttpRequest) -> JsonResponse:
    """Keep the order with the id of its job; start the job once the order is there for the worker to find."""
    started: list[Job] = []
    form = OrderForm(request.POST)
    if not form.is_valid():
        wrong = (f"{form[name].label}: {' '.join(sentences)}" for name, sentences in form.errors.items())
        return JsonResponse({"detail": " ".join(wrong)}, status=422)
    with transaction.atomic():
        order = form.save(commit=False)
        order.job = Job.new_id()
        order.save()
        # Robust: without a node the order is kept, and the log says why.
        transaction.on_commit(lambda: started.append(start_job(order)), robust=True)
    return JsonResponse({"order": order.pk, "is_started": bool(started)})


def start_job(order: Order) -> Job[str]:
    """Start the job of an order. The id is the order's, so a second call starts nothing."""
    return deliver.options(id=order.job, title=f"Order {order.pk}").start(order.pk)


@require_POST
def start(request: HttpRequest, number: int) -> JsonResponse:
    """Start the job of an order that has none, because the node could not be reached."""
    start_job(get_object_or_404(Order, pk=number))
    return JsonResponse({"order": number})


@require_GET
def jobs(request: HttpRequest) -> JsonResponse:
    """Answer with the jobs of some orders as they are now, in one request for all rows of the page."""
    orders = Order.objects.filter(pk__in=request.GET.getlist("order")[:100])
    return JsonResponse({order.pk: job_of(order) for order in orders})


def job_of(order: Order) -> dict[str, Any] | None:
    """Return the job of an order; None if it has none, because the node could not be reached when the order came."""
    try:
        return deliver.job(order.job).view().data()
    except UnknownJob:
        return None


@require_POST
def cancel(request: HttpRequest, number: int) -> JsonResponse:
    """Cancel the job of an order."""
    order = get_object_or_404(Order, pk=number)
    return JsonResponse({"state": deliver.job(order.job).cancel("by a click")})
