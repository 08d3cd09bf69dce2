"""What the dispatcher holds in memory; nothing here decides."""
