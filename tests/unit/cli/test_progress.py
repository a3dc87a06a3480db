"""Progress where there is no terminal: few plain lines."""

import io

import pytest

from cli import progress
from cli.progress import progress_on


def test_the_work_is_named_at_once() -> None:
    """Whoever reads a log file sees what was begun, and how much it is."""
    stream = io.StringIO()
    with progress_on(stream) as shown:
        shown.begin("Auditing entries", 1000)
    assert stream.getvalue() == "Auditing entries: 1000\n"


def test_quick_work_writes_no_more() -> None:
    """Steps within a few seconds leave no line each."""
    stream = io.StringIO()
    with progress_on(stream) as shown:
        shown.begin("Auditing entries", 1000)
        for _ in range(1000):
            shown.advance()
    assert stream.getvalue().count("\n") == 1


def test_long_work_says_how_far_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    """After the interval, a line says what is done and when the rest will be."""
    monkeypatch.setattr(progress, "SECONDS_BETWEEN_LINES", 0.0)
    stream = io.StringIO()
    with progress_on(stream) as shown:
        shown.begin("Auditing entries", 1000)
        shown.advance(250)
    assert "Auditing entries: 250 of 1000, ETA 0:00:0" in stream.getvalue()
