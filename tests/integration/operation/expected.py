"""`python -m tests.integration.operation.expected` writes what the doctor expects of rights anew.

Run it after a migration that grants or revokes, and read the difference before you commit it.
"""

import asyncio
import json
import tempfile
from pathlib import Path

from cli.doctor import rights, store
from cli.installation import Installation
from cli.roles import SERVICES


async def found(installation: Installation) -> dict[str, list[str]]:
    """The rights in each service's database, sorted."""
    result = {}
    for service in SERVICES:
        async with store.connected(installation.database_url(service)) as connection:
            result[service] = sorted(await store.rights(connection))
    return result


def main() -> None:
    """Make an installation without services, and look."""
    with (
        tempfile.TemporaryDirectory(prefix="huimin-rights-") as directory,
        Installation(Path(directory) / "data", processes={}) as installation,
    ):
        text = json.dumps(asyncio.run(found(installation)), indent=2)
    Path(rights.__file__).with_name("expected.json").write_text(text + "\n")


if __name__ == "__main__":
    main()
