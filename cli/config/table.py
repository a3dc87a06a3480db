"""The table of all settings as Markdown, in English or Chinese, from what the services say.

A setting that all services have alike stands in a table before the others.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final, Literal, TypeAlias

import msgspec
from msgspec import Struct

from shared.service.setting import Setting
from shared.service.settings_toml import quoted

Language: TypeAlias = Literal["en", "zh"]


class _Words(Struct, frozen=True, kw_only=True):
    introduction: str
    every_service: str
    header: str
    required: str
    empty: str
    secret: str
    stop: str
    types: Mapping[str, str]
    from_to: str
    at_least: str
    characters: str


WORDS: Final[Mapping[Language, _Words]] = {
    "en": _Words(
        introduction="""\
# Settings

Written by `make config-table` from the types of the settings; do not edit it.

A setting is written in one of two places. The second wins over the first, and the default holds
where neither has it:

1. the TOML file that the environment variable `HUIMIN_CONFIG` names, in the table of its service,
   such as `port` in `[ballot]`;
2. an environment variable: `HUIMIN_`, the service and the setting in capitals, such as
   `HUIMIN_BALLOT_PORT`.

In both, `_file` after the name (`key_file`, `HUIMIN_NOTIFY_KEY_FILE`) gives the path of a file that
has the value. Secrets belong in such files, readable by the service alone. A name that does not
exist, a setting given both directly and by its file in one place, an empty secret and a value that
is out of bounds are errors: the service does not start, and says what is at fault.
`deploy/huimin.toml` is an example. `huimin config check` looks at all of it without starting
anything, and `huimin config show` prints what holds, without secrets.

One variable more belongs to no service: with `PROMETHEUS_MULTIPROC_DIR`, a directory that is
emptied before the start, the processes of one service add up their metrics.
""",
        every_service="Every service",
        header="| setting | type | default | meaning |",
        required="**required**",
        empty="empty",
        secret="secret",  # noqa: S106 - the word
        stop=".",
        types={
            "string": "string",
            "integer": "integer",
            "number": "number",
            "boolean": "`true` or `false`",
        },
        from_to="{}, {} to {}",
        at_least="{}, at least {}",
        characters=" characters",
    ),
    "zh": _Words(
        introduction="""\
# 设置

由 `make config-table` 根据设置的类型生成，请勿手工修改。

设置写在以下两处之一；后者优先于前者，两处都没有时取默认值：

1. 环境变量 `HUIMIN_CONFIG` 所指的 TOML 文件，写在该服务的表中，例如 `[ballot]` 中的 `port`；
2. 环境变量：`HUIMIN_` 加大写的服务名和设置名，例如 `HUIMIN_BALLOT_PORT`。

两处都可以在名称后加 `_file`（`key_file`、`HUIMIN_NOTIFY_KEY_FILE`），给出含有该值的文件路径。
机密应写在这样的文件里，且只有该服务可读。名称不存在、在同一处既直接给出又用文件给出、机密为空、
值超出范围，都是错误：服务不会启动，并说明错在哪里。`deploy/huimin.toml` 是一个例子。
`huimin config check` 检查以上各项而不启动任何东西，`huimin config show` 打印生效的设置，不含机密。

另有一个变量不属于任何服务：`PROMETHEUS_MULTIPROC_DIR`，一个在启动前清空的目录，同一服务的各进程在其中合计指标。
""",
        every_service="所有服务",
        header="| 设置 | 类型 | 默认值 | 含义 |",
        required="**必填**",
        empty="空",
        secret="机密",  # noqa: S106 - the word
        stop="。",
        types={
            "string": "字符串",
            "integer": "整数",
            "number": "数",
            "boolean": "`true` 或 `false`",
        },
        from_to="{}，{} 至 {}",
        at_least="{}，至少 {}",
        characters=" 个字符",
    ),
}


def table(services: Mapping[str, Sequence[Setting]], language: Language) -> str:
    """The whole page."""
    words = WORDS[language]
    common = _common(services.values())
    sections = [words.introduction, _section(words.every_service, common, language)]
    for service, settings in services.items():
        own = [one for one in settings if _anywhere(one) not in common]
        sections.append(_section(f"`[{service}]`", own, language))
    return "\n".join(sections)


def _section(title: str, settings: Sequence[Setting], language: Language) -> str:
    rows = "\n".join(_row(one, language) for one in settings)
    return f"## {title}\n\n{WORDS[language].header}\n|---|---|---|---|\n{rows}\n"


def _row(setting: Setting, language: Language) -> str:
    words = WORDS[language]
    meaning = setting.description if language == "en" else setting.description_zh
    default = words.required if setting.required else _default(setting, words)
    cells = (f"`{setting.name}`", _type(setting, words), default, meaning + words.stop)
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"


def _type(setting: Setting, words: _Words) -> str:
    if setting.values:
        return ", ".join(f"`{value}`" for value in setting.values)
    name = words.types[setting.type]
    low, high, unit = setting.minimum, setting.maximum, ""
    if setting.secret:
        name = words.secret
    if setting.type == "string":
        low, high, unit = setting.min_length, setting.max_length, words.characters
    if low is not None and high is not None:
        return words.from_to.format(name, f"{low:g}", f"{high:.10g}") + unit
    if low is not None and low > 1:
        return words.at_least.format(name, f"{low:g}") + unit
    return name


def _default(setting: Setting, words: _Words) -> str:
    return words.empty if setting.default in {None, ""} else f"`{quoted(setting.default)}`"


def _common(services: Iterable[Sequence[Setting]]) -> list[Setting]:
    first, *others = ([_anywhere(one) for one in settings] for settings in services)
    return [one for one in first if all(one in other for other in others)]


def _anywhere(setting: Setting) -> Setting:
    return msgspec.structs.replace(setting, environment="")
