"""The way to the router: address, socket, connection, WAMP session."""
