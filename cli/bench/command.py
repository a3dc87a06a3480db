"""`huimin bench`: what is measured, as ratios in one run."""

import rich_click as click

from cli.bench.cast import bench_cast


@click.group()
def bench() -> None:
    """Measure, as ratios in one run."""


bench.add_command(bench_cast)
