"""Find images that are nearly the same: shrunk, saved again, or cropped a little.

There are three steps, so that not all pairs have to be compared. Each image becomes a fingerprint of about 1 kB. The
lowest frequencies of the fingerprint make a point in space, and only the nearest few points of each are candidates. A
candidate is aligned with its partner as far as a small crop allows, and must then agree with it in every part of the
image.
"""

from dataclasses import dataclass

import numpy as np
from PIL import Image
from scipy.fft import dctn
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

SIDE, FINE_SIDE = 32, 96  # pixels of a grey fingerprint; the fine ones are for a closer look, and not kept
COLOUR_SIDE = 4  # pixels of its two colour channels
FREQUENCIES = 6  # of the cosine transform, vertical and horizontal added, all below this: 20 values an image
NEIGHBOURS = 9  # candidates per image at most, mostly with itself among them
RADIUS = 0.5  # between points of length 1; of photos cropped by 6 %, 98 in 100 stay within
MAX_CROP = 0.07  # the largest crop, as a fraction of the side
SLACK = 0.02  # of half the side: how far a crop may lie outside of where it can
STEPS = 4  # of the alignment; more change nothing
NOISE = 4.0  # grey levels by which saving as JPEG may change a part without contrast
# Difference in the worst and in the third worst of 16 blocks, over the contrast there: different images have about 1.
# At 96 pixels copies of photos stay below 0.6 and 0.4; two pages of print, which pass at 32, are at 0.55 or more.
LIMITS = {SIDE: (0.9, 0.65), FINE_SIDE: (0.65, 0.5)}
MAX_COLOUR_CHANGE = 24  # levels of Cb or Cr in any sixteenth of the image
MIN_CONTRAST = 3.0  # grey levels; an image with less looks like any other such image


@dataclass(frozen=True)
class Fingerprints:
    """The fingerprints of N images.

    Attributes
    ----------
    grey : array of uint8, shape (N, S, S)
        S is 32, or 96 for a closer look.
    colour : array of uint8, shape (N, 4, 4, 2)
        Cb and Cr; 128 is grey.
    """

    grey: np.ndarray
    colour: np.ndarray

    @classmethod
    def empty(cls, count: int, *, side: int = SIDE) -> "Fingerprints":
        """Make room for `count` images."""
        grey = np.zeros((count, side, side), dtype=np.uint8)
        return cls(grey, np.full((count, COLOUR_SIDE, COLOUR_SIDE, 2), 128, dtype=np.uint8))

    @property
    def contrast(self) -> np.ndarray:
        """The standard deviation of the grey levels of each, shape (N,)."""
        return np.array([grey.std() for grey in self.grey])

    def __getitem__(self, index) -> "Fingerprints":
        return Fingerprints(self.grey[index], self.colour[index])


def fingerprint(image: Image.Image, *, side: int = SIDE) -> tuple[np.ndarray, np.ndarray]:
    """Take the fingerprint of an image.

    Parameters
    ----------
    image : PIL.Image.Image
        RGB.
    side : int
        Height and width of the grey fingerprint, in pixels.

    Returns
    -------
    grey : array of uint8, shape (side, side)
        The image, shrunk.
    colour : array of uint8, shape (4, 4, 2)
        Its Cb and Cr; 128 is grey.
    """
    small = image.resize((side, side), Image.Resampling.BILINEAR, reducing_gap=3.0).convert("YCbCr")
    tiny = small.resize((COLOUR_SIDE, COLOUR_SIDE), Image.Resampling.BOX)
    return np.asarray(small)[..., 0], np.asarray(tiny)[..., 1:]


