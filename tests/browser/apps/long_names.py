"""Tasks whose names are long and differ at their ends, under a limit with a long name."""

from taskbahn import Concurrency, Taskbahn

app = Taskbahn()
LONG = "night.very_long_name_of_a_task_" + "that_goes_on_and_on_" * 4
LIMIT = "a_limit_with_a_name_that_is_long_" * 3


@app.task(name=f"{LONG}.first", limits=[Concurrency(1, name=LIMIT)])
def first(words: str = "") -> str:
    """Fail with a long text."""
    raise ValueError("a_word_without_any_blank_" * 20)


@app.task(name=f"{LONG}.second")
def second(a_parameter_with_a_name_that_is_quite_long_for_a_phone_indeed: dict[str, list[dict[str, int]]] = {}) -> str:  # noqa: B006
    """Give a long text."""
    return "a_word_without_any_blank_" * 20
