"""The public client against a running registrar, where the two must agree on more than JSON."""

import msgspec
import pytest

from services.registrar.settings import Settings
from shared.client.errors import Refused
from shared.client.registrar import open_registrar as open_client
from shared.eligibility.views import ChallengeRequest
from tests.integration.registrar.parties import Log, Notify
from tests.integration.registrar.stage import Ward, identity_number, open_registrar


def asking(person: int) -> ChallengeRequest:
    """Somebody on the roll asks for a code."""
    return ChallengeRequest(identity_number=identity_number(person))


async def test_the_client_solves_the_registrars_puzzles(
    settings: Settings, log: Log, notify: Notify
) -> None:
    """When the network's cap is reached, the client works for each code, and gets it."""
    changed = msgspec.structs.replace(
        settings, block_per_hour=1, proof_of_work=True, proof_of_work_cost=1
    )
    async with open_registrar(changed) as registrar, open_client(registrar.url) as client:
        ward = await Ward(registrar, log, notify).open()
        asked = [await client.challenge(ward.edition, asking(person)) for person in range(3)]
    assert len({one.challenge for one in asked}) == 3


async def test_the_client_does_not_wait_for_an_hour(
    settings: Settings, log: Log, notify: Notify
) -> None:
    """A cap that no puzzle lifts is a refusal at once."""
    changed = msgspec.structs.replace(settings, block_per_hour=1)
    async with open_registrar(changed) as registrar, open_client(registrar.url) as client:
        ward = await Ward(registrar, log, notify).open()
        await client.challenge(ward.edition, asking(1))
        with pytest.raises(Refused) as refused:
            await client.challenge(ward.edition, asking(2))
    assert refused.value.status == 429
