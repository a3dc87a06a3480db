"""Alert rules evaluated by Prometheus's own promtool: each fires when it has to, and only then."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.promql import FILES, alerts
from tests.unit.service.alert_cases import log, people, services
from tests.unit.service.alert_cases.case import Case

CASES = (*services.CASES, *log.CASES, *people.CASES)
RULES = {rule["alert"]: rule for rule in alerts()}


def promtool(*words: str | Path) -> "subprocess.CompletedProcess[str]":
    """Run Prometheus's tool."""
    program = shutil.which("promtool")
    assert program, "there is no promtool: install Debian's package prometheus"
    return subprocess.run([program, *words], capture_output=True, text=True, check=False)


@pytest.mark.parametrize("case", CASES, ids=lambda one: f"{one.alert}: {one.says}")
def test_an_alert_fires_only_when_it_has_to(case: Case, tmp_path: Path) -> None:
    """After these minutes of these series the alert is there with its labels, or is not there."""
    assert evaluated(case, tmp_path) == (0, "")


def test_every_alert_is_seen_firing_and_silent() -> None:
    """Both, of each alert in the file, and of no other."""
    seen = {(case.alert, case.labels is not None) for case in CASES}
    assert seen == {(name, fires) for name in RULES for fires in (True, False)}


def test_a_false_expectation_is_found(tmp_path: Path) -> None:
    """An alert that is said to be silent, and fires, is told."""
    case = next(one for one in CASES if one.labels is not None)
    status, said = evaluated(case._replace(labels=None), tmp_path)
    assert status == 1
    assert case.alert in said


def test_prometheus_accepts_its_configuration() -> None:
    """`prometheus.yml` and the rules that it loads."""
    done = promtool("check", "config", FILES / "prometheus.yml")
    assert done.returncode == 0, done.stdout + done.stderr


def evaluated(case: Case, directory: Path) -> tuple[int, str]:
    """The status of promtool, and what it complains about."""
    rule = RULES[case.alert]
    expected = {
        "exp_labels": {**rule["labels"], **(case.labels or {})},
        "exp_annotations": rule["annotations"],
    }
    test = {
        "interval": "30s",
        "input_series": [{"series": name, "values": text} for name, text in case.series.items()],
        "alert_rule_test": [
            {
                "eval_time": f"{case.minutes}m",
                "alertname": case.alert,
                "exp_alerts": [] if case.labels is None else [expected],
            }
        ],
    }
    plan = {
        "rule_files": [str(FILES / "alerts.yml")],
        "evaluation_interval": "30s",
        "tests": [test],
    }
    file = directory / "alerts.json"  # which is YAML, too
    file.write_text(json.dumps(plan))
    done = promtool("test", "rules", file)
    return done.returncode, done.stderr.strip()
