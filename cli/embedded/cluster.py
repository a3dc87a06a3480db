"""A PostgreSQL cluster on disk: made once by initdb, described by its settings, cleared to start.

The server and initdb run inside the cluster's directory and name it `/proc/self/cwd`: so it works
below directories that the server's account may not enter.
"""

import shutil
import signal
import sys
from pathlib import Path
from typing import Final

from .account import Account
from .binaries import INITDB, POSTGRES, program
from .directory import server_owned, sync_directory, write_private
from .endpoint import LOOPBACK
from .errors import InUse
from .lock import Progress
from .process import ServerProcess

ADMIN: Final = "huimin_admin"

# Byte order, the same on every system and version: an index never depends on a C library.
_INITDB: Final = (
    "--encoding=UTF8",
    "--locale=C",
    "--locale-provider=builtin",
    "--builtin-locale=C.UTF-8",
    "--data-checksums",
    "--auth=scram-sha-256",
    f"--username={ADMIN}",
    "--no-instructions",
)

# Written to postgresql.conf once; an operator may change them there. A key index in random order
# writes a full page for each first touch after a checkpoint, so checkpoints are kept rare.
_TUNING: Final = {"max_wal_size": "2GB", "checkpoint_timeout": "30min", "jit": "off"}

# Given at every start, above any file: what durability, access and privacy rest on. Statements and
# details of errors stay out of the log, because they quote rows.
_FIXED: Final = {
    "listen_addresses": LOOPBACK,
    "fsync": "on",
    "full_page_writes": "on",
    "synchronous_commit": "on",
    "password_encryption": "scram-sha-256",
    "logging_collector": "off",
    "log_destination": "stderr",
    "log_statement": "none",
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
    "log_timezone": "UTC",
    "timezone": "UTC",
}


def make_cluster(pgdata: Path, logs: Path, account: Account, password: str, say: Progress) -> None:
    """Makes the cluster `pgdata`, with `ADMIN` as its superuser, and syncs it to disk.

    Until it is whole it is called `pgdata.new`; one left by an interrupted run is made anew.
    """
    unfinished = pgdata.with_name("pgdata.new")
    password_file = pgdata.with_name("initial-password")
    steps = [(signal.SIGTERM, 10.0)]
    initdb = ServerProcess("initdb", pgdata.parent, logs / "initdb.log", account, steps)
    initdb.await_predecessor(say)
    if unfinished.exists():
        shutil.rmtree(unfinished)
    server_owned(unfinished, account)
    write_private(password_file, password + "\n", readable_by=account)
    settings = [f"--set={name}={value}" for name, value in _TUNING.items()]
    here = [f"--pgdata={_here(unfinished)}", "--pwfile=../initial-password"]
    try:
        initdb.start([str(program(INITDB, account)), *here, *_INITDB, *settings], unfinished, say)
        status = initdb.wait()
        if status != 0:
            raise initdb.failure(f"initdb ended with status {status}")
    finally:
        initdb.stop()
        password_file.unlink()
    unfinished.rename(pgdata)
    sync_directory(pgdata.parent)


def server_command(pgdata: Path, account: Account, port: int, sockets: Path) -> list[str]:
    """The command line of the server, to be run in `pgdata`."""
    settings = _FIXED | {"port": str(port), "unix_socket_directories": str(sockets)}
    options = [f"--{name}={value}" for name, value in settings.items()]
    return [str(program(POSTGRES, account)), "-D", _here(pgdata), *options]


def clear_stale_pid(pgdata: Path) -> None:
    """Removes a postmaster.pid that would block a start for no reason.

    Call it when no process of ours is left on the cluster. PostgreSQL takes the process id in that
    file for its own when another program of the same user has it by now, and refuses an empty
    file. Raises `InUse` for a server on this cluster that was not started by us.
    """
    pid_file = pgdata / "postmaster.pid"
    try:
        first_line = pid_file.read_text(errors="replace").partition("\n")[0]
    except FileNotFoundError:
        return
    if not first_line.strip().isdecimal():
        pid_file.unlink()
        return
    try:
        on_this_cluster = Path(f"/proc/{int(first_line)}/cwd").samefile(pgdata)
    except OSError:
        return  # no such process, or one of another user: PostgreSQL sees by itself that it ended
    if on_this_cluster:
        raise InUse(
            f"a PostgreSQL server started by hand (process {int(first_line)}) runs on {pgdata}. "
            f"Stop it first: kill -INT {int(first_line)}"
        )
    pid_file.unlink()


def _here(pgdata: Path) -> str:
    return "/proc/self/cwd" if sys.platform == "linux" else str(pgdata)
