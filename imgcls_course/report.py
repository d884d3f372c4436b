"""An evaluation as one HTML file that needs no other file: scores, figures and misclassified images."""

import base64
import io
import math
from collections.abc import Callable
from pathlib import Path

import jinja2
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from PIL import Image

from . import evaluation, paths, plots
from .data.decode import ImageError, read_image
from .evaluation.formatting import format_score
from .i18n import _, counted
from .plots.arrays import resize, to_rgb_uint8
from .widgets.explorer import png

MAX_IMAGES = 24  # misclassified images that are shown
MAX_CLASSES = 20  # in the confusion matrix
MAX_PAIRS = 20  # in the table of confusions
THUMBNAIL = 200  # pixels, the longer side
TEMPLATE = Path(__file__).with_name("report.html")


def report_path(place: Path | str) -> Path:
    """Return the file of a report: `place`/report.html, or `place` itself if it is named like an HTML file."""
    place = Path(place)
    is_page = place.suffix.lower() in (".html", ".htm") and not place.is_dir()
    return place if is_page else place / "report.html"


def write_report(result: evaluation.Evaluation, folder: Path | str, *, title: str, images=None) -> Path:
    """Write an evaluation as HTML. An interrupted write leaves no partial file.

    Parameters
    ----------
    result : evaluation.Evaluation
        From `evaluation.evaluate_checkpoint`.
    folder : path
        The folder for report.html, created if necessary; or a path that ends in .html, which is the file itself.
    title : str
        The heading of the page.
    images : data.ImageTensors, optional
        The images of the split, if they are not in files.

    Returns
    -------
    Path
        The file.
    """
    environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined)
    environment.filters["score"] = format_score
    environment.globals["counted"] = counted
    template = environment.from_string(TEMPLATE.read_text(encoding="utf-8"))
    scores, wrong = evaluation.scores(result.predictions), evaluation.misclassified(result.predictions)
    text = template.render(
        title=title,
        result=result,
        scores=scores,
        classes=sorted(scores.per_class.items(), key=_by_f1),
        pairs=evaluation.most_confused(result.predictions, limit=MAX_PAIRS),
        max_pairs=MAX_PAIRS,
        calibration_error=evaluation.expected_calibration_error(result.predictions),
        figures=figures(result),
        n_wrong=len(wrong),
        wrong=[(image, _thumbnail(image, images)) for image in wrong[:MAX_IMAGES]],
    )
    out = report_path(folder)
    paths.write_text(out, text.encode("utf-8", "replace").decode("utf-8"))  # file names need not be UTF-8
    return out


def _by_f1(named: tuple[str, dict]) -> tuple[bool, float]:
    """Sort key of classes: the lowest F1 first, those without images last."""
    _name, row = named
    return math.isnan(row["f1"]), row["f1"]


def figures(result: evaluation.Evaluation) -> list[tuple[str, str, str]]:
    """Draw the figures of a report: for each its heading, its caption, and the image as a data URL."""
    drawn = [_confusion_matrix(result.predictions)]
    if not math.isnan(result.average_precision):  # without images of the class, recall is not defined
        drawn.append(_precision_recall_curve(result))
    return [*drawn, _calibration_curve(result.predictions)]


def _confusion_matrix(predictions: evaluation.Predictions) -> tuple[str, str, str]:
    """Draw the confusion matrix; if there are many classes, those that are confused most."""
    counts, classes = evaluation.condense_confusion_matrix(
        evaluation.confusion_matrix(predictions), predictions.classes, limit=MAX_CLASSES
    )
    caption = _("Rows are true classes, columns predicted ones; counts, and shares of the row.")
    if len(predictions.classes) > MAX_CLASSES:
        caption += " " + _(
            "The {n} classes that are confused most are shown; the last row and column are all others.", n=MAX_CLASSES
        )
    side = max(4.0, 0.45 * len(classes))
    url = _figure(lambda ax: plots.confusion_matrix(counts, classes=classes, ax=ax), size=(side, side))
    return _("Confusion matrix"), caption, url


def _precision_recall_curve(result: evaluation.Evaluation) -> tuple[str, str, str]:
    curve = evaluation.precision_recall_curve(result.predictions, result.positive)
    return (
        _("Precision and recall of {name}", name=result.positive),
        _("The precision at each recall. The dot is the threshold."),
        _figure(lambda ax: plots.precision_recall_curve(curve, threshold=result.threshold, label=result.split, ax=ax)),
    )


def _calibration_curve(predictions: evaluation.Predictions) -> tuple[str, str, str]:
    curve = evaluation.calibration_curve(predictions)
    return (
        _("Calibration"),
        _("Accuracy over confidence. On the diagonal, the network is right as often as its confidence says."),
        _figure(lambda ax: plots.calibration_curve(curve, ax=ax)),
    )


def _figure(draw: Callable[[Axes], Axes], *, size: tuple[float, float] = (5.0, 4.0)) -> str:
    figure = Figure(figsize=size, dpi=110, layout="constrained")
    draw(figure.subplots())
    return _data_url(png(figure), kind="png")


def _thumbnail(image: evaluation.MisclassifiedImage, images) -> str:
    """Return a small image as a data URL, or an empty string if the file can no longer be read."""
    try:
        pixels = read_image(image.path, shorter_side=THUMBNAIL) if images is None else _enlarge(images[image.index][0])
    except ImageError:
        return ""
    small = Image.fromarray(pixels)
    small.thumbnail((THUMBNAIL, THUMBNAIL))
    buffer = io.BytesIO()
    small.save(buffer, format="JPEG", quality=80)
    return _data_url(buffer.getvalue(), kind="jpeg")


def _enlarge(image) -> np.ndarray:
    """Convert (C, H, W) in [0, 1] to (H', W', 3) uint8, with each pixel a square that is large enough to see."""
    height, width = image.shape[-2:]
    factor = max(1, THUMBNAIL // max(height, width))
    return resize(to_rgb_uint8(image), height=factor * height, width=factor * width)


def _data_url(content: bytes, *, kind: str) -> str:
    return f"data:image/{kind};base64," + base64.b64encode(content).decode("ascii")
