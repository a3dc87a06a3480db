"""Manifest, shortlist and issuer key as officers write them, and the mistakes that they make."""

import json
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from cli.edition.documents import read_issuer_key, read_manifest, read_shortlist
from shared.edition.credential import issuer_spki
from shared.edition.errors import BadManifest, BadRoll, BadShortlist
from shared.edition.manifest import Text
from shared.edition.officer_keys import format_public
from tests.editions import ISSUER, EditionBuilder, issuer_key

BUILDER = EditionBuilder()
LOG = BUILDER.manifest.log
HEAD = "id,title_zh,title_en,summary_zh,summary_en,department_zh,department_en"
ROW = "hukou,户籍登记,Registration,为民,For people,公安局,Police"
JSON_ROW = {
    "id": "hukou",
    "title": {"zh": "户籍登记", "en": "Registration"},
    "summary": {"zh": "为民", "en": "For people"},
    "department": {"zh": "公安局", "en": "Police"},
}


@pytest.fixture
def written(tmp_path: Path) -> dict[str, object]:
    """A manifest's contents, with the officers' public keys beside it."""
    for officer in BUILDER.manifest.officers:
        (tmp_path / f"{officer.id}.pub").write_text(format_public(officer) + "\n")
    return {
        "title": {"zh": "惠民十大行动", "en": "Ten actions for the people"},
        "disclosure": "live",
        "officers": ["first.pub", "second.pub", "third.pub"],
        "seats": 2,
        "max_choices": 3,
    }


def put(directory: Path, name: str, content: object) -> Path:
    """A file with this text, or this value as JSON."""
    file = directory / name
    file.write_text(content if isinstance(content, str) else json.dumps(content))
    return file


def test_a_manifest_in_json(tmp_path: Path, written: dict[str, object]) -> None:
    """The file's rules with the officers' keys and the server's log."""
    assert read_manifest(put(tmp_path, "manifest.json", written), LOG) == BUILDER.manifest


def test_a_manifest_in_toml(tmp_path: Path, written: dict[str, object]) -> None:
    """TOML says the same."""
    lines = [f"{name} = {json.dumps(value)}" for name, value in written.items() if name != "title"]
    title = '[title]\nzh = "惠民十大行动"\nen = "Ten actions for the people"\n'
    file = put(tmp_path, "manifest.toml", "\n".join([*lines, title]))
    assert read_manifest(file, LOG) == BUILDER.manifest


def test_defaults_are_those_of_a_manifest(tmp_path: Path, written: dict[str, object]) -> None:
    """What the file does not say is as the manifest's own defaults have it."""
    del written["seats"], written["max_choices"]
    read = read_manifest(put(tmp_path, "manifest.json", written), LOG)
    plain = type(read)(
        title=read.title, disclosure=read.disclosure, officers=read.officers, log=read.log
    )
    assert read == plain


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"max_choise": 3}, "max_choise"),
        ({"disclosure": "never"}, "disclosure"),
        ({"min_choices": 4}, "min_choices 4 is above max_choices 3"),
        ({"signatures": {"OpenVotes": 1}}, "OpenVotes"),
        ({"officers": ["first.pub", "first.pub"]}, "listed more than once"),
        ({"officers": ["first.pub"]}, "needs 2 officers and there are 1"),
        ({"opens_at": "2027-03-01T09:00:00"}, "opens_at"),
        ({"title": {"zh": "惠民"}}, "en"),
    ],
)
def test_a_wrong_manifest_is_refused(
    tmp_path: Path, written: dict[str, object], change: dict[str, object], why: str
) -> None:
    """Each mistake is named, before anybody signs."""
    with pytest.raises(BadManifest, match=why):
        read_manifest(put(tmp_path, "manifest.json", written | change), LOG)


def test_a_secret_key_in_a_manifest_is_refused(tmp_path: Path, written: dict[str, object]) -> None:
    """A .key instead of a .pub is refused, and its contents are not shown."""
    put(tmp_path, "clerk.key", "huimin-officer-secret+clerk+c2VjcmV0")
    file = put(tmp_path, "manifest.json", written | {"officers": ["clerk.key"]})
    with pytest.raises(BadManifest) as refusal:
        read_manifest(file, LOG)
    assert "c2VjcmV0" not in refusal.value.detail


