"""What Crossbar's router process finds first where it looks for Crossbar; see `crossbar_imports`."""

from taskbahn_router.node.fast_start.crossbar_imports import take_over

take_over()
