"""nbgrader is an extra: without it these tests skip, and fail where IMGCLS_REQUIRE_NBGRADER is set."""

import importlib.util
import os

import pytest


@pytest.fixture(autouse=True, scope="session")
def _nbgrader():
    """Skip, or fail in CI, without the extra."""
    if importlib.util.find_spec("nbgrader") is None:
        if os.environ.get("IMGCLS_REQUIRE_NBGRADER"):
            pytest.fail("nbgrader is missing: pip install -c constraints.txt -e '.[instructor]'")
        pytest.skip("needs nbgrader, the extra [instructor]")
