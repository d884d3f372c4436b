"""Exercises of lesson 11: filters as pictures, blank maps, saliency, Grad-CAM, and covering a picture square by square."""

import torch

from ..checking.exercise import Exercise, Mistake


class Network:
    """Two layers with a smooth bend between them: pictures (N, C, H, W) to logits (N, K).

    No `nn.Module`, which is equal to nothing but itself: the check has to see that an answer left it as it was.
    """

    def __init__(self, first: torch.Tensor, second: torch.Tensor):
        self.first, self.second = first, second

    def __call__(self, images: torch.Tensor) -> torch.Tensor:
        """(N, C, H, W) → (N, K)."""
        return torch.tanh(images.flatten(1) @ self.first) @ self.second

    def __eq__(self, other) -> bool:
        return torch.equal(self.first, other.first) and torch.equal(self.second, other.second)

    __hash__ = None

    def __repr__(self) -> str:
        return "network"


class Score(Network):
    """A network that gives one picture (H, W) one number."""

    def __call__(self, image: torch.Tensor) -> float:
        """(H, W) → a number."""
        return super().__call__(image[None])[0, 0].item()

    def __repr__(self) -> str:
        return "score"


def _normal(rng, *shape: int) -> torch.Tensor:
    return torch.as_tensor(rng.normal(size=shape), dtype=torch.float32)


def _weights(rng) -> list[tuple]:
    known = torch.tensor([[[[0.1, -0.2]], [[0.0, 0.1]], [[0.0, 0.05]]], [[[2.0, 1.0]], [[0.0, 0.0]], [[1.0, 0.5]]]])
    return [(known,), *((0.3 * _normal(rng, *shape),) for shape in ((4, 3, 5, 5), (6, 3, 3, 3), (2, 3, 7, 7)))]


def _own_scale(weights):
    return 0.5 + weights / (2 * weights.abs().amax(dim=(1, 2, 3), keepdim=True))


def _stretched(weights):
    low, high = weights.amin(dim=(1, 2, 3), keepdim=True), weights.amax(dim=(1, 2, 3), keepdim=True)
    return (weights - low) / (high - low)


def _maps(rng) -> list[tuple]:
    known = torch.tensor([[[10.0, 0.0], [0.05, -4.0]], [[0.0, 0.02], [0.0, 0.09]]])
    negative = torch.tensor([[[-8.0, 2.0], [1.0, 0.0]], [[-2.0, 3.0], [0.5, 4.0]]])  # a quarter of 8 is 2, exactly
    drawn = [
        _normal(rng, *shape).relu() * torch.logspace(-3, 1, shape[0])[:, None, None]
        for shape in ((5, 6, 9), (8, 7, 7), (4, 10, 5))
    ]
    return [(known, 0.01), (negative, 0.25), *((maps - 0.1, 0.02) for maps in drawn)]


def _blank(maps, near):
    return (maps.abs() <= near * maps.abs().max()).float().mean(dim=(1, 2))


def _pictures(rng) -> list[tuple]:
    return [_with_network(rng, _normal(rng, *shape)) for shape in ((3, 4, 5), (3, 6, 6), (3, 5, 3))]


def _with_network(rng, image) -> tuple:
    """Ask for the class that the network finds least likely, so that it is never the one it predicts."""
    network = Network(_normal(rng, image.numel(), 8) / image.numel() ** 0.5, _normal(rng, 8, 4))
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
    return [(maps, gradients), *((_normal(rng, *shape).relu(), _normal(rng, *shape)) for shape in shapes)]


def _weighed(maps, weights):
    return (weights[:, None, None] * maps).sum(dim=0)


def _grad_cam(maps, gradients):
    return _weighed(maps, gradients.mean(dim=(1, 2))).relu()


def _to_cover(rng) -> list[tuple]:
    shapes = ((4, 6, 2), (6, 9, 3), (8, 4, 2))
    return [(_normal(rng, h, w), Score(_normal(rng, h * w, 8), _normal(rng, 8, 1)), size) for h, w, size in shapes]


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


