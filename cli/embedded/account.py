"""Who the servers run as.

PostgreSQL refuses to run as root. When we are root, servers run as the ordinary account `nobody`:
initdb needs an account with an entry in the system's list, and no other is on every system. They
get no supplementary group and no capability. As any other user, servers run as that user.
"""

import os
import pwd
import stat
from pathlib import Path
from typing import Final

from msgspec import Struct

from .errors import Unsupported

UNPRIVILEGED: Final = "nobody"


class Account(Struct, frozen=True):
    """The user and group that servers run as."""

    uid: int
    gid: int
    name: str

    @property
    def differs(self) -> bool:
        """Whether servers run as somebody else than we do: we are root and they must not be."""
        return self.uid != os.geteuid()

    def may_execute(self, path: Path) -> bool:
        """Whether this account may pass every directory above `path` and execute `path`."""
        if not self.differs:
            return os.access(path, os.X_OK)
        real = path.resolve()
        return all(self._may_execute(each.stat()) for each in (real, *real.parents))

    def _may_execute(self, status: os.stat_result) -> bool:
        if status.st_uid == self.uid:
            return bool(status.st_mode & stat.S_IXUSR)
        if status.st_gid == self.gid:
            return bool(status.st_mode & stat.S_IXGRP)
        return bool(status.st_mode & stat.S_IXOTH)


def current_account() -> Account:
    """The account of this process itself."""
    uid = os.geteuid()
    return Account(uid=uid, gid=os.getegid(), name=str(uid))


def server_account() -> Account:
    """The account for servers started by this process; raises `Unsupported` if there is none."""
    uid = os.geteuid()
    try:
        entry = pwd.getpwuid(uid) if uid else pwd.getpwnam(UNPRIVILEGED)
    except KeyError as error:
        raise Unsupported(
            f"this system's list of users has no {f'user id {uid}' if uid else UNPRIVILEGED}, and "
            "PostgreSQL needs an ordinary user in that list. Add one, or run as another user."
        ) from error
    return Account(uid=entry.pw_uid, gid=entry.pw_gid, name=entry.pw_name)
