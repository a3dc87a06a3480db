"""Why the counted ballots cannot be handed out."""

from shared.edition.errors import Conflict
from shared.service.problem import Unavailable


class BeingCounted(Unavailable):
    """Ballots are counted again with their openings, or an opening is not there yet."""

    slug = "being-counted"
    title = ("正在计票", "The ballots are still being counted")
    next = ("请稍后再试", "Ask again in a few seconds")
    retry_after_s = 5


class LogContradictsItself(Conflict):
    """There is a contradiction, so no ballot of this log counts as verified any more."""

    slug = "log-contradicts-itself"
    title = ("日志自相矛盾，已停止计票", "The log contradicts itself, so nothing is counted")
    next = ("请运行 huimin audit 查看详情", "Run `huimin audit` to see where and why")
