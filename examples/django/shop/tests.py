"""The tests of the shop: `python manage.py test`.  They need no node."""

from unittest.mock import patch
from uuid import uuid4

from django.test import TestCase
from mysite.bahn import app
from mysite.refusals import AWAY

from shop.models import Order
from shop.tasks import deliver
from taskbahn import InvalidToken, Job, NotAllowed, RouterUnavailable
from taskbahn.testing import attempt, eager, recorded, simulated


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
            with self.assertLogs("mysite.refusals", "WARNING") as logs:
                self.assertContains(self.client.post(f"/orders/{number}/start"), "Try again in a minute", status_code=503)
            self.assertIn("no router answers", logs.output[0])
        with recorded(app) as seen:
            self.client.post(f"/orders/{number}/start")
            seen.started(deliver, number)

    def test_what_is_for_operators_is_in_the_log_alone(self):
        order = Order.objects.create(customer="Ada", parcels=1, job=Job.new_id())
        for error in (InvalidToken, NotAllowed):
            refused = patch("shop.views.start_job", side_effect=error("see taskbahn token list"))
            with refused, self.assertLogs("mysite.refusals", "WARNING") as logs:
                answer = self.client.post(f"/orders/{order.pk}/start")
            self.assertEqual((answer.status_code, answer.json()["detail"]), (503, AWAY))
            self.assertIn("see taskbahn token list", logs.output[0])

    @patch("shop.tasks.sleep")
    def test_a_second_attempt_goes_on_with_the_next_parcel(self, sleep):
        order = Order.objects.create(customer="Ada", parcels=3, delivered=2, job=uuid4())
        with attempt(number=2) as said:
            self.assertEqual(deliver(order.pk), "3 parcels for Ada")
        self.assertEqual(said.logs, ["parcel 3 is with Ada"])

    @patch("shop.tasks.sleep", side_effect=[OSError("the road is closed"), None, None])
    def test_a_parcel_that_did_not_arrive_is_tried_again(self, sleep):
        with simulated(app) as node:
            with self.captureOnCommitCallbacks(execute=True):
                number = self.client.post("/orders", {"customer": "Ada", "parcels": 2}).json()["order"]
            node.settle()
            self.assertEqual(Order.objects.get(pk=number).delivered, 0)
            node.advance("1h")
            self.assertEqual(Order.objects.get(pk=number).delivered, 2)

    @patch("shop.tasks.sleep")
    def test_jobs_of_orders_are_in_one_answer(self, sleep):
        with eager(app):
            with self.captureOnCommitCallbacks(execute=True):
                number = self.client.post("/orders", {"customer": "Ada", "parcels": 1}).json()["order"]
            other = Order.objects.create(customer="Bob", parcels=1, job=Job.new_id())
            jobs = self.client.get("/orders/jobs", {"order": [number, other.pk]}).json()
        self.assertEqual(jobs[str(number)]["state"], "succeeded")
        self.assertIsNone(jobs[str(other.pk)])
