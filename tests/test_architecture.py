"""The rules of the tree (design: "The tree"), proved by reading the code."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

SERVICES = Path(__file__).parent.parent / "services"
NAMES = ("intake", "routing", "notify", "reporting")
EVERYWHERE = {"__init__", "app", "settings", "handlers", "api", "store"}
SHELLS = {
    "intake": {"device_keys", "erasure_list", "files", "in_flight", "judging", "keys", "openapi", "pacing",
               "period_counts", "posting", "recovering", "register_log", "said_numbers", "seals", "sweeping", "uploads", "writer"},
    "routing": {"acting", "bodies", "loading", "office_store", "recovering", "rules", "views"},
    "notify": {"deliveries", "outbound", "stream"},
    "reporting": {"answers", "loading", "rebuild"},
}  # fmt: skip
SHARED = {"services.events", "services.policy", "services.worktime", "services.chassis"}
IMPURE = {
    "asyncio", "aiokafka", "aiohttp", "anyio", "fastapi", "faststream", "httpx", "io", "logging", "motor", "os",
    "pathlib", "prometheus_client", "pymongo", "random", "secrets", "shutil", "socket", "starlette", "structlog",
    "subprocess", "tempfile", "threading", "time", "uvicorn", "zen",
}  # fmt: skip
CLOCK = re.compile(r"\b(datetime\.now|date\.today|utcnow|uuid1|uuid4|uuid7)\b")
BUSINESS = re.compile(
    r"(?<!Return)(?<!count_)document(?!ation)|assignment(?!_strategy|$|\b)|notice|register|clerk|petition",
    re.IGNORECASE,
)
BANNED = {"utils", "common", "core", "helpers", "manager", "base"}


def modules(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*.py") if path.stat().st_size)


def imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module


def decisions() -> list[Path]:
    """What is neither one of the files that every service has nor a shell that is named above: pure, all of it."""
    shared = [SERVICES / "events.py", SERVICES / "policy.py", SERVICES / "worktime.py"]
    return shared + [
        path for name in NAMES for path in modules(SERVICES / name) if path.stem not in EVERYWHERE | SHELLS[name]
    ]


PURE = decisions()
PURE_NAMES = {".".join(("services", *path.relative_to(SERVICES).with_suffix("").parts)) for path in PURE}


@pytest.mark.parametrize("name", NAMES)
def test_services_never_import_each_other(name: str) -> None:
    for path in modules(SERVICES / name):
        for each in imports(path):
            if each.startswith("services."):
                own = each.startswith(f"services.{name}")
                assert own or any(each == s or each.startswith(s + ".") for s in SHARED), f"{path.name} imports {each}"


def impurities(path: Path) -> list[str]:
    found = [each for each in imports(path) if each.partition(".")[0] in IMPURE]
    return found + CLOCK.findall(path.read_text())


@pytest.mark.parametrize("path", PURE, ids=lambda path: f"{path.parent.name}.{path.stem}")
def test_decisions_know_no_framework_clock_or_input_and_no_shell(path: Path) -> None:
    assert impurities(path) == []
    assert [each for each in imports(path) if each.startswith("services.") and each not in PURE_NAMES] == []


def test_no_shell_is_named_that_is_gone() -> None:
    for name in NAMES:
        assert SHELLS[name] <= {path.stem for path in modules(SERVICES / name)}


def test_the_chassis_knows_no_word_of_the_business() -> None:
    for path in modules(SERVICES / "chassis"):
        assert not BUSINESS.findall(strip_prose(path)), f"{path.name}: {BUSINESS.findall(strip_prose(path))}"


def strip_prose(path: Path) -> str:
    """Names in the code, without docstrings, comments and messages."""
    names = []
    for node in ast.walk(ast.parse(path.read_text())):
        names += [node.id] if isinstance(node, ast.Name) else []
        names += [node.attr] if isinstance(node, ast.Attribute) else []
        names += [node.name] if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) else []
        names += [node.arg] if isinstance(node, ast.arg) else []
    return " ".join(names)


def test_only_the_chassis_mongo_file_and_stores_import_the_driver() -> None:
    for path in modules(SERVICES):
        if path.parent.name in {*NAMES, "chassis", "cli", "demo"} and path.stem not in {"mongo", "store"}:
            assert not any(each.partition(".")[0] == "motor" for each in imports(path)), path


def test_no_file_has_a_name_that_says_nothing() -> None:
    assert not [path for path in modules(SERVICES) if path.stem in BANNED]


@pytest.mark.parametrize("name", NAMES)
def test_every_service_has_the_same_files(name: str) -> None:
    present = {path.stem for path in (SERVICES / name).glob("*.py")}
    assert {"__init__", "app", "settings", "handlers", "api", "store"} <= present
