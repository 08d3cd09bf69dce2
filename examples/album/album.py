"""A folder of pictures becomes a contact sheet: small copies made side by side, one sheet of them all, a mail with its link.

The mail is a file in the folder `outbox`: nothing leaves this machine. Needs Pillow (`pip install '/path/to/taskbahn[demo]'`).
"""

from __future__ import annotations

from email.message import EmailMessage
from pathlib import Path
from typing import Any

from PIL import Image, ImageDraw, ImageOps

from taskbahn import Flow, Taskbahn, chord, current

app = Taskbahn()

WIDTH = 240  # pixels of a small copy, and of its place on the sheet
COLUMNS = 4
TITLE_HEIGHT = 40


@app.task(name="album.resize", give_up_on=(Image.UnidentifiedImageError,), retries=2, run_within=60)
def resize(photo: Path) -> Path:
    """Make a small copy of a picture."""
    small = photo.parents[1] / f"{photo.parent.name} small" / f"{photo.name}.jpg"
    small.parent.mkdir(exist_ok=True)
    with Image.open(photo) as image:
        ImageOps.contain(ImageOps.exif_transpose(image).convert("RGB"), (WIDTH, WIDTH)).save(small)
    return small


@app.task(name="album.sheet")
def sheet(photos: list[Path], title: str) -> Path:
    """Put small pictures on a sheet."""
    if not photos:
        raise ValueError(f"there is no picture in {title}")
    rows = -(-len(photos) // COLUMNS)
    paper = Image.new("RGB", (COLUMNS * WIDTH, rows * WIDTH + TITLE_HEIGHT), "white")
    ImageDraw.Draw(paper).text((12, 12), f"{title}: {len(photos)} pictures", "black")
    with current.stage("Sheet", total=len(photos)) as stage:
        for number, photo in enumerate(photos):
            with Image.open(photo) as image:
                paper.paste(image, (number % COLUMNS * WIDTH, number // COLUMNS * WIDTH + TITLE_HEIGHT))
            stage.advance()
    made = photos[0].parents[1] / f"{title}.jpg"  # beside the folder: what is in it are pictures for a sheet
    paper.save(made)
    return made


@app.task(name="album.mail", pool="thread")
def mail(made: Path, to: str, link: str) -> str:
    """Tell its reader where the sheet is."""
    return send(made.parents[2], to, f"Your contact sheet of {made.stem}", f"It is here: {link}")


@app.task(name="album.apologize", pool="thread")
def apologize(job: str, to: str, folder: Path) -> str:
    """Tell its reader that there will be no sheet."""
    return send(folder.parents[2], to, f"No contact sheet of {folder.name}", f"Something went wrong in job {job}.")


def contact_sheet(folder: Path, to: str, link: str) -> Flow[object, str]:
    """Return the whole work on albums/UPLOAD/FOLDER: what is no picture is left out, and who waits for the sheet gets a mail in any case."""
    photos = sorted(path for path in folder.iterdir() if path.is_file())
    smaller: list[Flow[Any, Path]] = [resize.si(photo).if_fails("skip") for photo in photos]
    work = chord(smaller, sheet.s(folder.name)) | mail.s(to, link)
    return work.on_failure(apologize.s(to, folder)).options(title=f"Contact sheet of {folder.name}")


def send(place: Path, to: str, subject: str, text: str) -> str:
    """Write a mail into the outbox; return the file."""
    message = EmailMessage()
    message["To"], message["Subject"] = to, subject
    message.set_content(text, cte="8bit")  # so that the link stays in one line
    outbox = place / "outbox"
    outbox.mkdir(exist_ok=True)
    path = outbox / f"{current.job}.eml"
    path.write_bytes(bytes(message))
    current.log(f"mail to {to}: {subject}")
    return str(path)
