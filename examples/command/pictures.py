"""A task that runs a program: ImageMagick makes a picture smaller, and what it says is the job's log."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Annotated, Literal

from msgspec import Meta

from taskbahn import Taskbahn, current

app = Taskbahn()
CONVERT = os.environ.get("CONVERT", "convert")  # ImageMagick 7: magick


@app.task(name="pictures.convert", run_within="5m")
def convert(photo: Path, width: Annotated[int, Meta(ge=16, le=4000)] = 800, kind: Literal["webp", "png", "jpg"] = "png") -> Path:
    """Make a picture at most so wide, in a format of your choice; the result lies beside it."""
    photo = photo.resolve(strict=True)  # so that it begins with a slash, and is no option of the program
    made = photo.with_suffix(f".{width}.{kind}")
    words = [CONVERT, "-verbose", str(photo), "-resize", f"{width}x{width}>", str(made)]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace") as program:
        for line in program.stdout or ():
            current.log(line.rstrip())
    if program.returncode:
        raise ValueError(f"{CONVERT} ended with {program.returncode}; the log says why")
    return made
