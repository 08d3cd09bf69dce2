from time import sleep

from taskbahn import Taskbahn, current

app = Taskbahn()


@app.task(name="reports.build")
def build(pages: int) -> str:
    for page in range(pages):
        sleep(0.2)  # the real work
        current.progress(page + 1, pages)
    return f"a report of {pages} pages"
