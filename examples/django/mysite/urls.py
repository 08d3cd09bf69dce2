"""The addresses of the site."""

from django.urls import path
from shop import views

urlpatterns = [
    path("", views.page),
    path("orders", views.create),
    path("orders/jobs", views.jobs),
    path("orders/<int:number>/start", views.start),
    path("orders/<int:number>/cancel", views.cancel),
]
