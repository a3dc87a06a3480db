"""Reading the stream that the relay fills, as somebody who may do everything."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import nats
from nats.js import JetStreamContext
from nats.js.errors import NotFoundError

from cli.embedded.nats import NatsServer
from shared.log.tiles import decode_bundle
from shared.service.runs import Run, decode_run
from shared.service.subjects import stream_name
from tests.polls import until
from tests.servers import seed_file


@asynccontextmanager
async def jetstream(server: NatsServer, user: str = "tests") -> AsyncIterator[JetStreamContext]:
    """JetStream for a user who may do everything, or for another."""
    seed = str(seed_file(server.data, user))
    client = await nats.connect(server.url, nkeys_seed=seed, inbox_prefix=f"_INBOX_{user}")
    try:
        yield client.jetstream()
    finally:
        await client.close()


async def runs_of(server: NatsServer, edition: str, size: int, user: str = "tests") -> list[Run]:
    """The runs in an edition's stream, once they reach this size; they must follow one another."""
    async with jetstream(server, user) as stream:
        await until(lambda: _reaches(stream, edition, size))
        return await _all_runs(stream, edition)


def entries_of(runs: list[Run]) -> list[bytes]:
    """The entries of these runs."""
    return [entry for run in runs for entry in decode_bundle(run.entries)]


async def _reaches(stream: JetStreamContext, edition: str, size: int) -> bool:
    return _length(await _all_runs(stream, edition)) >= size


def _length(runs: list[Run]) -> int:
    size = 0
    for run in runs:
        assert run.start == size, "a run does not follow the one before"
        size += len(decode_bundle(run.entries))
        assert int(run.checkpoint.split(b"\n")[1]) == size, "a run does not end at its checkpoint"
    return size


async def _all_runs(stream: JetStreamContext, edition: str) -> list[Run]:
    name = stream_name(edition)
    try:
        state = (await stream.stream_info(name)).state
    except NotFoundError:
        return []
    runs = []
    for sequence in range(max(1, state.first_seq), state.last_seq + 1):
        message = await stream.get_msg(name, sequence)
        assert message.data is not None
        runs.append(decode_run(message.data))
    return runs
