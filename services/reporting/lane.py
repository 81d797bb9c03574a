"""Which of a counter's lanes this process writes: decision 0003."""

import zlib

LANES = 16


class Lane:
    """A writer keeps its lane until it meets another one there, and then moves on."""

    def __init__(self, instance: str) -> None:
        self.number = zlib.crc32(instance.encode()) % LANES

    def move(self) -> None:
        self.number = (self.number * 5 + 3) % LANES  # a full cycle, and not everybody's next door
