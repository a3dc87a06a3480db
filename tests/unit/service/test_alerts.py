"""Alerts, dashboard and runbooks as files: whole, valid, and the same alerts everywhere."""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import promql_parser
import pytest

from tests.promql import FILES, alerts, expressions, panels, selected

ROOT = FILES.parents[1]
NAMES = [rule["alert"] for rule in alerts()]
HAN = re.compile(r"[\u4e00-\u9fff]")


@pytest.mark.parametrize("rule", alerts(), ids=NAMES)
def test_an_alert_is_whole(rule: Mapping[str, Any]) -> None:
    """With these fields and no others: Prometheus refuses a file that has any."""
    fields = (set(rule), set(rule["labels"]), set(rule["annotations"]))
    told = {"summary", "summary_zh", "runbook", "runbook_zh"}
    assert fields == ({"alert", "expr", "for", "labels", "annotations"}, {"severity"}, told)


@pytest.mark.parametrize("rule", alerts(), ids=NAMES)
def test_an_alert_says_how_long_to_wait_and_whom_to_tell(rule: Mapping[str, Any]) -> None:
    """A duration of Prometheus', and a severity of two."""
    promql_parser.parse_duration(rule["for"].replace("0m", "1ms"))
    assert rule["labels"]["severity"] in {"page", "ticket"}


@pytest.mark.parametrize("rule", alerts(), ids=NAMES)
def test_an_alert_leads_to_its_entry_in_both_languages(rule: Mapping[str, Any]) -> None:
    """The files are there, and have a heading with the alert's name."""
    for language, key in (("en", "runbook"), ("zh", "runbook_zh")):
        file, _, anchor = rule["annotations"][key].partition("#")
        assert file == f"docs/{language}/howto/runbook.md"
        assert anchor in {name.lower() for name in _entries(ROOT / file)}


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_runbook_has_an_entry_for_each_alert_and_no_other(language: str) -> None:
    """In the order of the file."""
    assert _entries(ROOT / "docs" / language / "howto" / "runbook.md") == NAMES


@pytest.mark.parametrize("language", ["en", "zh"])
def test_an_entry_says_what_it_means_what_to_look_at_and_what_to_do(language: str) -> None:
    """Each of the three, with words after it."""
    text = (ROOT / "docs" / language / "howto" / "runbook.md").read_text()
    entries = re.split(r"^## ", text, flags=re.MULTILINE)[1:]
    points = {"en": ("Means", "Look at", "Do"), "zh": ("含义", "查看", "处理")}[language]
    found = [tuple(re.findall(r"^- \*\*(.+?)\*\*[:：] ?\S", one, re.MULTILINE)) for one in entries]
    assert found == [points] * len(NAMES)


@pytest.mark.parametrize(("where", "expression"), list(expressions()))
def test_an_expression_asks_for_something(where: str, expression: str) -> None:
    """It is PromQL, and names a metric."""
    assert selected(expression), where


def test_a_broken_expression_is_found() -> None:
    """The parser is one that refuses."""
    with pytest.raises(ValueError, match="parenthesis"):
        selected("sum by (x (rate(huimin_requests_total[5m]))")


def test_panels_are_described_in_both_languages() -> None:
    """Titles in English, descriptions in Chinese; no two have one id."""
    ids = [panel["id"] for panel in panels()]
    wrong = [
        panel["title"]
        for panel in panels()
        if HAN.search(panel["title"]) or not HAN.search(panel["description"])
    ]
    assert (len(set(ids)), wrong) == (len(ids), [])


def test_panels_do_not_overlap() -> None:
    """Each has a place of its own in the grid, which is 24 wide."""
    taken: set[tuple[int, int]] = set()
    for panel in json.loads((FILES / "dashboard.json").read_text())["panels"]:
        place = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert not cells & taken
        assert place["x"] + place["w"] <= 24
        taken |= cells


def _entries(runbook: Path) -> list[str]:
    return re.findall(r"^## (\S+)$", runbook.read_text(), re.MULTILINE)
