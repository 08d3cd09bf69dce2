"""The tasks of the shop.  They take keys of the database and not its objects."""

from time import sleep

from mysite.bahn import app
from mysite.connections import closing_connections

from shop.models import Order
from taskbahn import current


@app.task(name="shop.deliver", retries=3, give_up_on=(Order.DoesNotExist,))
@closing_connections
def deliver(order: int) -> str:
    """Deliver the parcels of an order, one after the other; a second attempt goes on where the first one was."""
    found = Order.objects.get(pk=order)
    for number in range(found.delivered + 1, found.parcels + 1):
        sleep(0.3)  # the real work
        Order.objects.filter(pk=order).update(delivered=number)
        current.progress(number, found.parcels)
        current.log(f"parcel {number} is with {found.customer}")
    return f"{found.parcels} parcels for {found.customer}"
