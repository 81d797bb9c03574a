"""`vanthu recover`: databases that are older than Kafka and the file store, and older than one another."""
