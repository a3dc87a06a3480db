"""Answers what `huimin vote` asks, as a person with a phone does: `resident PERSON COMMAND...`.

PERSON is a number, or `phone:` and a number where people are identified by phone. Identity numbers
and phones are those of `tests.people`; the code is read in the development inbox of the
installation whose addresses are in the environment.
"""

import asyncio
import os
import sys
from asyncio.subprocess import PIPE

from cli.demo.inbox import open_inbox
from tests.people import identity_number, phone


async def main(who: str, command: list[str]) -> int:
    """Run the command, tell it who one is, and the code when it has come; its exit code."""
    person = int(who.removeprefix("phone:"))
    said = phone(person) if who.startswith("phone:") else identity_number(person)
    international = f"+86{phone(person)}"
    async with open_inbox(os.environ["NOTIFY"]) as inbox:
        running = await asyncio.create_subprocess_exec(*command, stdin=PIPE)
        assert running.stdin is not None
        running.stdin.write(f"{said}\n".encode())
        code = asyncio.create_task(inbox.code(international, 0))
        ended = asyncio.create_task(running.wait())
        await asyncio.wait([code, ended], return_when=asyncio.FIRST_COMPLETED)
        if not ended.done():
            running.stdin.write(f"{await code}\n".encode())
            running.stdin.close()
        code.cancel()
        return await ended


if __name__ == "__main__":
    sys.exit(asyncio.run(main(sys.argv[1], sys.argv[2:])))
