"""Fixtures for all tests: real servers and a whole installation, each started once."""

pytest_plugins = ("tests.servers", "tests.installation", "tests.browser.vote_fixtures")
