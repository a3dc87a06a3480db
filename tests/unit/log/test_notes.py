"""Signed notes, checkpoints and receipts: the vectors, and hostile ones named for their defect."""

import json
from base64 import b64decode, b64encode
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.log.checkpoint import (
    MAX_SIZE,
    BadCheckpoint,
    Checkpoint,
    open_checkpoint,
    sign_checkpoint,
)
from shared.log.note import ED25519, BadKey, BadNote, Signer, Verifier, open_note

VECTORS = json.loads((Path(__file__).parents[2] / "vectors" / "tlog.json").read_text("utf-8"))
LOG = Signer(VECTORS["log"]["name"], bytes.fromhex(VECTORS["log"]["seed"]))
LOG_KEY = Verifier.parse(VECTORS["log"]["vkey"])
WITNESS_KEY = Verifier.parse(VECTORS["wit"]["vkey"])
STRANGER = Signer("stranger.test/log", bytes(32))
TEXT = bytes.fromhex(VECTORS["text_hex"]).decode()
NOTE: bytes = VECTORS["checkpoint"].encode()
BODY, SIGNATURE = NOTE.split(b"\n\n")
COSIGNED = NOTE + VECTORS["cosig_line"].encode()
HEAD = Checkpoint(LOG.name, 3, bytes.fromhex(VECTORS["three"]["root3"]))


def line(name: str, data: bytes) -> bytes:
    """A signature line with these bytes in place of key id and signature."""
    return f"\N{EM DASH} {name} ".encode() + b64encode(data) + b"\n"


def forged(signer: Signer) -> bytes:
    """A signature line under the signer's name and key id that fits no text."""
    return line(signer.name, Verifier.parse(signer.vkey).key_id + bytes(64))


def test_signing_gives_the_note_of_the_vectors() -> None:
    """Ed25519 is deterministic: same seed, same text, same note."""
    assert LOG.sign(TEXT) == NOTE


def test_verifier_key_is_that_of_the_vectors() -> None:
    """Seed and name give the stated verifier key."""
    assert LOG.vkey == VECTORS["log"]["vkey"]


@pytest.mark.parametrize("who", ["log", "wit"])
def test_parsed_verifier_key_has_the_parts_of_the_vectors(who: str) -> None:
    """Name, key id and public key are read from the verifier key, which is written back alike."""
    stated, key = VECTORS[who], Verifier.parse(VECTORS[who]["vkey"])
    assert (key.name, key.key_id.hex(), key.public.hex(), key.vkey) == (
        stated["name"],
        stated["key_id"],
        stated["pub"],
        stated["vkey"],
    )


def test_note_of_the_vectors_opens() -> None:
    """The log's key opens the log's note."""
    assert open_note(NOTE, [LOG_KEY]) == TEXT


def test_cosignature_of_the_vectors_opens() -> None:
    """The witness's key alone opens the cosigned note."""
    assert open_note(COSIGNED, [WITNESS_KEY]) == TEXT


def test_cosigned_note_opens_for_log_and_witness_together() -> None:
    """Two known keys, both right."""
    assert open_note(COSIGNED, [LOG_KEY, WITNESS_KEY]) == TEXT


@given(st.text(st.characters(min_codepoint=32, exclude_categories=["Cs"])))
def test_any_text_signed_opens(content: str) -> None:
    """Signing and opening agree on every text, blank lines in it included."""
    text = content.replace("|", "\n") + "\n"
    assert open_note(LOG.sign(text), [LOG_KEY]) == text


def test_blank_lines_belong_to_the_text_up_to_the_last() -> None:
    """The text ends at the last blank line of the note."""
    assert open_note(LOG.sign("a\n\n\n"), [LOG_KEY]) == "a\n\n\n"


def test_unknown_signature_is_ignored() -> None:
    """A stranger's line does no harm, right or wrong, before or after."""
    before = BODY + b"\n\n" + forged(STRANGER) + SIGNATURE
    assert open_note(before + forged(STRANGER), [LOG_KEY]) == TEXT


def test_key_of_the_same_name_with_another_id_is_unknown() -> None:
    """Name and id together make a key known."""
    assert open_note(NOTE + line(LOG.name, bytes(68)), [LOG_KEY]) == TEXT


def test_key_of_the_same_id_with_another_name_is_unknown() -> None:
    """Name and id together make a key known."""
    assert open_note(NOTE + line("other.test", LOG_KEY.key_id + bytes(64)), [LOG_KEY]) == TEXT


