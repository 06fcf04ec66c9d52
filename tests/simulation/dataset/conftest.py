"""A day and a short set, made once."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from dataset_samples import START, job_in, made


@pytest.fixture(scope="session")
def short_set(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two hours, a tenth of the usual rate."""
    return made(job_in(tmp_path_factory.mktemp("short") / "set"))


@pytest.fixture(scope="session")
def day_set(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A whole day with every type of incident, few entries."""
    job = job_in(
        tmp_path_factory.mktemp("day") / "set", hours=24, start=START - 480, rate=60, incidents=38
    )
    return made(job, workers=2)
