"""Worker processes for checks that would hold the interpreter's lock: threads are no faster there.

They are forked from a small server process, not from this one, whose threads' locks and connections
a fork would inherit. Ctrl-C is for their parent, which then stops them. They leave if it is killed.
"""

import multiprocessing
import os
import signal
import threading
from concurrent.futures import ProcessPoolExecutor


def usable_cores() -> int:
    """How many cores this process may run on."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def worker_pool(jobs: int, preload: str) -> ProcessPoolExecutor:
    """At most `jobs` workers, each started when there is work for it; they import `preload`."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([preload])
    return ProcessPoolExecutor(jobs, mp_context=context, initializer=_start)


def _start() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_leave_with_parent, daemon=True).start()


def _leave_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
