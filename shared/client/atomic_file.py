"""Writing a file all or nothing: a reader sees the old contents or the new, never a part."""

import os
import secrets
from pathlib import Path


def write_atomically(file: Path, data: bytes) -> None:
    """Replace or create `file`, durably, in a directory that exists; raises `OSError`."""
    writing = file.with_name(f".writing-{secrets.token_hex(8)}")
    try:
        with writing.open("xb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        writing.replace(file)
    except BaseException:
        writing.unlink(missing_ok=True)
        raise
