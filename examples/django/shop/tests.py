"""The tests of the shop: `python manage.py test`.  They need no node."""

from unittest.mock import patch
from uuid import uuid4

from django.test import TestCase
from mysite.bahn import app

from shop.models import Order
from shop.tasks import deliver
from taskbahn import RouterUnavailable
from taskbahn.testing import attempt, eager, recorded


class Orders(TestCase):
    def test_the_job_starts_when_the_order_is_committed(self):
        with recorded(app) as seen:
            with self.captureOnCommitCallbacks() as callbacks:
                self.client.post("/orders", {"customer": "Ada", "parcels": 2})
            seen.not_started(deliver)
            callbacks[0]()
            seen.started(deliver, Order.objects.get().pk)

    def test_an_order_that_is_not_valid_starts_nothing(self):
        with recorded(app) as seen, self.captureOnCommitCallbacks(execute=True):
            for parcels in (-1, 99999999999999999999):
                answer = self.client.post("/orders", {"customer": "Ada", "parcels": parcels})
                self.assertContains(answer, "Parcels: Ensure this value is", status_code=422)
            seen.not_started(deliver)

    def test_an_order_is_kept_without_a_node_and_started_later(self):
        lost = RouterUnavailable("no router answers")
        with patch("shop.views.start_job", side_effect=lost):
            with self.assertLogs("django", "ERROR"), self.captureOnCommitCallbacks(execute=True):
                number = self.client.post("/orders", {"customer": "Ada", "parcels": 1}).json()["order"]
            self.assertContains(self.client.post(f"/orders/{number}/start"), "no router answers", status_code=503)
        with recorded(app) as seen:
            self.client.post(f"/orders/{number}/start")
            seen.started(deliver, number)

    @patch("shop.tasks.sleep")
    def test_a_second_attempt_goes_on_with_the_next_parcel(self, sleep):
        order = Order.objects.create(customer="Ada", parcels=3, delivered=2, job=uuid4())
        with attempt(number=2) as said:
            self.assertEqual(deliver(order.pk), "3 parcels for Ada")
        self.assertEqual(said.logs, ["parcel 3 is with Ada"])

    @patch("shop.tasks.sleep")
    def test_the_job_is_in_the_answer(self, sleep):
        with eager(app):
            with self.captureOnCommitCallbacks(execute=True):
                number = self.client.post("/orders", {"customer": "Ada", "parcels": 1}).json()["order"]
            self.assertEqual(self.client.get(f"/orders/{number}").json()["state"], "succeeded")