@pytest.mark.parametrize("text", ["{", "\x00", "[" * 100_000])
def test_a_manifest_that_is_no_json_is_refused(tmp_path: Path, text: str) -> None:
    """Any text is refused in order, however odd."""
    with pytest.raises(BadManifest):
        read_manifest(put(tmp_path, "manifest.json", text), LOG)


def test_an_endless_manifest_is_refused(tmp_path: Path) -> None:
    """A file above the limit is not read."""
    with pytest.raises(BadManifest, match="more than 1000000 bytes"):
        read_manifest(put(tmp_path, "manifest.json", " " * 1_000_001), LOG)


def test_a_shortlist_from_a_spreadsheet(tmp_path: Path) -> None:
    """Byte order mark, CRLF, quotes and commas are as spreadsheets write them."""
    row = 'hukou,户籍登记,"Registration, for ""all""",为民,For people,公安局,Police'
    file = tmp_path / "shortlist.csv"
    file.write_bytes(f"{HEAD}\r\n{row}\r\n".encode("utf-8-sig"))
    [initiative] = read_shortlist(file, BUILDER.manifest)
    assert initiative.title == Text(zh="户籍登记", en='Registration, for "all"')


def test_csv_and_json_say_the_same(tmp_path: Path) -> None:
    """Both forms of a shortlist lead to the same initiatives."""
    csv = put(tmp_path, "shortlist.csv", f"{HEAD}\n{ROW}\n")
    json_file = put(tmp_path, "shortlist.json", [JSON_ROW])
    manifest = BUILDER.manifest
    assert read_shortlist(csv, manifest) == read_shortlist(json_file, manifest)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "must name the columns"),
        ("id,title\nhukou,x\n", "must name the columns"),
        (f"{HEAD}\n{ROW},more\n", "line 2 does not have 7 columns"),
        (f"{HEAD}\nhukou,户籍登记\n", "line 2 does not have 7 columns"),
        (f"{HEAD}\n{ROW}\nhu kou{ROW[5:]}\n", "line 3"),
        (f"{HEAD}\n{ROW}\n{ROW}\n", "'hukou' is listed more than once"),
        (f"{HEAD}\nhukou,,Registration,为民,For people,公安局,Police\n", r"line 2.*title.*zh"),
        (f'{HEAD}\n"hukou\n', "unexpected end"),
    ],
)
def test_a_wrong_csv_is_refused(tmp_path: Path, text: str, why: str) -> None:
    """The line is named where there is one."""
    with pytest.raises(BadShortlist, match=why):
        read_shortlist(put(tmp_path, "shortlist.csv", text), BUILDER.manifest)


def test_text_in_another_encoding_is_refused(tmp_path: Path) -> None:
    """A spreadsheet saved in GBK is refused rather than garbled."""
    file = tmp_path / "shortlist.csv"
    file.write_bytes(f"{HEAD}\n{ROW}\n".encode("gbk"))
    with pytest.raises(BadShortlist):
        read_shortlist(file, BUILDER.manifest)


@pytest.mark.parametrize("encoding", [Encoding.PEM, Encoding.DER])
def test_an_issuer_key_in_either_encoding(tmp_path: Path, encoding: Encoding) -> None:
    """PEM and DER give the DER that is committed."""
    public = issuer_key(ISSUER).public_key()
    file = tmp_path / "issuer"
    file.write_bytes(public.public_bytes(encoding, PublicFormat.SubjectPublicKeyInfo))
    assert read_issuer_key(file) == issuer_spki(public)


def private_pem() -> bytes:
    """The private key, given by mistake."""
    key = issuer_key(ISSUER)
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def elliptic_pem() -> bytes:
    """A key of another kind."""
    key = ec.generate_private_key(ec.SECP256R1()).public_key()
    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def short_pem() -> bytes:
    """A key that is too short."""
    key = rsa.generate_private_key(65537, 1024).public_key()  # noqa: S505 -- it is to be refused
    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


@pytest.mark.parametrize(
    "data", [private_pem, elliptic_pem, short_pem, lambda: b"", lambda: b"-----BEGIN"]
)
def test_what_is_no_issuer_key_is_refused(tmp_path: Path, data: object) -> None:
    """Private, foreign, short and broken keys are not committed."""
    assert callable(data)
    file = tmp_path / "issuer.pem"
    file.write_bytes(data())
    with pytest.raises(BadRoll):
        read_issuer_key(file)
