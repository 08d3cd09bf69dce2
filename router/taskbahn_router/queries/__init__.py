"""Answers to questions about jobs, errors, the status, the settings."""
