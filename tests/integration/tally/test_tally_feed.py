"""The feed goes on where the recorded position is, if the stream is still that one."""

from collections.abc import AsyncIterator

import nats
import pytest
from msgspec.structs import replace
from nats.aio.client import Client

from cli.embedded.nats import NatsServer
from services.tally.feed import Delivery, RunFeed
from tests.editions import EditionBuilder
from tests.integration.tally.stage import Relay
from tests.servers import seed_file

WAIT_S = 0.1


@pytest.fixture
async def client(tally_nats: NatsServer) -> AsyncIterator[Client]:
    """NATS as the tally's user."""
    seed = seed_file(tally_nats.data, "tally")
    client = await nats.connect(tally_nats.url, nkeys_seed=str(seed), inbox_prefix=b"_INBOX_tally")
    yield client
    await client.close()


async def publish_three(relay: Relay, edition: str) -> None:
    await relay.create(edition)
    for payload in (b"first", b"second", b"third"):
        await relay.send_bytes(edition, payload)


def payloads(deliveries: list[Delivery]) -> list[bytes]:
    return [delivery.payload for delivery in deliveries]


async def test_begins_with_the_first_message(
    client: Client, relay: Relay, live: EditionBuilder
) -> None:
    """Without a position the whole stream is read, in order."""
    await publish_three(relay, live.edition)
    taken = await RunFeed(client, live.edition).next(None, WAIT_S)
    assert payloads(taken) == [b"first", b"second", b"third"]


async def test_goes_on_after_the_recorded_message(
    client: Client, relay: Relay, live: EditionBuilder
) -> None:
    """Another process that is given a position is not given what was before it."""
    await publish_three(relay, live.edition)
    taken = await RunFeed(client, live.edition).next(None, WAIT_S)
    again = await RunFeed(client, live.edition).next(taken[0].position, WAIT_S)
    assert payloads(again) == [b"second", b"third"]


async def test_a_stream_made_anew_is_read_from_its_beginning(
    client: Client, relay: Relay, live: EditionBuilder
) -> None:
    """A position in a stream of the same name that is gone means nothing."""
    await publish_three(relay, live.edition)
    taken = await RunFeed(client, live.edition).next(None, WAIT_S)
    await relay.delete(live.edition)
    await publish_three(relay, live.edition)
    again = await RunFeed(client, live.edition).next(taken[0].position, WAIT_S)
    assert payloads(again) == [b"first", b"second", b"third"]


async def test_a_stream_that_lost_its_end_is_read_from_its_beginning(
    client: Client, relay: Relay, live: EditionBuilder
) -> None:
    """A position beyond the last message would wait for ever."""
    await publish_three(relay, live.edition)
    taken = await RunFeed(client, live.edition).next(None, WAIT_S)
    beyond = replace(taken[-1].position, sequence=7)
    again = await RunFeed(client, live.edition).next(beyond, WAIT_S)
    assert payloads(again) == [b"first", b"second", b"third"]


async def test_no_stream_yet_is_nothing_to_read(client: Client, live: EditionBuilder) -> None:
    """Before the relay has made the stream there are no runs, and no error."""
    assert await RunFeed(client, live.edition).next(None, WAIT_S) == []
