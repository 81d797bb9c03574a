"""Places for uploads, counted by hand."""

from contextlib import ExitStack
from dataclasses import dataclass

import pytest

from services.intake.places import NoPlace, Places

GREEDY, OTHER, THIRD = ("vp", "greedy"), ("vp", "other"), ("vp", "third")


@dataclass(eq=False)
class Upload:
    due: float
    gave_way: bool = False

    def due_at(self) -> float:
        return self.due

    def give_way(self) -> None:
        self.gave_way = True


def test_the_slowest_upload_of_whoever_has_most_gives_way() -> None:
    places, uploads = Places(4), [Upload(30), Upload(10), Upload(20)]
    with ExitStack() as stack:
        for each in uploads:
            stack.enter_context(places.taken(GREEDY, each))
        stack.enter_context(places.taken(OTHER, Upload(0)))
        stack.enter_context(places.taken(THIRD, Upload(40)))
        assert [each.gave_way for each in uploads] == [False, True, False]


def test_a_sender_gets_no_more_than_its_share_when_all_places_are_taken() -> None:
    places = Places(4)
    with ExitStack() as stack:
        for number in range(4):
            stack.enter_context(places.taken(GREEDY, Upload(number)))
        with pytest.raises(NoPlace):
            stack.enter_context(places.taken(GREEDY, Upload(9)))
        for _ in range(2):
            stack.enter_context(places.taken(OTHER, Upload(9)))
        with pytest.raises(NoPlace):
            stack.enter_context(places.taken(OTHER, Upload(9)))


def test_a_place_is_free_again_when_its_upload_ends() -> None:
    places = Places(1)
    for _ in range(3):
        with places.taken(GREEDY, Upload(0)):
            pass
    with places.taken(GREEDY, Upload(0)), pytest.raises(NoPlace), places.taken(OTHER, Upload(0)):
        pass
