"""Lighthouse's scores of the three pages, on a phone as it pretends one; exits with 1 below 95.

    python -m tests.lighthouse.measure

The pages are those of a demonstration that is kept up for as long as it takes. Lighthouse slows
processor and network down as for its mobile preset, and measures time. Whatever else the machine
does makes a run only slower, so of a page's runs the best counts, and all are printed.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any, Final

from tests.demonstration import kept_demonstration

LIGHTHOUSE: Final = Path(__file__).parent / "node_modules" / ".bin" / "lighthouse"
FLAGS: Final = "--headless --no-sandbox --disable-gpu --disable-background-networking"
CATEGORIES: Final = ("performance", "accessibility", "best-practices")
LEAST: Final = 95
RUNS: Final = 3
ATTEMPTS: Final = 3
"""Of a run: on a busy machine Lighthouse misses the page's start, and asks to be run again."""
VOTERS: Final = 300


def main() -> None:
    """Measure, print, judge."""
    with (
        tempfile.TemporaryDirectory(prefix="huimin-lighthouse-") as directory,
        kept_demonstration(Path(directory) / "demo", VOTERS) as addresses,
    ):
        pages = {"vote": addresses.vote, "board": addresses.board, "check": addresses.check}
        scores = {page: _scores(url) for page, url in pages.items()}
    print(f"{'page':<8}" + "".join(f"{category:>16}" for category in CATEGORIES))
    for page, found in scores.items():
        print(f"{page:<8}" + "".join(f"{score:>16.0f}" for score in found.values()))
    if min(score for found in scores.values() for score in found.values()) < LEAST:
        sys.exit(f"below {LEAST}")


def _scores(url: str) -> dict[str, float]:
    """The best score of each category, from 0 to 100."""
    print(f"measuring {url}", flush=True)
    reports = [_report(url) for _ in range(RUNS)]
    for report in reports:
        _complain(report)
    found = {
        category: [100 * report["categories"][category]["score"] for report in reports]
        for category in CATEGORIES
    }
    print("  " + "; ".join(f"{name} {scores}" for name, scores in found.items()), flush=True)
    return {name: max(scores) for name, scores in found.items()}


def _report(url: str) -> dict[str, Any]:
    chromium = shutil.which("chromium")
    if chromium is None:
        raise SystemExit("there is no chromium: install Debian's package of that name")
    command = [str(LIGHTHOUSE), url, "--quiet", "--output=json", f"--chrome-flags={FLAGS}"]
    command.append(f"--only-categories={','.join(CATEGORIES)}")
    environment = {**os.environ, "CHROME_PATH": chromium, "NO_UPDATE_NOTIFIER": "1"}
    for _ in range(ATTEMPTS):
        run = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
        if run.returncode == 0:
            report: dict[str, Any] = json.loads(run.stdout)
            return report
    raise SystemExit(f"lighthouse could not measure {url}:\n{run.stderr[-2000:]}")


def _complain(report: dict[str, Any]) -> None:
    """What Lighthouse found wrong, but for what only measures time."""
    for category in CATEGORIES[1:]:
        for audit in report["categories"][category]["auditRefs"]:
            found = report["audits"][audit["id"]]
            if audit["weight"] and found["score"] is not None and found["score"] < 1:
                print(f"{report['finalDisplayedUrl']}: {found['title']}", file=sys.stderr)


if __name__ == "__main__":
    main()
