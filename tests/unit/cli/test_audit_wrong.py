"""Audits of logs that are wrong: each is found out, with the place where."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from shared.edition.commands import CertifyResult, CloseVoting, OpenVoting, ReportIssuance
from shared.edition.decider import evolve
from shared.edition.events import IssuanceReported, ResultCertified, VotingClosed, VotingOpened
from shared.edition.manifest import LogIdentity
from shared.log.merkle import HASH_SIZE
from tests.audits import audited, certified, flip, started
from tests.editions import TIME, EditionBuilder, voter

LAST = len(certified().entries) - 256
"""Width of the partial bundle and tile."""
