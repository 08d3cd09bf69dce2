"""Two tasks about pictures: `images.thumbnail` and `images.palette`.

Start a node and, in this folder, a worker:   taskbahn up      taskbahn worker photos:app
Then call them:   taskbahn call images.thumbnail photos/fig.jpg width=200 --follow
Needs Pillow (`pip install 'taskbahn[demo]'`).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageFilter, ImageOps

from taskbahn import Taskbahn, current

app = Taskbahn()

SAMPLE = 640  # pixels: the longer side of what a palette is taken from
ROUNDS = 12  # of k-means: enough to settle


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
        with current.stage("Reading"):
            image = _read(path)
            image.thumbnail((SAMPLE, SAMPLE))
        steps.advance()
        points = _count(image)
        current.log(f"{path.name} has {len(points):,} shades")
        steps.advance()
        groups = _group(points, colours)
        steps.advance()
    pixels = sum(weight for _, weight in groups)
    return [Colour(_hex(point), round(weight / pixels, 4)) for point, weight in groups]


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


Point = tuple[float, float, float]  # a colour in Oklab, where distances are what an eye would say
Weighted = tuple[Point, float]  # and how many pixels have it


def _count(image: Image.Image) -> list[Weighted]:
    """Count how often each colour occurs, 32 shades a channel."""
    counts: dict[tuple[int, int, int], int] = {}
    with current.stage("Counting colours", total=image.height) as stage:
        for y in range(image.height):
            for x in range(image.width):
                red, green, blue = image.getpixel((x, y))  # type: ignore[misc]
                shade = (red >> 3, green >> 3, blue >> 3)
                counts[shade] = counts.get(shade, 0) + 1
            stage.advance()
    return [(_oklab(*((channel * 8 + 4) / 255 for channel in shade)), count) for shade, count in counts.items()]


def _group(points: list[Weighted], number: int) -> list[Weighted]:
    """Gather the points around *number* centres (k-means), the heaviest first."""
    centres = _first_centres(points, number)
    groups: list[list[Weighted]] = []
    with current.stage("Grouping", total=ROUNDS) as stage:
        for _ in range(ROUNDS):
            current.check()  # a client may have cancelled the job
            groups = [[] for _ in centres]
            for point in points:
                groups[min(range(len(centres)), key=lambda index: _distance(point[0], centres[index]))].append(point)
            centres = [_mean(group) if group else centre for group, centre in zip(groups, centres, strict=True)]
            stage.advance()
    weights = [sum(weight for _, weight in group) for group in groups]
    return sorted(((c, w) for c, w in zip(centres, weights, strict=True) if w), key=lambda found: -found[1])


def _first_centres(points: list[Weighted], number: int) -> list[Point]:
    """Begin with the most frequent colour, then always the one that is far from those chosen and frequent."""
    centres = [max(points, key=lambda point: point[1])[0]]
    while len(centres) < min(number, len(points)):
        centres.append(max(points, key=lambda p: p[1] ** 0.5 * min(_distance(p[0], centre) for centre in centres))[0])
    return centres


def _distance(a: Point, b: Point) -> float:
    return (a[0] - b[0]) ** 2 + (a[1] - b[1]) ** 2 + (a[2] - b[2]) ** 2


def _mean(group: list[Weighted]) -> Point:
    weight = sum(w for _, w in group)
    light, green_red, blue_yellow = (sum(point[axis] * w for point, w in group) / weight for axis in range(3))
    return light, green_red, blue_yellow


def _oklab(red: float, green: float, blue: float) -> Point:
    """Source: B. Ottosson, "A perceptual color space for image processing", 2020."""
    r, g, b = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in (red, green, blue))
    long = (0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b) ** (1 / 3)
    medium = (0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b) ** (1 / 3)
    short = (0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b) ** (1 / 3)
    return (
        0.2104542553 * long + 0.7936177850 * medium - 0.0040720468 * short,
        1.9779984951 * long - 2.4285922050 * medium + 0.4505937099 * short,
        0.0259040371 * long + 0.7827717662 * medium - 0.8086757660 * short,
    )


def _hex(point: Point) -> str:
    light, a, b = point
    long = (light + 0.3963377774 * a + 0.2158037573 * b) ** 3
    medium = (light - 0.1055613458 * a - 0.0638541728 * b) ** 3
    short = (light - 0.0894841775 * a - 1.2914855480 * b) ** 3
    linear = (
        4.0767416621 * long - 3.3077115913 * medium + 0.2309699292 * short,
        -1.2684380046 * long + 2.6097574011 * medium - 0.3413193965 * short,
        -0.0041960863 * long - 0.7034186147 * medium + 1.7076147010 * short,
    )
    gamma = (12.92 * c if c <= 0.0031308 else 1.055 * c ** (1 / 2.4) - 0.055 for c in (max(0.0, c) for c in linear))
    return "#" + "".join(f"{round(min(1.0, c) * 255):02x}" for c in gamma)