def near_duplicate_pairs(prints: Fingerprints) -> np.ndarray:
    """Find the pairs of images that are nearly the same.

    An image with hardly any contrast is never paired, because nothing in it tells it from others.

    Parameters
    ----------
    prints : Fingerprints
        Of N images.

    Returns
    -------
    array of int, shape (P, 2)
        Indices i < j, sorted; P is at most 9 N, which is enough to connect a group of any size.
    """
    worth = np.flatnonzero(prints.contrast >= MIN_CONTRAST)
    pairs = worth[candidate_pairs(low_frequencies(prints.grey[worth]))]
    chunks = np.array_split(pairs, len(pairs) // 512 + 1)  # a pair takes about 0.1 MB while it is compared
    return np.concatenate([chunk[are_near_duplicates(prints[chunk[:, 0]], prints[chunk[:, 1]])] for chunk in chunks])


def component_labels(pairs: np.ndarray, *, count: int) -> np.ndarray:
    """Number the connected components of a graph of `count` nodes and edges `pairs` (P, 2): labels (count,)."""
    links = coo_array((np.ones(len(pairs)), (pairs[:, 0], pairs[:, 1])), shape=(count, count))
    return connected_components(links, directed=False)[1]


def connected_groups(pairs: np.ndarray, *, count: int) -> list[np.ndarray]:
    """Join pairs (P, 2) of `count` nodes into groups of two or more: sorted indices."""
    labels = component_labels(pairs, count=count)
    order = np.argsort(labels, kind="stable")
    parts = np.split(order, np.flatnonzero(np.diff(labels[order])) + 1)
    return [part for part in parts if len(part) > 1]


def low_frequencies(grey: np.ndarray) -> np.ndarray:
    """Turn grey fingerprints (N, S, S) into unit vectors (N, 20): the low frequencies of their cosine transform."""
    parts = np.array_split(grey, len(grey) // 4096 + 1)  # as floats they take four times the memory
    spectra = [dctn(part.astype(np.float32), axes=(1, 2))[:, :FREQUENCIES, :FREQUENCIES] for part in parts]
    down, across = np.indices((FREQUENCIES, FREQUENCIES))
    points = np.concatenate(spectra)[:, (down + across > 0) & (down + across < FREQUENCIES)]
    return points / np.maximum(np.linalg.norm(points, axis=1, keepdims=True), 1e-6)


def candidate_pairs(points: np.ndarray) -> np.ndarray:
    """Pair each of N points with its nearest few within RADIUS: indices i < j of shape (P, 2), P at most 9 N."""
    if len(points) < 2:
        return np.empty((0, 2), dtype=int)
    nearest = min(NEIGHBOURS, len(points))
    _distance, found = cKDTree(points).query(points, k=nearest, distance_upper_bound=RADIUS, workers=-1)
    pairs = np.column_stack([np.repeat(np.arange(len(points)), nearest), found.ravel()])
    pairs = pairs[(pairs[:, 1] < len(points)) & (pairs[:, 0] != pairs[:, 1])]  # cKDTree fills up with N
    return np.unique(np.sort(pairs, axis=1), axis=0)


def are_near_duplicates(first: Fingerprints, second: Fingerprints) -> np.ndarray:
    """Decide for P pairs whether each is nearly the same image: booleans of shape (P,)."""
    if not len(first.grey):
        return np.zeros(0, dtype=bool)
    moving, fixed = first.grey.astype(np.float32), second.grey.astype(np.float32)
    moving = _warped(moving, _alignment(moving, fixed))
    differences = np.sort(_block_differences(moving, fixed), axis=1)
    worst, third_worst = LIMITS[moving.shape[1]]
    same_colours = _colour_change(first.colour, second.colour) < MAX_COLOUR_CHANGE
    return (differences[:, -1] < worst) & (differences[:, -3] < third_worst) & same_colours


def _alignment(moving: np.ndarray, fixed: np.ndarray) -> np.ndarray:
    """Find how P images must be stretched and shifted, horizontally and vertically, to lie on others.

    Lucas and Kanade (1981): as long as the shift is small, the difference of two images is the gradient times the
    shift. A change of brightness and contrast is fitted with it. Fine fingerprints start from the alignment of coarse
    ones. The result has shape (P, 4): stretch and shift across, stretch and shift down, in halves of the side.
    """
    count, side = moving.shape[:2]
    start = np.zeros((count, 4), dtype=np.float32)
    found = start if side <= SIDE else _alignment(_thirds(moving), _thirds(fixed))
    position = np.linspace(-1, 1, side, dtype=np.float32)
    goal = _inside(fixed).reshape(count, -1, 1)
    for _step in range(STEPS):
        now = _warped(moving, found)
        down, across = np.gradient(now, position, position, axis=(1, 2))
        terms = [across * position, across, down * position[:, None], down, now, np.ones_like(now)]
        design = np.stack([_inside(term).reshape(count, -1) for term in terms], axis=2)  # (P, pixels, 6)
        transposed = design.transpose(0, 2, 1)
        fit = np.linalg.solve(transposed @ design + 0.1 * np.eye(6, dtype=np.float32), transposed @ goal)[..., 0]
        found = _as_crop(found + fit[:, :4] / np.maximum(fit[:, 4:5], 0.3))
    return found


def _as_crop(alignment: np.ndarray) -> np.ndarray:
    """Limit the alignment to what a small crop can do: it shifts by no more than it stretches."""
    stretch = alignment[:, 0::2].clip(-MAX_CROP, MAX_CROP)
    room = abs(stretch) + SLACK
    return np.stack([stretch, alignment[:, 1::2].clip(-room, room)], axis=2).reshape(-1, 4)


def _warped(images: np.ndarray, alignment: np.ndarray) -> np.ndarray:
    """Stretch and shift P square images, each by its own four values, with linear interpolation."""
    side = images.shape[1]
    position = np.linspace(-1, 1, side, dtype=np.float32)
    for axis, (stretch, shift) in ((2, alignment.T[:2]), (1, alignment.T[2:])):
        source = (position * (1 + stretch[:, None]) + shift[:, None] + 1) * (side - 1) / 2
        source = np.expand_dims(source.clip(0, side - 1), 3 - axis)
        before = np.minimum(source.astype(int), side - 2)
        low, high = np.take_along_axis(images, before, axis), np.take_along_axis(images, before + 1, axis)
        images = low + (high - low) * (source - before).astype(np.float32)
    return images


def _block_differences(moving: np.ndarray, fixed: np.ndarray) -> np.ndarray:
    """Compare P pairs block by block, after matching brightness and contrast: shape (P, 16).

    0 means the same. Unrelated blocks differ by more than their contrast: over 1.
    """
    moving, fixed = _blocks(_inside(moving)), _blocks(_inside(fixed))  # (P, 16, pixels)
    mean, goal = moving.mean(axis=(1, 2), keepdims=True), fixed.mean(axis=(1, 2), keepdims=True)
    covariance = ((moving - mean) * (fixed - goal)).mean(axis=(1, 2), keepdims=True)
    gain = covariance / (moving.var(axis=(1, 2), keepdims=True) + 1e-3)
    moving = (moving - mean) * gain.clip(0.5, 2) + goal
    variance = np.maximum(moving.var(axis=2), fixed.var(axis=2))
    return np.sqrt(((moving - fixed) ** 2).mean(axis=2) / (variance + NOISE**2))


def _inside(images: np.ndarray) -> np.ndarray:
    """Cut off a sixteenth at each edge, which a crop may have removed."""
    margin = images.shape[1] // 16
    return images[:, margin:-margin, margin:-margin]


def _blocks(images: np.ndarray) -> np.ndarray:
    """Cut (P, S, S) into (P, 16, S²/16)."""
    count, block = len(images), images.shape[1] // 4
    return images.reshape(count, 4, block, 4, block).transpose(0, 1, 3, 2, 4).reshape(count, 16, block**2)


def _thirds(images: np.ndarray) -> np.ndarray:
    """Shrink (P, 96, 96) to (P, 32, 32)."""
    return images.reshape(len(images), SIDE, 3, SIDE, 3).mean(axis=(2, 4))


def _colour_change(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Return the largest change of colour of each of P pairs; 0 where one of the two is grey, as a copy may be."""
    change = abs(first.astype(int) - second).max(axis=(1, 2, 3))
    grey = [abs(colour.astype(int) - 128).max(axis=(1, 2, 3)) <= 2 for colour in (first, second)]
    return np.where(grey[0] | grey[1], 0, change)
