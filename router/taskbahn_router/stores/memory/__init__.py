"""The store in memory."""

from taskbahn_router.stores.memory.reader import MemoryReader
from taskbahn_router.stores.memory.store import MemoryStore

__all__ = ["MemoryReader", "MemoryStore"]
