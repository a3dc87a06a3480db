"""From a claimed message to what its channel is given: addresses opened, texts filled in."""

from collections import OrderedDict
from collections.abc import Sequence
from typing import Final

from cryptography.exceptions import InvalidTag

from services.notify.channels.channel import Message
from services.notify.composing import Addressee, Link, announcement, confirmation
from services.notify.deliveries import Claimed
from services.notify.facts import Facts
from services.notify.settings import OperatorsRecipient
from services.notify.store import Pool, Recipient, facts_of
from services.notify.vault import Purpose, Vault

MAX_FACTS: Final = 64


class NoRecipient(Exception):
    """There is nobody, or nobody any more, to send this to; the text is the reason."""


class Letters:
    """Writes messages. `public_url` is the base of the links in them."""

    def __init__(
        self,
        pool: Pool,
        vault: Vault,
        public_url: str,
        operators: Sequence[OperatorsRecipient],
    ) -> None:
        self._pool = pool
        self._vault = vault
        self._public_url = public_url.rstrip("/")
        self._operators = {operators_fingerprint(vault, one): one for one in operators}
        self._facts: OrderedDict[int, Facts] = OrderedDict()

    @property
    def operators(self) -> list[Recipient]:
        """The operators' own recipients, as they are stored."""
        return [Recipient(key, one.language) for key, one in self._operators.items()]

    async def message(self, claimed: Claimed) -> Message:
        """The message; raises `NoRecipient`, and what the database raises."""
        whom = self._addressee(claimed)
        if claimed.announcement is not None:
            return announcement(await self._facts_of(claimed.announcement), whom)
        if claimed.handle is None or claimed.asked is None:
            raise NoRecipient("the recipient has left")
        link = self._link("confirm", claimed.handle)
        return confirmation(claimed.edition, link, claimed.asked, whom)

    def _addressee(self, claimed: Claimed) -> Addressee:
        # Derived from the row's number under the key: unique beyond this installation as well.
        id_ = self._vault.fingerprint("delivery", str(claimed.id))[:16].hex()
        if claimed.handle is None or claimed.address is None:
            operator = self._operators.get(claimed.recipient or b"")
            if operator is None:
                raise NoRecipient("the recipient has left, or is no longer in the settings")
            return Addressee(id=id_, to=operator.url, language=operator.language)
        try:
            address = self._vault.open(claimed.address, claimed.handle)
            sealed = claimed.secret
            secret = None if sealed is None else self._vault.open(sealed, claimed.handle)
        except InvalidTag as error:
            raise NoRecipient("the address was sealed under another key") from error
        assert claimed.recipient is not None
        leave = self._link("leave", claimed.recipient) if claimed.announcement is not None else None
        return Addressee(
            id=id_,
            to=address,
            language=claimed.language,
            leave=leave,
            secret=secret,
        )

    def _link(self, purpose: Purpose, named: bytes) -> Link:
        token = self._vault.token(purpose, named)
        return Link(f"{self._public_url}/{purpose}/{token}", token)

    async def _facts_of(self, announcement_id: int) -> Facts:
        facts = self._facts.get(announcement_id)
        if facts is None:
            facts = await facts_of(self._pool, announcement_id)
            self._facts[announcement_id] = facts
            if len(self._facts) > MAX_FACTS:
                self._facts.popitem(last=False)
        return facts


def operators_fingerprint(vault: Vault, one: OperatorsRecipient) -> bytes:
    """How an operator's recipient is known in the database."""
    return vault.fingerprint("apprise", one.url)
