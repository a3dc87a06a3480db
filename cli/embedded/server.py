"""What both servers do alike: one owner, a port that is kept, a start that ends with an answer."""

import time
from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from .account import server_account
from .directory import LOGS, private_directory, server_home
from .endpoint import port_is_free, remembered_port
from .errors import ServerFailed, Unusable
from .lock import REPORT_EVERY_S, FileLock, Progress
from .process import ServerProcess, StopSteps

# A server that recovers from a crash may need long; it says so in its log, which we pass on.
START_LIMIT_S: Final = 3600.0
POLL_S: Final = 0.02
PORT_ATTEMPTS: Final = 3


class EmbeddedServer(ABC):
    """A server of the data directory `data`, as a context manager.

    Calls block; they may come from any thread, also from inside an event loop.
    """

    def __init__(
        self,
        title: str,
        folder: str,
        data: Path,
        stop_steps: StopSteps,
        progress: Progress,
    ) -> None:
        self.data = data.absolute()
        self.port = 0
        self._title = title
        self._home = self.data / folder
        self._logs = self.data / LOGS
        self._account = server_account()
        self._progress = progress
        self._lock = FileLock(self._home / "lock")
        log = self._logs / f"{folder}.log"
        self._process = ServerProcess(title, self._home, log, self._account, stop_steps)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    @property
    def alive(self) -> bool:
        """Whether the server runs; one that ended by itself is stopped, then started again."""
        return self._process.alive

    @property
    def pid(self) -> int:
        """The process id of the server in its last run."""
        return self._process.pid

    def start(self) -> None:
        """Starts the server and returns once it answers.

        Raises `InUse` when another process has it, `Unusable`, `Unsupported`, or `ServerFailed`.
        """
        private_directory(self.data)
        server_home(self._home, self._account)
        private_directory(self._logs)
        self._lock.acquire()
        try:
            self._process.await_predecessor(self._progress)
            self._prepare()
            self._run()
        except OSError as error:
            self.stop()
            raise Unusable(f"{self._title} cannot use {self.data}: {error}.") from error
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Stops the server; when this returns, no process of it is left."""
        if not self._lock.held:
            return
        try:
            self._process.stop()
            self._clean_up()
        finally:
            self._lock.release()

    @abstractmethod
    def _prepare(self) -> None:
        """Makes what the server needs on disk. No process of an earlier run is left by now."""

    @abstractmethod
    def _launch(self) -> tuple[Sequence[str], Path]:
        """The command that makes the server listen on `self.port`, and where to run it."""

    @abstractmethod
    def _answers(self) -> bool:
        """Whether the server that we started does its work by now."""

    @abstractmethod
    def _clean_up(self) -> None:
        """Removes what a run leaves outside the data directory."""

    def _run(self) -> None:
        for attempt in range(1, PORT_ATTEMPTS + 1):
            self.port = remembered_port(self._home / "port")
            command, cwd = self._launch()
            self._process.start(command, cwd, self._progress)
            try:
                self._await_answer()
            except ServerFailed:
                self._process.stop()
                if attempt == PORT_ATTEMPTS or port_is_free(self.port):
                    raise
            else:
                return
            # Another process took the port after we had found it free.

    def _await_answer(self) -> None:
        began = reported = time.monotonic()
        while not self._answers():
            now = time.monotonic()
            if not self.alive:
                raise self._process.failure(f"{self._title} ended while starting")
            if now - began > START_LIMIT_S:
                raise self._process.failure(
                    f"{self._title} did not answer within {START_LIMIT_S:.0f} s"
                )
            if now - reported >= REPORT_EVERY_S:
                reported = now
                doing = self._process.log_tail(lines=1)
                self._progress(f"{self._title} is starting ({now - began:.0f} s): {doing}")
            time.sleep(POLL_S)
