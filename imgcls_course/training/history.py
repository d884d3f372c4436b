"""What happened in each epoch."""

from ..errors import TrainingError
from ..i18n import _


class History(list):
    """A list with one dict for each epoch.

    Each dict has `epoch` (from 1), `train_loss`, `train_accuracy`, `val_loss`, `val_accuracy` (accuracies as fractions
    in [0, 1]), `lr` and `seconds`. `pandas.DataFrame(history)` makes a table of it.

    Parameters
    ----------
    iterable : iterable of dict
        Its first elements; by default none.

    Attributes
    ----------
    stopped : str
        Why training ended early; empty if it did not.

    Examples
    --------
    >>> history = History([{"epoch": 1, "val_accuracy": 0.5, "val_loss": 1.0}])
    >>> history.append({"epoch": 2, "val_accuracy": 0.75, "val_loss": 0.8})
    >>> history.best["epoch"], history.column("val_accuracy")
    (2, [0.5, 0.75])
    """

    stopped = ""

    @property
    def best(self) -> dict:
        """The epoch with the highest validation accuracy; of equals, the one with the lowest validation loss.

        Returns
        -------
        dict
            An element of this list.

        Raises
        ------
        TrainingError
            If no epoch was completed.
        """
        if not self:
            raise TrainingError(_("There is no best epoch: no epoch was completed."))
        return max(self, key=lambda row: (row["val_accuracy"], -row["val_loss"]))

    def column(self, name: str) -> list[float]:
        """Return one value of every epoch by its name, such as "val_loss"."""
        return [row[name] for row in self]

    def summary(self) -> str:
        """Return one line: how many epochs, which was the best, and what it scored."""
        if not self:
            return _("No epoch was completed.")
        return _(
            "{n} epochs, the best was {epoch}: validation accuracy {accuracy:.4f}, loss {loss:.4f}",
            n=len(self),
            epoch=self.best["epoch"],
            accuracy=self.best["val_accuracy"],
            loss=self.best["val_loss"],
        )
