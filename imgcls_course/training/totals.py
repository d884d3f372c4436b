"""What is counted in a pass: sums while it runs, means at its end."""

from dataclasses import dataclass

import torch


@dataclass(frozen=True)
class EpochResult:
    """The result of one pass over the data.

    Parameters
    ----------
    loss : float
        Mean over the images.
    accuracy : float
        Fraction of the images that are classified correctly, in [0, 1].
    samples : int
        Number of images.
    """

    loss: float
    accuracy: float
    samples: int


@dataclass(frozen=True)
class Totals:
    """Sums over images, which can be added, unlike means: the last batch is often smaller than the others."""

    loss: float = 0.0
    correct: int = 0
    samples: int = 0

    @classmethod
    def of(cls, mean_loss: torch.Tensor, logits: torch.Tensor, labels: torch.Tensor) -> "Totals":
        """Count one batch: its mean loss, its logits of shape (N, K), and its labels of shape (N,)."""
        loss = mean_loss.item()  # on a GPU, this waits for it
        correct = int((logits.argmax(dim=1) == labels).sum().item())
        return cls(loss * len(labels), correct, len(labels))

    def __add__(self, other: "Totals") -> "Totals":
        return Totals(self.loss + other.loss, self.correct + other.correct, self.samples + other.samples)

    def means(self) -> EpochResult:
        """Return the result of all that was added; there has to be at least one image."""
        return EpochResult(self.loss / self.samples, self.correct / self.samples, self.samples)
