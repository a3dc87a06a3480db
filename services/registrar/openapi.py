"""What the registrar answers, its desk included, for its OpenAPI document."""

import sys
from typing import Final

import msgspec
from litestar.handlers import HTTPRouteHandler
from msgspec import Struct

from services.registrar import api, desk_api
from services.registrar.body import NDJSON
from services.registrar.errors import (
    CodesFailing,
    CodesQueued,
    CommitmentDiffers,
    CounterCodeUsed,
    EditionUnread,
    NotClosed,
    NotReported,
    PuzzlesOff,
    RollNotEmpty,
    UnknownCounterCode,
    UnknownEditionAtDesk,
)
from shared.edition.commands import ChannelIssuance
from shared.edition.errors import Refusal
from shared.edition.manifest import EditionId
from shared.eligibility.errors import (
    BadBlindedMessage,
    BadIdentityNumber,
    BadPerson,
    BadPhoneNumber,
    BadRollRecord,
    CredentialIssued,
    DeskClosed,
    NotIssuing,
    ProofOfWorkNeeded,
    RollMissing,
    RollSealed,
    UnknownRegistration,
    WrongCode,
)
from shared.eligibility.views import (
    BlindCredential,
    Challenge,
    ChallengeRequest,
    Commitment,
    CommitmentRequest,
    CounterBatch,
    CounterBatches,
    CounterCodes,
    CounterCodesRequest,
    CredentialRequest,
    DeskView,
    IssuanceAnswer,
    IssuanceProof,
    IssuanceQuery,
    IssuanceReport,
    PhoneCode,
    PhonesForgotten,
    Registration,
    RollRecord,
    RollSummary,
    VoidRequest,
)
from shared.service.openapi import (
    Answer,
    Body,
    Interface,
    Json,
    Operation,
    Parameter,
    Raw,
    Refusals,
    health,
)
from shared.service.openapi_document import document, printed
from shared.service.problem import (
    Malformed,
    Overloaded,
    StoreUnavailable,
    TooLarge,
    TooManyRequests,
    TooSlow,
    WrongMediaType,
)


class PuzzleParameters(Struct, frozen=True, rename="camel"):
    """What is to be computed: see ALTCHA, version 2. `expires_at` is in seconds since 1970."""

    algorithm: str
    cost: int
    key_length: int
    key_prefix: str
    nonce: str
    salt: str
    expires_at: int
    data: dict[str, str]


class Puzzle(Struct, frozen=True):
    """An ALTCHA puzzle; the libraries of that name solve it."""

    parameters: PuzzleParameters
    signature: str


_EDITION: Final = Parameter(name="edition", what="The edition's id", kind=EditionId, example="2027")
_CHALLENGE: Final = "AAECAwQFBgcICQoLDA0ODw"
_PERSON: Final = PhoneCode(challenge=_CHALLENGE, code="123456")
_RECORD: Final = RollRecord(
    identity_number="999999190001010015", phone="13900000001", district="吴兴区"
)

_BATCHES: Final = CounterBatches(
    (CounterBatch(batch="Wuxing 1", first_serial=1, last_serial=8, printed=8, used=3, voided=1),)
)

_SENT: Final[Refusals] = (Malformed, TooLarge, TooSlow, WrongMediaType)
_KNOWN: Final[Refusals] = (UnknownRegistration, StoreUnavailable)
_ROLLED: Final[Refusals] = (CommitmentDiffers, EditionUnread, NotIssuing)
_IDENTIFIED: Final[Refusals] = (BadPerson, BadIdentityNumber, WrongCode, TooManyRequests)
_AT_DESK: Final[Refusals] = (DeskClosed, Malformed, StoreUnavailable)

