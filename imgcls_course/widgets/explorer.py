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

PAUSE_S = 0.01  # after the last move, then we draw: longer than it takes to handle one waiting message
MAX_WAIT_S = 0.1  # for a new image while the reader keeps dragging


class Explorer(ipywidgets.VBox):
    """Controls, the image they change, and a caption that says in words what it shows.

    Parameters
    ----------
    show : callable
        `show(figure, **values)` draws into an empty figure and returns the caption. It receives the value of every
        control by name. It keeps no state and knows nothing of widgets, so you can call and test it without them.
    controls : dict of str to ipywidgets.Widget
        Widgets with a `value`, by name. If the choices of one control depend on another, the other one comes first.
    figsize : (float, float) or None, default (6.0, 3.0)
        Width and height of the figure in inches, at 100 pixels an inch. With None, `show(**values)` returns a pair
        (image, caption) instead, the image being uint8 of shape (H, W, 3); this is about ten times as fast.
    buttons : sequence of ipywidgets.Widget, default ()
        Further widgets, shown below the controls. The explorer does not listen to them.

    Attributes
    ----------
    caption : str
        What the image shows.
    error : Exception or None
        What `show` raised, if it did.

    Notes
    -----
    A notebook that is read without a kernel shows a static image of the start state. If `show` raises, the error
    appears inside the explorer and the previous image stays.

    A slider that is dragged sends more positions than we can draw. So where an event loop runs, as in every notebook,
    a move only starts a short timer, and we draw when no further move has come. The last position is always drawn.
    `drive` draws at once.

    Examples
    --------
    >>> import ipywidgets
    >>> def show(figure, *, power):
    ...     figure.subplots().plot([x**power for x in range(10)])
    ...     return f"x to the power of {power}"
    >>> explorer = Explorer(show, controls={"power": ipywidgets.IntSlider(value=1, min=0, max=3)}, figsize=(3.0, 2.0))
    >>> explorer.drive(power=2)
    'x to the power of 2'
    """

    def __init__(
        self,
        show: Callable,
        *,
        controls: dict[str, ipywidgets.Widget],
        figsize: tuple[float, float] | None = (6.0, 3.0),
        buttons: Sequence[ipywidgets.Widget] = (),
    ):
        self._show = show
        self._figsize = figsize
        self._lock = threading.RLock()  # JupyterLab may handle moves in a thread beside the one that runs the cells
        self._moves = 0
        self._first_move_s: float | None = None  # when the first move came that is not drawn yet
        self._on_hold = False
        self.controls = dict(controls)
        self.error: Exception | None = None
        self._image = ipywidgets.Image(
            format="png", layout=ipywidgets.Layout(max_width="100%", align_self="flex-start")
        )
        self._line = ipywidgets.HTML()
        self.caption = ""
        super().__init__([*self.controls.values(), *buttons, self._image, self._line])
        self.redraw()
        self._start = self._image.value
        for control in self.controls.values():
            control.observe(self._on_move, names="value")

    def redraw(self) -> None:
        """Draw the current state of the controls."""
        with self._lock:
            self._first_move_s = None
            try:
                drawn, self.caption = self._drawn({name: control.value for name, control in self.controls.items()})
                self._image.value = drawn
                self.error = None
            except Exception as error:  # whatever it is, the reader has to see it: here, not in the server's log
                self.error = error
            self._line.value = self._line_html()

    def drive(self, **values) -> str:
        """Move controls by code, as a reader would by hand, and return the caption.

        Parameters
        ----------
        **values
            The new value of each control, by its name. All are set before the explorer draws.

        Returns
        -------
        str
            The caption of what is now shown.

        Raises
        ------
        ExplorerError
            If there is no such control, if it cannot take the value, or if `show` fails there.
        """
        for name in values:
            if name not in self.controls:
                raise ExplorerError(unknown(name, _("a control of this explorer"), self.controls))
        with self.hold_redraw():
            for name in [each for each in self.controls if each in values]:
                _move(name, self.controls[name], values[name])
        if self.error is not None:
            raise ExplorerError(f"{type(self.error).__name__}: {self.error}") from self.error
        return self.caption

    def show_error(self, error: Exception) -> None:
        """Show an error that did not come from drawing; it stays until the explorer draws again."""
        self.error = error
        self._line.value = self._line_html()

    def _on_move(self, change) -> None:
        """Start a timer to draw after a move; without an event loop, draw at once."""
        if self._on_hold:
            return
        self._moves += 1
        self._first_move_s = self._first_move_s or time.monotonic()
        try:
            asyncio.get_running_loop().call_later(PAUSE_S, self._after_pause, self._moves)
        except RuntimeError:
            self.redraw()

    def _after_pause(self, move: int) -> None:
        """Draw, unless this move is drawn already, or a later one has come and the reader has not waited for long."""
        if self._first_move_s is None:
            return
        waited_s = time.monotonic() - self._first_move_s
        if move == self._moves or waited_s > MAX_WAIT_S:
            self.redraw()

    @contextlib.contextmanager
    def hold_redraw(self) -> Iterator[None]:
        """Draw once at the end of the context, however many controls are moved inside."""
        self._on_hold = True
        try:
            yield
        finally:
            self._on_hold = False
            self.redraw()

    def _drawn(self, values: dict) -> tuple[bytes, str]:
        """Return the image as PNG, and the caption."""
        if self._figsize is None:
            image, caption = self._show(**values)
            return encode_png(image), caption
        figure = Figure(figsize=self._figsize, dpi=100, layout="constrained")
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
    """Set a control, and raise an ExplorerError if it refuses the value or changes it to one in its range."""
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
    """Return a slider over low, low + step, …, high that redraws while it is dragged.

    It chooses among fixed values. A `FloatSlider` rounds the start value in the browser (1 becomes 1.0000000000000002)
    and sends it back; if that arrives after a `drive`, it undoes the move.
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
