"""Receipts: complete, provable by code that is not ours, the same again, never contradicted."""

import asyncio
import random
from collections.abc import Sequence

import metamorphic_log
import msgspec
import pytest
from msgspec.structs import replace
from proofbundle.tlogproof import verify_tlog_proof

from shared.client.receipt import verify_ballot_receipt
from shared.edition.ballot import sign_ballot
from shared.edition.commands import CloseVoting
from shared.edition.events import BallotCast, decode_event
from shared.edition.views import Receipt
from shared.log.checkpoint import Checkpoint
from shared.log.merkle import leaf_hash
from shared.log.tlog_proof import TlogProof, verify
from tests.audits import audited
from tests.editions import ISSUER, voter
from tests.integration.ballot.conftest import NewPoll
from tests.integration.ballot.service import BallotProcess, Site
from tests.log_tree import root_of
from tests.polls import Answer, Poll


def checkpoint_of(poll: Poll, receipt: Receipt) -> Checkpoint:
    """The checkpoint in a receipt, whose proof must hold."""
    return verify(TlogProof.decode(receipt.proof.encode()), receipt.entry, poll.builder.verifier)


def assert_prefix(checkpoint: Checkpoint, entries: Sequence[bytes]) -> None:
    """The checkpoint is over the first of these entries, by the naive tree over them."""
    leaves = [leaf_hash(entry) for entry in entries[: checkpoint.size]]
    assert len(leaves) == checkpoint.size
    assert root_of(leaves) == checkpoint.root


async def test_a_receipt_proves_that_the_ballot_is_in_the_log(poll: Poll) -> None:
    """By our own verifier, against the log's key alone."""
    ballot = poll.builder.ballot(1, ["i01", "i03"])
    receipt = (await poll.cast(ballot)).receipt()
    proven = verify_ballot_receipt(receipt, poll.edition, ballot, poll.builder.verifier)
    assert proven.index == 4


async def test_receipts_are_verified_by_an_independent_implementation(poll: Poll) -> None:
    """C2SP tlog-proof as proofbundle reads it, for ballots of one batch and for a command."""
    ballots = [poll.builder.ballot(n, ["i01"]) for n in range(40)]
    answers = await asyncio.gather(*map(poll.cast, ballots))
    builder = poll.builder
    close = builder.signed(msgspec.convert(builder.base(), type=CloseVoting))
    receipts = [answer.receipt() for answer in [*answers, await poll.command(close)]]
    vkey = builder.signer.vkey
    verdicts = [verify_tlog_proof(one.proof, one.entry, vkey) for one in receipts]
    assert all(verdict["ok"] for verdict in verdicts), verdicts
    assert {verdict["origin"] for verdict in verdicts} == {builder.signer.name}


async def test_another_implementation_verifies_checkpoint_and_inclusion(poll: Poll) -> None:
    """As metamorphic-log, in Rust, reads them; the same path at another index it refuses."""
    receipt = await poll.vote(1, "i01")
    proof, vkeys = TlogProof.decode(receipt.proof.encode()), [poll.builder.signer.vkey]
    note, leaf = proof.checkpoint.decode(), leaf_hash(receipt.entry)
    metamorphic_log.checkpoint_verify_inclusion(note, vkeys, proof.index, leaf, list(proof.path))
    with pytest.raises(metamorphic_log.VerifyError):
        metamorphic_log.checkpoint_verify_inclusion(
            note, vkeys, proof.index - 1, leaf, list(proof.path)
        )


async def test_the_independent_implementation_sees_a_receipt_of_another_entry(poll: Poll) -> None:
    """So its approval above means something."""
    one, two = await poll.vote(1, "i01"), await poll.vote(2, "i01")
    verdict = verify_tlog_proof(one.proof, two.entry, poll.builder.signer.vkey)
    assert not verdict["ok"]


