"""A review as one HTML file that needs nothing else: numbers, figures and bad cases."""

import base64
import io
import math
from pathlib import Path

import jinja2
import numpy as np
from matplotlib.figure import Figure
from PIL import Image

from . import evaluation, paths, plots
from .data.decode import PictureError, read
from .evaluation.review import Review
from .evaluation.shown import shown
from .i18n import _, counted
from .plots.arrays import as_bytes, resized
from .widgets.explorer import png

BAD_CASES = 24
MATRIX = 20  # classes in the confusion matrix
PAIRS = 20  # in the table of confusions
THUMBNAIL = 200  # pixels, the longer side
TEMPLATE = Path(__file__).with_name("report.html")


def file_of(place: Path | str) -> Path:
    """Return the file of a report: `place`/report.html, or `place` itself where it is named like a page."""
    place = Path(place)
    is_page = place.suffix.lower() in (".html", ".htm") and not place.is_dir()
    return place if is_page else place / "report.html"


def write(review: Review, folder: Path | str, *, title: str, images=None) -> Path:
    """Write `folder`/report.html, whole or not at all, and return its path.

    Parameters
    ----------
    review : evaluation.Evaluation
    folder : path
        Made if it is not there. A name that ends in .html is that of the file itself.
    title : str
    images : data.Pictures, optional
        The pictures of the split, if they are not in files.
    """
    environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined)
    environment.filters["shown"] = shown
    environment.globals["counted"] = counted
    template = environment.from_string(TEMPLATE.read_text(encoding="utf-8"))
    scores, wrong = evaluation.scores(review.predictions), evaluation.misclassified(review.predictions)
    text = template.render(
        title=title,
        review=review,
        scores=scores,
        classes=sorted(scores.per_class.items(), key=_needs_attention),
        pairs=evaluation.most_confused(review.predictions, limit=PAIRS),
        most_pairs=PAIRS,
        intervals=review.intervals,
        calibration_error=evaluation.expected_calibration_error(review.predictions),
        figures=figures(review),
        wrong=len(wrong),
        cases=[(case, _thumbnail(case, images)) for case in wrong[:BAD_CASES]],
    )
    out = file_of(folder)
    paths.write_text(out, text.encode("utf-8", "replace").decode("utf-8"))  # names of files need not be UTF-8
    return out


def _needs_attention(named: tuple[str, dict]) -> tuple[bool, float]:
    """Sort classes: the lowest F1 first, those without images last."""
    _name, row = named
    return math.isnan(row["f1"]), row["f1"]


def figures(review: Review) -> list[tuple[str, str, str]]:
    """Draw the figures of a review: for each a heading, what is to be seen in it, and the picture as a data URL."""
    predictions = review.predictions
    drawn = [
        _confusions(predictions),
        (
            _("Calibration"),
            _("How often the network is right, by how sure it is. On the diagonal it is as sure as right."),
            _drawn(lambda ax: plots.calibration_curve(evaluation.calibration_curve(predictions), ax=ax)),
        ),
    ]
    if not math.isnan(review.average_precision):  # without images of the class there is no recall
        curve = evaluation.precision_recall_curve(predictions, review.positive)
        figure = (
            _("Recall and precision of {name}", name=review.positive),
            _("What precision is to be had at each recall. The dot is the threshold chosen on val."),
            _drawn(lambda ax: plots.precision_recall_curve(curve, chosen=review.scored, label=review.split, ax=ax)),
        )
        drawn.insert(1, figure)
    return drawn


def _confusions(predictions: evaluation.Predictions) -> tuple[str, str, str]:
    """Draw the confusion matrix, of many classes those that are confused most."""
    counts, classes = evaluation.condense_confusion_matrix(evaluation.confusion_matrix(predictions), predictions.classes, limit=MATRIX)
    caption = _("Rows are true classes, columns predicted ones; counts, and shares of the row.")
    if len(predictions.classes) > MATRIX:
        caption += " " + _(
            "The {n} classes that are confused most are shown; the last row and column are all others.", n=MATRIX
        )
    side = max(4.0, 0.45 * len(classes))
    draw = _drawn(lambda ax: plots.confusion_matrix(counts, classes=classes, ax=ax), size=(side, side))
    return _("Confusion matrix"), caption, draw


def _drawn(draw, *, size=(5.0, 4.0)) -> str:
    figure = Figure(figsize=size, dpi=110, layout="constrained")
    draw(figure.subplots())
    return _url(png(figure), kind="png")


def _thumbnail(case: evaluation.MisclassifiedImage, images) -> str:
    """Return a small picture as a data URL, or nothing if it cannot be read any more."""
    try:
        pixels = read(case.path, shorter_side=THUMBNAIL) if images is None else _visible(images[case.index][0])
    except PictureError:
        return ""
    picture = Image.fromarray(pixels)
    picture.thumbnail((THUMBNAIL, THUMBNAIL))
    buffer = io.BytesIO()
    picture.save(buffer, format="JPEG", quality=80)
    return _url(buffer.getvalue(), kind="jpeg")


def _visible(image) -> np.ndarray:
    """(C, H, W) in [0, 1] → (H', W', 3) uint8, each pixel a square large enough to be seen."""
    height, width = image.shape[-2:]
    factor = max(1, THUMBNAIL // max(height, width))
    return resized(as_bytes(image), height=factor * height, width=factor * width)


def _url(content: bytes, *, kind: str) -> str:
    return f"data:image/{kind};base64," + base64.b64encode(content).decode("ascii")
