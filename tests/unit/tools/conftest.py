"""A project on disk for each test."""

import pytest

from tests.support.tool_runs import Project


@pytest.fixture
def project(tmp_path):
    return Project(tmp_path)
