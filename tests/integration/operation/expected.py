"""`python -m tests.integration.operation.expected` writes what the doctor expects of rights anew.

Run it after a migration that grants, revokes or makes a trigger, and read the difference before you
commit it.
"""

import asyncio
import tempfile
from pathlib import Path

import msgspec

from cli.doctor import rights, store
from cli.doctor.rights import Expected
from cli.installation import Installation
from cli.roles import SERVICES


async def found(installation: Installation) -> dict[str, Expected]:
    """What is in each service's database, sorted."""
    result = {}
    for service in SERVICES:
        async with store.connected(installation.database_url(service)) as connection:
            result[service] = await rights.found(connection)
    return result


def main() -> None:
    """Make an installation without services, and look."""
    with (
        tempfile.TemporaryDirectory(prefix="huimin-rights-") as directory,
        Installation(Path(directory) / "data", processes={}) as installation,
    ):
        text = msgspec.json.format(msgspec.json.encode(asyncio.run(found(installation)))).decode()
    Path(rights.__file__).with_name("expected.json").write_text(text + "\n")


if __name__ == "__main__":
    main()