async def test_a_receipt_does_not_show_the_choices(poll: Poll) -> None:
    """Neither the choices nor the salt that would open the commitment."""
    ballot = poll.builder.ballot(1, ["i01", "i04"])
    receipt = (await poll.cast(ballot)).receipt()
    entry = msgspec.json.decode(receipt.entry, type=dict[str, object])
    assert entry.keys() == {
        "event", "edition", "key", "credential", "seq", "commitment", "signature", "hour"
    }  # fmt: skip
    assert msgspec.json.encode(ballot.salt).strip(b'"') not in receipt.entry


async def test_an_entry_tells_the_hour_and_no_finer_time(poll: Poll) -> None:
    """A finer time would help to link a person to a ballot."""
    event = decode_event((await poll.vote(1, "i01")).entry)
    assert isinstance(event, BallotCast)
    assert (event.hour.minute, event.hour.second, event.hour.microsecond) == (0, 0, 0)


async def test_the_same_ballot_again_gets_the_very_same_receipt(poll: Poll) -> None:
    """Also when other ballots and a whole tile have come between."""
    ballot = poll.builder.ballot(1, ["i01"])
    first = await poll.cast(ballot)
    await asyncio.gather(*(poll.vote(n, "i02") for n in range(2, 300)))
    again = await poll.cast(ballot)
    assert (first.status, again.status) == (201, 201)
    assert again.body == first.body


async def test_the_same_ballot_many_times_at_once_stands_once_in_the_log(
    poll: Poll, services: tuple[BallotProcess, BallotProcess]
) -> None:
    """At two processes: one entry, and one receipt for all."""
    ballot = poll.builder.ballot(1, ["i01"])
    places = [poll.at(service.url) for service in services]
    answers = await asyncio.gather(*(place.cast(ballot) for place in places for _ in range(20)))
    assert {answer.status for answer in answers} == {201}
    assert len({answer.body for answer in answers}) == 1
    assert await poll.size() == 5


async def test_the_same_ballot_gets_its_receipt_after_the_close_too(poll: Poll) -> None:
    """Who lost the answer to the last ballot of the day can still ask for it."""
    ballot = poll.builder.ballot(1, ["i01"])
    first = await poll.cast(ballot)
    await poll.officers(poll.builder.close)
    again, other = await poll.cast(ballot), await poll.cast(poll.builder.ballot(2, ["i01"]))
    assert (again.status, again.body) == (201, first.body)
    assert (other.status, other.slug) == (409, "voting-closed")


async def test_a_ballot_signed_anew_is_the_same_ballot(poll: Poll) -> None:
    """ECDSA gives another signature each time; seq and commitment say which ballot it is."""
    ballot = poll.builder.ballot(1, ["i01"])
    who = voter(1, poll.edition, ISSUER)
    anew = sign_ballot(
        who.key,
        poll.edition,
        credential=who.credential,
        seq=1,
        choices=["i01"],
        salt=ballot.salt,
    )
    assert anew.signature != ballot.signature
    assert (await poll.cast(ballot)).body == (await poll.cast(anew)).body


async def test_a_ballot_without_its_commitment_is_accepted(poll: Poll) -> None:
    """The service computes it anyway."""
    ballot = replace(poll.builder.ballot(1, ["i01"]), commitment=None)
    assert (await poll.cast(ballot)).status == 201


async def test_a_higher_seq_replaces_the_ballot_and_both_receipts_stand(poll: Poll) -> None:
    """Both are in the log for ever; the later one counts."""
    first, later = await poll.vote(1, "i01"), await poll.vote(1, "i02", "i03", seq=9)
    report = await audited(f"{poll.url}/log/{poll.edition}", verifier=poll.builder.verifier)
    assert report.counts == {"i01": 0, "i02": 1, "i03": 1, "i04": 0, "i05": 0}
    entries = await poll.entries()
    assert (entries[first.index], entries[later.index]) == (first.entry, later.entry)


async def test_every_checkpoint_handed_out_is_consistent_with_every_other(
    poll: Poll, services: tuple[BallotProcess, BallotProcess]
) -> None:
    """Those in receipts and those asked for meanwhile, of two processes, against one naive tree."""
    places = [poll.at(service.url) for service in services]
    seen: list[Checkpoint] = []

    async def watch(place: Poll) -> None:
        seen.extend([await place.checkpoint() for _ in range(40)])

    async def vote(number: int) -> None:
        receipt = await places[number % 2].vote(number, "i01")
        seen.append(checkpoint_of(poll, receipt))

    await asyncio.gather(*map(vote, range(600)), *map(watch, places))
    entries = await poll.entries()
    for checkpoint in set(seen):
        assert_prefix(checkpoint, entries)


