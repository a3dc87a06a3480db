"""What came of a `huimin roll` command, for people and for programs."""

from collections.abc import Iterator
from typing import Final, Literal, assert_never

import msgspec
import rich_click as click
from msgspec import Struct

from cli.failures import RefusedOutcome
from cli.printable import printable
from cli.roll.checking import BadRollLine, CheckedRoll, ReadFile
from shared.eligibility.errors import BadRollRecord
from shared.eligibility.views import DeskView, RollSummary

_LINES_PRINTED: Final = 50


class RollImported(Struct, frozen=True, kw_only=True):
    """What the registrar has now, and the lines that were skipped; `bad` names at most 1,000."""

    outcome: Literal["imported"] = "imported"
    edition: str
    roll: RollSummary
    skipped: int
    bad: tuple[BadRollLine, ...]
    files: tuple[ReadFile, ...]


class RollNotImported(RefusedOutcome, frozen=True, kw_only=True):
    """Lines are wrong, so nothing was sent."""

    bad_lines: int
    bad: tuple[BadRollLine, ...]
    files: tuple[ReadFile, ...]


class ReferencesWritten(Struct, frozen=True, kw_only=True):
    """Where the roll's references are, and what the officers commit to by them."""

    edition: str
    file: str
    size: int
    root: bytes


class Forgotten(Struct, frozen=True, kw_only=True, tag="forgotten", tag_field="outcome"):
    """The registrar has no phones of this edition any more; see `PhonesForgotten`."""

    edition: str
    rewritten: bool
    open_editions: tuple[str, ...]


Outcome = RollImported | RollNotImported | ReferencesWritten | DeskView | Forgotten


def not_imported(checked: CheckedRoll) -> RollNotImported:
    """The refusal of files with bad lines."""
    return RollNotImported(
        slug=BadRollRecord.slug,
        title=BadRollRecord.title[1],
        title_zh=BadRollRecord.title[0],
        detail=f"{checked.bad} lines are wrong, {checked.records} are right",
        next=f"{BadRollRecord.next[1]}, or leave them out with --skip-bad",
        next_zh=f"{BadRollRecord.next[0]}; 或用 --skip-bad 跳过",
        bad_lines=checked.bad,
        bad=tuple(checked.named),
        files=tuple(checked.files),
    )


def show_bad(checked: CheckedRoll) -> None:
    """Name bad lines on the error stream, so many that they can be read."""
    for one in checked.named[:_LINES_PRINTED]:
        click.echo(printable(f"{one.file}, 第 line {one.line} 行: {one.why}"), err=True)
    if more := checked.bad - min(checked.bad, _LINES_PRINTED):
        click.echo(f"还有 and {more} more; --json names {len(checked.named)}", err=True)


def show(outcome: Outcome, as_json: bool) -> None:
    """Print what came of a command."""
    if as_json:
        click.echo(msgspec.json.encode(outcome))
        return
    for line in _sentences(outcome):
        click.echo(printable(line), err=isinstance(outcome, RollNotImported))


def _sentences(outcome: Outcome) -> Iterator[str]:
    match outcome:
        case RollImported():
            yield from _imported(outcome)
        case RollNotImported():
            yield f"未导入 Nothing was imported: {outcome.detail}"
            yield f"下一步 Next: {outcome.next_zh} / {outcome.next}"
        case ReferencesWritten(file=file, size=size, root=root):
            yield f"{file}: {size} references, root {root.hex()}"
        case DeskView():
            yield from _view(outcome)
        case Forgotten():
            yield from _forgotten(outcome)
        case _:
            assert_never(outcome)


def _forgotten(forgotten: Forgotten) -> Iterator[str]:
    yield f"已删除 Forgotten: phones of {forgotten.edition!r}"
    if forgotten.rewritten:
        return
    names = ", ".join(forgotten.open_editions)
    until = f"until these have reported issuance: {names}" if names else "as the roll is in use"
    yield (
        "数据库文件尚未重写，加密的号码可能仍在其中；请稍后再次运行"
        f" The database's file was not written anew, {until}. Encrypted phones may be left in it:"
        " run this again then."
    )


def _imported(imported: RollImported) -> Iterator[str]:
    roll = imported.roll
    skipped = f", 跳过 skipped {imported.skipped}" if imported.skipped else ""
    yield (
        f"已导入 Imported for {imported.edition!r}: {roll.size} people,"
        f" {roll.with_phone} with a phone{skipped}"
    )
    for district, people in roll.districts.items():
        yield f"  {district or '-'}: {people}"
    for file in imported.files:
        ignored = f", not looked at: {', '.join(file.ignored)}" if file.ignored else ""
        yield f"{file.file}: {file.encoding.upper()}{ignored}"


def _view(view: DeskView) -> Iterator[str]:
    yield f"edition {view.edition}"
    yield f"eligibility mode: {view.mode or 'not chosen yet'}"
    sealed = "sealed" if view.sealed else "not sealed"
    yield f"选民册 roll: {view.size} people, {view.with_phone} with a phone; {sealed}"
    reported = "reported" if view.issuance_reported else "not reported"
    yield (
        f"凭证 credentials issued: {view.issued_by_phone} by phone,"
        f" {view.issued_at_counter} at a counter; {reported}"
    )
    yield (
        f"现场码 counter codes: {view.counter_codes_printed} printed,"
        f" {view.counter_codes_used} used, {view.counter_codes_voided} voided"
    )
