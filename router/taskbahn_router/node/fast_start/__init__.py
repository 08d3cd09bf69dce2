"""What makes a node start sooner."""
