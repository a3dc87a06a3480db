"""Why something is refused, by whose fault it is.

A `Refusal` is final for the input that caused it and leaves nothing behind. Its `slug` is part of
the public interface: clients, tests and the problem documents of the HTTP services rely on it.
`Invalid` input is wrong by itself; a `Forbidden` one lacks a right; a `Conflict` is right in itself
but not now or not again; `NotFound` names what does not exist;
`Limited` comes too often.
A `LogViolation` is different: it says that the log itself is wrong, and where.
"""

from typing import ClassVar, Final

import msgspec

UNREADABLE_JSON: Final = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
"""What msgspec raises for foreign bytes: not its own error only, but these two for text that is not
UTF-8 and for nesting without end. Whoever decodes what came from outside catches all of them."""


class Refusal(Exception):
    """Base of all refusals: `slug` (stable), title and next step in both languages, and detail."""

    slug: ClassVar[str]
    title: ClassVar[tuple[str, str]]
    """What failed, in Chinese and English."""
    next: ClassVar[tuple[str, str]]
    """What to do next, in Chinese and English."""

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.detail = detail


class Invalid(Refusal):
    """The input can never be accepted as it is."""


class Forbidden(Refusal):
    """The input lacks a signature or a right."""


class Conflict(Refusal):
    """The input is sound, but not in the state that the edition or the voter is in."""


class NotFound(Refusal):
    """The thing named does not exist."""


class Limited(Refusal):
    """Too often for now: the same may be sent again after `retry_after_s` seconds."""

    def __init__(self, detail: str, retry_after_s: int) -> None:
        super().__init__(detail)
        self.retry_after_s = retry_after_s


class BadManifest(Invalid):
    slug = "bad-manifest"
    title = ("公告内容不合要求", "The manifest is not valid")
    next = ("请改正后重新签署", "Correct the manifest and sign it again")


class BadShortlist(Invalid):
    slug = "bad-shortlist"
    title = ("候选事项名单不合要求", "The shortlist is not valid")
    next = ("请改正后重新签署", "Correct the shortlist and sign it again")


class BadRoll(Invalid):
    slug = "bad-roll"
    title = ("选民册承诺不合要求", "The roll commitment is not valid")
    next = ("请改正后重新签署", "Correct the commitment and sign it again")


class BadCommand(Invalid):
    slug = "bad-command"
    title = ("命令无法读取", "The command cannot be read")
    next = ("请用本软件重新生成命令", "Prepare the command again")


class EntryTooLarge(Invalid):
    slug = "entry-too-large"
    title = ("记录过大", "The record is too large for the log")
    next = ("请缩短文字后重新签署", "Shorten the texts and sign again")


class BadTieDraw(Invalid):
    slug = "bad-tie-draw"
    title = ("抽签结果与计票不符", "The tie draw does not fit the count")
    next = ("请核对并列事项与抽签数字", "Compare the tied set and the digits with the tally")


class BadCertificate(Invalid):
    slug = "bad-certificate"
    title = ("结果与计票不符", "The certificate does not fit the count")
    next = ("请按计票结果重新生成", "Prepare the certificate again from the tally")


class BadIssuance(Invalid):
    slug = "bad-issuance"
    title = ("凭证发放报告不符", "The issuance report does not fit the log")
    next = ("请与登记处核对发放数", "Compare the number issued with the registrar")


class BadProgress(Invalid):
    slug = "bad-progress"
    title = ("进展报告不符", "The progress report does not fit the result")
    next = ("只能报告当选事项", "Report only on an initiative that was chosen")


class SignatureMissing(Forbidden):
    slug = "officer-signature-missing"
    title = ("缺少负责人签名", "An officer's signature is missing")
    next = ("请让更多负责人签名后再提交", "Have another officer sign, then submit again")


class SignatureWrong(Forbidden):
    slug = "officer-signature-wrong"
    title = ("负责人签名无效", "An officer's signature is wrong")
    next = ("请用公告中登记的密钥重新签名", "Sign again with the key that the manifest names")


class NotAnnouncer(Forbidden):
    slug = "officer-not-trusted-to-announce"
    title = ("负责人无权发布公告", "No signer may announce editions here")
    next = ("请先在服务器登记负责人公钥", "Have the operator register the officer's public key")


class StaleCommand(Conflict):
    slug = "stale-command"
    title = ("命令已过期或已执行", "The command is stale or was carried out already")
    next = ("请查看当前状态后重新签署", "Look at the edition's state and prepare the command anew")


class WrongPhase(Conflict):
    slug = "wrong-phase"
    title = ("当前阶段不允许此操作", "The edition is not in a phase that allows this")
    next = ("请查看当前阶段", "Look at the edition's phase")


class VotingNotOpen(Conflict):
    slug = "voting-not-open"
    title = ("投票尚未开始", "Voting has not opened")
    next = ("请在投票开始后再试", "Try again once voting has opened")


class VotingClosed(Conflict):
    slug = "voting-closed"
    title = ("投票已结束", "Voting has closed")
    next = ("可在结果页查看统计", "See the result page for the count")


class UnknownEdition(NotFound):
    slug = "unknown-edition"
    title = ("没有这一届活动", "There is no such edition")
    next = ("请查看活动列表", "See the list of editions")


class BadKey(Invalid):
    slug = "bad-voter-key"
    title = ("选票公钥无效", "The voter key is not valid")
    next = ("请重新生成选票", "Make the ballot again with a P-256 key")


class UnknownInitiative(Invalid):
    slug = "unknown-initiative"
    title = ("选票含有名单以外的事项", "The ballot names an initiative that is not listed")
    next = ("请按公布的名单重新选择", "Choose again from the published shortlist")


class RepeatedInitiative(Invalid):
    slug = "repeated-initiative"
    title = ("选票重复选择同一事项", "The ballot names an initiative twice")
    next = ("每个事项只能选一次", "Name each initiative once and sign again")


class TooManyChoices(Invalid):
    slug = "too-many-choices"
    title = ("所选事项过多", "The ballot names too many initiatives")
    next = ("请减少所选事项", "Choose fewer and sign again")


class TooFewChoices(Invalid):
    slug = "too-few-choices"
    title = ("所选事项过少", "The ballot names too few initiatives")
    next = ("请增加所选事项", "Choose more and sign again")


class BadCommitment(Invalid):
    slug = "bad-commitment"
    title = ("选择与承诺值不符", "The choices do not match the commitment")
    next = ("请重新生成选票", "Compute the commitment from the salt and choices that you send")


class BadBallotSignature(Invalid):
    slug = "bad-ballot-signature"
    title = ("选票签名无效", "The ballot's signature is wrong")
    next = ("请重新签名后提交", "Sign the ballot again with the voter key and send it")


class BadCredential(Forbidden):
    slug = "bad-credential"
    title = ("投票凭证无效", "The credential is not valid for this edition")
    next = ("请向登记处领取本届凭证", "Get a credential for this edition from the registrar")


class StaleSeq(Conflict):
    slug = "stale-seq"
    title = ("已有序号相同或更高的选票", "A ballot with this or a higher seq is already counted")
    next = ("如要改投，请提高序号", "To change your vote, sign again with a higher seq")


class LogViolation(Exception):
    """The log contradicts itself or its rules: `index` of the entry, and why.

    Never caused by a reader's input; whoever meets one stops, says so, and does not guess.
    """

    def __init__(self, index: int, what: str, why: str) -> None:
        super().__init__(index, what, why)  # these, so that it crosses process boundaries
        self.index = index
        self.what = what
        self.why = why

    def __str__(self) -> str:
        return f"{self.what} at index {self.index}: {self.why}"
