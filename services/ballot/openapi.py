"""What the ballot service answers, for its OpenAPI document."""

import sys
from typing import Annotated, Final

from msgspec import Meta

from services.ballot import api, log_routes
from shared.edition.ballot import Ballot
from shared.edition.commands import OfficerSignature, OpenVoting, SignedCommand, encode_command
from shared.edition.errors import (
    BadBallotSignature,
    BadCertificate,
    BadCommand,
    BadCommitment,
    BadCredential,
    BadIssuance,
    BadKey,
    BadManifest,
    BadProgress,
    BadRoll,
    BadShortlist,
    BadTieDraw,
    EntryTooLarge,
    NotAnnouncer,
    RepeatedInitiative,
    SignatureMissing,
    SignatureWrong,
    StaleCommand,
    StaleSeq,
    TooFewChoices,
    TooManyChoices,
    UnknownEdition,
    UnknownInitiative,
    VotingClosed,
    VotingNotOpen,
    WrongPhase,
)
from shared.edition.manifest import (
    EditionId,
    Initiative,
    LogIdentity,
    Manifest,
    Officer,
    Text,
)
from shared.edition.views import EditionList, EditionSummary, EditionView, Receipt, RollView
from shared.log.checkpoint import Checkpoint, sign_checkpoint
from shared.log.merkle import leaf_hash
from shared.log.note import Signer
from shared.log.tlog_proof import TlogProof
from shared.service.openapi import (
    Answer,
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
    NoSuchResource,
    Overloaded,
    Sealed,
    StoreUnavailable,
    TooLarge,
    TooSlow,
    WrongMediaType,
)

_EDITION: Final = Parameter(name="edition", what="The edition's id", kind=EditionId, example="2027")
_TILE: Final = Parameter(
    name="tile_path",
    what=(
        "`<L>/<N>` of a hash tile, `entries/<N>` or `openings/<N>` of a bundle; with `.p/<W>` if"
        " it is partial. Its slashes are sent as they are, as C2SP tlog-tiles says"
    ),
    kind=Annotated[
        str,
        Meta(
            pattern=r"^([0-9]|[1-5][0-9]|6[0-3]|entries|openings)"
            r"/(x[0-9]{3}/){0,5}[0-9]{3}(\.p/[1-9][0-9]{0,2})?\Z"
        ),
    ],
    example="entries/x001/234.p/17",
)
_INDEX: Final = Parameter(
    name="index", what="The entry's index", kind=Annotated[int, Meta(ge=0)], example=0
)

_TITLE: Final = Text(zh="惠民十大行动", en="Ten actions for the people")
_SIGNER: Final = Signer("vote.example/2027", bytes(range(32)))
_ENTRY: Final = b'{"event":"BallotCast"}'
_NOTE: Final = sign_checkpoint(Checkpoint(_SIGNER.name, 1, leaf_hash(_ENTRY)), _SIGNER)
_PROOF: Final = TlogProof(0, (), _NOTE).encode().decode()
_RECEIPT: Final = Receipt(edition="2027", index=0, entry=_ENTRY, proof=_PROOF)

_EDITIONS: Final = EditionList(
    log_origin="vote.example",
    log_key=bytes(32),
    editions=(
        EditionSummary(
            edition="2027", title=_TITLE, phase="open", log="/log/2027", vkey=_SIGNER.vkey
        ),
    ),
)
_VIEW: Final = EditionView(
    edition="2027",
    phase="open",
    manifest=Manifest(
        title=_TITLE,
        disclosure="at-close",
        officers=(Officer(id="clerk", key=bytes(32)), Officer(id="supervisor", key=bytes(32))),
        log=LogIdentity(origin=_SIGNER.name, key=bytes(32)),
    ),
    initiatives=(
        Initiative(
            id="clinic",
            title=Text(zh="社区诊所", en="Community clinic"),
            summary=Text(zh="每个街道一所", en="One in each neighbourhood"),
            department=Text(zh="卫生健康委", en="Health commission"),
        ),
    ),
    roll=RollView(size=100_000, root=bytes(32), issuer_key=bytes(294), mode="roll"),
    issued=None,
    milestone_size=4,
    size=4,
    checkpoint=_NOTE.decode(),
    log="/log/2027",
    vkey=_SIGNER.vkey,
)
_BALLOT: Final = Ballot(
    key=b"\4" + bytes(64),
    credential=bytes(256),
    seq=1,
    choices=("clinic",),
    salt=bytes(16),
    signature=bytes(64),
)
_COMMAND: Final = SignedCommand(
    command=encode_command(OpenVoting(edition="2027", origin=_SIGNER.name, expected_size=3)),
    signatures=(
        OfficerSignature(officer="clerk", signature=bytes(64)),
        OfficerSignature(officer="supervisor", signature=bytes(64)),
    ),
)

_BODY: Final[Refusals] = (Malformed, TooLarge, TooSlow, WrongMediaType)
_RESOURCE: Final[Refusals] = (UnknownEdition, NoSuchResource, StoreUnavailable)
_FRESH: Final = {"Cache-Control": "`no-cache`: it may be newer each time"}
_FOREVER: Final = {"Cache-Control": "Immutable: what is at this address never changes"}

