"""A process that inspects bundles for the auditor that started it: `python -m cli.audit.worker`.

Requests come on standard input and answers leave on standard output, in order, each a pickle after
its length in eight bytes. Both ends are the same program: nothing foreign is unpickled. When the
input ends, because the auditor is done or was killed, so does the process.
"""

import pickle
import signal
import sys
from typing import BinaryIO

from cli.audit.inspection import inspect_bundle


def frame(message: object) -> bytes:
    """A message with its length before it."""
    data = pickle.dumps(message, pickle.HIGHEST_PROTOCOL)
    return len(data).to_bytes(8) + data


def main(requests: BinaryIO, answers: BinaryIO) -> None:
    """Answer requests, each a bundle and an electorate, until there are no more."""
    while header := requests.read(8):
        bundle, electorate = pickle.loads(requests.read(int.from_bytes(header)))  # noqa: S301 - ours
        answers.write(frame(inspect_bundle(bundle, electorate)))
        answers.flush()


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the auditor, who then stops us
    main(sys.stdin.buffer, sys.stdout.buffer)
