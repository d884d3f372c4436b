"""The report of an audit: its issues, to look through, to print, and to store as JSON."""

import json
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from ...errors import DataError, unknown
from ...i18n import _
from ..layouts.layout import Layout

SEVERITY = {  # in the order of the report
    "unreadable": "error",
    "leakage": "error",
    "label_conflict": "error",
    "unlabelled": "warning",
    "broken_link": "warning",
    "skipped_file": "warning",
    "skipped_folder": "warning",
    "empty_folder": "warning",
    "missing_class": "warning",
    "imbalance": "warning",
    "duplicate": "warning",
    "near_duplicate": "warning",
    "blank": "warning",
    "tiny": "warning",
    "giant": "warning",
    "extreme_shape": "warning",
    "animated": "warning",
    "mask": "note",
    "rotated": "note",
    "wrong_extension": "note",
    "cmyk": "note",
    "high_bit_depth": "note",
    "palette": "note",
    "transparent": "note",
    "greyscale": "note",
}
SYMBOLS = {"error": "✗", "warning": "!", "note": "·"}
EXAMPLES = 3  # of each kind, in the printed report


@dataclass(frozen=True)
class Issue:
    """One thing that is wrong, or unusual.

    Attributes
    ----------
    kind : str
        A key of `SEVERITY`.
    severity : {"error", "warning", "note"}
        How bad it is.
    path : Path
        The file, or the folder.
    detail : str
        What is the matter, for the reader.
    others : tuple of Path
        Further files that are concerned, such as copies.
    """

    kind: str
    severity: str
    path: Path
    detail: str
    others: tuple[Path, ...] = ()


@dataclass(frozen=True)
class AuditReport:
    """What `audit` found in a folder.

    Attributes
    ----------
    layout : Layout
        Of the folder.
    issues : tuple of Issue
        The most severe first.
    sizes : dict of str to tuple of int
        Smallest, median and largest "width" and "height" in pixels, of the images that can be read.
    formats : dict of str to int
        How many of them are JPEG, PNG and so on.
    problem : str
        Why nothing can be learned from the folder, as `load` would say it; "" if something can.
    remarks : tuple of str
        The problem, or what else is unusual about the folders.
    """

    layout: Layout
    issues: tuple[Issue, ...]
    sizes: dict[str, tuple[int, int, int]]
    formats: dict[str, int]
    problem: str = ""
    remarks: tuple[str, ...] = ()

    @property
    def images(self) -> dict[str, dict[str, int]]:
        """How many images each split has of each class; without splits, the only key is ""."""
        return count_images(self.layout)

    @property
    def counts(self) -> dict[str, int]:
        """How many issues there are of each kind that was found."""
        found = Counter(issue.kind for issue in self.issues)
        return {kind: found[kind] for kind in SEVERITY if kind in found}

    @property
    def failed(self) -> bool:
        """Whether files cannot be read, an image is in two splits or under two labels, or nothing can be learned."""
        return bool(self.problem) or any(issue.severity == "error" for issue in self.issues)

    def issues_of(self, kind: str) -> tuple[Issue, ...]:
        """Return the issues of one kind, such as "leakage"."""
        if kind not in SEVERITY:
            raise DataError(unknown(kind, _("a kind of issue"), SEVERITY))
        return tuple(issue for issue in self.issues if issue.kind == kind)

    def short_name(self, path: Path) -> str:
        """Return a file's path below the folder, on one line whatever characters it has."""
        return "".join(letter if letter.isprintable() else "?" for letter in self._below(path))

    def to_json(self) -> str:
        """Return everything as JSON; the paths of the issues start at `root`."""
        report = {
            "root": str(self.layout.root),
            "layout": self.layout.kind,
            "failed": self.failed,
            "remarks": self.remarks,
            "images": self.images,
            "sizes": self.sizes,
            "formats": self.formats,
            "counts": self.counts,
            "issues": [
                {
                    "kind": issue.kind,
                    "severity": issue.severity,
                    "path": self._below(issue.path),
                    "detail": issue.detail,
                    "others": [self._below(path) for path in issue.others],
                }
                for issue in self.issues
            ],
        }
        return json.dumps(report, indent=2)

    def _below(self, path: Path) -> str:
        return path.relative_to(self.layout.root).as_posix()

    def __str__(self) -> str:
        lines = [str(self.layout)]
        if self.sizes:
            low, middle, high = (f"{w}×{h}" for w, h in zip(self.sizes["width"], self.sizes["height"], strict=True))
            lines.append(_("Width and height from {a} to {c} pixels, median {b}.", a=low, b=middle, c=high))
        lines += [f"{SYMBOLS['error' if self.problem else 'warning']} {remark}" for remark in self.remarks]
        for kind, count in self.counts.items():
            lines += ["", *self._section(kind, count)]
        return "\n".join([*lines, "", self._verdict()])

    def _section(self, kind: str, count: int) -> list[str]:
        """Title with the count, what to do, and the first examples."""
        found = self.issues_of(kind)
        title, advice = title_and_advice(kind)
        lines = [f"{SYMBOLS[found[0].severity]} {title}: {count:,}. {advice}"]
        for issue in found[:EXAMPLES]:
            names = " = ".join(map(self.short_name, (issue.path, *issue.others[:2])))
            names += " = …" if len(issue.others) > 2 else ""
            lines.append(f"    {names}: {issue.detail}")
        return lines + (["    …"] if count > EXAMPLES else [])

    def _verdict(self) -> str:
        if self.failed:
            return _("Fix what is marked ✗ before you train.")
        if self.remarks or any(issue.severity == "warning" for issue in self.issues):
            return _("You can train. Look at what is marked ! first.")
        if self.issues:
            return _("You can train.")
        return _("No issues found.")


