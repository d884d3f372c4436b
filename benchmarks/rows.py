"""The rows of the table by their names, and how each is run."""

import multiprocessing
from concurrent.futures import ProcessPoolExecutor

from benchmarks import busy, course_run, explorer, frozen, growth, loading, startup, training
from benchmarks.options import Options
from benchmarks.timing import Result

ROWS = {
    "epoch": training.epochs,
    "frozen": frozen.rows,
    "fit": training.overhead,
    "busy": busy.rows,
    "loading": loading.rows,
    "explorer": explorer.rows,
    "audit": growth.rows,
    "import": startup.rows,
    "lessons": course_run.rows,
}


def in_own_process(name: str, options: Options) -> list[Result]:
    """Run a row in a process of its own: how one before it has used the memory must not make its peer faster."""
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as process:
        return process.submit(_all_of, name, options).result()


def _all_of(name: str, options: Options) -> list[Result]:
    return list(ROWS[name](options))
