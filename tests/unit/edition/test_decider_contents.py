"""What a command may say: manifest, shortlist, roll, issuance, and progress."""

from collections.abc import Callable
from hashlib import sha256

import pytest
from msgspec.structs import replace

from shared.edition.commands import (
    AnnounceEdition,
    ChannelIssuance,
    PublishShortlist,
)
from shared.edition.decider import evolve
from shared.edition.errors import (
    BadIssuance,
    BadManifest,
    BadProgress,
    BadRoll,
    BadShortlist,
)
from shared.edition.events import IssuanceReported
from shared.edition.manifest import Manifest, Officer
from tests.editions import TIME, EditionBuilder
from tests.phases import advanced, commands, decided

MANIFESTS: dict[str, Callable[[Manifest], Manifest]] = {
    "an officer twice": lambda m: replace(m, officers=(*m.officers, m.officers[0])),
    "a key twice": lambda m: replace(
        m, officers=(*m.officers, Officer(id="fourth", key=m.officers[0].key))
    ),
    "more choices needed than allowed": lambda m: replace(m, min_choices=4),
    "an unknown command": lambda m: replace(m, signatures={"Unheard": 1}),
    "more signatures than officers": lambda m: replace(m, signatures={"OpenVoting": 4}),
    "too few officers for two": lambda m: replace(m, officers=m.officers[:1]),
    "a close before the opening": lambda m: replace(m, opens_at=TIME, closes_at=TIME),
}


@pytest.mark.parametrize("what", MANIFESTS)
def test_a_manifest_that_cannot_be_carried_out_is_refused(what: str) -> None:
    """Before an edition exists under it."""
    builder = EditionBuilder()
    manifest = MANIFESTS[what](builder.manifest)
    with pytest.raises(BadManifest):
        decided(builder, AnnounceEdition(manifest=manifest, **builder.base()))


def test_a_shortlist_with_an_id_twice_is_refused() -> None:
    """Nobody could say which of them was meant."""
    builder = advanced("announced")
    command = commands(builder)["shortlist"]
    assert isinstance(command, PublishShortlist)
    twice = (*command.initiatives, command.initiatives[0])
    with pytest.raises(BadShortlist):
        decided(builder, replace(command, initiatives=twice))


def test_a_shortlist_shorter_than_a_ballot_must_be_is_refused() -> None:
    """Nobody could cast a valid ballot."""
    builder = EditionBuilder()
    builder.manifest = replace(builder.manifest, min_choices=3)
    builder.announce()
    command = commands(builder)["shortlist"]
    assert isinstance(command, PublishShortlist)
    with pytest.raises(BadShortlist):
        decided(builder, replace(command, initiatives=command.initiatives[:2]))


@pytest.mark.parametrize("key", [b"", b"no key", bytes(294)])
def test_a_roll_without_a_usable_issuer_key_is_refused(key: bytes) -> None:
    """No credential could be verified."""
    builder = advanced("shortlisted")
    with pytest.raises(BadRoll):
        decided(builder, replace(commands(builder)["roll"], issuer_key=key))


def test_no_more_credentials_are_issued_than_people_are_on_the_roll() -> None:
    """The roll has 100,000; exactly that many is right."""
    builder = advanced("closed")
    command = commands(builder)["issue"]
    decided(builder, replace(command, issued=100_000))
    with pytest.raises(BadIssuance):
        decided(builder, replace(command, issued=100_001))


def test_without_a_roll_the_number_issued_has_no_bound() -> None:
    """By telephone nobody knows beforehand how many there will be."""
    builder = EditionBuilder()
    builder.announce()
    builder.publish_shortlist()
    builder.commit_roll(size=0, mode="phone")
    builder.open()
    builder.close()
    decided(builder, replace(commands(builder)["issue"], issued=7))


def channels(phone: int, counter: int) -> tuple[ChannelIssuance, ...]:
    """So many credentials in each way."""
    root = sha256(b"channel").digest()
    return (
        ChannelIssuance(channel="phone", issued=phone, root=root),
        ChannelIssuance(channel="counter", issued=counter, root=root),
    )


def test_issuance_is_reported_by_channel() -> None:
    """The event says what the officers signed, and so does the edition's state."""
    builder = advanced("closed")
    reported = replace(commands(builder)["issue"], issued=50, channels=channels(40, 10))
    event = decided(builder, reported)
    assert isinstance(event, IssuanceReported)
    assert event.channels == channels(40, 10)
    assert evolve(builder.state, event, 9).channels == channels(40, 10)


@pytest.mark.parametrize("parts", [(40, 9), (40, 11), (0, 0)])
def test_channels_that_do_not_add_up_are_refused(parts: tuple[int, int]) -> None:
    """To the number issued."""
    builder = advanced("closed")
    command = replace(commands(builder)["issue"], issued=50, channels=channels(*parts))
    with pytest.raises(BadIssuance, match="add up"):
        decided(builder, command)


def test_a_channel_that_is_reported_twice_is_refused() -> None:
    """Though the numbers add up."""
    builder = advanced("closed")
    (phone, _) = channels(25, 25)
    command = replace(commands(builder)["issue"], issued=50, channels=(phone, phone))
    with pytest.raises(BadIssuance, match="twice"):
        decided(builder, command)


def test_one_channel_alone_may_be_reported() -> None:
    """An edition without counters."""
    builder = advanced("closed")
    only = channels(50, 0)[:1]
    decided(builder, replace(commands(builder)["issue"], issued=50, channels=only))


def test_progress_is_reported_on_the_chosen_only() -> None:
    """The others were not promised."""
    builder = advanced("certified")
    decided(builder, commands(builder)["progress"])
    for other in ("i03", "i99"):
        with pytest.raises(BadProgress):
            decided(builder, replace(commands(builder)["progress"], initiative=other))
