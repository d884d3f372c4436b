"""What holds for every test and every lesson: the lesson contract, and a student's folder of its own."""

import os
import tempfile

pytest_plugins = ["tools.nbval_contract"]

_home = tempfile.TemporaryDirectory(prefix="imgcls-test-")


def pytest_configure():
    """Keep the progress of whoever runs the tests out of them; kernels inherit the variable."""
    os.environ["IMGCLS_HOME"] = _home.name


def pytest_unconfigure():
    """Remove the folder again."""
    _home.cleanup()
