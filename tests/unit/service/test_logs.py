"""What a process writes to its log: JSON, and nothing of what an error or a library quotes."""

import json
import subprocess
import sys
from functools import cache
from typing import Final

import pytest

PLANTED: Final = "330106190001011234"

PREFACE: Final = """
import asyncio, logging, sys, warnings
import structlog
from shared.service.logging import configure_logging
configure_logging("ballot", "debug")
log = structlog.get_logger()
secret = sys.argv[1]
"""

LOGGED: Final = {
    "an exception": """
try:
    raise ValueError(f"Key (identity)=({secret}) exists")
except ValueError:
    log.exception("it failed", edition="ten")
""",
    "an exception that another led to": """
try:
    try:
        raise KeyError(secret)
    except KeyError as error:
        raise RuntimeError("above it") from error
except RuntimeError as error:
    log.error("it failed", exc_info=error)
""",
    "exceptions in a group": """
async def fail():
    raise ValueError(secret)
async def main():
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(fail())
try:
    asyncio.run(main())
except BaseExceptionGroup as error:
    log.error("they failed", exc_info=error)
""",
    "a field that is not on the list": """
log.info("it was sent", phone=secret)
""",
    "a task that nobody awaited": """
async def fail():
    raise ValueError(secret)
async def main():
    asyncio.create_task(fail())
    await asyncio.sleep(0.01)
asyncio.run(main())
""",
    "an exception in the server's log": """
try:
    raise ValueError(secret)
except ValueError:
    logging.getLogger("uvicorn.error").error("Exception in ASGI application\\n", exc_info=True)
""",
    "a library's message": """
logging.getLogger("some.library").error("failed to send to %s", secret)
""",
    "a library's message with its arguments in it": """
logging.getLogger("some.library").warning(f"failed to send to {secret}")
""",
}


@pytest.mark.parametrize("script", LOGGED.values(), ids=LOGGED.keys())
def test_a_planted_secret_does_not_get_out(script: str) -> None:
    """There is a line, and the secret is not in it."""
    written = _run(script)
    assert [bool(written.splitlines()), PLANTED in written] == [True, False]


@pytest.mark.parametrize("script", LOGGED.values(), ids=LOGGED.keys())
def test_every_line_is_a_json_object_of_the_service(script: str) -> None:
    """Whoever logged it, in whichever way."""
    for line in _run(script).splitlines():
        assert json.loads(line)["service"] == "ballot"


def test_an_exception_is_told_by_type_and_place() -> None:
    """So that whoever operates it knows where to look."""
    (line,) = _run(LOGGED["an exception that another led to"]).splitlines()
    told = json.loads(line)["exception"]
    assert [name in told for name in ("RuntimeError", "KeyError", " in <module>")] == [True] * 3


def test_the_name_of_a_dropped_field_is_told() -> None:
    """So that it can be put on the list, or no longer passed."""
    (line,) = _run(LOGGED["a field that is not on the list"]).splitlines()
    assert json.loads(line)["dropped_fields"] == ["phone"]


@cache
def _run(script: str) -> str:
    command = [sys.executable, "-c", PREFACE + script, PLANTED]
    return subprocess.run(command, capture_output=True, text=True, check=True).stderr
