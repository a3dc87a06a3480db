"""Why the registrar refuses something, as `shared.edition.errors` has it for the ballot box.

None of these says whether a person is on the roll, except those that come after a right code.
"""

from shared.edition.errors import Conflict, Forbidden, Invalid, Limited, NotFound


class BadIdentityNumber(Invalid):
    slug = "bad-identity-number"
    title = ("身份证号码有误", "The identity number is not valid")
    next = ("请核对18位号码后重新输入", "Check the 18 characters and enter them again")


class BadPhoneNumber(Invalid):
    slug = "bad-phone-number"
    title = ("手机号码有误", "The phone number is not valid")
    next = ("请核对号码后重新输入", "Check the number and enter it again")


class BadPerson(Invalid):
    slug = "bad-person"
    title = ("身份信息不符合本届要求", "This edition identifies people in another way")
    next = ("请按页面提示填写", "Send what the edition's registration asks for")


class BadRollRecord(Invalid):
    slug = "bad-roll-record"
    title = ("选民册记录有误", "A record of the roll is not valid")
    next = ("请改正后重新导入；未导入任何记录", "Correct it and import again; nothing was imported")


class BadBlindedMessage(Invalid):
    slug = "bad-blinded-message"
    title = ("盲化消息无效", "The blinded message is not valid")
    next = ("请用本届签发公钥重新盲化", "Blind the message again under this edition's issuer key")


class WrongCode(Forbidden):
    slug = "wrong-code"
    title = ("验证码错误或已失效", "The code is wrong or no longer valid")
    next = ("请核对验证码，或重新获取", "Check the code, or ask for a new one")


class DeskClosed(Forbidden):
    slug = "desk-token-wrong"
    title = ("无权使用登记处接口", "The desk's token is missing or wrong")
    next = ("请使用登记处令牌", "Send the token of the registrar's desk as a Bearer token")


class CredentialIssued(Conflict):
    slug = "credential-already-issued"
    title = ("凭证已领取", "A credential was already issued to this person")
    next = (
        "请使用首次领取时的设备或恢复卡；如非本人领取，请联系登记处",
        "Use the device or recovery card that got it; if that was not you, tell the registrar",
    )


class NotIssuing(Conflict):
    slug = "not-issuing"
    title = ("当前不发放凭证", "No credentials are issued now")
    next = ("请查看本届活动的时间安排", "See when the edition takes part")


class RollSealed(Conflict):
    slug = "roll-sealed"
    title = ("选民册已锁定", "The roll is sealed")
    next = ("承诺公布后不能更改选民册", "A roll cannot change once its commitment was given out")


class RollMissing(Conflict):
    slug = "roll-missing"
    title = ("尚未导入选民册", "There is no roll yet")
    next = ("请先导入选民册", "Import the roll first")


class UnknownRegistration(NotFound):
    slug = "unknown-registration"
    title = ("登记处没有这一届活动", "The registrar knows no such edition")
    next = ("请查看活动列表", "See the list of editions")


class ProofOfWorkNeeded(Limited):
    """Instead of waiting, the client may solve a puzzle of `…/puzzles` and send it along."""

    slug = "proof-of-work-needed"
    title = ("当前请求较多，需要完成一次计算验证", "Many requests come from here: solve a puzzle")
    next = ("请获取并完成计算验证后重试", "Get a puzzle, solve it, and send it along")
