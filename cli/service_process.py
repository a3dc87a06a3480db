"""One process of one of our services, started as the module that it is, stopped in order."""

import signal
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Final
from urllib.error import URLError
from urllib.request import urlopen

from cli.embedded.account import current_account
from cli.embedded.process import ServerProcess

STOP_STEPS: Final = ((signal.SIGTERM, 30.0),)
START_LIMIT_S: Final = 30.0


class ServiceFailed(Exception):
    """A service did not start; carries the end of its log."""


class ServiceProcess:
    """One process of a service. Several may share `port`."""

    def __init__(
        self, name: str, package: str, home: Path, log: Path, port: int, env: Mapping[str, str]
    ) -> None:
        self.name = name
        self.port = port
        self._package = package
        self._home = home
        account = current_account()
        self._process = ServerProcess(name, home, log, account, STOP_STEPS, env)

    @property
    def alive(self) -> bool:
        """Whether the process runs."""
        return self._process.alive

    @property
    def pid(self) -> int:
        """The process id of its last run."""
        return self._process.pid

    def start(self) -> None:
        """Start it, without waiting for it to be ready."""
        command = [sys.executable, "-m", self._package]
        self._process.start(command, self._home, lambda _: None)

    def wait(self) -> int:
        """Wait until it has ended, told to by somebody else; returns its exit status."""
        return self._process.wait()

    def stop(self) -> None:
        """Stop it in order; does nothing when it was not started."""
        self._process.stop()

    def wait_ready(self) -> None:
        """Return when it answers; raises `ServiceFailed` when it ends or takes too long."""
        deadline = time.monotonic() + START_LIMIT_S
        while time.monotonic() < deadline:
            if not self.alive:
                break
            try:
                with urlopen(f"http://127.0.0.1:{self.port}/live", timeout=1):
                    return
            except (URLError, OSError):
                time.sleep(0.05)
        raise ServiceFailed(
            f"{self.name} did not get ready. The end of its log:\n{self._process.log_tail(10)}"
        )
