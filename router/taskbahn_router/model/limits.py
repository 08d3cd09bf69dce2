"""Bounds that more than one part keeps."""

MAX_PARTITIONS = (
    20_000  # queues, each once for every task that has jobs in it: some 10 MB of memory, and what a list of them takes
)

SEND_BUFFER_HIGH_WATER_BYTES = 1024 * 1024  # that wait for one reader: beyond it the reader is slow
MAX_SEND_BUFFERS_BYTES = 256 * 1024 * 1024  # that wait for all slow readers together
