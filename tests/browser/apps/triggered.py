"""Tasks that triggers start, and a trigger that code declares; a real worker runs them."""

from taskbahn import Taskbahn

app = Taskbahn()


@app.on(
    "page.created", id="page-declared", where={"country": "DE"}, kwargs={"name": "{event.name}", "times": 2}, note="from the shop"
)
@app.task(name="triggered_page.greet")
def greet(name: str, times: int = 1) -> str:
    """Greet a person.

    Args:
        name: of the person
        times: how often
    """
    return ", ".join([f"hello {name}"] * times)


@app.task(name="triggered_page.deploy")
def deploy(body: dict[str, int]) -> int:
    """Count the fields of a request."""
    return len(body)
