"""`python -m shared.service.healthcheck [URL]`: exit 0 if that answers 2xx in time, else 1.

Without a URL it asks `/ready` of the service whose `HUIMIN_<SERVICE>_PORT` is in the environment.
Container engines run it every few seconds, so it imports nothing but the standard library.
"""

import os
import re
import sys
from collections.abc import Mapping, Sequence
from http.client import HTTPConnection, HTTPException
from typing import Final
from urllib.parse import urlsplit

TIMEOUT_S: Final = 4.0

_PORT: Final = re.compile(r"HUIMIN_[A-Z]+_PORT")


def main(arguments: Sequence[str], environment: Mapping[str, str]) -> int:
    """The exit status; what is wrong is said on standard error."""
    url = arguments[0] if arguments else _own_url(environment)
    if url is None:
        print("give a URL, or set the HUIMIN_<SERVICE>_PORT of one service", file=sys.stderr)
        return 1
    try:
        status = _status(url)
    except (OSError, HTTPException) as error:
        print(f"{url}: {error or type(error).__name__}", file=sys.stderr)
        return 1
    if not 200 <= status < 300:
        print(f"{url}: {status}", file=sys.stderr)
        return 1
    return 0


def _own_url(environment: Mapping[str, str]) -> str | None:
    ports = [value for name, value in environment.items() if _PORT.fullmatch(name)]
    return f"http://127.0.0.1:{ports[0]}/ready" if len(ports) == 1 else None


def _status(url: str) -> int:
    parts = urlsplit(url)
    connection = HTTPConnection(parts.hostname or "", parts.port, timeout=TIMEOUT_S)
    try:
        connection.request("GET", f"{parts.path}?{parts.query}")
        return connection.getresponse().status
    finally:
        connection.close()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], os.environ))
