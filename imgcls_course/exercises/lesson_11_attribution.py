"""Exercises of lesson 11: saliency, occlusion and Grad-CAM."""

import torch

from ..checking.exercise import Exercise, Mistake
from .random_inputs import normal


class _TwoLayers:
    """Two layers of weights with a tanh between them.

    Not an `nn.Module`, which is equal to nothing but itself: the check has to see that an answer left it as it was.
    """

    def __init__(self, first: torch.Tensor, second: torch.Tensor):
        self.first, self.second = first, second

    def logits(self, images: torch.Tensor) -> torch.Tensor:
        """Images of shape (N, C, H, W) or (N, H, W) → logits of shape (N, K)."""
        return torch.tanh(images.flatten(1) @ self.first) @ self.second

    def __eq__(self, other) -> bool:
        return torch.equal(self.first, other.first) and torch.equal(self.second, other.second)


class Network(_TwoLayers):
    """A network: images (N, C, H, W) → logits (N, K)."""

    def __call__(self, images: torch.Tensor) -> torch.Tensor:
        """Return the logits of images."""
        return self.logits(images)

    def __repr__(self) -> str:
        return "network"


class Score(_TwoLayers):
    """A score for one class: an image (H, W) → one number."""

    def __call__(self, image: torch.Tensor) -> float:
        """Return the score of an image."""
        return self.logits(image[None])[0, 0].item()

    def __repr__(self) -> str:
        return "score"


def _pictures(rng) -> list[tuple]:
    return [_with_network(rng, normal(rng, *shape)) for shape in ((3, 4, 5), (3, 6, 6), (3, 5, 3))]


def _with_network(rng, image) -> tuple:
    """Ask for the class that the network finds least likely, so that it is never the one it predicts."""
    network = Network(normal(rng, image.numel(), 8) / image.numel() ** 0.5, normal(rng, 8, 4))
    return image, network, int(network(image[None])[0].argmin())


def _slope(image, network, quantity) -> torch.Tensor:
    image = image.clone().requires_grad_()
    [found] = torch.autograd.grad(quantity(network(image[None])[0]), image)
    return found


def _saliency(image, network, label):
    return _slope(image, network, lambda logits: logits[label]).abs().amax(dim=0)


def _of_probability(image, network, label):
    return _slope(image, network, lambda logits: logits.softmax(dim=0)[label]).abs().amax(dim=0)


def _of_winner(image, network, label):
    return _slope(image, network, lambda logits: logits.max()).abs().amax(dim=0)


def _of_all(image, network, label):
    return _slope(image, network, lambda logits: logits.sum()).abs().amax(dim=0)


def _of_loss(image, network, label):
    return _slope(image, network, lambda logits: -logits.log_softmax(dim=0)[label]).abs().amax(dim=0)


def _maps_and_gradients(rng) -> list[tuple]:
    maps = torch.tensor([[[2.0, 0.0], [1.0, 0.0]], [[0.0, 3.0], [1.0, 0.0]]])
    gradients = torch.tensor([[[0.4, 0.0], [0.0, 0.0]], [[-0.1, -0.1], [0.0, -0.2]]])
    shapes = ((3, 4, 4), (6, 3, 7), (4, 5, 5))
    return [(maps, gradients), *((normal(rng, *shape).relu(), normal(rng, *shape)) for shape in shapes)]


def _weighed(maps, weights):
    return (weights[:, None, None] * maps).sum(dim=0)


def _grad_cam(maps, gradients):
    return _weighed(maps, gradients.mean(dim=(1, 2))).relu()


def _to_cover(rng) -> list[tuple]:
    shapes = ((4, 6, 2), (6, 9, 3), (8, 4, 2))
    return [(normal(rng, h, w), Score(normal(rng, h * w, 8), normal(rng, 8, 1)), size) for h, w, size in shapes]


