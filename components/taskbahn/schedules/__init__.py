"""Schedules: when they fire, as data, and what the router knows of them."""
