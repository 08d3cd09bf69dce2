"""The worker: takes attempts from the dispatcher, runs them in its pools, and reports what happened."""
