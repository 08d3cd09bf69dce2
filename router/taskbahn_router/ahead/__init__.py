"""Folders that go ahead of others on the path of a process; see `light_crossbar`."""
