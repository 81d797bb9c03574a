"""`vanthu backup` and `vanthu restore`."""