def test_sixteen_signatures_are_accepted() -> None:
    """The specification asks verifiers for at least that many, of post-quantum size."""
    strangers = b"".join(line(f"pq{i}.test", bytes(5000)) for i in range(15))
    assert open_note(NOTE + strangers, [LOG_KEY]) == TEXT


def test_the_same_signature_twice_is_accepted() -> None:
    """A repeated line is one more right signature."""
    assert open_note(NOTE + SIGNATURE, [LOG_KEY]) == TEXT


def test_every_flipped_bit_of_a_note_is_refused() -> None:
    """No single bit of text or signature can change."""
    for position in range(8 * len(NOTE)):
        mutant = bytearray(NOTE)
        mutant[position // 8] ^= 1 << position % 8
        with pytest.raises(BadNote):
            open_note(bytes(mutant), [LOG_KEY])


def test_every_cut_note_is_refused() -> None:
    """No proper prefix of a note is a note."""
    for length in range(len(NOTE)):
        with pytest.raises(BadNote):
            open_note(NOTE[:length], [LOG_KEY])


HOSTILE = {
    "no signature": (BODY + b"\n\n", "does not end in a signature line"),
    "no blank line": (BODY + b"\n" + SIGNATURE, "no blank line"),
    "text after the signatures": (NOTE + b"\nmore\n", "not the signature line"),
    "blank line among signatures": (NOTE + b"\n" + forged(STRANGER), "no signature of a known"),
    "last newline missing": (NOTE[:-1], "does not end in"),
    "last line unterminated": (NOTE + forged(STRANGER)[:-1], "does not end in"),
    "carriage returns": (NOTE.replace(b"\n", b"\r\n"), "control character"),
    "tab": (NOTE.replace(b"civic", b"ci\tvic"), "control character"),
    "nul": (NOTE.replace(b"civic", b"ci\0vic"), "control character"),
    "not UTF-8": (NOTE.replace(b"civic", b"ci\xffvic"), "not UTF-8"),
    "surrogate in UTF-8": (NOTE.replace(b"civic", b"\xed\xa0\x80"), "not UTF-8"),
    "hyphens for the dash": (NOTE.replace("\N{EM DASH}".encode(), b"--"), "not the signature"),
    "en dash": (NOTE.replace("\N{EM DASH}".encode(), "\N{EN DASH}".encode()), "not the signature"),
    "two spaces": (NOTE.replace(LOG.name.encode() + b" ", LOG.name.encode() + b"  "), "not the"),
    "space after the signature": (NOTE[:-1] + b" \n", "not the signature"),
    "no-break space in a name": (NOTE + line("a\N{NO-BREAK SPACE}b", bytes(68)), "not the sig"),
    "plus in a name": (NOTE + line("a+b", bytes(68)), "not the signature line"),
    "empty name": (NOTE + line("", bytes(68)), "not the signature line"),
    "key id without signature": (NOTE + line("a", bytes(4)), "signature of 'a' is empty"),
    "base64 without padding": (NOTE.replace(b"g8=\n", b"g8\n"), "no base64"),
    "base64 with a stray bit": (NOTE.replace(b"g8=\n", b"g9=\n"), "not the canonical base64"),
    "base64 of URLs": (NOTE + line("a", b"\xff" * 68).replace(b"/", b"_"), "no base64"),
    "only strangers": (STRANGER.sign(TEXT), "no signature of a known key"),
    "right, then forged": (NOTE + forged(LOG), "does not fit"),
    "forged, then right": (BODY + b"\n\n" + forged(LOG) + SIGNATURE, "does not fit"),
    "short signature": (BODY + b"\n\n" + line(LOG.name, LOG_KEY.key_id + b"x"), "does not fit"),
    "101 signatures": (NOTE + line("a", bytes(68)) * 100, "101 signatures"),
    "over a megabyte": (NOTE + line("a", bytes(800_000)), "over the limit"),
}


@pytest.mark.parametrize("defect", HOSTILE)
def test_hostile_note_is_refused(defect: str) -> None:
    """Each defect raises BadNote that names it."""
    note, message = HOSTILE[defect]
    with pytest.raises(BadNote, match=message):
        open_note(note, [LOG_KEY])


def test_note_opened_without_any_key_is_refused() -> None:
    """No key, no trust."""
    with pytest.raises(BadNote, match="no signature of a known key"):
        open_note(NOTE, [])


def test_cosignature_with_another_time_is_refused() -> None:
    """The witness signed its time too."""
    data = bytearray(b64decode(VECTORS["cosig_line"].split(" ")[2]))
    data[11] ^= 1
    with pytest.raises(BadNote, match="does not fit"):
        open_note(NOTE + line(WITNESS_KEY.name, bytes(data)), [WITNESS_KEY])


@pytest.mark.parametrize("length", [0, 1, 8, 71])
def test_cosignature_that_is_too_short_is_refused(length: int) -> None:
    """A cosignature is 8 bytes of time and 64 of Ed25519."""
    assert not WITNESS_KEY.verify(TEXT, bytes(length))


def test_cosignature_of_a_time_beyond_63_bits_is_refused() -> None:
    """Even rightly signed, such a time is not allowed."""
    signer = Signer(WITNESS_KEY.name, bytes.fromhex(VECTORS["wit"]["seed"]))
    for time, expected in ((2**63 - 1, True), (2**63, False)):
        note = signer.sign(f"cosignature/v1\ntime {time}\n{TEXT}").decode()
        ed25519 = b64decode(note.split(" ")[-1])[4:]
        assert WITNESS_KEY.verify(TEXT, time.to_bytes(8, "big") + ed25519) is expected


def test_cosigner_key_does_not_verify_plain_signatures() -> None:
    """The same key under another type is another key."""
    witness = Signer(WITNESS_KEY.name, bytes.fromhex(VECTORS["wit"]["seed"]))
    with pytest.raises(BadNote, match="no signature of a known key"):
        open_note(witness.sign(TEXT), [WITNESS_KEY])


HOSTILE_KEYS = {
    "empty": "",
    "name only": "example.test/civic-log",
    "no key": "example.test/civic-log+b716b39a",
    "empty name": LOG.vkey.removeprefix(LOG.name),
    "space in the name": "a " + LOG.vkey,
    "newline in the name": "a\n" + LOG.vkey,
    "lone surrogate in the name": "\ud800" + LOG.vkey,
    "another name": "x" + LOG.vkey,
    "another key id": LOG.vkey.replace("b716b39a", "b716b39b"),
    "capital key id": LOG.vkey.replace("b716b39a", "B716B39A"),
    "short key id": LOG.vkey.replace("b716b39a", "b716b39"),
    "type without meaning here": Verifier(LOG.name, 2, bytes(32)).vkey,
    "key of 31 bytes": Verifier(LOG.name, ED25519, bytes(31)).vkey,
    "key of 33 bytes": Verifier(LOG.name, ED25519, bytes(33)).vkey,
    "not base64": LOG.vkey[:-1] + "!",
    "trailing newline": LOG.vkey + "\n",
    "not ASCII": LOG.vkey[:-1] + "\u0661",
}


@pytest.mark.parametrize("defect", HOSTILE_KEYS)
def test_hostile_verifier_key_is_refused(defect: str) -> None:
    """Each defect raises BadKey."""
    with pytest.raises(BadKey):
        Verifier.parse(HOSTILE_KEYS[defect])


@pytest.mark.parametrize("name", ["", "a b", "a+b", "a\nb", "a\0b", "a\N{IDEOGRAPHIC SPACE}b"])
def test_signer_refuses_a_name_that_no_note_can_carry(name: str) -> None:
    """A bad key name is refused when the key is made, not when a note is read."""
    with pytest.raises(BadKey, match="no key name"):
        Signer(name, bytes(32))


@pytest.mark.parametrize("length", [0, 31, 33, 64])
def test_signer_refuses_a_seed_of_another_length(length: int) -> None:
    """An Ed25519 seed has 32 bytes; the error does not show them."""
    with pytest.raises(BadKey, match=f"has {length} bytes instead of 32"):
        Signer("a", bytes(length))


@pytest.mark.parametrize("text", ["", "no newline", "tab\t\n", "return\r\n"])
def test_signer_refuses_text_that_would_not_open(text: str) -> None:
    """What is signed can be opened."""
    with pytest.raises(BadNote, match="must end in a newline"):
        LOG.sign(text)


def test_two_keys_that_cannot_be_told_apart_are_refused() -> None:
    """The same name and key id for two keys would make a signature ambiguous."""
    twins = [Verifier("a", ED25519, number.to_bytes(32, "big")) for number in (65_227, 67_083)]
    assert twins[0].key_id == twins[1].key_id
    with pytest.raises(BadKey, match="the same key id"):
        open_note(NOTE, [LOG_KEY, *twins])


def test_checkpoint_text_is_that_of_the_vectors() -> None:
    """Origin, size and root on three lines."""
    assert HEAD.text() == TEXT


def test_signed_checkpoint_is_that_of_the_vectors() -> None:
    """The note to serve, byte for byte."""
    assert sign_checkpoint(HEAD, LOG) == NOTE


@pytest.mark.parametrize("note", [NOTE, COSIGNED], ids=["signed", "cosigned"])
def test_checkpoint_of_the_vectors_opens(note: bytes) -> None:
    """The log's key finds size and root."""
    assert open_checkpoint(note, LOG_KEY) == HEAD


def test_extension_lines_are_tolerated() -> None:
    """The specification leaves them to the log; they are not part of the head."""
    assert open_checkpoint(LOG.sign(TEXT + "extension 1\n"), LOG_KEY) == HEAD


def test_checkpoint_of_another_log_is_refused() -> None:
    """A key signs for the origin of its own name only."""
    note = LOG.sign(TEXT.replace("civic-log", "other-log"))
    with pytest.raises(BadCheckpoint, match="is of 'example\\.test/other-log', not of"):
        open_checkpoint(note, LOG_KEY)


def test_key_does_not_sign_for_another_origin() -> None:
    """A signer with another name than the origin is refused."""
    with pytest.raises(BadKey, match="must not sign"):
        sign_checkpoint(HEAD, STRANGER)


ROOT = TEXT.split("\n")[2]
HOSTILE_CHECKPOINTS: dict[str, Callable[[str], str]] = {
    "only two lines": lambda text: text.replace(ROOT + "\n", ""),
    "empty origin": lambda text: text.replace(LOG.name, ""),
    "empty extension line": lambda text: text + "\nextension\n",
    "size with leading zero": lambda text: text.replace("\n3\n", "\n03\n"),
    "size with sign": lambda text: text.replace("\n3\n", "\n+3\n"),
    "negative size": lambda text: text.replace("\n3\n", "\n-3\n"),
    "size with underscore": lambda text: text.replace("\n3\n", "\n1_0\n"),
    "size in arabic digits": lambda text: text.replace("\n3\n", "\n\u0663\n"),
    "size in mixed digits": lambda text: text.replace("\n3\n", "\n3\u0663\n"),
    "hexadecimal size": lambda text: text.replace("\n3\n", "\n0x3\n"),
    "size of 2^63": lambda text: text.replace("\n3\n", f"\n{MAX_SIZE + 1}\n"),
    "size of a million digits": lambda text: text.replace("\n3\n", f"\n{'9' * 900_000}\n"),
    "size with space": lambda text: text.replace("\n3\n", "\n3 \n"),
    "root of 31 bytes": lambda text: text.replace(ROOT, b64encode(bytes(31)).decode()),
    "root of 33 bytes": lambda text: text.replace(ROOT, b64encode(bytes(33)).decode()),
    "root not base64": lambda text: text.replace(ROOT, ROOT[:-2] + "!="),
    "root with a stray bit": lambda text: text.replace("2g=", "2h="),
    "root without padding": lambda text: text.replace("2g=", "2g"),
}


@pytest.mark.parametrize("defect", HOSTILE_CHECKPOINTS)
def test_hostile_checkpoint_is_refused(defect: str) -> None:
    """Even under a right signature, a text that is no canonical checkpoint raises BadCheckpoint."""
    text = HOSTILE_CHECKPOINTS[defect](TEXT)
    assert text != TEXT
    with pytest.raises(BadCheckpoint) as error:
        open_checkpoint(LOG.sign(text), LOG_KEY)
    assert len(str(error.value)) < 300


@pytest.mark.parametrize("text", ["", TEXT[:-1], TEXT + "extension"])
def test_checkpoint_text_without_its_last_newline_is_refused(text: str) -> None:
    """A text that was cut raises BadCheckpoint."""
    with pytest.raises(BadCheckpoint, match="three lines or more"):
        Checkpoint.parse(text)


@pytest.mark.parametrize(
    ("origin", "size", "length"), [("", 1, 32), ("a\n1", 1, 32), ("a", -1, 32), ("a", 1, 31)]
)
def test_checkpoint_that_could_not_be_read_back_is_not_made(
    origin: str, size: int, length: int
) -> None:
    """Above all an origin that would smuggle in a size of its own."""
    with pytest.raises(BadCheckpoint):
        Checkpoint(origin, size, bytes(length))


@pytest.mark.parametrize("size", [0, 1, MAX_SIZE])
def test_every_checkpoint_reads_back(size: int) -> None:
    """The smallest and the largest size survive signing and opening."""
    head = Checkpoint(LOG.name, size, bytes(32))
    assert open_checkpoint(sign_checkpoint(head, LOG), LOG_KEY) == head
