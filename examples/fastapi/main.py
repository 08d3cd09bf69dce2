"""The web application: it takes a table, starts the job, and passes on to the page how far it is."""

from __future__ import annotations

import json
import logging
import os
import shutil
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path
from typing import Annotated
from uuid import UUID

from fastapi import FastAPI, Header, Request, UploadFile
from fastapi.responses import FileResponse, JSONResponse, StreamingResponse
from tasks import import_people

from taskbahn import CallerError, InvalidToken, Job, JobView, LimitExceeded, NotAllowed, ServiceError, UnknownJob

FOLDER = Path(os.environ.get("PEOPLE_FOLDER", "data")).resolve()  # of this machine and the worker's
OURS = (ServiceError, InvalidToken, NotAllowed, LimitExceeded)  # what those who run the site have to mend
web = FastAPI(title="People")
log = logging.getLogger("uvicorn.error")


@web.get("/")
def page() -> FileResponse:
    """Serve the page."""
    return FileResponse(Path(__file__).parent / "index.html")


@web.post("/imports", status_code=202)
def start(file: UploadFile) -> JobView:
    """Keep the table under the id of its job, then start the job."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    id = Job.new_id()
    table = FOLDER / f"{id}.csv"
    with table.open("wb") as copy:
        shutil.copyfileobj(file.file, copy)
    return import_people.options(id=id, title=file.filename).start(table, FOLDER / "people.db").view()


@web.get("/imports/{id}")
async def show(id: UUID) -> JobView:
    """Answer with the job as it is now."""
    return await import_people.job(id).view_async()


@web.delete("/imports/{id}")
async def cancel(id: UUID) -> JobView:
    """Cancel the job."""
    job = import_people.job(id)
    await job.cancel_async("by a click")
    return await job.view_async()


@web.get("/imports/{id}/events")
async def events(id: UUID, last_event_id: Annotated[int, Header()] = 0) -> StreamingResponse:
    """Send what happens as it happens (server-sent events); a page that reconnects gets what it has missed."""
    job = import_people.job(id)
    with suppress(*OURS):  # a browser asks again after a stream that ended, not after a 503
        await job.state_async()  # an unknown job is an answer of its own, and not the end of a stream

    async def lines() -> AsyncIterator[str]:
        try:
            async for event in job.events(after=last_event_id):
                data = event.json_data()  # without tracebacks, and without arguments of jobs
                yield f"id: {event.number}\nevent: {event.kind}\ndata: {json.dumps(data)}\n\n"
        except (CallerError, ServiceError) as error:  # too late for another status: the answer has begun
            log.warning("the events of %s end: %s", id, error)
            yield "event: away\ndata:\n\n"

    return StreamingResponse(lines(), media_type="text/event-stream")


@web.exception_handler(CallerError)
def refused(request: Request, error: CallerError) -> JSONResponse:
    """Say what is wrong with the request."""
    if isinstance(error, UnknownJob):
        return JSONResponse({"detail": "There is no such import."}, 404)
    return JSONResponse({"detail": str(error)}, 422)


@web.exception_handler(ServiceError)
@web.exception_handler(InvalidToken)
@web.exception_handler(NotAllowed)
@web.exception_handler(LimitExceeded)
def away(request: Request, error: ServiceError | CallerError) -> JSONResponse:
    """Say to the user that it does not work now, and to the log why: that is for those who run the site."""
    log.warning("%s: %s", request.url.path, error)
    return JSONResponse({"detail": "Imports do not answer now. Try again in a minute."}, 503)
