"""What the site keeps."""

from django.db import models


class Order(models.Model):
    """An order, and the job that delivers it."""

    customer = models.CharField(max_length=100)
    parcels = models.PositiveIntegerField()
    delivered = models.PositiveIntegerField(default=0)
    job = models.UUIDField(unique=True)

    def __str__(self) -> str:
        """Say whose it is."""
        return f"{self.parcels} parcels for {self.customer}"
