"""One JupyterLab on a copy of the lessons and one browser, for all tests of a module.

Not for the whole session: while Playwright runs, asyncio believes that its loop does, and nbval has one of its own.
"""

import os

import nbformat
import pytest
from shorter import shorter

from tools import pairs
from tools.lab import BROWSER_VARIABLE, browser, chromium, lab, open_lesson

REQUIRED = "IMGCLS_REQUIRE_BROWSER"


@pytest.fixture(scope="module")
def context():
    """Run a browser; without one, skip, or fail where it was said that there has to be one."""
    executable = chromium()
    if executable is None:
        missing = f"there is no Chromium on this computer (or set {BROWSER_VARIABLE})"
        pytest.fail(f"{REQUIRED} is set, but {missing}") if os.environ.get(REQUIRED) else pytest.skip(missing)
    with browser(executable) as context:
        yield context


@pytest.fixture(scope="module")
def server(context, tmp_path_factory):
    """Serve copies of the lessons, the long ones shorter: nothing a test does reaches the lessons themselves."""
    folder = tmp_path_factory.mktemp("lessons")
    for path in pairs.notebooks():
        nbformat.write(shorter(path), folder / path.name)
    with lab(folder) as server:
        yield server


@pytest.fixture(scope="module")
def open_page(context, server):
    """Return a function that opens a notebook where no other page and no kernel is left from the one before."""

    def open_page(name):
        for page in context.pages:
            page.close()
        server.end_kernels()
        return open_lesson(context, server, name=name)

    return open_page