_PUBLIC: Final = (
    Operation(
        handler=api.show_registration,
        name="showRegistration",
        tag="registration",
        parameters=(_EDITION,),
        answers=(
            Answer(
                what="How people register",
                body=Json(
                    Registration(
                        edition="2027",
                        mode="roll",
                        issuer_key=bytes(294),
                        issuing="open",
                        codes="working",
                    )
                ),
            ),
        ),
        refusals=(*_KNOWN, EditionUnread, CommitmentDiffers),
    ),
    Operation(
        handler=api.make_puzzle,
        name="makePuzzle",
        tag="registration",
        parameters=(_EDITION,),
        answers=(
            Answer(
                status=201,
                what="A puzzle; its solution goes into `proof_of_work` of a challenge",
                body=Json(
                    Puzzle(
                        PuzzleParameters(
                            algorithm="PBKDF2/SHA-256",
                            cost=5000,
                            key_length=32,
                            key_prefix="00",
                            nonce="00" * 16,
                            salt="00" * 16,
                            expires_at=1_806_570_000,
                            data={"edition": "2027"},
                        ),
                        "00" * 32,
                    )
                ),
            ),
        ),
        refusals=(*_KNOWN, PuzzlesOff),
    ),
    Operation(
        handler=api.ask_for_code,
        name="askForCode",
        tag="registration",
        parameters=(_EDITION,),
        body=Json(ChallengeRequest(identity_number="999999190001010015")),
        answers=(
            Answer(
                status=201,
                what="A code is on its way, if the person is on the roll",
                body=Json(
                    Challenge(challenge=_CHALLENGE, expires_in_s=300, attempts=5, code_digits=6)
                ),
            ),
        ),
        refusals=(
            *_SENT,
            *_KNOWN,
            *_ROLLED,
            BadPerson,
            BadIdentityNumber,
            BadPhoneNumber,
            ProofOfWorkNeeded,
            TooManyRequests,
            CodesFailing,
            CodesQueued,
        ),
    ),
    Operation(
        handler=api.issue_credential,
        name="issueCredential",
        tag="registration",
        parameters=(_EDITION,),
        body=Json(CredentialRequest(person=_PERSON, blinded_message=bytes(256))),
        answers=(
            Answer(
                status=201,
                what="The blind signature (RFC 9474); the same message gets the same one",
                body=Json(BlindCredential(bytes(256))),
            ),
        ),
        refusals=(
            *_SENT,
            *_KNOWN,
            *_ROLLED,
            *_IDENTIFIED,
            CredentialIssued,
            BadBlindedMessage,
        ),
    ),
    Operation(
        handler=api.show_issuance,
        name="showIssuance",
        tag="registration",
        parameters=(_EDITION,),
        body=Json(IssuanceQuery(_PERSON)),
        answers=(
            Answer(
                what="Whether one was issued",
                body=Json(
                    IssuanceAnswer(
                        issued=True,
                        reference=bytes(32),
                        channel="phone",
                        proof=IssuanceProof(index=0, size=1, path=(), root=bytes(32)),
                    )
                ),
            ),
        ),
        refusals=(*_SENT, *_KNOWN, *_ROLLED, *_IDENTIFIED),
    ),
)


def _at_desk(
    handler: object, name: str, answer: Answer, *refusals: type[Refusal], body: Body | None = None
) -> Operation:
    assert isinstance(handler, HTTPRouteHandler)
    return Operation(
        handler=handler,
        name=name,
        tag="desk",
        prefix="/desk/v1/editions",
        parameters=(_EDITION,),
        body=body,
        answers=(answer,),
        refusals=(*_AT_DESK, *refusals),
        desk=True,
    )