async def test_checkpoints_of_one_process_never_go_back(poll: Poll) -> None:
    """Whoever asks again sees at least as much as before."""
    sizes: list[int] = []

    async def watch() -> None:
        sizes.extend([(await poll.checkpoint()).size for _ in range(50)])

    await asyncio.gather(*(poll.vote(n, "i01") for n in range(100)), watch())
    assert sizes == sorted(sizes)


async def test_two_processes_give_every_ballot_its_own_index_and_count_each_seq_once(
    poll: Poll, services: tuple[BallotProcess, BallotProcess]
) -> None:
    """Voters who re-vote at both at once, in any order: indices are consecutive, and it audits."""
    places = [poll.at(service.url) for service in services]
    chance = random.Random(7)
    ballots = [
        poll.builder.ballot(number, [chance.choice(poll.builder.ids)], seq)
        for number in range(150)
        for seq in (1, 2, 3)
    ]
    chance.shuffle(ballots)

    async def cast(place: Poll, number: int) -> Answer:
        return await place.cast(ballots[number])

    answers = await asyncio.gather(
        *(cast(place, n) for n in range(len(ballots)) for place in places)
    )
    refused = {answer.slug for answer in answers if answer.status != 201}
    receipts = {answer.body: answer.receipt() for answer in answers if answer.status == 201}
    assert refused <= {"stale-seq"}
    indices = sorted(receipt.index for receipt in receipts.values())
    assert indices == list(range(4, 4 + len(receipts)))
    report = await audited(f"{poll.url}/log/{poll.edition}", verifier=poll.builder.verifier)
    assert (report.violation, report.ballots, report.voters) == (None, len(receipts), 150)


async def test_a_proof_by_index_leads_to_the_newest_checkpoint(poll: Poll) -> None:
    """For whoever lost the receipt, or wants one for a later checkpoint."""
    await asyncio.gather(*(poll.vote(n, "i01") for n in range(300)))
    entries = await poll.entries()
    for index in (0, 3, 4, 255, 256, 303):
        answer = await poll.read(f"proof/{index}")
        proof = TlogProof.decode(answer.body)
        checkpoint = verify(proof, entries[index], poll.builder.verifier)
        assert (proof.index, checkpoint.size) == (index, 304)


async def test_a_receipt_survives_a_restart(site: Site, new_poll: NewPoll) -> None:
    """The same bytes from a process that knows nothing but the database."""
    with site.running() as before:
        poll = await new_poll(before.url)
        ballot = poll.builder.ballot(1, ["i01"])
        first = await poll.cast(ballot)
        await asyncio.gather(*(poll.vote(n, "i01") for n in range(2, 20)))
    with site.running() as after:
        again = await poll.at(after.url).cast(ballot)
        assert again.body == first.body


async def test_a_stopped_service_answers_what_it_has_accepted(
    site: Site, new_poll: NewPoll
) -> None:
    """Told to stop under load: a receipt for each answer 201, all of them in the log."""
    with site.running() as process:
        poll = await new_poll(process.url)
        ballots = [poll.builder.ballot(n, ["i01"]) for n in range(200)]
        casts = [asyncio.create_task(poll.cast(ballot)) for ballot in ballots]
        await asyncio.wait(casts, return_when=asyncio.FIRST_COMPLETED)
        status = await asyncio.to_thread(process.terminate)
        answers = await asyncio.gather(*casts, return_exceptions=True)
    assert status == 0
    receipts = [a.receipt() for a in answers if isinstance(a, Answer) and a.status == 201]
    assert receipts
    with site.running() as process:
        entries = await poll.at(process.url).entries()
    assert all(entries[receipt.index] == receipt.entry for receipt in receipts)
