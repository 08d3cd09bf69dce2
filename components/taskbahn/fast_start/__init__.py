"""What makes a command start sooner."""