filter_colours = Exercise(
    name="filter_colours",
    lesson="11",
    reference=_own_scale,
    inputs=_weights,
    first_hint="Divide each filter by its own largest absolute weight. Where do -1, 0 and 1 have to go?",
    hint="A filter whose largest weight is 2: a weight of 2 becomes 1, of -2 becomes 0, and of 0 becomes 0.5.",
    mistakes=(
        Mistake(
            answer=lambda weights: 0.5 + weights / (2 * weights.abs().max()),
            says="{call}: all filters share one scale.",
            hint="A weak filter would be a grey square beside a strong one. Over which dimensions is the largest weight taken?",
        ),
        Mistake(
            answer=lambda weights: 0.5 + weights / (2 * weights.abs().amax(dim=(2, 3), keepdim=True).clamp(min=1e-12)),
            says="{call}: red, green and blue have a scale each.",
            hint="A filter that looks at red ten times as much as at blue should be red. Does it keep its colour?",
        ),
        Mistake(
            answer=_stretched,
            says="{call}: the smallest weight became 0 and the largest 1.",
            hint="What becomes of a weight of 0? In every filter it should be the same grey.",
        ),
        Mistake(
            answer=lambda weights: (0.5 + weights / 2).clamp(0, 1),
            says="{call}: nothing was divided by the largest weight.",
            hint="Weights beyond 1 are cut off, and weak filters stay grey. What should the largest one of each filter become?",
        ),
        Mistake(
            answer=lambda weights: 0.5 + weights / weights.abs().amax(dim=(1, 2, 3), keepdim=True),
            says="{call}: the result leaves the range from 0 to 1.",
            hint="From -1 … 1 to 0 … 1: how much narrower does the range have to become before it is moved?",
        ),
        Mistake(
            answer=lambda weights: weights.abs() / weights.abs().amax(dim=(1, 2, 3), keepdim=True),
            says="{call}: the signs are lost.",
            hint="An edge has a bright side and a dark one. Can one still tell -1 from 1?",
        ),
    ),
    minutes=5,
    difficulty=2,
)

