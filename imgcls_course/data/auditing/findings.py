"""What an audit found: to look through, to print, and to store."""

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
    "dead_link": "warning",
    "skipped_files": "warning",
    "skipped": "warning",
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
    "wrong_ending": "note",
    "cmyk": "note",
    "deep": "note",
    "palette": "note",
    "transparent": "note",
    "grey": "note",
}
MARKS = {"error": "✗", "warning": "!", "note": "·"}
EXAMPLES = 3  # of each kind, in the printed report


@dataclass(frozen=True)
class Finding:
    """One thing that was found.

    Attributes
    ----------
    kind : str
        A key of `SEVERITY`.
    severity : {"error", "warning", "note"}
    path : Path
        The file, or the folder.
    detail : str
        What is the matter, for the reader.
    others : tuple of Path
        Further files that it is about, such as the copies.
    """

    kind: str
    severity: str
    path: Path
    detail: str
    others: tuple[Path, ...] = ()


@dataclass(frozen=True)
class Audit:
    """What `audit` found in a folder.

    Attributes
    ----------
    layout : Layout
    findings : tuple of Finding
        The gravest first.
    sizes : dict of str to three int
        Smallest, median and largest "width" and "height" in pixels, of the pictures that can be read.
    formats : dict of str to int
        How many of them are JPEG, PNG and so on.
    problem : str
        Why nothing can be learned from the folder, as `load` would say it; "" if something can.
    remarks : tuple of str
        The problem, or what else is odd about the folders.
    """

    layout: Layout
    findings: tuple[Finding, ...]
    sizes: dict[str, tuple[int, int, int]]
    formats: dict[str, int]
    problem: str = ""
    remarks: tuple[str, ...] = ()

    @property
    def pictures(self) -> dict[str, dict[str, int]]:
        """How many pictures each split has of each class; without splits, the only key is ""."""
        return count_pictures(self.layout)

    @property
    def counts(self) -> dict[str, int]:
        """How many findings there are of each kind that was found."""
        found = Counter(finding.kind for finding in self.findings)
        return {kind: found[kind] for kind in SEVERITY if kind in found}

    @property
    def failed(self) -> bool:
        """Whether files cannot be read, a picture is in two splits or under two labels, or nothing can be learned."""
        return bool(self.problem) or any(finding.severity == "error" for finding in self.findings)

    def of(self, kind: str) -> tuple[Finding, ...]:
        """Return the findings of one kind."""
        if kind not in SEVERITY:
            raise DataError(unknown(kind, _("a kind of finding"), SEVERITY))
        return tuple(finding for finding in self.findings if finding.kind == kind)

    def name(self, path: Path) -> str:
        """Name a file for the reader: from the folder on, and on one line whatever its name is."""
        return "".join(letter if letter.isprintable() else "?" for letter in self._below(path))

    def to_json(self) -> str:
        """Write everything as JSON; the paths of the findings start at `root`."""
        report = {
            "root": str(self.layout.root),
            "layout": self.layout.kind,
            "failed": self.failed,
            "remarks": self.remarks,
            "pictures": self.pictures,
            "sizes": self.sizes,
            "formats": self.formats,
            "counts": self.counts,
            "findings": [
                {
                    "kind": finding.kind,
                    "severity": finding.severity,
                    "path": self._below(finding.path),
                    "detail": finding.detail,
                    "others": [self._below(path) for path in finding.others],
                }
                for finding in self.findings
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
        lines += [f"{MARKS['error' if self.problem else 'warning']} {remark}" for remark in self.remarks]
        for kind, count in self.counts.items():
            lines += ["", *self._section(kind, count)]
        return "\n".join([*lines, "", self._verdict()])

    def _section(self, kind: str, count: int) -> list[str]:
        """Title with the count, what to do, and the first examples."""
        found = self.of(kind)
        title, advice = explain(kind)
        lines = [f"{MARKS[found[0].severity]} {title}: {count:,}. {advice}"]
        for finding in found[:EXAMPLES]:
            names = " = ".join(map(self.name, (finding.path, *finding.others[:2])))
            names += " = …" if len(finding.others) > 2 else ""
            lines.append(f"    {names}: {finding.detail}")
        return lines + (["    …"] if count > EXAMPLES else [])

    def _verdict(self) -> str:
        if self.failed:
            return _("Mend what is marked ✗ before you train.")
        if self.remarks or any(finding.severity == "warning" for finding in self.findings):
            return _("Nothing forbids training. Look at what is marked ! first.")
        if self.findings:
            return _("Nothing forbids training.")
        return _("Nothing to complain of.")


def count_pictures(layout: Layout) -> dict[str, dict[str, int]]:
    """Count the pictures of each class in each split, also those of which there are none."""
    found = Counter((sample.split, sample.label) for sample in layout.samples)
    splits = list(layout.splits) or [""]
    return {split: {name: found[split, label] for label, name in enumerate(layout.classes)} for split in splits}


def explain(kind: str) -> tuple[str, str]:
    """Say what a kind of finding is called, and what to do about it."""
    return {
        "unreadable": (
            _("unreadable"),
            _("Loaders stop here, or leave them out. Fetch these files again, or delete them."),
        ),
        "leakage": (_("in two splits"), _("The result on val or test would be too good. Keep one of each.")),
        "label_conflict": (_("under two labels"), _("One label must be wrong. Look, and delete the wrong one.")),
        "unlabelled": (
            _("without a label"),
            _("They are not used. Give them a class: a folder, a name, or a row in the table."),
        ),
        "dead_link": (_("dead link"), _("The file it leads to is missing. Fetch it, or delete the link.")),
        "skipped_files": (_("left aside"), _("Loaders do not take these. Convert pictures that belong to the data.")),
        "skipped": (_("skipped folder"), _("No image in it is used. See whether that is what you want.")),
        "empty_folder": (_("empty folder"), _("Some loaders stop here. Fill it, or delete it.")),
        "missing_class": (_("class without pictures"), _("Its accuracy cannot be measured or learned there.")),
        "imbalance": (_("imbalance"), _("Report the recall of each class; train with --balance sampler, or weights.")),
        "duplicate": (_("same picture again"), _("Keep one of each: a random split would leak the others.")),
        "near_duplicate": (_("nearly the same"), _("Keep all of a group in one split, or delete all but one.")),
        "blank": (_("blank"), _("There is nothing to see. Delete them, unless blank is a class.")),
        "tiny": (_("tiny"), _("Enlarging adds no detail. See whether they are icons or previews.")),
        "giant": (_("giant"), _("Shrink them once, or each epoch will wait for them.")),
        "extreme_shape": (_("extreme shape"), _("A square cut from the middle shows little of them.")),
        "animated": (_("several pictures in one file"), _("Loaders take the first one only.")),
        "mask": (_("masks"), _("They are no images of the class, and not used.")),
        "rotated": (_("turned by the camera"), _("Loaders that ignore EXIF see them lying on their side.")),
        "wrong_ending": (_("wrong ending"), _("Most loaders cope. Rename them.")),
        "cmyk": (_("colours for print"), _("Loaders must convert them to RGB.")),
        "deep": (_("16 or more bits"), _("Loaders must scale them down to 8 bits.")),
        "palette": (_("palette"), _("Loaders must convert them to RGB.")),
        "transparent": (_("transparent"), _("Decide what stands behind: the course takes white.")),
        "grey": (_("grey among coloured ones"), _("Loaders must make three channels of one.")),
    }[kind]
