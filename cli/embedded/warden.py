"""Runs one server for its parent and sees that it never outlives it. A script: needs no package.

The parent holds the other end of our standard input. When that closes, because the parent asks us
to stop or because it was killed, we stop the server in order: each signal of the given list, then
the time that it has. We are in a session of our own, so Ctrl-C in a terminal reaches the parent
only, and the parent stops servers last. Should we be killed ourselves, Linux sends the server the
first of those signals (PR_SET_PDEATHSIG).

What the server prints goes to a log of bounded size: full, it becomes `<log>.1`, replacing that.
Standard output carries one line, the server's process id. Our exit status is the server's, or 128
and the signal that ended it.
"""

import ctypes
import json
import os
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Final, NamedTuple

LOG_LIMIT_BYTES: Final = 8 << 20
LAST_WORDS_S: Final = 5.0
PR_SET_PDEATHSIG: Final = 1  # linux/prctl.h


class Order(NamedTuple):
    """What to run and how to end it; one JSON object in our first argument."""

    command: Sequence[str]
    cwd: str
    log: str
    uid: int
    gid: int
    lock_fd: int  # inherited by the server: while any process of it lives, its lock is held
    stop: Sequence[tuple[int, float]]  # signals, and the seconds that each has to work


def start(order: Order, output: int) -> "subprocess.Popen[bytes]":
    """Starts the server as the account of the order, in its directory, bound to our life."""
    warden = os.getpid()
    first_signal = order.stop[0][0]

    def bind_to_warden() -> None:
        # Runs after the change of user, which would undo it. What it raises, Popen raises.
        if sys.platform == "linux":
            libc = ctypes.CDLL(None, use_errno=True)
            if libc.prctl(PR_SET_PDEATHSIG, first_signal, 0, 0, 0) != 0:
                raise OSError(ctypes.get_errno(), "prctl(PR_SET_PDEATHSIG) failed")
        if os.getppid() != warden:
            raise ProcessLookupError("the warden ended before its server began")

    differs = order.uid != os.geteuid()
    return subprocess.Popen(
        order.command,
        cwd=order.cwd,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=output,
        pass_fds=(order.lock_fd,),
        user=order.uid if differs else None,
        group=order.gid if differs else None,
        extra_groups=[] if differs else None,
        preexec_fn=bind_to_warden,  # noqa: PLW1509  # no thread is started before this
    )


def copy_log(source: int, log: Path, limit_bytes: int) -> None:
    """Copies from the descriptor `source` to its end into `log`, kept below the limit."""
    while chunk := os.read(source, 1 << 16):
        try:
            if log.exists() and log.stat().st_size + len(chunk) > limit_bytes:
                log.replace(log.with_name(log.name + ".1"))
            with log.open("ab") as file:
                file.write(chunk)
        except OSError:
            # On a full disk this piece is lost: a full pipe would stop the server.
            continue


def stop_after_parent(
    server: "subprocess.Popen[bytes]", steps: Sequence[tuple[int, float]]
) -> None:
    """Waits until the parent lets go of our standard input, then ends the server step by step."""
    while os.read(0, 1024):
        pass
    for number, patience_s in steps:
        server.send_signal(number)
        try:
            server.wait(patience_s)
        except subprocess.TimeoutExpired:
            continue
        return
    server.kill()


def main() -> None:
    """Follows the order in the first argument."""
    os.umask(0o077)
    order = Order(**json.loads(sys.argv[1]))
    source, output = os.pipe()
    server = start(order, output)
    os.close(output)
    os.write(1, f"{server.pid}\n".encode())
    os.close(1)
    log_copy = (source, Path(order.log), LOG_LIMIT_BYTES)
    copier = threading.Thread(target=copy_log, args=log_copy, daemon=True)
    copier.start()
    threading.Thread(target=stop_after_parent, args=(server, order.stop), daemon=True).start()
    status = server.wait()
    # The pipe ends with the server's last child; a killed server may leave some for a moment.
    copier.join(LAST_WORDS_S)
    os._exit(status if status >= 0 else 128 - status)


if __name__ == "__main__":
    main()
