"""A command on its way from one officer to the next: a JSON file that a person can read.

What counts is in `signed`. `command` says the same in the clear, and `manifest` says who may sign;
both are checked against `signed` when the file is read, and against the edition itself when there
is a server to ask. Nothing in the file is secret.
"""

from pathlib import Path
from typing import Final, Literal

import msgspec
from msgspec import Struct

from shared.client.atomic_file import write_atomically
from shared.edition.commands import AnnounceEdition, Command, SignedCommand, check_signatures
from shared.edition.errors import (
    UNREADABLE_JSON,
    BadCommand,
    Invalid,
    SignatureMissing,
    SignatureWrong,
)
from shared.edition.manifest import Manifest

MAX_COMMAND_FILE: Final = 1_000_000


class BadCommandFile(Invalid):
    """The file is none, or was changed after it was prepared."""

    slug = "bad-command-file"
    title = ("命令文件有误", "The command file is not as it was prepared")
    next = (
        "请勿签署，请准备人重新生成",
        "Sign nothing; ask whoever prepared it for a new file",
    )


class CommandFile(Struct, frozen=True, kw_only=True):
    """A command that some officers have signed, with what another one needs to judge it."""

    format: Literal["huimin/command/v1"] = "huimin/command/v1"
    manifest: Manifest
    command: Command
    signed: SignedCommand


def load_command_file(file: Path) -> CommandFile:
    """The command in a file; raises `BadCommandFile` if it is not all of one piece, `OSError`."""
    with file.open("rb") as stream:
        data = stream.read(MAX_COMMAND_FILE)
    try:
        loaded = msgspec.json.decode(data, type=CommandFile)
        if loaded.signed.decoded() != loaded.command:
            raise BadCommandFile(f"{file} shows another command than the one that is signed in it")
        missing_signatures(loaded.manifest, loaded.command, loaded.signed)
    except UNREADABLE_JSON as error:
        raise BadCommandFile(f"{file} is no command file: {error}") from error
    except (BadCommand, SignatureWrong) as error:
        raise BadCommandFile(f"{file}: {error.detail}") from error
    command = loaded.command
    if isinstance(command, AnnounceEdition) and command.manifest != loaded.manifest:
        raise BadCommandFile(f"{file} shows another manifest than the one that is signed in it")
    return loaded


def save_command_file(file: Path, prepared: CommandFile) -> None:
    """Write or replace the file; raises `OSError`."""
    write_atomically(file, msgspec.json.format(msgspec.json.encode(prepared)) + b"\n")


def missing_signatures(manifest: Manifest, command: Command, signed: SignedCommand) -> int:
    """How many officers must still sign; raises `SignatureWrong` if one has not signed this."""
    name = type(command).__name__
    try:
        check_signatures(manifest, name, signed.command, signed.signatures)
    except SignatureMissing:
        return manifest.signatures_needed(name) - len({one.officer for one in signed.signatures})
    return 0
