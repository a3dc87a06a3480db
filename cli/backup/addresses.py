"""Where PostgreSQL is: in a data directory that `huimin up` runs, or by an administrator's URL."""

from pathlib import Path

from cli.embedded.directory import SECRETS
from cli.embedded.endpoint import LOOPBACK
from cli.embedded.postgres import ADMIN
from shared.client.errors import CannotRead


def embedded_admin_url(data: Path) -> str:
    """The administrator's URL of a data directory's PostgreSQL; it contains the password.

    Raises `CannotRead` if that is no data directory.
    """
    port = read_line(data / "postgres" / "port")
    password = read_line(data / SECRETS / "postgres")
    return f"postgresql://{ADMIN}:{password}@{LOOPBACK}:{port}/postgres?sslmode=disable"


def read_line(file: Path) -> str:
    """The content of a file of one line, such as a URL or a password; raises `CannotRead`."""
    try:
        return file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise CannotRead(f"cannot read {file}: {error}") from error
