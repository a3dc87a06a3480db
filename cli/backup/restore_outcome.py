"""What `huimin restore` says when it is done, to people and (`--json`) to programs."""

import msgspec
import rich_click as click
from msgspec import Struct

from cli.backup.issuance import RestoredIssuance
from cli.backup.restore import RestoredLog

NOT_COMPARED = (
    "没有与任何已公布的检查点比较，无法知道备份是否落后。除非从未公布过检查点，否则不要启用。",
    "COMPARED WITH NOTHING: nobody can say whether this backup is behind what was published.",
)

SHUT = (
    "{}: 不再签发投票凭证。备份之后领过凭证的人在这里查不到，可能再领一次、投两次票。",
    (
        "{}: no more credentials are given out. Who got one after the backup is not known here,"
        " could get a second one, and vote twice."
    ),
)
TO_DECIDE = (
    (
        "由官员决定：不再登记直到截止，或作废本届；若确知备份之后无人领证，可用"
        " --accept-forgotten-issuance {} 重新恢复。"
    ),
    (
        "Officers decide: no more registration until the close, or void the edition. If nobody can"
        " have got one since, restore it again with --accept-forgotten-issuance {}."
    ),
)

_STATES = {"ended": "已结束 ended", "open": "继续 open", "shut": "已停止 SHUT"}


class RestoreOutcome(Struct, frozen=True, kw_only=True):
    """What was restored and verified."""

    outcome: str = "verified"
    target: str
    backup_begun: str
    logs: tuple[RestoredLog, ...]
    issuance: tuple[RestoredIssuance, ...]


def show(
    outcome: RestoreOutcome, nothing_published: bool, as_json: bool, *, deployed: bool
) -> None:
    """Print it; what somebody has to decide goes to standard error."""
    if nothing_published:
        for line in NOT_COMPARED:
            click.secho(line, err=True, bold=True)
    for edition in [one.edition for one in outcome.issuance if one.issuance == "shut"]:
        for line in (*SHUT, *TO_DECIDE):
            click.secho(line.format(edition), err=True, bold=True)
    if as_json:
        click.echo(msgspec.json.encode(outcome))
        return
    for log in outcome.logs:
        click.echo(
            f"已核实 Verified: {log.edition}, {log.size} entries, {log.ballots} ballots of"
            f" {log.voters} voters, root {log.root}"
        )
        click.echo(f"  {log.vkey}")
    for one in outcome.issuance:
        voters = "" if one.voters is None else f", {one.voters} voters in the log"
        known = f"{one.edition}, {one.issued} credentials{voters}"
        click.echo(f"发证 Issuance: {known}: {_STATES[one.issuance]}")
    click.echo(f"已恢复 Restored: {outcome.target}, 备份于 as of {outcome.backup_begun}")
    if deployed:
        click.echo("下一步 Next: huimin migrate --admin-url-file ... --passwords ...")
    else:
        click.echo(f"下一步 Next: huimin up --data {outcome.target}")
