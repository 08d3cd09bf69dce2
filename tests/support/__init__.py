"""What the tests that run real processes share."""
