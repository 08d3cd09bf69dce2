"""A task whose limit each worker declares as its environment says."""

import os

from taskbahn import Concurrency, Taskbahn

app = Taskbahn()


@app.task(name="limited_page.twins", limits=[Concurrency(int(os.environ["TWINS"]), name="page-twins", when_full="refuse")])
def twins() -> None:
    """Do nothing."""
