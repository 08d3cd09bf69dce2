"""Tasks that schedules start, and one that code declares; a real worker runs them."""

from taskbahn import Taskbahn

app = Taskbahn()


@app.schedule("0 3 29 FEB *", zone="Europe/Berlin", id="page-declared", kwargs={"name": "Emma"}, note="each leap year")
@app.task(name="scheduled_page.greet")
def greet(name: str, times: int = 1) -> str:
    """Greet a person.

    Args:
        name: of the person
        times: how often
    """
    return ", ".join([f"hello {name}"] * times)


@app.task(name="scheduled_page.stumble")
def stumble() -> None:
    """Fail."""
    raise ValueError("a stone")
