"""What can keep the embedded servers from running.

EmbeddedError
├── HashMismatchError  a pinned file is not the one that was pinned
├── UnavailableError   this machine has no Java, jars or mongod to run
├── FolderInUseError   another Vanthu runs in this data folder
└── StartError         a server ended, or stayed silent, while it was started
"""


class EmbeddedError(Exception):
    """Meant for people: what is wrong, and what to do about it."""

    def __init__(self, problem: str, remedy: str = "") -> None:
        super().__init__(problem, remedy)
        self.problem = problem
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.problem}\n  {self.remedy}" if self.remedy else self.problem


class HashMismatchError(EmbeddedError): ...


class UnavailableError(EmbeddedError): ...


class FolderInUseError(EmbeddedError): ...


class StartError(EmbeddedError): ...
