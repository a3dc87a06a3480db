"""Refusals that only the registrar has; the others are in `shared.eligibility.errors`."""

from shared.edition.errors import Conflict, NotFound
from shared.service.problem import Unavailable


class CodesFailing(Unavailable):
    """Messages with codes do not go out, whoever they are for."""

    slug = "code-delivery-failing"
    title = ("验证码短信暂时无法发送", "Messages with codes do not go out at the moment")
    next = ("请稍后再试，或凭登记处发放的代码领取", "Try again later, or use a code from a counter")
    retry_after_s = 10


class CodesQueued(Unavailable):
    """More codes wait to be sent than can be held."""

    slug = "code-delivery-busy"
    title = ("等待发送的验证码过多", "Too many codes are waiting to be sent")
    next = ("请稍后再试", "Try again after Retry-After seconds")
    retry_after_s = 5


class EditionUnread(Unavailable):
    """Which phase the edition is in cannot be told now."""

    slug = "edition-unread"
    title = ("暂时无法确认活动状态", "The edition's phase cannot be read at the moment")
    next = ("请稍后再试", "Try again after Retry-After seconds")
    retry_after_s = 3


class CommitmentDiffers(Conflict):
    """The log commits to something else than this registrar did."""

    slug = "commitment-differs"
    title = ("公布的承诺与登记处不符", "The log's roll commitment is not this registrar's")
    next = (
        "请勿领取凭证，并联系监督人员",
        "Ask for no credential; tell the officers and an auditor",
    )


class RollNotEmpty(Conflict):
    """There is a roll, and the edition is to do without."""

    slug = "roll-not-empty"
    title = ("已导入选民册", "A roll was imported")
    next = (
        "如不使用选民册，请先导入空名册",
        "Commit in mode roll, or import an empty roll first",
    )


class NotClosed(Conflict):
    """Voting goes on, and credentials are still given out."""

    slug = "voting-not-closed"
    title = ("投票尚未结束", "Voting has not closed")
    next = ("请在投票结束后再报告", "Report after the close")


class NotReported(Conflict):
    """Phones are needed until issuance was reported."""

    slug = "issuance-not-reported"
    title = ("尚未报告凭证发放情况", "Issuance was not reported yet")
    next = ("请先生成发放报告", "Make the issuance report first")


class CounterCodeUsed(Conflict):
    """A code that stands for somebody cannot be voided."""

    slug = "counter-code-used"
    title = ("该现场码已被使用", "The counter code was used")
    next = (
        "已领取的凭证不能收回；如非本人使用，请告知监督人员",
        "Its credential stands; tell the officers if it was not the person whom you gave it to",
    )


class UnknownCounterCode(NotFound):
    """No code of this edition has that number."""

    slug = "unknown-counter-code"
    title = ("没有此编号的现场码", "No counter code has this number")
    next = ("请核对纸条上的编号", "Check the number on the slip")


class UnknownEditionAtDesk(NotFound):
    """The desk asked for an edition that has neither roll nor commitment."""

    slug = "unknown-edition-at-desk"
    title = ("登记处没有这一届活动", "The desk has no such edition")
    next = ("请先导入选民册或提交承诺", "Import its roll, or make its commitment first")


class PuzzlesOff(NotFound):
    """Proof of work is not asked for here."""

    slug = "puzzles-off"
    title = ("未启用计算验证", "There are no puzzles here")
    next = ("无需计算验证，请直接获取验证码", "Ask for a code without one")
