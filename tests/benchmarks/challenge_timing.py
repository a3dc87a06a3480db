"""Whether the time of an answer tells if a person is on the roll.

    python -m tests.benchmarks.challenge_timing --samples 4000

Starts a registrar with its database, NATS and a roll, and asks it for codes: for people who are
listed and for people who are not, mixed at random, each once, over one connection. The same again
for wrong codes at `…/credentials`. Prints both distributions, the Mann-Whitney test (two-sided,
normal approximation with ties), and the share of pairs in which the listed person's answer took
longer: 50 % where time says nothing. As a check of the measurement itself, the last line says what
the test makes of the same times with a shift added on one side.
"""

import argparse
import asyncio
import math
import random
import statistics
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import ExitStack, asynccontextmanager
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

import msgspec

from cli.embedded.nats import NatsServer
from cli.embedded.postgres import Postgres
from cli.roles import nats_users
from shared.eligibility.views import Challenge, ChallengeRequest, CredentialRequest, PhoneCode
from tests.integration.registrar.parties import open_log, open_notify
from tests.integration.registrar.processes import open_process
from tests.integration.registrar.site import OWNER, make_roles, migrated, registrar_settings
from tests.integration.registrar.stage import Ward, identity_number, other_blinded
from tests.servers import everything, fresh_database, seed_file

BINS = 30
SHIFT_S = 50e-6
WARM_UP = 200


class Times(NamedTuple):
    """Seconds of each answer, for listed and for unlisted people."""

    listed: list[float]
    unlisted: list[float]

    def settled(self) -> "Times":
        """Without the first ones."""
        return Times(self.listed[WARM_UP:], self.unlisted[WARM_UP:])


