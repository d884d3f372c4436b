"""A pytest plugin: what nbval does not look at, and a lesson can break by.

nbval lets three faults pass: a cell that was never run, a figure that shows something else, and a widget whose callback
is broken. The first two are closed here. The third is closed by `Explorer.drive`, which raises, and by a test that
every explorer of a lesson is driven (tests/lessons).
"""

from nbval.plugin import IPyNbCell

from tools import pictures

PNG = "image/png"


class LessonCell(IPyNbCell):
    """A cell of a lesson: it must have been run, and its figures must still show the same."""

    def runtest(self):
        """Run the cell and compare; a cell that was never run holds nothing to compare with, and nbval lets it pass."""
        super().runtest()
        if self.cell.source.strip() and self.cell.execution_count is None:
            self.raise_cell_error("This cell was never run, or its outputs were cleared. Run `make lessons`.")

    def compare_outputs(self, test, ref, skip_compare=None):
        """Compare text as nbval does, then the figures."""
        if not super().compare_outputs(test, ref, skip_compare):
            return False
        complaint = pictures.complaint(_pngs(ref), _pngs(test))
        if complaint:
            self.comparison_traceback.append(f"{self.colors.FAIL}{complaint}{self.colors.ENDC}")
        return not complaint


def _pngs(outputs) -> list[str]:
    return [output["data"][PNG] for output in outputs if PNG in output.get("data", {})]


def pytest_itemcollected(item) -> None:
    """Make every cell that nbval collects a cell of a lesson; nbval has no setting for the class of its cells."""
    if type(item) is IPyNbCell:
        item.__class__ = LessonCell
