"""What an application asks of the dispatcher, over one connection that comes back by itself."""