def _after(image, score, size, *, fill=0.0, anew=True):
    """Return the score with each square covered; if not `anew`, those before stay covered."""
    found, copy = torch.zeros(image.shape[0] // size, image.shape[1] // size), image.clone()
    for i, j in torch.cartesian_prod(*(torch.arange(side) for side in found.shape)).tolist():
        copy = image.clone() if anew else copy
        copy[i * size : (i + 1) * size, j * size : (j + 1) * size] = fill
        found[i, j] = score(copy)
    return found


def _alone(image, score, size):
    """Return the score of each square alone, all the rest being covered."""
    found = torch.zeros(image.shape[0] // size, image.shape[1] // size)
    for i, j in torch.cartesian_prod(*(torch.arange(side) for side in found.shape)).tolist():
        square = (slice(i * size, (i + 1) * size), slice(j * size, (j + 1) * size))
        copy = torch.zeros_like(image)
        copy[square] = image[square]
        found[i, j] = score(copy)
    return found


def _drops(image, score, size, **options):
    return score(image) - _after(image, score, size, **options)


saliency_map = Exercise(
    name="saliency_map",
    lesson="11",
    reference=_saliency,
    inputs=_pictures,
    first_hint="A copy of the picture that requires a gradient, one pass, backward from one logit. What is left of three channels?",
    hint="Logit of `label` → gradient (C, H, W) → absolute values → the largest over the channels, shape (H, W).",
    mistakes=(
        Mistake(
            answer=lambda image, network, label: _slope(image, network, lambda logits: logits[label]).amax(dim=0),
            message="{call}: the absolute value is missing.",
            hint="A pixel that lowers the logit as it grows matters as well. What becomes of negative gradients?",
        ),
        Mistake(
            answer=lambda image, network, label: _slope(image, network, lambda logits: logits[label]).abs().sum(dim=0),
            message="{call}: the channels were added up.",
            hint="One number for each pixel, and of its three channels the *most* sensitive decides. Which reduction is that?",
        ),
        Mistake(
            answer=lambda image, network, label: _slope(image, network, lambda logits: logits[label]).abs().mean(dim=0),
            message="{call}: the channels were averaged.",
            hint="One number for each pixel, and of its three channels the most sensitive *decides*. Which reduction is that?",
        ),
        Mistake(
            answer=lambda image, network, label: _slope(image, network, lambda logits: logits[label]).amax(dim=0).abs(),
            message="{call}: the largest was taken before the absolute value.",
            hint="Of -5 and 1 the first matters more. What does your order make of them?",
        ),
        Mistake(
            answer=_of_probability,
            message="{call}: this is the gradient of the probability.",
            hint="If the network is sure, a probability hardly moves, whatever one does to the picture. Of what is saliency the gradient?",
        ),
        Mistake(
            answer=_of_winner,
            message="{call}: this is about the class that the network predicts.",
            hint="What is `label` for?",
        ),
        Mistake(
            answer=_of_all,
            message="{call}: the gradients of all logits were added up.",
            hint="Which of the logits is in question?",
        ),
        Mistake(
            answer=_of_loss,
            message="{call}: this is the gradient of the loss.",
            hint="The loss asks all logits at once. Which single number does saliency start from?",
        ),
    ),
    minutes=7,
    difficulty=2,
    points=2,
)

grad_cam_map = Exercise(
    name="grad_cam_map",
    lesson="11",
    reference=_grad_cam,
    inputs=_maps_and_gradients,
    first_hint="First a weight for each map, the mean of its gradients over all places. Then add the weighed maps up.",
    hint="Weights of shape (C,), maps of shape (C, H, W), sum over C, and in the end what is below zero becomes zero.",
    mistakes=(
        Mistake(
            answer=lambda maps, gradients: _weighed(maps, gradients.mean(dim=(1, 2))),
            message="{call} gives {got}: there is something below zero.",
            hint="What speaks *against* the class should not be shown. Which function of lesson 01 cuts it off?",
        ),
        Mistake(
            answer=lambda maps, gradients: _weighed(maps, gradients.amax(dim=(1, 2))).relu(),
            message="{call} gives {got}: the weight is the largest gradient of a map.",
            hint="One place must not speak for all. How are the gradients of a map made one number?",
        ),
        Mistake(
            answer=lambda maps, gradients: _weighed(maps, gradients.sum(dim=(1, 2))).relu(),
            message="{call} gives {got}: the gradients of a map were added up.",
            hint="Maps of four times as many places would get four times the weight. What is taken in place of the sum?",
        ),
        Mistake(
            answer=lambda maps, gradients: _weighed(maps, gradients.mean(dim=(1, 2)).relu()),
            message="{call} gives {got}: maps with a negative weight were left out.",
            hint="A map that speaks against the class has to weaken what others say at its places. When is the ReLU due?",
        ),
        Mistake(
            answer=lambda maps, gradients: (maps * gradients).sum(dim=0).relu(),
            message="{call} gives {got}: each place was weighed by its own gradient.",
            hint="In Grad-CAM a map has *one* weight, everywhere the same. How is it made of the gradients?",
        ),
        Mistake(
            answer=lambda maps, gradients: _weighed(gradients, maps.mean(dim=(1, 2))).relu(),
            message="{call} gives {got}: the gradients were weighed by the maps.",
            hint="Which of the two is shown, and which one gives the weights?",
        ),
        Mistake(
            answer=lambda maps, gradients: (gradients.mean(dim=(1, 2))[:, None, None] * maps).mean(dim=0).relu(),
            message="{call} gives {got}: the weighed maps were averaged.",
            hint="The mean over *places* makes the weights. Is there a mean over the maps in the formula?",
        ),
    ),
    minutes=6,
    difficulty=2,
    points=2,
)

occlusion_map = Exercise(
    name="occlusion_map",
    lesson="11",
    reference=_drops,
    inputs=_to_cover,
    first_hint="Two loops over the squares. In each: copy the picture, write zeros into the square, ask `score`. By how much did it fall?",
    hint="The result has a number for each square: score of the whole picture minus score of the covered one.",
    mistakes=(
        Mistake(
            answer=lambda image, score, size: -_drops(image, score, size),
            message="{call}: the sign is the wrong way round.",
            hint="If covering a square costs the class something, should the square be positive or negative?",
        ),
        Mistake(
            answer=_after,
            message="{call}: these are the scores of the covered pictures.",
            hint="With what has each to be compared?",
        ),
        Mistake(
            answer=lambda image, score, size: _drops(image, score, size, anew=False),
            message="{call}: squares stay covered when the next one is.",
            hint="Into what do you write the zeros? Each time, one square should be covered and no other.",
        ),
        Mistake(
            answer=lambda image, score, size: _drops(image, score, size, fill=1.0),
            message="{call}: the squares were filled with ones.",
            hint="After normalisation, which number is the mean colour?",
        ),
        Mistake(
            answer=lambda image, score, size: _drops(image, score, size).T,
            message="{call}: rows and columns are swapped.",
            hint="Which of the two indices goes down, and which goes to the right?",
        ),
        Mistake(
            answer=lambda image, score, size: _drops(image, score, size).abs(),
            message="{call}: all numbers are positive.",
            hint="Covering something that spoke against the class *raises* the score. Can one still see that?",
        ),
        Mistake(
            answer=_alone,
            message="{call}: everything but the square was covered.",
            hint="Which part of the picture should be hidden, and which should the network still see?",
        ),
    ),
    minutes=8,
    difficulty=3,
    points=2,
)

EXERCISES = (saliency_map, occlusion_map, grad_cam_map)
