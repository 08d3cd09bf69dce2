"""What a task takes and gives: its function's annotations, the types that travel, the checks at both ends."""