def count_images(layout: Layout) -> dict[str, dict[str, int]]:
    """Count the images of each class in each split, including classes that have none."""
    found = Counter((sample.split, sample.label) for sample in layout.samples)
    splits = list(layout.splits) or [""]
    return {split: {name: found[split, label] for label, name in enumerate(layout.classes)} for split in splits}


def title_and_advice(kind: str) -> tuple[str, str]:
    """Return the title of a kind of issue, and what to do about it."""
    return {
        "unreadable": (
            _("unreadable"),
            _("Loaders stop here, or skip them. Download these files again, or delete them."),
        ),
        "leakage": (_("in two splits"), _("The score on val or test would be too high. Keep one of each.")),
        "label_conflict": (_("under two labels"), _("One label must be wrong. Look, and delete the wrong one.")),
        "unlabelled": (
            _("without a label"),
            _("They are not used. Give them a class: a folder, a name, or a row in the table."),
        ),
        "broken_link": (_("broken link"), _("The file it points to is missing. Restore it, or delete the link.")),
        "skipped_file": (_("skipped file"), _("Loaders do not take these. Convert images that belong to the data.")),
        "skipped_folder": (_("skipped folder"), _("No image in it is used. Check whether that is what you want.")),
        "empty_folder": (_("empty folder"), _("Some loaders stop here. Fill it, or delete it.")),
        "missing_class": (_("class without images"), _("It can be neither learned nor scored there.")),
        "imbalance": (_("imbalance"), _("Report the recall of each class; train with --balance sampler, or weights.")),
        "duplicate": (_("duplicate"), _("Keep one of each: a random split would leak the others.")),
        "near_duplicate": (_("near duplicate"), _("Keep all of a group in one split, or delete all but one.")),
        "blank": (_("blank"), _("They show nothing. Delete them, unless blank is a class.")),
        "tiny": (_("tiny"), _("Enlarging adds no detail. Check whether they are icons or previews.")),
        "giant": (_("giant"), _("Shrink them once, or every epoch waits for them.")),
        "extreme_shape": (_("extreme shape"), _("A square crop from the middle shows little of them.")),
        "animated": (_("several images in one file"), _("Loaders take only the first one.")),
        "mask": (_("masks"), _("They are not images of the class, and not used.")),
        "rotated": (_("rotated by the camera"), _("Loaders that ignore EXIF see them lying on their side.")),
        "wrong_extension": (_("wrong file name extension"), _("Most loaders cope. Rename them.")),
        "cmyk": (_("colours for print"), _("Loaders must convert them to RGB.")),
        "high_bit_depth": (_("16 or more bits"), _("Loaders must scale them down to 8 bits.")),
        "palette": (_("palette"), _("Loaders must convert them to RGB.")),
        "transparent": (_("transparent"), _("Choose a background: the course takes white.")),
        "greyscale": (_("greyscale among coloured ones"), _("Loaders must turn one channel into three.")),
    }[kind]