_DESK: Final = (
    _at_desk(
        desk_api.import_roll,
        "importRoll",
        Answer(
            what="What was imported",
            body=Json(RollSummary(size=1, with_phone=1, districts={"吴兴区": 1})),
        ),
        *(TooLarge, TooSlow, WrongMediaType, BadRollRecord, RollSealed, Overloaded),
        body=Raw(
            media_type=NDJSON,
            what="One `RollRecord` in JSON a line, of at most 4 KiB, each person once",
            example=msgspec.json.encode(_RECORD).decode() + "\n",
            items=RollRecord,
        ),
    ),
    _at_desk(
        desk_api.commit,
        "commitRoll",
        Answer(
            what="What the officers' command `CommitRoll` is to say",
            body=Json(Commitment(size=1, root=bytes(32), issuer_key=bytes(294), mode="roll")),
        ),
        *(TooLarge, RollMissing, RollNotEmpty, RollSealed),
        body=Json(CommitmentRequest("roll")),
    ),
    _at_desk(
        desk_api.list_references,
        "listReferences",
        Answer(
            what="The references",
            body=Raw(
                media_type="text/plain",
                what="64 hexadecimal digits and a newline for each person",
                example=f"{'0' * 64}\n",
            ),
        ),
        UnknownEditionAtDesk,
    ),
    _at_desk(
        desk_api.make_counter_codes,
        "makeCounterCodes",
        Answer(
            status=201,
            what="The codes; nobody can ask for them again",
            body=Json(CounterCodes(batch="Wuxing 1", first_serial=1, codes=("ABCD-EFGH-JKMN",))),
        ),
        *(TooLarge, UnknownEditionAtDesk, NotIssuing),
        body=Json(CounterCodesRequest(count=1, batch="Wuxing 1")),
    ),
    _at_desk(
        desk_api.list_counter_codes,
        "listCounterCodes",
        Answer(what="Counts", body=Json(_BATCHES)),
        UnknownEditionAtDesk,
    ),
    _at_desk(
        desk_api.void_counter_codes,
        "voidCounterCodes",
        Answer(what="They are void; counts", body=Json(_BATCHES)),
        *(TooLarge, UnknownEditionAtDesk, UnknownCounterCode, CounterCodeUsed),
        body=Json(VoidRequest((2,))),
    ),
    _at_desk(
        desk_api.report_issuance,
        "reportIssuance",
        Answer(
            what="What the officers' command `ReportIssuance` is to say",
            body=Json(
                IssuanceReport(
                    issued=1,
                    root=bytes(32),
                    channels=(ChannelIssuance(channel="phone", issued=1, root=bytes(32)),),
                )
            ),
        ),
        *(UnknownRegistration, NotClosed, CommitmentDiffers, EditionUnread),
    ),
    _at_desk(
        desk_api.show_edition,
        "showEditionAtDesk",
        Answer(
            what="Counts",
            body=Json(
                DeskView(
                    edition="2027",
                    mode="roll",
                    sealed=True,
                    size=1,
                    with_phone=1,
                    issued_by_phone=0,
                    issued_at_counter=0,
                    counter_codes_printed=0,
                    counter_codes_used=0,
                    counter_codes_voided=0,
                    issuance_reported=False,
                )
            ),
        ),
        UnknownEditionAtDesk,
    ),
    _at_desk(
        desk_api.forget_phones,
        "forgetPhones",
        Answer(what="They are removed", body=Json(PhonesForgotten(rewritten=True))),
        *(UnknownEditionAtDesk, NotReported),
    ),
)

INTERFACE: Final = Interface(
    title="Huimin registrar",
    description="Who may vote: one-time codes, and one credential for each person.",
    tags={
        "registration": "For people: who they are, and one credential each",
        "desk": "For those who run an edition, with the desk's token; a proxy does not publish it",
        "health": "For the operator; a proxy does not publish it",
    },
    operations=(
        *_PUBLIC,
        *_DESK,
        *health(
            api.live,
            api.ready,
            api.Readiness(True, "ok", "ok", "working"),
            api.Readiness(False, "unreachable", "ok", "working"),
        ),
    ),
)

DOCUMENT: Final = document(INTERFACE)

if __name__ == "__main__":
    sys.stdout.buffer.write(printed(DOCUMENT))
