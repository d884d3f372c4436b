"""What all explorers have in common."""

import asyncio
import base64
import contextlib
import html
import io
import threading
import time
from collections.abc import Callable, Iterator, Sequence

import ipywidgets
from matplotlib.figure import Figure
from traitlets import TraitError

from ..errors import ExplorerError, unknown
from ..i18n import _
from ..plots.arrays import encode_png

PAUSE_S = 0.01  # without a further move, and the picture is drawn: longer than one waiting message takes
LONGEST_S = 0.1  # that a hand which never pauses waits for a picture


class Explorer(ipywidgets.VBox):
    """Controls, the picture they change, and a caption that says in words what it shows.

    Parameters
    ----------
    show : callable
        `show(figure, **values) -> str` draws into an empty figure and returns the caption. It gets the value of every
        control by its name, keeps no state and knows nothing of widgets, so it can be called and tested without them.
    controls : dict of str to ipywidgets.Widget
        Each with a `value`. Where the choices of one depend on another, the other comes first.
    size : (float, float), or None
        Width and height of the picture, in inches at 100 pixels an inch. None: `show(**values) -> (picture, caption)`
        makes the picture itself, uint8 of shape (H, W, 3), which is far quicker than a figure.
    tools : sequence of ipywidgets.Widget
        Shown below the controls; what they do is their own affair.

    Notes
    -----
    A notebook that is read without a kernel shows a static picture of the start state. An error in `show` appears
    inside the explorer, and the picture before it stays.

    A control that is dragged sends more positions than can be drawn. Where an event loop runs, as in every notebook,
    a move is only noted, and the picture drawn when none has come for a moment: the last position is the one that is
    shown. `drive` draws at once.
    """

    def __init__(
        self,
        show: Callable,
        *,
        controls: dict[str, ipywidgets.Widget],
        size: tuple[float, float] | None = (6.0, 3.0),
        tools: Sequence[ipywidgets.Widget] = (),
    ):
        self._show = show
        self._size = size
        self._lock = threading.RLock()  # JupyterLab may handle moves in a thread beside the one that runs the cells
        self._moves, self._since, self._held = 0, None, False
        self.controls = dict(controls)
        self.error: Exception | None = None
        self._picture = ipywidgets.Image(
            format="png", layout=ipywidgets.Layout(max_width="100%", align_self="flex-start")
        )
        self._line = ipywidgets.HTML()
        self.caption = ""
        super().__init__([*self.controls.values(), *tools, self._picture, self._line])
        self.redraw()
        self._start = self._picture.value
        for control in self.controls.values():
            control.observe(self._note, names="value")

    def redraw(self) -> None:
        """Draw the state of the controls."""
        with self._lock:
            self._since = None
            try:
                drawn, self.caption = self._drawn({name: control.value for name, control in self.controls.items()})
                self._picture.value = drawn
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
        for name in values:
            if name not in self.controls:
                raise ExplorerError(unknown(name, _("a control of this explorer"), self.controls))
        with self.moving():
            for name in [each for each in self.controls if each in values]:
                _move(name, self.controls[name], values[name])
        if self.error is not None:
            raise ExplorerError(f"{type(self.error).__name__}: {self.error}") from self.error
        return self.caption

    def fail(self, error: Exception) -> None:
        """Show an error that came from elsewhere than from drawing; the next picture takes its place."""
        self.error = error
        self._line.value = self._line_html()

    def _note(self, change) -> None:
        """Take note of a move; draw soon if there is a loop to come back from, else at once."""
        if self._held:
            return
        self._moves += 1
        self._since = self._since or time.monotonic()
        try:
            asyncio.get_running_loop().call_later(PAUSE_S, self._settle, self._moves)
        except RuntimeError:
            self.redraw()

    def _settle(self, move: int) -> None:
        """Draw, unless that was done already, or further moves have come and nobody has waited for long."""
        if self._since is not None and (move == self._moves or time.monotonic() - self._since > LONGEST_S):
            self.redraw()

    @contextlib.contextmanager
    def moving(self) -> Iterator[None]:
        """Move several controls inside, and draw once after the last."""
        self._held = True
        try:
            yield
        finally:
            self._held = False
            self.redraw()

    def _drawn(self, values: dict) -> tuple[bytes, str]:
        """Return the picture as PNG, and the caption."""
        if self._size is None:
            picture, caption = self._show(**values)
            return encode_png(picture), caption
        figure = Figure(figsize=self._size, dpi=100, layout="constrained")
        caption = self._show(figure, **values)
        return png(figure), caption

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