_BALLOTS: Final = Operation(
    name="castBallot",
    tag="ballots",
    at=("/v1/editions/{edition}/ballots", "post"),
    text=(
        "Cast one ballot, of at most 16 kB.\n\n"
        "The answer comes after the ballot is committed and holds its entry and a C2SP tlog-proof."
        " The same ballot again gets the same receipt, also after the close; after a 503 or a lost"
        " answer, send it again. To change a vote, sign again with a higher `seq`.\n\n"
        "commitment = SHA-256(`huimin/choices/v1` 00 salt, then the ids sorted and joined by LF);"
        " signed message = `huimin/ballot/v1` 00 edition 00 seq (4 bytes, big-endian) commitment,"
        " by ECDSA P-256 with SHA-256 as raw r || s."
    ),
    parameters=(_EDITION,),
    body=Json(_BALLOT),
    answers=(
        Answer(
            status=201,
            what="The receipt",
            body=Json(_RECEIPT),
            headers={"Cache-Control": "`no-store`: a receipt is the voter's"},
        ),
    ),
    refusals=(
        *_BODY,
        UnknownEdition,
        VotingNotOpen,
        VotingClosed,
        StaleSeq,
        BadKey,
        BadCommitment,
        BadBallotSignature,
        BadCredential,
        UnknownInitiative,
        RepeatedInitiative,
        TooManyChoices,
        TooFewChoices,
        EntryTooLarge,
        Overloaded,
        StoreUnavailable,
    ),
)

_COMMANDS: Final = Operation(
    handler=api.command,
    name="carryOutCommand",
    tag="editions",
    parameters=(_EDITION,),
    body=Json(_COMMAND),
    answers=(Answer(status=201, what="The receipt of the event", body=Json(_RECEIPT)),),
    refusals=(
        *_BODY,
        UnknownEdition,
        BadCommand,
        BadManifest,
        BadShortlist,
        BadRoll,
        BadIssuance,
        BadTieDraw,
        BadCertificate,
        BadProgress,
        EntryTooLarge,
        SignatureMissing,
        SignatureWrong,
        NotAnnouncer,
        StaleCommand,
        WrongPhase,
        StoreUnavailable,
    ),
)

_LOG: Final = (
    Operation(
        handler=log_routes.checkpoint,
        name="readCheckpoint",
        tag="log",
        parameters=(_EDITION,),
        answers=(
            Answer(
                what="A signed note (C2SP tlog-checkpoint)",
                body=Raw(
                    media_type="text/plain",
                    what="Origin, size, root in base64; an empty line; the signature",
                    example=_NOTE.decode(),
                ),
                headers=_FRESH,
            ),
        ),
        refusals=_RESOURCE,
    ),
    Operation(
        handler=log_routes.tile,
        name="readTile",
        tag="log",
        parameters=(_EDITION, _TILE),
        answers=(
            Answer(
                what="The tile or bundle",
                body=Raw(
                    media_type="application/octet-stream",
                    what=(
                        "A hash tile: 1 to 256 hashes of 32 bytes. A bundle: 1 to 256 records, each"
                        " two bytes of length, big-endian, and so many bytes: an event, or an"
                        " opening, in JSON; no bytes for what has no opening"
                    ),
                    binary=True,
                ),
                headers=_FOREVER,
            ),
        ),
        refusals=(*_RESOURCE, Sealed),
    ),
    Operation(
        handler=log_routes.proof,
        name="readProof",
        tag="log",
        parameters=(_EDITION, _INDEX),
        answers=(
            Answer(
                what="A proof (C2SP tlog-proof)",
                body=Raw(
                    media_type="text/plain",
                    what="Index, inclusion path and checkpoint",
                    example=_PROOF,
                ),
                headers=_FRESH,
            ),
        ),
        refusals=_RESOURCE,
    ),
)

INTERFACE: Final = Interface(
    title="Huimin ballot box",
    description="Editions, ballots, and the log that anyone can check.",
    tags={
        "editions": "What people vote on, and what officers command",
        "ballots": "Casting; the hot path",
        "log": "The transparency log (C2SP tlog-tiles), for any auditor",
        "health": "For the operator; a proxy does not publish it",
    },
    operations=(
        Operation(
            handler=api.list_editions,
            name="listEditions",
            tag="editions",
            answers=(Answer(what="The editions", body=Json(_EDITIONS), headers=_FRESH),),
            refusals=(StoreUnavailable,),
        ),
        Operation(
            handler=api.show_edition,
            name="showEdition",
            tag="editions",
            parameters=(_EDITION,),
            answers=(Answer(what="The edition", body=Json(_VIEW), headers=_FRESH),),
            refusals=(UnknownEdition, StoreUnavailable),
        ),
        _BALLOTS,
        _COMMANDS,
        *_LOG,
        *health(
            api.live,
            api.ready,
            api.Readiness(True, "ok", "ok"),
            api.Readiness(False, "unreachable", "ok"),
        ),
    ),
)

DOCUMENT: Final = document(INTERFACE)

if __name__ == "__main__":
    sys.stdout.buffer.write(printed(DOCUMENT))
