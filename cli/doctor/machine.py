"""What lies on this machine: room on disks, who can read the secrets, who may announce."""

import shutil
import stat
from pathlib import Path
from typing import Final

from cli.doctor.findings import Finding, Said, fail, hindered, not_asked, ok, warn
from cli.doctor.place import Place
from shared.edition.officer_keys import BadOfficerKey, parse_public

FAIL_FREE: Final = 512 << 20
WARN_FREE: Final = 4 << 30
OTHERS: Final = stat.S_IRWXG | stat.S_IRWXO
OTHERS_WRITE: Final = stat.S_IWGRP | stat.S_IWOTH


async def check(place: Place) -> list[Finding]:
    """Whatever of it was named."""
    disks = [place.data, *place.checkpoints] if place.data else [*place.checkpoints]
    return [
        *([_disk(one) for one in disks] or [not_asked("disk", "--data")]),
        _secrets(place.secrets) if place.secrets else not_asked("secret-files", "--secrets"),
        _announcers(place.announcers) if place.announcers else _NO_ANNOUNCERS,
    ]


def _disk(directory: Path) -> Finding:
    try:
        usage = shutil.disk_usage(directory)
    except OSError as error:
        return hindered("disk", str(directory), str(error))
    evidence = f"{usage.free / 1e9:.1f} of {usage.total / 1e9:.1f} GB free"
    next_ = Said(
        "腾出空间或扩容；每张选票约占 2 kB。磁盘满了，投票就停了",
        "make room or add some; a ballot takes about 2 kB. Voting stops when the disk is full",
    )
    if usage.free < FAIL_FREE:
        said = Said("磁盘快满了", "the disk is almost full")
        return fail("disk", str(directory), said, evidence, next_)
    if usage.free < WARN_FREE:
        said = Said("磁盘空间不多了", "there is not much room left")
        return warn("disk", str(directory), said, evidence, next_)
    return ok("disk", str(directory), Said("磁盘空间充足", "there is enough room"), evidence)


def _secrets(directory: Path) -> Finding:
    try:
        open_to_others = [
            f"{path.name} {stat.filemode(path.stat().st_mode)}"
            for path in (directory, *sorted(directory.iterdir()))
            if path.stat().st_mode & OTHERS
        ]
    except OSError as error:
        return hindered("secret-files", str(directory), str(error))
    if open_to_others:
        said = Said("别的用户可以读取密钥", "other users can get at secrets")
        next_ = Said(
            f"chmod -R go= {directory}; 若可能已被读取，更换这些密钥",
            f"chmod -R go= {directory}; replace the secrets if somebody may have read them",
        )
        return fail("secret-files", str(directory), said, ", ".join(open_to_others), next_)
    said = Said("密钥只有所有者可读", "only their owner can read the secrets")
    return ok("secret-files", str(directory), said)


def _announcers(directory: Path) -> Finding:
    subject = str(directory)
    try:
        mode, files = directory.stat().st_mode, sorted(directory.glob("*.pub"))
        bad = [file.name for file in files if not _is_key(file)]
    except OSError as error:
        return hindered("announcers", subject, str(error))
    if mode & OTHERS_WRITE:
        said = Said("别的用户可以登记公告人", "other users can register who may announce")
        next_ = Said(f"chmod go-w {directory}", f"chmod go-w {directory}")
        return fail("announcers", subject, said, stat.filemode(mode), next_)
    if bad:
        said = Said("有的文件不是官员的公钥", "some files are no officers' public keys")
        next_ = Said(
            "换成 huimin officer keygen 生成的 .pub", "put the .pub of huimin officer keygen"
        )
        return fail("announcers", subject, said, ", ".join(bad), next_)
    if not files:
        said = Said("没有人可以公告新的一届", "nobody may announce an edition")
        next_ = Said(
            "把一名官员的 .pub 复制进去，无需重启", "copy an officer's .pub into it; no restart"
        )
        return warn("announcers", subject, said, "", next_)
    return ok("announcers", subject, Said("公告人", "who may announce"), f"{len(files)}")


def _is_key(file: Path) -> bool:
    try:
        parse_public(file.read_text())
    except (BadOfficerKey, UnicodeDecodeError):
        return False
    return True


_NO_ANNOUNCERS = not_asked("announcers", "--announcers")
