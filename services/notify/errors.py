"""Why this service refuses something, as `shared.edition.errors` has it for the ballot box."""

from shared.edition.errors import Forbidden, Invalid, NotFound


class BadAddress(Invalid):
    """Never quotes the address."""

    slug = "bad-address"
    title = ("地址有误", "The address is not valid")
    next = ("请核对后重新输入", "Check it and enter it again")


class ChannelNotOffered(Invalid):
    """No provider is configured for it, or nothing that it would send in this language."""

    slug = "channel-not-offered"
    title = ("暂不提供此通知方式", "This way to be told is not offered here")
    next = ("请选择其他方式或语言", "Choose another way or language")


class DeskClosed(Forbidden):
    """The operator's interface, without its token."""

    slug = "desk-token-wrong"
    title = ("无权查看", "The desk's token is missing or wrong")
    next = ("请使用通知服务令牌", "Send the token of the notify service's desk as a Bearer token")


class NoInbox(NotFound):
    """The development inbox is off."""

    slug = "no-inbox"
    title = ("未启用开发收件箱", "The development inbox is off")
    next = ("仅供开发使用", "It is for development; a setting turns it on")
