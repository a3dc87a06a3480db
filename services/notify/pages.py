"""The few pages that people see here: confirm, leave, and the development inbox. No script at all.

Everything that is put into a page is escaped, links excepted that this service made. The policy
allows the one style sheet by its hash and forms to this server, and nothing else. The address of a
page holds a token, so no page tells another site where it was.
"""

from base64 import b64encode
from collections.abc import Mapping, Sequence
from hashlib import sha256
from html import escape
from importlib.resources import files
from typing import Final

from litestar import MediaType, Response

from services.notify.store import Subscribed
from shared.notices.views import ChannelName, InboxMessage

_STYLE: Final = files("services.notify").joinpath("style.css").read_text("utf-8").strip()
_STYLE_HASH: Final = b64encode(sha256(_STYLE.encode()).digest()).decode()

HEADERS: Final[Mapping[str, str]] = {
    "Content-Security-Policy": (
        f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; form-action 'self';"
        " base-uri 'none'; frame-ancestors 'none'"
    ),
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
}

_CHANNELS: Final[Mapping[ChannelName, tuple[str, str]]] = {
    "email": ("电子邮件", "e-mail"),
    "sms": ("短信", "text message"),
    "webhook": ("网络回调", "webhook"),
    "apprise": ("聊天工具", "chat"),
}


def ask_to_confirm(subscribed: Subscribed) -> Response[str]:
    """A button that begins the subscription: opening the link alone must not."""
    channel_zh, channel_en = _CHANNELS[subscribed.channel]
    about_zh = escape(subscribed.edition or "所有投票活动")
    about_en = escape(subscribed.edition or "all votes")
    return _page(
        ("确认订阅通知", "Confirm your subscription"),
        f"<p>{channel_zh} · {about_zh}<span class=en>By {channel_en}, about {about_en}</span></p>"
        "<p>公布候选事项、开始投票、截止前一天和公布结果时各通知一次。<span class=en>One message"
        " each: when the shortlist is published, when voting opens, a day before it closes, and"
        " when the result is certified.</span></p>" + _button("确认订阅 Subscribe"),
    )


def confirmed() -> Response[str]:
    """The subscription has begun."""
    return _page(
        ("订阅成功", "You are subscribed"),
        "<p>每条通知都附有退订链接。<span class=en>Every message has a link to leave.</span></p>",
    )


def ask_to_leave() -> Response[str]:
    """A button that ends everything for an address."""
    return _page(
        ("不再接收通知", "Hear no more"),
        "<p>点击后，我们会立即删除您的地址。<span class=en>One click, and your address is deleted."
        "</span></p>" + _button("退订 Leave"),
    )


def left() -> Response[str]:
    """The address is forgotten."""
    return _page(
        ("已退订", "You have left"),
        "<p>您的地址已删除，不会再收到通知。<span class=en>Your address is deleted; nothing more"
        " will be sent.</span></p>",
    )


def bad_link() -> Response[str]:
    """A link that was made for nothing that there is."""
    return _page(
        ("链接无效或已过期", "This link is not valid, or not any more"),
        "<p>确认链接两天内有效；请核对链接是否完整，或重新订阅。<span class=en>A link to confirm is"
        " good for two days. Check that it is complete, or subscribe again.</span></p>",
        status=404,
    )


def inbox_page(messages: Sequence[InboxMessage], to: str) -> Response[str]:
    """The messages that were not sent, the newest first."""
    found = "".join(map(_message, reversed(messages)))
    none = "<p class=en>还没有消息 · No messages yet</p>"
    return _page(
        ("开发收件箱", "Development inbox"),
        "<p>这里的消息没有真正发出，仅保存在内存中。<span class=en>What would have been sent; it is"
        " kept in memory alone.</span></p>"
        f'<form method=get action=/inbox><input name=to value="{escape(to)}"'
        ' placeholder="收件人 recipient" aria-label="收件人 recipient">'
        "<button>查看 Show</button></form>" + (found or none),
        plain=True,
    )


def _message(message: InboxMessage) -> str:
    return (
        "<article class=card><dl>"
        f"<dt>收件人 To</dt><dd>{escape(message.to)}</dd>"
        f"<dt>方式 By</dt><dd>{escape(message.channel)} · {escape(message.kind)}</dd>"
        f"<dt>时间 At</dt><dd>{message.at:%Y-%m-%d %H:%M:%S} UTC</dd>"
        f"<dt>主题 Subject</dt><dd>{escape(message.subject)}</dd></dl>"
        f"<pre>{escape(message.text)}</pre></article>"
    )


def _button(label: str) -> str:
    return f"<form method=post><button>{label}</button></form>"


def _page(
    title: tuple[str, str], body: str, *, status: int = 200, plain: bool = False
) -> Response[str]:
    content = body if plain else f'<section class="card bar">{body}</section>'
    html = (
        "<!doctype html><html lang=zh-CN><meta charset=utf-8>"
        '<meta name=viewport content="width=device-width,initial-scale=1">'
        f"<title>{title[0]} {title[1]} · 惠民 Huimin</title><style>{_STYLE}</style>"
        f"<main><h1>{title[0]}<small lang=en>{title[1]}</small></h1>{content}</main></html>"
    )
    return Response(html, status_code=status, media_type=MediaType.HTML, headers=dict(HEADERS))
