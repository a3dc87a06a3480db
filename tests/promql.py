"""The dashboard, the alerts and what they ask of metrics: expressions, and the names in them."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

import promql_parser
import yaml

FILES: Final = Path(__file__).parents[1] / "deploy" / "observability"
INTERVAL: Final = "$__rate_interval"


class Selected(NamedTuple):
    """A metric that an expression asks for, and the labels that it is chosen by."""

    metric: str
    labels: frozenset[str]


def alerts() -> list[Mapping[str, Any]]:
    """The alert rules as they stand in the file."""
    content = yaml.safe_load((FILES / "alerts.yml").read_text())
    return [rule for group in content["groups"] for rule in group["rules"]]


def panels() -> list[Mapping[str, Any]]:
    """The panels of the dashboard that show something."""
    content = json.loads((FILES / "dashboard.json").read_text())
    return [panel for panel in content["panels"] if panel["type"] != "row"]


def expressions() -> Iterator[tuple[str, str]]:
    """Where each expression stands, and the expression."""
    for rule in alerts():
        yield rule["alert"], rule["expr"]
    for panel in panels():
        for target in panel["targets"]:
            yield panel["title"], target["expr"].replace(INTERVAL, "5m")


def selected(expression: str) -> set[Selected]:
    """The metrics in an expression; raises `ValueError` for one that is not PromQL."""
    found: set[Selected] = set()
    _collect(promql_parser.parse(expression), found)
    return found


def _collect(expr: Any, found: set[Selected]) -> None:
    match expr:
        case promql_parser.VectorSelector():
            labels = frozenset(one.name for one in expr.matchers.matchers)
            found.add(Selected(expr.name or "", labels - {"__name__"}))
        case promql_parser.MatrixSelector():
            _collect(expr.vector_selector, found)
        case promql_parser.BinaryExpr():
            _collect(expr.lhs, found)
            _collect(expr.rhs, found)
        case promql_parser.Call():
            for argument in expr.args:
                _collect(argument, found)
        case promql_parser.NumberLiteral() | promql_parser.StringLiteral():
            pass
        case _:
            _collect(expr.expr, found)
