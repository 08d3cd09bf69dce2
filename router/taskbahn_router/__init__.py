"""What runs inside the router process: the dispatcher, the stores, and the node that carries them."""

__version__ = "0.1.0"
