"""Two tasks about pictures: `images.thumbnail` and `images.palette`.

Start a node and, in this folder, a worker:   taskbahn up      taskbahn worker photos:app
Then call them:   taskbahn call images.thumbnail photos/fig.jpg width=200 --follow
Needs Pillow (`pip install '/path/to/taskbahn[demo]'`).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageFilter, ImageOps

from taskbahn import Taskbahn, current

app = Taskbahn()

SAMPLE = 200  # pixels: the longer side of what a palette is taken from


@dataclass
class Thumbnail:
    """A small copy of a picture."""

    path: Path
    width: int
    height: int
    size: int  # bytes


@dataclass
class Colour:
    """One colour of a palette; `share` is the part of the picture that is nearest to it, 0 to 1."""

    hex: str
    share: float


@app.task(name="images.thumbnail", retries=2, give_up_on=(FileNotFoundError, Image.UnidentifiedImageError), run_within=60)
def thumbnail(path: Path, width: int = 320, to: Path | None = None) -> Thumbnail:
    """Make a small copy of the picture at *path*, *width* pixels wide; it lies beside it, or in the folder *to*."""
    if not 1 <= width <= 4096:
        raise ValueError(f"width must be 1 to 4096 pixels, not {width}")
    with current.stage("Thumbnail", total=3) as steps:
        with current.stage("Reading"):
            image = _read(path)
        current.log(f"{path.name} is {image.width:,} × {image.height:,} pixels")
        steps.advance()
        small = _resize(image, min(width, image.width))
        steps.advance()
        with current.stage("Writing"):
            target = (to or path.parent) / f"{path.stem}.thumbnail.jpg"
            target.parent.mkdir(parents=True, exist_ok=True)
            small.save(target, quality=85, optimize=True)
        steps.advance()
    return Thumbnail(target, *small.size, target.stat().st_size)


@app.task(name="images.palette", retries=2, give_up_on=(FileNotFoundError, Image.UnidentifiedImageError), run_within=60)
def palette(path: Path, colours: int = 5) -> list[Colour]:
    """Find the *colours* that say most about the picture at *path*, the most frequent first."""
    if not 1 <= colours <= 16:
        raise ValueError(f"colours must be 1 to 16, not {colours}")
    with current.stage("Palette", total=3) as steps:
        image = _read(path)
        image.thumbnail((SAMPLE, SAMPLE))
        steps.advance()
        few = image.quantize(colours, Image.Quantize.MEDIANCUT, kmeans=1)
        steps.advance()
        pixels, hues = image.width * image.height, few.getpalette() or []
        found = sorted(few.getcolors() or [], reverse=True)
        steps.advance()
    current.log(f"{path.name} has {len(found)} colours that say most")
    return [Colour("#" + bytes(hues[3 * index : 3 * index + 3]).hex(), round(count / pixels, 4)) for count, index in found]


def _read(path: Path) -> Image.Image:
    with Image.open(path) as image:
        return ImageOps.exif_transpose(image).convert("RGB")


def _resize(image: Image.Image, width: int) -> Image.Image:
    """Halve while it is more than twice too wide, then take the last step with a good filter."""
    halvings = max(0, (image.width // width).bit_length() - 1)
    with current.stage("Resizing", total=halvings + 2) as stage:
        for _ in range(halvings):
            image = image.reduce(2)
            stage.advance()
        image = image.resize((width, max(1, round(image.height * width / image.width))), Image.Resampling.LANCZOS)
        stage.advance()
        image = image.filter(ImageFilter.UnsharpMask(radius=1, percent=60))
        stage.advance()
    return image
