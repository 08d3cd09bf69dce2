"""Twisted looks into this folder for endpoints; see `taskbahn_router.crossbar_edge.door`."""

from taskbahn_router.crossbar_edge.door import DoorParser

door = DoorParser()
