"""What a worker runs: `taskbahn worker mysite.worker:app`.  It sets Django up before the tasks, which import models."""

import os

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "mysite.settings")
django.setup()

from django.utils.module_loading import autodiscover_modules  # noqa: E402 - Django has to be set up

from mysite.bahn import app  # noqa: E402

autodiscover_modules("tasks")  # tasks.py of each of INSTALLED_APPS

__all__ = ["app"]
