"""Bounds that more than one part keeps."""

MAX_PARTITIONS = 20_000  # partitions: some 10 MB of memory, and a list that one message can carry
MAX_TASKS = 10_000  # declared tasks: some 50 MB of memory, each with a procedure in the router
SEND_BUFFER_HIGH_WATER_BYTES = 1024 * 1024  # unsent bytes of one connection, beyond which its reader is slow
MAX_SEND_BUFFERS_BYTES = 256 * 1024 * 1024  # unsent bytes of all slow readers together
