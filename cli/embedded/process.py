"""One server process as its owner sees it: started, alive, stopped; with the end of its log.

The warden knows that we are gone when the pipe to it closes. A child that we fork without an exec
would keep that pipe, and our locks, open: beside embedded servers use `spawn` in multiprocessing.
"""

import json
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from . import warden
from .account import Account
from .errors import ServerFailed
from .lock import FileLock, Progress

# Nothing of our own environment reaches a server: it may hold secrets, or settings such as PGPORT.
ENVIRONMENT: Final = {"PATH": "/usr/local/bin:/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"}
SIGKILL_S: Final = 15.0
TAIL_LINES: Final = 20
TAIL_BYTES: Final = 8192

StopSteps = Sequence[tuple[signal.Signals, float]]


class ServerProcess:
    """A server under a warden.

    `home/running` is locked while any process of the server lives. `stop_steps` are the signals
    that end it, gentlest first, each with the seconds before the next; SIGKILL follows the last.
    """

    def __init__(
        self,
        name: str,
        home: Path,
        log: Path,
        account: Account,
        stop_steps: StopSteps,
        environment: Mapping[str, str] = ENVIRONMENT,
    ) -> None:
        self.name = name
        self.log = log
        self.pid = 0
        self._lock = FileLock(home / "running")
        self._account = account
        self._steps = stop_steps
        self._environment = environment
        self._warden: subprocess.Popen[bytes] | None = None

    @property
    def alive(self) -> bool:
        """Whether the server runs."""
        return self._warden is not None and self._warden.poll() is None

    def await_predecessor(self, progress: Progress) -> None:
        """Waits until no process of an earlier run is left; raises `InUse` when one stays."""
        self._lock.acquire_when_free(self._patience_s, self.name, progress)
        self._lock.release()

    def start(self, command: Sequence[str], cwd: Path, progress: Progress) -> None:
        """Runs `command` in `cwd`; raises `ServerFailed` when it cannot be executed."""
        self._lock.acquire_when_free(self._patience_s, self.name, progress)
        try:
            self._warden = self._spawn(command, cwd)
        finally:
            self._lock.release()  # from here on, the warden and the server have it
        self.pid = self._read_pid(self._warden)

    def wait(self) -> int:
        """Waits for a program that ends by itself; returns its exit status."""
        if self._warden is None:
            raise RuntimeError(f"{self.name} was not started")
        return self._warden.wait()

    def stop(self) -> None:
        """Ends the server and waits for it; does nothing when none was started.

        Raises `ServerFailed` when it survives every signal.
        """
        held, self._warden = self._warden, None
        if held is None:
            return
        if held.stdin is not None:
            held.stdin.close()
        try:
            held.wait(self._patience_s)
        except subprocess.TimeoutExpired as error:
            held.kill()
            held.wait()
            raise self.failure(f"{self.name} (process {self.pid}) did not end") from error
        self.await_predecessor(lambda _: None)  # children of a server that was killed

    def failure(self, what: str) -> ServerFailed:
        """An error about this server, with the end of its log."""
        return ServerFailed(what, self.log, self.log_tail(TAIL_LINES))

    def log_tail(self, lines: int) -> str:
        """The last lines of the server's log."""
        try:
            with self.log.open("rb") as log:
                log.seek(max(0, self.log.stat().st_size - TAIL_BYTES))
                content = log.read().decode(errors="replace").splitlines()
        except FileNotFoundError:
            return ""
        return "\n".join(content[-lines:])

    @property
    def _patience_s(self) -> float:
        return sum(seconds for _, seconds in self._steps) + warden.LAST_WORDS_S + SIGKILL_S

    def _spawn(self, command: Sequence[str], cwd: Path) -> "subprocess.Popen[bytes]":
        order = warden.Order(
            command=command,
            cwd=str(cwd),
            log=str(self.log),
            uid=self._account.uid,
            gid=self._account.gid,
            lock_fd=self._lock.fileno,
            stop=self._steps,
        )
        self.log.touch(mode=0o600)
        with self.log.open("ab") as log:
            return subprocess.Popen(
                [sys.executable, "-I", "-S", warden.__file__, json.dumps(order._asdict())],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                cwd="/",
                env=self._environment,
                pass_fds=(self._lock.fileno,),
                start_new_session=True,
            )

    def _read_pid(self, held: "subprocess.Popen[bytes]") -> int:
        if held.stdout is None:
            raise RuntimeError("the warden was started without a pipe for its answer")
        with held.stdout as answer:
            line = answer.readline()
        if not line:
            held.wait()
            raise self.failure(f"{self.name} could not be executed")
        return int(line)
