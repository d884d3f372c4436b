"""What holds for every test and every lesson: the lesson contract, and a student's folder of its own."""

import os
import signal
import tempfile

from tools.order import longest_first

pytest_plugins = ["tools.nbval_contract"]

_home = tempfile.TemporaryDirectory(prefix="imgcls-test-")


def pytest_configure():
    """Keep the progress of whoever runs the tests out of them; kernels inherit the variables.

    Several workers share the processor, so each gets its part of the threads: torch is many times slower when the
    threads of two processes wait for each other.
    """
    os.environ["IMGCLS_HOME"] = _home.name
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # as in the background of a script; children would inherit it
        signal.signal(signal.SIGINT, signal.default_int_handler)
    workers = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    if workers > 1:
        os.environ.setdefault("OMP_NUM_THREADS", str(max(1, (os.cpu_count() or 1) // workers)))


def pytest_collection_modifyitems(items):
    """Begin with what takes long; xdist keeps this order (`--no-loadscope-reorder`)."""
    longest_first(items)


def pytest_unconfigure():
    """Remove the folder again."""
    _home.cleanup()
