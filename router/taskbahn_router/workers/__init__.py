"""The workers that are attached, the sessions that offer tasks, and what operators ask of them."""
