"""Receipts: what they prove offline, and every way in which one can fail to."""

import msgspec
import pytest

from shared.client.errors import BadReceipt
from shared.client.receipt import (
    decode_receipt,
    verify_ballot_receipt,
    verify_command_receipt,
    verify_receipt,
)
from shared.edition.commands import CloseVoting
from shared.edition.views import Receipt
from tests.audits import certified, started
from tests.editions import EditionBuilder

BALLOT_AT = 4


@pytest.fixture
def builder() -> EditionBuilder:
    """An edition in which people vote."""
    return started()


def changed(receipt: Receipt, **fields: object) -> Receipt:
    """The receipt with other fields."""
    return msgspec.structs.replace(receipt, **fields)


@pytest.mark.parametrize("size", [101, 200, 256, 300, None])
def test_a_receipt_of_any_size_is_verified(size: int | None) -> None:
    """The proof holds at whatever size the log had."""
    builder = certified()
    proven = verify_receipt(builder.receipt(100, size), builder.verifier)
    assert (proven.index, proven.checkpoint.size) == (100, size or len(builder.entries))


def test_a_ballots_receipt_is_for_that_ballot(builder: EditionBuilder) -> None:
    """The receipt of my ballot proves my ballot."""
    index, ballot = builder.ballots[0]
    receipt = builder.receipt(index)
    assert verify_ballot_receipt(receipt, "2027", ballot, builder.verifier).index == index


@pytest.mark.parametrize(
    ("what", "number", "choices", "seq"),
    [
        ("key", 2, ["i01", "i02"], 1),
        ("seq", 1, ["i01", "i02"], 2),
        ("commitment", 1, ["i01"], 1),
    ],
)
def test_another_ballots_receipt_is_refused(
    builder: EditionBuilder, what: str, number: int, choices: list[str], seq: int
) -> None:
    """A receipt of a ballot that differs in anything is not mine."""
    mine = builder.ballot(number, choices, seq)
    with pytest.raises(BadReceipt, match=f"another {what}"):
        verify_ballot_receipt(builder.receipt(BALLOT_AT), "2027", mine, builder.verifier)


def test_another_credential_is_refused(builder: EditionBuilder) -> None:
    """The entry must hold the credential that was sent."""
    mine = builder.ballot(1, ["i01", "i02"], issuer="foreign")
    with pytest.raises(BadReceipt, match="another credential"):
        verify_ballot_receipt(builder.receipt(BALLOT_AT), "2027", mine, builder.verifier)


def test_another_edition_is_refused(builder: EditionBuilder) -> None:
    """A ballot for one edition is not proven by an entry of another."""
    _, ballot = builder.ballots[0]
    with pytest.raises(BadReceipt, match="another edition"):
        verify_ballot_receipt(builder.receipt(BALLOT_AT), "2026", ballot, builder.verifier)


def test_an_officers_event_is_no_ballot(builder: EditionBuilder) -> None:
    """The receipt of a milestone does not prove a ballot."""
    _, ballot = builder.ballots[0]
    with pytest.raises(BadReceipt, match="no ballot"):
        verify_ballot_receipt(builder.receipt(3), "2027", ballot, builder.verifier)


def test_a_commands_receipt_embeds_the_command(builder: EditionBuilder) -> None:
    """The event's bytes are those that the officers signed."""
    signed = builder.signed(CloseVoting(**builder.base()))
    builder.close()
    receipt = builder.receipt(len(builder.entries) - 1)
    assert verify_command_receipt(receipt, signed, builder.verifier).index == receipt.index


def test_another_commands_receipt_is_refused(builder: EditionBuilder) -> None:
    """The receipt of an earlier command does not prove this one."""
    signed = builder.signed(CloseVoting(**builder.base()))
    with pytest.raises(BadReceipt, match="not the event of the command"):
        verify_command_receipt(builder.receipt(3), signed, builder.verifier)


def test_another_key_is_refused(builder: EditionBuilder) -> None:
    """A receipt signed by another log's key proves nothing about this log."""
    other = EditionBuilder(log_seed=bytes(32))
    with pytest.raises(BadReceipt, match="proof fails"):
        verify_receipt(builder.receipt(BALLOT_AT), other.verifier)


def test_a_changed_entry_is_refused(builder: EditionBuilder) -> None:
    """The path leads to the root from the very entry only."""
    receipt = builder.receipt(BALLOT_AT)
    entry = receipt.entry.replace(b'"seq":1', b'"seq":2')
    with pytest.raises(BadReceipt, match="proof fails"):
        verify_receipt(changed(receipt, entry=entry), builder.verifier)


def test_a_changed_index_is_refused(builder: EditionBuilder) -> None:
    """The index stated is the index proven."""
    receipt = changed(builder.receipt(BALLOT_AT), index=5)
    with pytest.raises(BadReceipt, match="index 5"):
        verify_receipt(receipt, builder.verifier)


def test_a_changed_edition_is_refused(builder: EditionBuilder) -> None:
    """The edition stated is the entry's."""
    receipt = changed(builder.receipt(BALLOT_AT), edition="2026")
    with pytest.raises(BadReceipt, match="2026"):
        verify_receipt(receipt, builder.verifier)


@pytest.mark.parametrize(
    "proof",
    ["", "c2sp.org/tlog-proof@v1\n", "c2sp.org/tlog-proof@v1\nindex 4\n\nx\n", "\n\n\n" * 100, "ß"],
)
def test_a_proof_that_is_none_is_refused(builder: EditionBuilder, proof: str) -> None:
    """Whatever stands where the proof should, the error says so."""
    with pytest.raises(BadReceipt, match="proof"):
        verify_receipt(changed(builder.receipt(BALLOT_AT), proof=proof), builder.verifier)


def test_an_entry_that_is_no_event_is_refused(builder: EditionBuilder) -> None:
    """A log that really holds garbage does not make it an event."""
    builder.entries.append(b"\xff")
    with pytest.raises(BadReceipt):
        verify_receipt(builder.receipt(len(builder.entries) - 1), builder.verifier)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"null",
        b"[]",
        b"{}",
        b'{"edition":"\xff"}',
        b'{"x":' + b"[" * 100_000,
        b'{"edition":"2027","index":-1,"entry":"%%%","proof":""}',
        b" " * 1_000_001,
    ],
)
def test_a_file_that_is_no_receipt_is_refused(data: bytes) -> None:
    """Hostile or broken files give a typed error."""
    with pytest.raises(BadReceipt):
        decode_receipt(data)
