"""What people, officers and programs send to the registrar, and what it answers, as JSON.

`bytes` are standard base64. Bounds here are those of honest input; they are checked while decoding.
Times are relative, in seconds: a voter's clock may be wrong.
"""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from shared.edition.commands import ChannelIssuance
from shared.edition.manifest import Count, EligibilityMode, Sha256

Typed = Annotated[str, Meta(min_length=1, max_length=64)]
"""A number or code as a person types it: spaces, hyphens and full-width characters included."""

Serial = Annotated[int, Meta(ge=1, le=2**63 - 1)]
"""The number on the slip of a counter code."""

ChallengeId = Annotated[str, Meta(pattern=r"^[A-Za-z0-9_-]{22}\Z")]
"""128 random bits, base64url."""

BlindedMessage = Annotated[bytes, Meta(min_length=256, max_length=256)]


class Registration(Struct, frozen=True, kw_only=True):
    """How people register for an edition.

    `issuing`: whether credentials are given out now. `codes`: whether messages with codes go out;
    it is the same for everybody and says nothing about one person's message. `issuer_key` is what
    the registrar signs with (SPKI DER): it must be the one in the edition's log.
    """

    edition: str
    mode: EligibilityMode
    issuer_key: bytes
    issuing: Literal["not-yet", "open", "closed"]
    codes: Literal["working", "failing"]


class ChallengeRequest(Struct, frozen=True, kw_only=True):
    """Ask for a one-time code: by `identity_number` in mode `roll`, by `phone` in mode `phone`.

    `proof_of_work` is a solved puzzle, as ALTCHA encodes it; needed after `proof-of-work-needed`.
    """

    identity_number: Typed | None = None
    phone: Typed | None = None
    proof_of_work: Annotated[str, Meta(max_length=2048)] | None = None

    def __repr__(self) -> str:
        """Without the person, so that no traceback shows one."""
        return "ChallengeRequest()"


class Challenge(Struct, frozen=True, kw_only=True):
    """A code is on its way if the person is on the roll; the answer is the same if not."""

    challenge: ChallengeId
    expires_in_s: int
    attempts: int
    code_digits: int


class PhoneCode(Struct, frozen=True, kw_only=True, tag_field="by", tag="phone"):
    """A person shown to be who they say by the code that came to their phone."""

    challenge: ChallengeId
    code: Typed

    def __repr__(self) -> str:
        """Without the code."""
        return "PhoneCode()"


class CounterCode(Struct, frozen=True, kw_only=True, tag_field="by", tag="counter"):
    """A person shown to be who they say at a counter, where they got a sealed code.

    `identity_number` is needed in mode `roll`; in mode `phone` the code stands for the person.
    """

    code: Typed
    identity_number: Typed | None = None

    def __repr__(self) -> str:
        """Without person and code."""
        return "CounterCode()"


Person = PhoneCode | CounterCode


class CredentialRequest(Struct, frozen=True, kw_only=True):
    """Ask for the issuer's signature on a blinded message; once for each person."""

    person: Person
    blinded_message: BlindedMessage


class BlindCredential(Struct, frozen=True):
    """The blind signature; the same blinded message gets the same one again."""

    blind_signature: bytes


class IssuanceQuery(Struct, frozen=True):
    """Ask whether a credential was issued in one's own name."""

    person: Person


class IssuanceProof(Struct, frozen=True, kw_only=True):
    """That a reference is among those reported: leaf `index` of `size`, siblings from the leaf up.

    The tree is that of RFC 6962 over the references sorted ascending; `root` is the one in the
    log's `IssuanceReported`.
    """

    index: Count
    size: Count
    path: tuple[Sha256, ...]
    root: Sha256


class IssuanceAnswer(Struct, frozen=True, kw_only=True):
    """Whether a credential was issued to this person; with a proof once issuance was reported.

    `reference` is the person's own roll reference. Someone to whom none was issued gets no proof:
    the root over those issued does not show who is missing.
    """

    issued: bool
    reference: Sha256
    channel: Literal["phone", "counter"] | None = None
    proof: IssuanceProof | None = None


class RollRecord(Struct, frozen=True, kw_only=True):
    """One line of a roll: one person. Without a phone, a code can be had at a counter."""

    identity_number: Typed
    phone: Typed | None = None
    district: Annotated[str, Meta(max_length=100)] = ""

    def __repr__(self) -> str:
        """Without the person."""
        return "RollRecord()"


class RollSummary(Struct, frozen=True, kw_only=True):
    """What was imported: people, those with a phone, and people in each district."""

    size: Count
    with_phone: Count
    districts: dict[str, Count]


class CommitmentRequest(Struct, frozen=True):
    """Seal the roll and make the edition's issuer key."""

    mode: EligibilityMode


class Commitment(Struct, frozen=True, kw_only=True):
    """What the officers' `CommitRoll` is to say. In mode `phone` the roll is empty."""

    size: Count
    root: Sha256
    issuer_key: bytes
    mode: EligibilityMode


class CounterCodesRequest(Struct, frozen=True):
    """Make sealed codes for a counter; `batch` names where they go."""

    count: Annotated[int, Meta(ge=1, le=10_000)]
    batch: Annotated[str, Meta(pattern=r"^[\w .-]{1,60}\Z")]


class CounterCodes(Struct, frozen=True, kw_only=True):
    """New counter codes, shown this once; code i has the serial `first_serial` + i."""

    batch: str
    first_serial: int
    codes: tuple[str, ...]

    def __repr__(self) -> str:
        """Without the codes."""
        return f"CounterCodes(batch={self.batch!r}, first_serial={self.first_serial})"


class VoidRequest(Struct, frozen=True):
    """Void the counter codes with these numbers, all or none; what was used cannot be voided."""

    serials: Annotated[tuple[Serial, ...], Meta(min_length=1, max_length=1_000)]


class CounterBatch(Struct, frozen=True, kw_only=True):
    """One lot of counter codes: its numbers, and how many were printed, used, voided.

    Lots that were given the same name are one; then numbers in between may be of others.
    """

    batch: str
    first_serial: Serial
    last_serial: Serial
    printed: Count
    used: Count
    voided: Count


class CounterBatches(Struct, frozen=True):
    """An edition's counter codes in numbers, in the order in which lots were first printed."""

    batches: tuple[CounterBatch, ...]


class IssuanceReport(Struct, frozen=True, kw_only=True):
    """What the officers' `ReportIssuance` is to say. No credential is issued after it was made."""

    issued: Count
    root: Sha256
    channels: tuple[ChannelIssuance, ...]


class PhonesForgotten(Struct, frozen=True, kw_only=True):
    """The phones of an edition are removed.

    `rewritten`: the database's file was written anew, so that no encrypted phone is left in it.
    Else it was in use, by people who register for `open_editions` if any; then ask again later.
    """

    rewritten: bool
    open_editions: tuple[str, ...] = ()


class DeskView(Struct, frozen=True, kw_only=True):
    """An edition as the registrar's desk sees it; counts only."""

    edition: str
    mode: EligibilityMode | None
    sealed: bool
    size: Count
    with_phone: Count
    issued_by_phone: Count
    issued_at_counter: Count
    counter_codes_printed: Count
    counter_codes_used: Count
    counter_codes_voided: Count
    issuance_reported: bool
