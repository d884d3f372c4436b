"""Know your data before you train: read every file of a folder, and report what is wrong with it.

`audit` reads each file once (`image_info`), lets every check of `checks` say what it found, and sorts that into a
report.
"""

import contextlib
import functools
import os
import warnings
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
from PIL import ImageFile
from tqdm.auto import tqdm

from ...i18n import _
from ..layouts.find import why_not_trainable
from ..layouts.layout import Layout, Sample
from ..layouts.problems import notes
from ..layouts.scan import scan_layout
from ..layouts.unlabelled import find_images
from . import checks
from .fingerprints import Fingerprints
from .image_info import ImageInfo, inspect_image
from .report import SEVERITY, AuditReport, Issue

CHUNK = 256  # files handed to the threads at a time; Ctrl-C waits for them


def audit(
    path: str | os.PathLike,
    *,
    pattern: str | None = None,
    labels: str | os.PathLike | None = None,
    progress: bool = True,
) -> AuditReport:
    """Read every file of a folder of images, and report what is wrong.

    The report names files that cannot be read or used, images of unusual modes, sizes and shapes, imbalanced classes,
    and images that exist twice: exactly, or nearly (saved again, shrunk, cropped by up to 6 %), above all in two splits
    or under two labels. Mirrored or rotated copies are not found.

    Parameters
    ----------
    path : path-like
        A folder in any layout that `find_layout` knows. A folder with a single class, or without labels, is examined as
        well; the report then says what `find_layout` would say.
    pattern : str, optional
        For labels in file names; see `find_layout`.
    labels : path-like, optional
        For labels in a table; see `find_layout`.
    progress : bool
        Whether to show a progress bar.

    Returns
    -------
    AuditReport
        Print it, or look at its `issues`, `counts` and `issues_of(kind)`.

    Raises
    ------
    DataError
        If there is no such folder, or no image in it. No content of a file raises.

    Examples
    --------
    >>> from imgcls_course import data, paths
    >>> report = data.audit(paths.datasets() / "posters" / "val", progress=False)
    >>> report.counts
    {'near_duplicate': 1, 'extreme_shape': 13}
    >>> report.failed
    False
    """
    layout = scan_layout(path, pattern=pattern, labels=labels)
    why_not = why_not_trainable(layout)
    layout = layout if layout.samples else _as_one_class(layout)
    with _strict_and_quiet():
        infos, prints = _read_all([sample.path for sample in layout.samples], bits=layout.bits, progress=progress)
        issues = sorted(checks.find_issues(layout, infos, prints), key=_rank)
    readable = [info for info in infos if not info.error]
    sizes = np.array([info.size for info in readable]).reshape(-1, 2)
    formats = dict(sorted(Counter(info.format for info in readable).items()))
    remarks = [why_not] if why_not else [*notes(layout), *_unmatched_rows(layout)]
    return AuditReport(layout, tuple(issues), _size_ranges(sizes), formats, why_not, tuple(remarks))


def _rank(issue: Issue) -> tuple[int, Path]:
    return list(SEVERITY).index(issue.kind), issue.path


def _as_one_class(layout: Layout) -> Layout:
    """Treat all images of a folder without labels as one class, so that the files can still be examined."""
    samples = tuple(Sample(path, 0) for path in find_images([layout.root]))
    taken = {sample.path for sample in samples}
    skipped_files = tuple(path for path in layout.skipped_files if path not in taken)
    kind, classes = _("images without labels"), (_("no label"),)
    return replace(layout, kind=kind, classes=classes, samples=samples, skipped_files=skipped_files)


@contextlib.contextmanager
def _strict_and_quiet() -> Iterator[None]:
    """Let Pillow refuse truncated files, whatever the user has set, and silence its warnings.

    Warnings belong to the whole process. Threads that each silence them could leave them silenced for good, so it is
    done once around all threads.
    """
    tolerant, ImageFile.LOAD_TRUNCATED_IMAGES = ImageFile.LOAD_TRUNCATED_IMAGES, False
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        ImageFile.LOAD_TRUNCATED_IMAGES = tolerant


def _read_all(paths: list[Path], *, bits: int, progress: bool) -> tuple[list[ImageInfo], Fingerprints]:
    """Read every file once. Pillow releases the interpreter lock while it decodes, so threads help."""
    infos: list[ImageInfo] = []
    prints = Fingerprints.empty(len(paths))
    bar = tqdm(total=len(paths), desc=_("Reading images"), unit="", disable=not progress, leave=False)
    with bar, ThreadPoolExecutor(os.cpu_count()) as threads:
        for start in range(0, len(paths), CHUNK):
            chunk = paths[start : start + CHUNK]
            for info, fingerprint in threads.map(functools.partial(inspect_image, bits=bits), chunk):
                if fingerprint is not None:
                    prints.grey[len(infos)], prints.colour[len(infos)] = fingerprint
                infos.append(info)
                bar.update()
    return infos, prints


def _unmatched_rows(layout: Layout) -> list[str]:
    """Repeat what `label_table` says in brackets: rows without an image, or images without a row."""
    text = _("Not all rows and images belong together: {kind}.")
    return [text.format(kind=layout.kind)] if layout.kind.endswith(")") else []


def _size_ranges(sizes: np.ndarray) -> dict[str, tuple[int, int, int]]:
    """Return the smallest, median and largest width and height of images with these `sizes` (N, 2)."""
    if not len(sizes):
        return {}
    columns = {"width": sizes[:, 0], "height": sizes[:, 1]}
    return {name: (int(column.min()), int(np.median(column)), int(column.max())) for name, column in columns.items()}