blank_share = Exercise(
    name="blank_share",
    lesson="11",
    reference=_blank,
    inputs=_maps,
    first_hint="What is the strongest absolute response of the whole layer? At which places of a map is there at most `near` of it?",
    hint="Maps of 100 places, the strongest response 10, near 0.01: count the places from -0.1 to 0.1 of each map, over 100.",
    mistakes=(
        Mistake(
            answer=lambda maps, near: (maps == 0).float().mean(dim=(1, 2)),
            says="{call}: only exact zeros were counted.",
            hint="A response a thousand times weaker than the strongest says nothing, either. What is `near` for?",
        ),
        Mistake(
            answer=lambda maps, near: (maps.abs() <= near).float().mean(dim=(1, 2)),
            says="{call}: `near` was taken for a response.",
            hint="It is a part of the strongest response. Would the result be the same if all maps were ten times as strong?",
        ),
        Mistake(
            answer=lambda maps, near: (
                (maps.abs() <= near * maps.abs().amax(dim=(1, 2), keepdim=True)).float().mean(dim=(1, 2))
            ),
            says="{call}: each map was compared with its own strongest response.",
            hint="A nearly blank map has a strongest response, too. With what should all maps of a layer be compared?",
        ),
        Mistake(
            answer=lambda maps, near: (maps <= near * maps.abs().max()).float().mean(dim=(1, 2)),
            says="{call}: strong negative responses were counted as nothing.",
            hint="Is -5 next to zero?",
        ),
        Mistake(
            answer=lambda maps, near: (maps.abs() <= near * maps.abs().max()).float().mean(dim=0),
            says="{call}: this is a number for each place.",
            hint="Dimension 0 counts the maps. Over which dimensions are the places?",
        ),
        Mistake(
            answer=lambda maps, near: (maps.abs() <= near * maps.abs().max()).float().sum(dim=(1, 2)),
            says="{call}: the places were counted.",
            hint="A *share* lies between 0 and 1. By what is the count divided?",
        ),
        Mistake(
            answer=lambda maps, near: 1 - _blank(maps, near),
            says="{call}: this is the share where the map does say something.",
            hint="A blank map should have 1.",
        ),
    ),
    minutes=5,
    difficulty=2,
)

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
            says="{call}: the absolute value is missing.",
            hint="A pixel that lowers the logit as it grows matters as well. What becomes of negative gradients?",
        ),
        Mistake(
            answer=lambda image, network, label: _slope(image, network, lambda logits: logits[label]).abs().sum(dim=0),
            says="{call}: the channels were added up.",
            hint="One number for each pixel, and of its three channels the *most* sensitive decides. Which reduction is that?",
        ),
        Mistake(
            answer=lambda image, network, label: _slope(image, network, lambda logits: logits[label]).abs().mean(dim=0),
            says="{call}: the channels were averaged.",
            hint="One number for each pixel, and of its three channels the most sensitive *decides*. Which reduction is that?",
        ),
        Mistake(
            answer=lambda image, network, label: _slope(image, network, lambda logits: logits[label]).amax(dim=0).abs(),
            says="{call}: the largest was taken before the absolute value.",
            hint="Of -5 and 1 the first matters more. What does your order make of them?",
        ),
        Mistake(
            answer=_of_probability,
            says="{call}: this is the gradient of the probability.",
            hint="If the network is sure, a probability hardly moves, whatever one does to the picture. Of what is saliency the gradient?",
        ),
        Mistake(
            answer=_of_winner,
            says="{call}: this is about the class that the network predicts.",
            hint="What is `label` for?",
        ),
        Mistake(
            answer=_of_all,
            says="{call}: the gradients of all logits were added up.",
            hint="Which of the logits is in question?",
        ),
        Mistake(
            answer=_of_loss,
            says="{call}: this is the gradient of the loss.",
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
            says="{call} gives {got}: there is something below zero.",
            hint="What speaks *against* the class should not be shown. Which function of lesson 01 cuts it off?",
        ),
        Mistake(
            answer=lambda maps, gradients: _weighed(maps, gradients.amax(dim=(1, 2))).relu(),
            says="{call} gives {got}: the weight is the largest gradient of a map.",
            hint="One place must not speak for all. How are the gradients of a map made one number?",
        ),
        Mistake(
            answer=lambda maps, gradients: _weighed(maps, gradients.sum(dim=(1, 2))).relu(),
            says="{call} gives {got}: the gradients of a map were added up.",
            hint="Maps of four times as many places would get four times the weight. What is taken in place of the sum?",
        ),
        Mistake(
            answer=lambda maps, gradients: _weighed(maps, gradients.mean(dim=(1, 2)).relu()),
            says="{call} gives {got}: maps with a negative weight were left out.",
            hint="A map that speaks against the class has to weaken what others say at its places. When is the ReLU due?",
        ),
        Mistake(
            answer=lambda maps, gradients: (maps * gradients).sum(dim=0).relu(),
            says="{call} gives {got}: each place was weighed by its own gradient.",
            hint="In Grad-CAM a map has *one* weight, everywhere the same. How is it made of the gradients?",
        ),
        Mistake(
            answer=lambda maps, gradients: _weighed(gradients, maps.mean(dim=(1, 2))).relu(),
            says="{call} gives {got}: the gradients were weighed by the maps.",
            hint="Which of the two is shown, and which one gives the weights?",
        ),
        Mistake(
            answer=lambda maps, gradients: (gradients.mean(dim=(1, 2))[:, None, None] * maps).mean(dim=0).relu(),
            says="{call} gives {got}: the weighed maps were averaged.",
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
            says="{call}: the sign is the wrong way round.",
            hint="If covering a square costs the class something, should the square be positive or negative?",
        ),
        Mistake(
            answer=_after,
            says="{call}: these are the scores of the covered pictures.",
            hint="With what has each to be compared?",
        ),
        Mistake(
            answer=lambda image, score, size: _drops(image, score, size, anew=False),
            says="{call}: squares stay covered when the next one is.",
            hint="Into what do you write the zeros? Each time, one square should be covered and no other.",
        ),
        Mistake(
            answer=lambda image, score, size: _drops(image, score, size, fill=1.0),
            says="{call}: the squares were filled with ones.",
            hint="After normalisation, which number is the mean colour?",
        ),
        Mistake(
            answer=lambda image, score, size: _drops(image, score, size).T,
            says="{call}: rows and columns are swapped.",
            hint="Which of the two indices goes down, and which goes to the right?",
        ),
        Mistake(
            answer=lambda image, score, size: _drops(image, score, size).abs(),
            says="{call}: all numbers are positive.",
            hint="Covering something that spoke against the class *raises* the score. Can one still see that?",
        ),
        Mistake(
            answer=_alone,
            says="{call}: everything but the square was covered.",
            hint="Which part of the picture should be hidden, and which should the network still see?",
        ),
    ),
    minutes=8,
    difficulty=3,
    points=2,
)

EXERCISES = (filter_colours, blank_share, saliency_map, occlusion_map, grad_cam_map)
