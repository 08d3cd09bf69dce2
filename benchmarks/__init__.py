"""Taskbahn and its peers, measured by the same code on the same machine.

`python -m benchmarks` from the top of the repository; `contract.py` says what is measured and how a system takes part.
"""
