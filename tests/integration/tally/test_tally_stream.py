"""The live stream and what else shows the tally: snapshots on NATS, entity tags, problems."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import aiohttp
import msgspec
import nats
import pytest

from cli.embedded.nats import NatsServer
from services.tally.settings import Settings
from shared.edition.views import TallySnapshot
from shared.service.subjects import tally_subject
from tests.editions import EditionBuilder
from tests.integration.tally.stage import BRISK, PATIENCE_S, LogHost, Tally, open_tally
from tests.servers import seed_file


class Events:
    """A reader of server-sent events, by the block."""

    def __init__(self, response: aiohttp.ClientResponse) -> None:
        self.response = response

    async def block(self) -> list[str]:
        """The lines up to the next empty one; none at the end of the stream."""
        lines: list[str] = []
        async with asyncio.timeout(PATIENCE_S):
            while line := (await self.response.content.readline()).decode():
                if line == "\n":
                    return lines
                lines.append(line.removesuffix("\n"))
        return lines

    async def snapshot(self) -> tuple[str, TallySnapshot]:
        """Id and snapshot of the next event."""
        lines = await self.block()
        while not lines[-1].startswith("data: "):
            lines = await self.block()
            assert lines, "the stream has ended"
        data = lines[1].removeprefix("data: ")
        return lines[0], msgspec.json.decode(data, type=TallySnapshot)

    async def until(self, condition: Callable[[TallySnapshot], bool]) -> TallySnapshot:
        """The first snapshot that fulfils the condition."""
        while not condition(shown := (await self.snapshot())[1]):
            pass
        return shown


@asynccontextmanager
async def stream(tally: Tally, edition: str) -> AsyncIterator[Events]:
    """The stream of an edition."""
    url = f"{tally.url}/v1/editions/{edition}/tally/stream"
    async with tally.session.get(url) as response:
        assert response.status == 200
        yield Events(response)


async def test_begins_with_the_newest_snapshot(
    settings: Settings, host: LogHost, live: EditionBuilder
) -> None:
    """After the retry time the whole tally is sent, with the log position as its id."""
    live.cast_many(10)
    host.show(live)
    async with open_tally(settings) as tally:
        newest = await tally.counted(live)
        async with stream(tally, live.edition) as events:
            retry = await events.block()
            id_, shown = await events.snapshot()
    assert [line.partition(" ")[0] for line in retry] == ["retry:", ":"]
    assert (id_, shown) == (f"id: {len(live.entries)}", newest)


async def test_begins_with_the_time_however_old_the_snapshot_is(
    settings: Settings, host: LogHost, live: EditionBuilder
) -> None:
    """A reader whose own clock is wrong learns that at once, on each connection anew."""
    host.show(live)
    async with open_tally(settings) as tally:
        newest = await tally.counted(live)
        told = []
        for _ in range(2):
            before = datetime.now(UTC)
            async with stream(tally, live.edition) as events:
                clock = datetime.fromisoformat((await events.block())[1].removeprefix(": clock "))
                assert (await events.snapshot())[1].time == newest.time
            assert before - timedelta(milliseconds=1) <= clock <= datetime.now(UTC)
            told.append(clock)
    assert newest.time < told[0] < told[1]


async def test_sends_each_change(settings: Settings, host: LogHost, live: EditionBuilder) -> None:
    """Ballots that come while a client listens reach it."""
    host.show(live)
    async with open_tally(settings) as tally:
        await tally.counted(live)
        async with stream(tally, live.edition) as events:
            await events.snapshot()
            live.cast_many(10)
            host.show(live)
            shown = await events.until(lambda now: now.size == len(live.entries))
    assert shown.ballots == 11


async def test_says_that_it_is_still_there(
    settings: Settings, host: LogHost, live: EditionBuilder
) -> None:
    """When nothing changes a comment is sent, and no snapshot again."""
    host.show(live)
    async with open_tally(settings) as tally:
        await tally.counted(live)
        async with stream(tally, live.edition) as events:
            await events.block()
            await events.snapshot()
            beats = [await events.block(), await events.block()]
    assert beats == [[": still here"], [": still here"]]


async def test_ends_when_the_process_drains(
    settings: Settings, host: LogHost, live: EditionBuilder
) -> None:
    """Open streams are told when to come back and end, so that they do not hold up the stop."""
    unhurried = msgspec.structs.replace(BRISK, heartbeat_s=60.0)
    host.show(live)
    async with open_tally(settings, unhurried) as tally:
        await tally.counted(live)
        async with stream(tally, live.edition) as events:
            await events.snapshot()
            tally.drain.start()
            farewell = await events.block()
            assert [line.partition(" ")[0] for line in farewell] == [":", "retry:"]
            assert await events.block() == []


async def test_says_that_the_log_contradicts_itself(
    settings: Settings, host: LogHost, live: EditionBuilder
) -> None:
    """A listener hears of a contradiction, without having to ask."""
    live.cast_many(10)
    host.show(live)
    async with open_tally(settings) as tally:
        await tally.counted(live)
        async with stream(tally, live.edition) as events:
            await events.snapshot()
            live.record(live.ballots[0][1])
            host.show(live)
            shown = await events.until(lambda now: now.status == "contradiction")
    assert shown.contradiction is not None


async def test_may_be_read_by_any_page_and_kept_by_no_cache(
    settings: Settings, host: LogHost, live: EditionBuilder
) -> None:
    """The stream's headers open it to other origins, and keep proxies from holding it back."""
    host.show(live)
    async with open_tally(settings) as tally:
        await tally.counted(live)
        async with stream(tally, live.edition) as events:
            headers = events.response.headers
    assert {
        name: headers[name]
        for name in (
            "Content-Type",
            "Cache-Control",
            "X-Accel-Buffering",
            "Access-Control-Allow-Origin",
        )
    } == {
        "Content-Type": "text/event-stream; charset=utf-8",
        "Cache-Control": "no-cache, no-store",
        "X-Accel-Buffering": "no",
        "Access-Control-Allow-Origin": "*",
    }


