"""A log that contradicts itself is not counted on, for good; one that merely seems to is."""

import asyncio
from collections.abc import Callable

import msgspec
import pytest

from cli.doctor.counts import check
from cli.doctor.place import Place
from services.tally.settings import Settings
from shared.log.tiles import decode_bundle, encode_bundle
from tests.editions import EditionBuilder
from tests.integration.tally.stage import (
    BRISK,
    LogHost,
    Tally,
    counts,
    open_tally,
)


def flip(data: bytes, at: int) -> bytes:
    return data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]


def hide_openings(host: LogHost, live: EditionBuilder) -> None:
    """Openings that are public, refused as sealed."""
    for path in [path for path in host.files if "/openings/" in path]:
        del host.files[path]


def flip_opening(host: LogHost, live: EditionBuilder) -> None:
    """One bit of one salt."""
    change(host, live, "tile/openings", lambda data: flip(data, len(data) - 40))


def flip_entry(host: LogHost, live: EditionBuilder) -> None:
    """One bit of one entry."""
    change(host, live, "tile/entries", lambda data: flip(data, len(data) - 40))


def flip_checkpoint(host: LogHost, live: EditionBuilder) -> None:
    """One character of the checkpoint's signature."""
    change(host, live, "checkpoint", lambda data: data[:-5] + b"AAAA\n")


def no_bundle(host: LogHost, live: EditionBuilder) -> None:
    """An entry bundle with a record too few."""
    change(host, live, "tile/entries", lambda data: encode_bundle(decode_bundle(data)[:-1]))


def fork(host: LogHost, live: EditionBuilder) -> None:
    """A longer log that does not begin as the one did that was counted."""
    host.forget(live)
    host.show(other_history(live, voters=40))


def fork_at_once(host: LogHost, live: EditionBuilder) -> None:
    """Another log of the size that was counted."""
    host.forget(live)
    host.show(other_history(live, voters=20))


def roll_back(host: LogHost, live: EditionBuilder) -> None:
    """The log as it was before the last ballots."""
    host.forget(live)
    host.show(live, size=len(live.entries) - 30)


def repeat_a_ballot(host: LogHost, live: EditionBuilder) -> None:
    """A signed log that counts a ballot twice."""
    live.record(live.ballots[0][1])
    host.show(live)


def change(
    host: LogHost, live: EditionBuilder, resource: str, how: Callable[[bytes], bytes]
) -> None:
    prefix = f"/log/{live.edition}/{resource}"
    for path in [path for path in host.files if path.startswith(prefix)]:
        host.files[path] = how(host.files[path])


def other_history(live: EditionBuilder, voters: int) -> EditionBuilder:
    """An edition of the same name with other ballots."""
    other = EditionBuilder(live.edition)
    other.prepare()
    other.cast_many(voters, first=1000)
    return other


GROWING = [hide_openings, flip_opening, flip_entry, no_bundle]
"""Faults that are met when the log has grown."""


FAULTS = [
    (hide_openings, "opening"),
    (flip_opening, "opening"),
    (flip_entry, "entries"),
    (no_bundle, "entries"),
    (flip_checkpoint, "checkpoint"),
    (fork, "checkpoint"),
    (fork_at_once, "checkpoint"),
    (roll_back, "checkpoint"),
    (repeat_a_ballot, "ballot"),
]


async def meet(
    tally: Tally, host: LogHost, live: EditionBuilder, spoil: Callable[..., None]
) -> None:
    """Have the tally count 20 voters, and then meet a log that has grown and is spoilt."""
    live.cast_many(20)
    host.show(live)
    await tally.counted(live)
    if spoil in GROWING:
        live.cast_many(40, first=20)
        host.show(live)
    spoil(host, live)


@pytest.mark.parametrize(("spoil", "what"), FAULTS)
async def test_stops_and_says_what_is_wrong(
    settings: Settings,
    host: LogHost,
    live: EditionBuilder,
    spoil: Callable[..., None],
    what: str,
) -> None:
    """The snapshot names the contradiction and claims no count any more."""
    async with open_tally(settings) as tally:
        await meet(tally, host, live, spoil)
        shown = await tally.contradicted(live.edition)
    assert shown.contradiction is not None
    assert (shown.contradiction.what, shown.counts, shown.result) == (what, None, None)


async def test_stays_ready_and_says_why(
    settings: Settings, host: LogHost, live: EditionBuilder
) -> None:
    """`/ready` is 200, and names the edition, the index, and what is wrong there."""
    async with open_tally(settings) as tally:
        await meet(tally, host, live, repeat_a_ballot)
        await tally.contradicted(live.edition)
        status, body = await tally.ready()
    assert (status, body["contradictions"]) == (
        200,
        [
            {
                "edition": live.edition,
                "contradiction": {
                    "index": len(live.entries) - 1,
                    "what": "ballot",
                    "why": "seq 1 after seq 1 of the same key",
                },
            }
        ],
    )


