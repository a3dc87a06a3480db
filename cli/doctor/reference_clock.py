"""The clock of this machine by that of a server elsewhere: the `Date` that any answer has.

A mirror, a witness or any site that the operator trusts to know the time. Left out: whether the
system synchronises its clock, of which each system keeps account in its own way.
"""

import time
from datetime import UTC
from email.utils import parsedate_to_datetime

import aiohttp

from cli.doctor import clocks
from cli.doctor.findings import Finding, hindered, not_asked
from cli.doctor.place import Place
from cli.doctor.services import DATE_STEP_S, TIMEOUT_S

CHECK = "clock-reference"


async def check(place: Place) -> list[Finding]:
    """Compare with every server that was named."""
    if not place.time_from:
        return [not_asked(CHECK, "--time-from")]
    return [await _compare(url) for url in place.time_from]


async def _compare(url: str) -> Finding:
    timeout = aiohttp.ClientTimeout(total=TIMEOUT_S)
    try:
        async with aiohttp.ClientSession(timeout=timeout) as session:
            before = time.time()
            async with session.head(url) as answer:
                after = time.time()
                date = answer.headers["Date"]
        there = parsedate_to_datetime(date).replace(tzinfo=UTC)
    except KeyError:
        return hindered(CHECK, url, "the answer has no Date header")
    except (aiohttp.ClientError, OSError, TimeoutError, ValueError) as error:
        return hindered(CHECK, url, str(error) or type(error).__name__)
    return clocks.compare_here(url, there, before, after, DATE_STEP_S)
