"""What ends a demo early, said to the person who started it."""


class DemoFailure(Exception):
    """`remedy` says what to do about it."""

    def __init__(self, problem: str, remedy: str) -> None:
        super().__init__(problem)
        self.problem = problem
        self.remedy = remedy
