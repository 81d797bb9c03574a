"""Several sorted streams read side by side, so that a check needs no memory for the size of the office."""

from collections.abc import AsyncIterable, AsyncIterator, Callable
from typing import Any, TypeVar

T = TypeVar("T")
_END: Any = object()


async def side_by_side(
    streams: dict[str, AsyncIterable[T]], key_of: Callable[[T], str]
) -> AsyncIterator[tuple[str, dict[str, list[T]]]]:
    """For each key in order: what every stream has of it. Each stream must be sorted by its key."""
    iterators = {name: aiter(stream) for name, stream in streams.items()}
    heads = {name: await anext(iterator, _END) for name, iterator in iterators.items()}
    while any(head is not _END for head in heads.values()):
        key = min(key_of(head) for head in heads.values() if head is not _END)
        found: dict[str, list[T]] = {name: [] for name in streams}
        for name, iterator in iterators.items():
            while heads[name] is not _END and key_of(heads[name]) == key:
                found[name].append(heads[name])
                heads[name] = await anext(iterator, _END)
        yield key, found