@pytest.mark.parametrize("name", ["none", "%00"])
@pytest.mark.parametrize("path", ["tally", "tally/stream", "tally/turnout", "tally/ballots.pb"])
async def test_an_unknown_edition_is_a_problem(
    settings: Settings, host: LogHost, live: EditionBuilder, path: str, name: str
) -> None:
    """An edition that nobody counts is answered with a problem document."""
    host.show(live)
    async with open_tally(settings) as tally:
        await tally.counted(live)
        async with tally.session.get(f"{tally.url}/v1/editions/{name}/{path}") as response:
            body = await response.json(content_type="application/problem+json")
    assert (response.status, body["type"]) == (404, "urn:huimin:problem:unknown-edition")


async def test_before_the_editions_are_known_none_is_called_unknown(settings: Settings) -> None:
    """While the ballot service has not been read since the start, the answer is to come again."""
    nowhere = msgspec.structs.replace(settings, log_url="http://127.0.0.1:9")
    async with (
        open_tally(nowhere) as tally,
        tally.session.get(f"{tally.url}/v1/editions/some/tally/stream") as response,
    ):
        body = await response.json(content_type="application/problem+json")
    assert (response.status, body["type"]) == (503, "urn:huimin:problem:store-unavailable")
    assert int(response.headers["Retry-After"]) >= 1


async def test_a_stream_is_only_read(
    settings: Settings, host: LogHost, live: EditionBuilder
) -> None:
    """Another method than GET is refused."""
    host.show(live)
    async with open_tally(settings) as tally:
        await tally.counted(live)
        url = f"{tally.url}/v1/editions/{live.edition}/tally/stream"
        async with tally.session.post(url) as response:
            assert response.status == 405


async def test_an_unchanged_tally_is_not_sent_again(
    settings: Settings, host: LogHost, live: EditionBuilder
) -> None:
    """With the entity tag of the last answer, 304 is all that is said."""
    host.show(live)
    async with open_tally(settings) as tally:
        await tally.counted(live)
        url = f"{tally.url}/v1/editions/{live.edition}/tally"
        async with tally.session.get(url) as first:
            tag = first.headers["ETag"]
        async with tally.session.get(url, headers={"If-None-Match": tag}) as second:
            assert (second.status, await second.read()) == (304, b"")


async def test_dashboards_hear_the_same_over_nats(
    settings: Settings, host: LogHost, live: EditionBuilder, tally_nats: NatsServer
) -> None:
    """The snapshot that HTTP shows is published on the edition's subject."""
    seed = seed_file(tally_nats.data, "relay")
    client = await nats.connect(tally_nats.url, nkeys_seed=str(seed))
    heard = await client.subscribe(tally_subject(live.edition))
    await client.flush()
    async with open_tally(settings) as tally:
        await tally.is_connected()
        live.cast_many(10)
        host.show(live)
        newest = await tally.counted(live)
        shown = None
        while shown != newest:
            message = await heard.next_msg(timeout=PATIENCE_S)
            shown = msgspec.json.decode(message.data, type=TallySnapshot)
    await client.close()


async def test_the_interface_description_asks_no_third_party(settings: Settings) -> None:
    """The page at /schema loads its script from this service."""
    async with open_tally(settings) as tally:
        async with tally.session.get(f"{tally.url}/schema") as response:
            page = await response.text()
        async with tally.session.get(f"{tally.url}/schema-ui/swagger-ui-bundle.js") as response:
            assert (response.status, "https://cdn" in page) == (200, False)
