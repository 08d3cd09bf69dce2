"""A task with stages, a log and something to choose: enough for every element of the page to show."""

import logging
from time import sleep
from typing import Annotated, Any, Literal

from msgspec import Meta

from taskbahn import Taskbahn, current

app = Taskbahn()
log = logging.getLogger("films")


@app.task(name="films.render")
def render(
    title: str,
    frames: Annotated[int, Meta(ge=1, le=500)] = 40,
    quality: Literal["draft", "final"] = "draft",
) -> dict[str, Any]:
    """Render a film.

    Args:
        title: the title in the opening credits
        frames: how many there are
        quality: a draft is done in half the time
    """
    pause = 0.02 if quality == "draft" else 0.04
    with current.stage(title, total=2) as film:
        for part in ("Pictures", "Sound"):
            current.log(f"{part} of {title}: {frames} frames")
            with current.stage(part, total=frames) as stage:
                for _ in range(frames):
                    sleep(pause)  # the real work
                    stage.advance()
            film.advance()
    log.warning("no one has seen %s yet", title)
    return {"title": title, "frames": frames, "seconds": round(frames / 24, 1)}
