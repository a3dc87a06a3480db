"""What a service counts, for Prometheus: every request by route template, status and seconds.

A service's own counters are `prometheus_client` ones in its `metrics.py`; labels are words from a
fixed list, never an id, an address or a key. Where several processes share a port, the variable
`PROMETHEUS_MULTIPROC_DIR` names a directory in which they add up, so that any of them answers for
all; it must be set before Python starts.
"""

from typing import Final

from litestar import Controller
from litestar.middleware import DefineMiddleware
from litestar.plugins.prometheus import PrometheusConfig, PrometheusController

BUCKETS_S: Final[list[str | float]] = [
    0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0,
]  # fmt: skip


class Metrics(PrometheusController):
    """`/metrics`, for the operator's network; a proxy does not publish it."""

    include_in_schema = False


def metrics(service: str) -> tuple[DefineMiddleware, type[Controller]]:
    """The middleware that counts requests, and the handlers that tell."""
    config = PrometheusConfig(
        app_name=service,
        prefix="huimin",
        group_path=True,  # the template: a path may hold what must not be kept
        exclude_unhandled_paths=True,
        buckets=BUCKETS_S,
    )
    return config.middleware, Metrics