async def test_the_doctor_finds_it(settings: Settings, host: LogHost, live: EditionBuilder) -> None:
    """What fails names the edition, the index, and what is wrong there."""
    async with open_tally(settings) as tally:
        await meet(tally, host, live, repeat_a_ballot)
        before = await check(Place(services={"tally": tally.url}))
        await tally.contradicted(live.edition)
        (found,) = await check(Place(services={"tally": tally.url}))
    assert [one.level for one in before] == ["ok"]
    assert (found.level, found.subject, found.evidence) == (
        "fail",
        live.edition,
        f"index {len(live.entries) - 1} (ballot): seq 1 after seq 1 of the same key",
    )


async def test_keeps_to_it_after_a_restart(
    settings: Settings, host: LogHost, live: EditionBuilder
) -> None:
    """A contradiction stands for a new process too, though the log looks sound again."""
    async with open_tally(settings) as tally:
        await meet(tally, host, live, roll_back)
        before = await tally.contradicted(live.edition)
    host.show(live)
    async with open_tally(settings) as tally:
        after = await tally.contradicted(live.edition)
    assert after.contradiction == before.contradiction


async def test_another_edition_is_counted_on(
    settings: Settings, host: LogHost, live: EditionBuilder, sealed: EditionBuilder
) -> None:
    """A contradiction in one log does not stop the others."""
    async with open_tally(settings) as tally:
        await meet(tally, host, live, repeat_a_ballot)
        await tally.contradicted(live.edition)
        sealed.cast_many(10)
        host.show(sealed)
        shown = await tally.counted(sealed)
    assert shown.voters == 10


async def test_openings_that_are_withheld_after_the_close(
    settings: Settings, host: LogHost, sealed: EditionBuilder
) -> None:
    """A closed log that goes on hiding its openings has contradicted itself."""
    sealed.cast_many(10)
    sealed.close()
    host.show(sealed)
    hide_openings(host, sealed)
    async with open_tally(settings) as tally:
        shown = await tally.contradicted(sealed.edition)
    assert shown.contradiction is not None
    assert (shown.contradiction.index, shown.contradiction.what) == (4, "opening")


@pytest.mark.parametrize("spoil", [flip_opening, flip_entry, flip_checkpoint, fork, roll_back])
async def test_forgives_what_passes(
    settings: Settings, host: LogHost, live: EditionBuilder, spoil: Callable[..., None]
) -> None:
    """What no signature proves is not held against the log when the next look finds it right."""
    patient = msgspec.structs.replace(BRISK, confirm_s=60.0)
    async with open_tally(settings, patient) as tally:
        await meet(tally, host, live, spoil)
        await tally.looks_again(host)
        host.forget(live)
        host.show(live)
        shown = await tally.counted(live)
    assert counts(shown) == live.count().counts


async def test_doubts_do_not_add_up_over_an_outage(
    settings: Settings, host: LogHost, live: EditionBuilder
) -> None:
    """Two short faults with an outage between them are not one that lasts."""
    pace = msgspec.structs.replace(BRISK, confirm_s=2.0)
    async with open_tally(settings, pace) as tally:
        await meet(tally, host, live, flip_entry)
        await tally.looks_again(host)
        host.cut = "/log/"
        await asyncio.sleep(pace.confirm_s)
        await tally.looks_again(host)
        host.cut = None
        await tally.looks_again(host)
        host.show(live)
        assert counts(await tally.counted(live)) == live.count().counts


async def test_a_log_that_cannot_be_read_is_no_contradiction(
    settings: Settings, host: LogHost, live: EditionBuilder
) -> None:
    """A log that is away is waited for, and the tally says that it may be behind."""
    impatient = msgspec.structs.replace(BRISK, confirm_s=0.0, current_s=0.5)
    async with open_tally(settings, impatient) as tally:
        await meet(tally, host, live, lambda *_: None)
        host.cut = "/log/"
        shown = await tally.until(live.edition, lambda now: now.status != "verified")
    assert (shown.status, counts(shown)) == ("catching-up", live.count().counts)


async def test_a_log_under_another_key_is_not_judged(
    settings: Settings, host: LogHost, live: EditionBuilder
) -> None:
    """Settings that name another origin lead to no contradiction, and to no count."""
    elsewhere = msgspec.structs.replace(settings, log_origin="vote.example.org")
    impatient = msgspec.structs.replace(BRISK, confirm_s=0.0)
    host.show(live)
    async with open_tally(elsewhere, impatient) as tally:
        await tally.looks_again(host)
        shown = await tally.snapshot(live.edition)
    assert shown is not None
    assert (shown.status, shown.size) == ("catching-up", 0)
