"""The PostgreSQL of a container, made as the upstream image's entrypoint makes it.

By its documentation: initdb with the superuser POSTGRES_USER, the password of a file, and the words
of POSTGRES_INITDB_ARGS; then one line of pg_hba.conf with POSTGRES_HOST_AUTH_METHOD, and the
database POSTGRES_DB, which initdb makes only if it is called postgres.
"""

import shlex
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from cli.embedded.binaries import INITDB, program
from cli.embedded.directory import server_owned, write_private
from cli.embedded.postgres import Postgres

PASSWORD_FILE: Final = "POSTGRES_PASSWORD_FILE"  # noqa: S105  # a variable's name
KNOWN: Final = {
    *("POSTGRES_USER", "POSTGRES_DB", PASSWORD_FILE),
    *("POSTGRES_HOST_AUTH_METHOD", "POSTGRES_INITDB_ARGS"),
}
"""The variables of the image that are used here; it would pass over a misspelt one in silence."""


class ImagePostgres(Postgres):
    """A server with the image's variables, and what the container's command says after its name."""

    def __init__(
        self, data: Path, given: Mapping[str, str], password: Path, options: Sequence[str]
    ) -> None:
        super().__init__(data)
        assert set(given) == KNOWN
        assert given["POSTGRES_DB"] == "postgres", "initdb makes no other"
        self._given = given
        self._password_given = password
        self._options = options

    def _prepare(self) -> None:
        if not self._pgdata.exists():
            self._initialise()
        super()._prepare()

    def _launch(self) -> tuple[Sequence[str], Path]:
        command, directory = super()._launch()
        return [*command, *self._options], directory

    def _initialise(self) -> None:
        there = server_owned(self._pgdata, self._account)
        password = self._pgdata.with_name("initial-password")
        write_private(password, self._password_given.read_text(), readable_by=self._account)
        words = shlex.split(self._given["POSTGRES_INITDB_ARGS"])
        user = f"--username={self._given['POSTGRES_USER']}"
        files = ["--pgdata=/proc/self/cwd", f"--pwfile=../{password.name}"]
        account = self._account
        subprocess.run(
            [program(INITDB, account), *files, user, *words],
            cwd=there,
            check=True,
            capture_output=True,
            user=account.uid if account.differs else None,
            group=account.gid if account.differs else None,
            extra_groups=() if account.differs else None,
        )
        password.unlink()
        with (self._pgdata / "pg_hba.conf").open("a") as rules:
            rules.write(f"host all all all {self._given['POSTGRES_HOST_AUTH_METHOD']}\n")
