"""Vanthu: the clerical office (văn thư) as four event-driven services."""
