"""Writing a file all or nothing: a reader sees the old contents or the new, never a part."""

import os
import secrets
from pathlib import Path


def write_atomically(file: Path, data: bytes, *, mode: int = 0o666) -> None:
    """Replace or create `file`, durably, in a directory that exists; raises `OSError`.

    `mode` is the file's, less the umask, from its first byte on.
    """
    writing = file.with_name(f".writing-{secrets.token_hex(8)}")
    try:
        with os.fdopen(
            os.open(writing, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb"
        ) as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        writing.replace(file)
    except BaseException:
        writing.unlink(missing_ok=True)
        raise
