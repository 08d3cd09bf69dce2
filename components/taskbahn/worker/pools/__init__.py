"""The ways to run an attempt: on the event loop, in a thread, in a process of its own."""
