"""A task with stages, a log, something to choose and a question: enough for every element of the page to show."""

import logging
from time import sleep
from typing import Annotated, Any, Literal

from msgspec import Meta

from taskbahn import Taskbahn, current

app = Taskbahn()
log = logging.getLogger("films")


def draw(title: str, frames: int, pause: float) -> float:
    """Do the work; return how long the film is, seconds."""
    with current.stage(title, total=2) as film:
        for part in ("Pictures", "Sound"):
            current.log(f"{part} of {title}: {frames} frames")
            with current.stage(part, total=frames) as stage:
                for _ in range(frames):
                    sleep(pause)  # the real work
                    stage.advance()
            film.advance()
    return round(frames / 24, 1)


@app.task(name="films.render")
def render(
    title: str,
    frames: Annotated[int, Meta(ge=1, le=500)] = 40,
    quality: Literal["draft", "final"] = "draft",
) -> dict[str, Any]:
    """Render a film. What is final is shown only if a person says so.

    Args:
        title: the title in the opening credits
        frames: how many there are
        quality: a draft is done in half the time
    """
    # a step, because a question may be open for longer than this attempt: the next one does not draw again
    seconds = current.step("draw", draw, title, frames, 0.02 if quality == "draft" else 0.04)
    film = {"title": title, "frames": frames, "seconds": seconds}
    if quality == "final":
        return film | {"shown": current.ask(f"Show {title} tonight?", bool, to="the manager", within="1d", default=False)}
    log.warning("no one has seen %s yet", title)
    return film
