"""What an alert is held against.

Values are promtool's: `a+bxn` begins at a and adds b, n times; `axn` stays. One sample each half
minute, from the Unix time 0.
"""

from collections.abc import Mapping
from typing import NamedTuple, TypeAlias

Series: TypeAlias = Mapping[str, str]


class Case(NamedTuple):
    """Whether an alert fires after `minutes` of these series; with `labels`, besides its severity.

    None: it is silent.
    """

    alert: str
    says: str
    series: Series
    labels: Mapping[str, str] | None
    minutes: int = 30


def problems(job: str, slug: str, values: str) -> Series:
    """How often a service answered this problem."""
    return {f'huimin_problems_total{{job="huimin-{job}",slug="{slug}"}}': values}