class Client:
    """One kept-alive HTTP connection, with as little of a client's own time as possible."""

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, host: str, base: str
    ) -> None:
        self._reader, self._writer, self._host, self._base = reader, writer, host, base

    async def ask(self, person: int) -> tuple[float, str]:
        """Seconds that a request for a code took, and the challenge."""
        request = ChallengeRequest(identity_number=identity_number(person))
        took, status, body = await self._post("challenges", msgspec.json.encode(request))
        assert status == 201, body
        return took, msgspec.json.decode(body, type=Challenge).challenge

    async def guess(self, challenge: str) -> float:
        """Seconds that a wrong code took."""
        request = CredentialRequest(
            person=PhoneCode(challenge=challenge, code="none"), blinded_message=other_blinded(0)
        )
        took, status, body = await self._post("credentials", msgspec.json.encode(request))
        assert status == 403, body
        return took

    async def _post(self, resource: str, body: bytes) -> tuple[float, int, bytes]:
        head = (
            f"POST {self._base}/{resource} HTTP/1.1\r\nHost: {self._host}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        request = head.encode() + body
        started = time.perf_counter()
        self._writer.write(request)
        answer = await self._reader.readuntil(b"\r\n\r\n")
        length = int(answer.lower().partition(b"content-length:")[2].split(b"\r\n")[0])
        content = await self._reader.readexactly(length)
        return time.perf_counter() - started, int(answer.split()[1]), content


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--samples", type=int, default=2_000, help="answers of each kind")
    parser.add_argument("--roll", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        asked, guessed = asyncio.run(
            _measure(Path(directory), options.samples, options.roll, random.Random(options.seed))
        )
    _show("POST …/challenges", asked)
    _show("POST …/credentials with a wrong code", guessed)


async def _measure(
    data: Path, samples: int, roll: int, order: random.Random
) -> tuple[Times, Times]:
    listed = order.sample(range(roll), samples)
    people = [*listed, *range(roll, roll + samples)]
    order.shuffle(people)
    async with _open_ward(data, roll) as ward:
        address = urlsplit(ward.registrar.url)
        reader, writer = await asyncio.open_connection(address.hostname, address.port)
        client = Client(reader, writer, address.netloc, f"/v1/editions/{ward.edition}")
        asked, challenges = Times([], []), {}
        for person in people:
            took, challenge = await client.ask(person)
            (asked.listed if person < roll else asked.unlisted).append(took)
            challenges[person] = challenge
        # In another order: what one person's request leaves to be done in the background must not
        # fall on the same person's next one.
        order.shuffle(people)
        guessed = Times([], [])
        for person in people:
            took = await client.guess(challenges[person])
            (guessed.listed if person < roll else guessed.unlisted).append(took)
        writer.close()
    return asked.settled(), guessed.settled()


@asynccontextmanager
async def _open_ward(data: Path, roll: int) -> AsyncIterator[Ward]:
    users = [everything(data, "tests"), *nats_users(data / "secrets")]
    with Postgres(data) as postgres, NatsServer(data, users) as nats, ExitStack() as stack:
        make_roles(postgres)
        database = stack.enter_context(fresh_database(postgres, OWNER))
        seed = seed_file(nats.data, "notify").read_text().strip()
        urls = migrated(postgres, database)
        async with open_log() as log, open_notify(nats.url, seed) as notify:
            settings = msgspec.structs.replace(
                registrar_settings(urls.service, nats, log), edition_per_day=10_000_000
            )
            async with open_process(settings) as process:
                yield await Ward(process.registrar, log, notify).open(range(roll))


def _show(what: str, times: Times) -> None:
    columns = ("answers", "p10", "median", "mean", "p95", "p99")
    print(f"\n{what}\n\n{'ms':9}" + "".join(f"{column:>10}" for column in columns))
    for name, values in zip(times._fields, times, strict=True):
        cuts = statistics.quantiles(values, n=100)
        row = (cuts[9], cuts[49], statistics.fmean(values), cuts[94], cuts[98])
        print(f"{name:9}{len(values):10}" + "".join(f"{1e3 * value:10.3f}" for value in row))
    _histogram(times)
    low, high = bootstrapped(times)
    between = f"{1e6 * low:.0f} to {1e6 * high:.0f} µs (95 %)"
    print(f"\nlisted minus unlisted, 10th percentiles: {between}")
    p_value, longer = mann_whitney(times.listed, times.unlisted)
    print(f"Mann-Whitney: p = {p_value:.3f}; the listed one took longer in {longer:.2%} of pairs")
    shifted = [value + SHIFT_S for value in times.listed]
    p_value, longer = mann_whitney(shifted, times.unlisted)
    print(f"with {1e6 * SHIFT_S:.0f} µs added to the listed: p = {p_value:.2g}, {longer:.2%}")


def _histogram(times: Times) -> None:
    everything_ = sorted([*times.listed, *times.unlisted])
    low, high = everything_[0], everything_[int(0.99 * len(everything_))]
    width = (high - low) / BINS
    print(f"\n{'ms':>8}  {'listed':32}unlisted")
    counts = [[0] * (BINS + 1) for _ in times]
    for bars, values in zip(counts, times, strict=True):
        for value in values:
            bars[min(BINS, int((value - low) / width))] += 1
    longest = max(max(bars) for bars in counts)
    for place in range(BINS + 1):
        left, right = ("█" * round(30 * bars[place] / longest) for bars in counts)
        more = "+" if place == BINS else " "
        print(f"{1e3 * (low + place * width):8.2f}{more} {left:32}{right}")


def bootstrapped(times: Times, rounds: int = 400) -> tuple[float, float]:
    """A 95 % interval for the difference of the 10th percentiles, where noise is least."""
    chance = random.Random(7)

    def percentile(values: Sequence[float]) -> float:
        return sorted(chance.choices(values, k=len(values)))[len(values) // 10]

    found = sorted(percentile(times.listed) - percentile(times.unlisted) for _ in range(rounds))
    return found[rounds // 40], found[-rounds // 40]


def mann_whitney(one: Sequence[float], other: Sequence[float]) -> tuple[float, float]:
    """Two-sided p, and how often a value of `one` is above one of `other` (ties count half).

    Mann and Whitney 1947; normal approximation with the correction for ties.
    """
    ranked = sorted([(value, 0) for value in one] + [(value, 1) for value in other])
    n, m, total = len(one), len(other), len(one) + len(other)
    rank_sum, ties, start = 0.0, 0.0, 0
    while start < total:
        end = start
        while end < total and ranked[end][0] == ranked[start][0]:
            end += 1
        rank = (start + 1 + end) / 2
        rank_sum += rank * sum(kind == 0 for _, kind in ranked[start:end])
        ties += (end - start) ** 3 - (end - start)
        start = end
    u = rank_sum - n * (n + 1) / 2
    deviation = math.sqrt(n * m / 12 * (total + 1 - ties / (total * (total - 1))))
    return math.erfc(abs(u - n * m / 2) / deviation / math.sqrt(2)), u / (n * m)


if __name__ == "__main__":
    main()
