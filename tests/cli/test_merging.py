"""Sorted streams side by side."""

from collections.abc import AsyncIterator

from hypothesis import given
from hypothesis import strategies as st

from services.cli.check.merging import side_by_side

KEYS = st.lists(st.sampled_from("abcdef"), max_size=12).map(sorted)


async def stream(keys: list[str]) -> AsyncIterator[str]:
    for key in keys:
        yield key


@given(KEYS, KEYS)
async def test_every_key_comes_once_in_order_with_all_that_each_stream_has_of_it(
    left: list[str], right: list[str]
) -> None:
    seen = []
    async for key, found in side_by_side({"left": stream(left), "right": stream(right)}, str):
        seen.append(key)
        assert found["left"] == [each for each in left if each == key]
        assert found["right"] == [each for each in right if each == key]
    assert seen == sorted({*left, *right})
