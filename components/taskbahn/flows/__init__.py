"""Flows as data: what they are made of, references to results, and the form in which they travel."""
