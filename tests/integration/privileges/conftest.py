"""A PostgreSQL of which we are not the superuser, and the installation's services' own rights."""

import asyncio
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import pytest

from cli.databases import set_up
from cli.embedded.postgres import Postgres
from cli.roles import database_role, owner_role
from tests.schema import ADMINISTRATOR, PASSWORDS, make_administrator
from tests.servers import query


class City(NamedTuple):
    """A server, and the address for a role that may make roles and databases on it."""

    server: Postgres
    admin_url: str


@pytest.fixture(scope="session")
def city(tmp_path_factory: pytest.TempPathFactory) -> Iterator[City]:
    """A server with nothing on it that is ours."""
    with Postgres(tmp_path_factory.mktemp("city")) as server:
        yield City(server, make_administrator(server))


@pytest.fixture
def migrated_city(city: City) -> City:
    """The server with everything in it, as `huimin migrate` makes it."""
    with ThreadPoolExecutor(1) as thread:
        thread.submit(asyncio.run, set_up(city.admin_url, PASSWORDS)).result()
    return city


def wipe(city: City, *services: str) -> None:
    """Remove the databases and roles of these services."""
    for service in services:
        name, owner = database_role(service), owner_role(service)
        query(city.server.admin_dsn, f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        query(city.server.admin_dsn, f"DROP ROLE IF EXISTS {name}, {owner}")


def roles_of(city: City) -> list[tuple[object, ...]]:
    """All that the server knows of the roles but their passwords, and of who may what where."""
    roles = query(
        city.server.admin_dsn,
        """SELECT rolname, rolcanlogin, rolsuper, rolcreatedb, rolcreaterole, rolconnlimit,
                  rolpassword IS NULL,
                  (SELECT setconfig FROM pg_db_role_setting WHERE setrole = pg_authid.oid)
           FROM pg_authid WHERE rolname LIKE 'huimin%' ORDER BY 1""",
    )
    members = query(
        city.server.admin_dsn,
        """SELECT roleid::regrole::text, member::regrole::text, admin_option, inherit_option,
                  set_option
           FROM pg_auth_members WHERE member::regrole::text = $1 ORDER BY 1, 3, 4, 5""",
        ADMINISTRATOR,
    )
    databases = query(
        city.server.admin_dsn,
        """SELECT datname, datdba::regrole::text, datacl::text, datlocprovider::text
           FROM pg_database WHERE datname LIKE 'huimin%' ORDER BY 1""",
    )
    return [tuple(row) for rows in (roles, members, databases) for row in rows]
