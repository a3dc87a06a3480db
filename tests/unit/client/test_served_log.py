"""The log that a server has for an edition must be the one that is known."""

from pathlib import Path

import pytest
from msgspec.structs import replace

from shared.client.known_logs import KnownLogs
from shared.client.served_log import WrongLog, identify_log, pin_key
from tests.editions import EditionBuilder
from tests.views import view_of


@pytest.fixture
def known(tmp_path: Path) -> KnownLogs:
    """A machine that knows no log yet."""
    return KnownLogs(tmp_path)


@pytest.fixture
def builder() -> EditionBuilder:
    """An open edition."""
    builder = EditionBuilder()
    builder.prepare()
    return builder


def test_the_log_of_the_manifest_is_identified(builder: EditionBuilder, known: KnownLogs) -> None:
    """Its key is the manifest's, its size that of the signed checkpoint."""
    served = identify_log(view_of(builder), None, known)
    assert (served.verifier, served.checkpoint.size) == (builder.verifier, 4)


def test_a_key_that_is_not_the_manifests_is_wrong(
    builder: EditionBuilder, known: KnownLogs
) -> None:
    """The server cannot name one key and the manifest another."""
    other = EditionBuilder(log_seed=bytes(32)).signer.vkey
    with pytest.raises(WrongLog, match="and the manifest of '2027' another"):
        identify_log(replace(view_of(builder), vkey=other), None, known)


def test_a_key_that_is_not_the_one_given_is_wrong(
    builder: EditionBuilder, known: KnownLogs
) -> None:
    """The published key decides."""
    other = EditionBuilder(log_seed=bytes(32)).verifier
    with pytest.raises(WrongLog, match="the key given"):
        identify_log(view_of(builder), other, known)


def test_a_key_that_is_not_the_one_remembered_is_wrong(
    builder: EditionBuilder, known: KnownLogs
) -> None:
    """A log cannot change its key."""
    other = EditionBuilder(log_seed=bytes(32))
    other.prepare()
    pin_key(other.verifier, other.tree().checkpoint(), known)
    with pytest.raises(WrongLog, match="the key remembered"):
        identify_log(view_of(builder), None, known)


def test_an_unsigned_checkpoint_is_wrong(builder: EditionBuilder, known: KnownLogs) -> None:
    """A size that the log's key did not sign is not taken for the log's."""
    view = view_of(builder)
    forged = replace(view, checkpoint=view.checkpoint.replace("\n4\n", "\n5\n"))
    with pytest.raises(WrongLog, match="checkpoint"):
        identify_log(forged, None, known)


def test_a_shorter_log_is_wrong(builder: EditionBuilder, known: KnownLogs) -> None:
    """A log that forgot entries was rolled back."""
    before = view_of(builder)
    builder.close()
    pin_key(builder.verifier, builder.tree().checkpoint(), known)
    with pytest.raises(WrongLog, match="rolled back"):
        identify_log(before, None, known)


def test_another_root_at_the_same_size_is_wrong(builder: EditionBuilder, known: KnownLogs) -> None:
    """Two roots for one size are two histories."""
    other = EditionBuilder(seats=1)
    other.prepare()
    pin_key(other.verifier, other.tree().checkpoint(), known)
    with pytest.raises(WrongLog, match="history was changed"):
        identify_log(view_of(builder), None, known)


def test_only_the_first_use_pins(builder: EditionBuilder, known: KnownLogs) -> None:
    """A later checkpoint, whose history nobody compared, does not replace what was verified."""
    pin_key(builder.verifier, builder.tree().checkpoint(), known)
    builder.close()
    pin_key(builder.verifier, builder.tree().checkpoint(), known)
    remembered = known.recall(builder.signer.name)
    assert remembered is not None
    assert remembered.checkpoint.size == 4
