"""What all explorers have in common."""

import base64
import html
import io
from collections.abc import Callable

import ipywidgets
from matplotlib.figure import Figure
from traitlets import TraitError

from ..errors import ExplorerError, unknown
from ..i18n import _


class Explorer(ipywidgets.VBox):
    """Controls, the picture they change, and a caption that says in words what it shows.

    Parameters
    ----------
    show : callable
        `show(figure, **values) -> str` draws into an empty figure and returns the caption. It gets the value of every
        control by its name, keeps no state and knows nothing of widgets, so it can be called and tested without them.
    controls : dict of str to ipywidgets.Widget
        Each with a `value`.
    size : (float, float)
        Width and height of the picture, in inches at 100 pixels an inch.

    Notes
    -----
    A notebook that is read without a kernel shows a static picture of the start state. An error in `show` appears
    inside the explorer, and the picture before it stays.
    """

    def __init__(self, show: Callable[..., str], *, controls: dict[str, ipywidgets.Widget], size=(6.0, 3.0)):
        self._show = show
        self._size = size
        self.controls = dict(controls)
        self.error: Exception | None = None
        self._picture = ipywidgets.Image(
            format="png", layout=ipywidgets.Layout(max_width="100%", align_self="flex-start")
        )
        self._line = ipywidgets.HTML()
        self.caption = ""
        super().__init__([*self.controls.values(), self._picture, self._line])
        self.redraw()
        self._start = self._picture.value
        for control in self.controls.values():
            control.observe(self.redraw, names="value")

    def redraw(self, change=None) -> None:
        """Draw the state of the controls; called whenever one of them moves."""
        values = {name: control.value for name, control in self.controls.items()}
        figure = Figure(figsize=self._size, dpi=100, layout="constrained")
        try:
            self.caption = self._show(figure, **values)
            self._picture.value = png(figure)
            self.error = None
        except Exception as error:  # whatever it is, the reader has to see it: here, not in the server's log
            self.error = error
        self._line.value = self._line_html()

    def drive(self, **values) -> str:
        """Move controls by code, as a hand would, and return the caption.

        Raises
        ------
        ExplorerError
            If there is no such control, it cannot take the value, or the picture cannot be drawn there.
        """
        for name, value in values.items():
            if name not in self.controls:
                raise ExplorerError(unknown(name, _("a control of this explorer"), self.controls))
            _move(name, self.controls[name], value)
        if self.error is not None:
            raise ExplorerError(f"{type(self.error).__name__}: {self.error}") from self.error
        return self.caption

    def _line_html(self) -> str:
        if self.error is None:
            return html.escape(self.caption)
        return '<span style="color:#b00020">' + html.escape(f"{type(self.error).__name__}: {self.error}") + "</span>"

    def __repr__(self) -> str:
        return f"Explorer: {self.caption}"

    def _repr_mimebundle_(self, **kwargs) -> dict:
        bundle = super()._repr_mimebundle_(**kwargs)
        start = base64.b64encode(self._start).decode("ascii")
        return {**bundle, "text/plain": repr(self), "image/png": start}


def _move(name: str, control: ipywidgets.Widget, value) -> None:
    """Set a control; one that refuses the value, or goes elsewhere because it is out of range, is an ExplorerError."""
    try:
        control.value = value
        now = control.value
    except TraitError:
        now = None
    if now != value:
        raise ExplorerError(_("{name} cannot be {value!r}: it is out of range, or no choice.", name=name, value=value))


def png(figure: Figure) -> bytes:
    """Render a figure as PNG."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png")
    return buffer.getvalue()


def slider(label: str, *, value: float, low: float, high: float, step: float = 0.1) -> ipywidgets.SelectionSlider:
    """Make a slider over low, low + step, …, high that redraws while it is dragged.

    It chooses among fixed values. A `FloatSlider` would send its own rounding of the start value back from the browser
    (1 becomes 1.0000000000000002), and that may arrive after a `drive` and undo it.
    """
    steps = round((high - low) / step)
    values = [round(low + index * step, 6) + 0.0 for index in range(steps + 1)]  # + 0.0: no minus zero
    return ipywidgets.SelectionSlider(
        options=[(f"{x:g}", x) for x in values],
        value=round(value, 6),
        description=label,
        style={"description_width": "9em"},
        layout=ipywidgets.Layout(width="28em"),
    )
