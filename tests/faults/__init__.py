"""The promise under faults: real processes, real servers, and a judge that knows only what the senders know."""
