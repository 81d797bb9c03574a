"""Signed webhooks: who wants them, what they carry, and how they get there."""
