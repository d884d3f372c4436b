"""From an image to a network's input and back: what each policy keeps, and nothing lost on the way back."""

import pytest
import torch
from cases import each_case
from torchvision import transforms as old
from torchvision.transforms import v2

from imgcls_course import data, runtime
from imgcls_course.data import transforms
from imgcls_course.errors import DataError


@pytest.fixture
def wide():
    """A poster of 6:1: black, with a white square at its left end."""
    image = torch.zeros(3, 40, 240, dtype=torch.uint8)
    image[:, 10:30, 6:26] = 255
    return image


def _seen(preset, image) -> torch.Tensor:
    """What an eye would see after the preset, in [0, 1]."""
    return transforms.denormalize(preset(image), preset.normalization)


@each_case("resize", transforms.RESIZE_POLICIES)
@each_case("make", [transforms.eval_preset, transforms.train_preset])
@each_case("shape", [(40, 240), (240, 40), (50, 50), (1, 1), (2, 30000), (30000, 2), (7, 500)])
def test_every_shape_becomes_a_square(resize, make, shape):
    """Images of one batch must have one size, whatever came in, and memory must not explode on extreme ones."""
    image = torch.randint(0, 256, (3, *shape), dtype=torch.uint8)
    result = make(32, resize=resize)(image)
    assert result.shape == (3, 32, 32)
    assert result.dtype == torch.float32
    assert result.isfinite().all()


def test_crop_loses_what_lies_at_the_end(wide):
    """Of a wide poster the middle square is kept: the mark at its end is gone."""
    assert _seen(transforms.eval_preset(40, resize="crop"), wide).max() < 0.01


def test_squash_keeps_everything_and_its_shape_changes(wide):
    """The whole poster is there, and the square has become six times narrower."""
    seen = _seen(transforms.eval_preset(40, resize="squash"), wide)[0] > 0.5
    rows, columns = seen.any(dim=1).sum(), seen.any(dim=0).sum()
    assert rows == 20
    assert 3 <= columns <= 4


def test_letterbox_keeps_everything_and_its_shape(wide):
    """The whole poster is there, the square is still a square, and above and below is grey."""
    seen = _seen(transforms.eval_preset(120, resize="letterbox"), wide)
    mark = seen[0, 50:70] > 0.8  # the poster is 20 pixels high now, in the middle
    assert mark.any(dim=1).sum() == mark.any(dim=0).sum() == 10
    grey = torch.tensor(transforms.GREY)[:, None, None] / 255
    assert torch.allclose(seen[:, :50], grey.expand(3, 50, 120), atol=1e-6)
    assert torch.allclose(seen[:, 70:], grey.expand(3, 50, 120), atol=1e-6)


def test_the_bars_of_a_letterbox_are_near_zero_once_normalised(wide):
    """A bar must say nothing to the network: the mean colour becomes about 0."""
    assert transforms.eval_preset(120, resize="letterbox")(wide)[:, :50].abs().max() < 0.02


@each_case("resize", transforms.RESIZE_POLICIES)
def test_a_square_image_of_the_right_size_is_not_changed(resize):
    """Where there is nothing to do, nothing may be done."""
    image = torch.randint(0, 256, (3, 32, 32), dtype=torch.uint8)
    assert torch.equal(transforms.eval_preset(32, resize=resize).steps(image), image)


def test_crop_agrees_with_torchvision():
    """The shorter side and then the middle: as torchvision's Resize and CenterCrop, but for the edges."""
    image = torch.nn.functional.interpolate(torch.rand(1, 3, 6, 10), size=(90, 150), mode="bicubic")[0].clamp(0, 1)
    theirs = v2.Compose([v2.Resize(30, antialias=True), v2.CenterCrop(30)])(image)
    ours = transforms.eval_preset(30, resize="crop", normalization="none")(image)
    assert (ours - theirs).abs().mean() < 0.01


@each_case("name", list(transforms.NORMALIZATIONS))
def test_denormalize_undoes_normalize(name):
    """What is shown must be what was in the file, to the last bit of a byte."""
    image = torch.randint(0, 256, (2, 3, 8, 8), dtype=torch.uint8)
    back = transforms.denormalize(transforms.Normalize(name)(image), name)
    assert torch.equal((back * 255).round().to(torch.uint8), image)
    assert torch.allclose(transforms.normalize(back, name), transforms.Normalize(name)(image), atol=1e-5)


def test_normalize_agrees_with_torchvision():
    """ImageNet's numbers are a convention: weights trained with them need exactly these."""
    image = torch.randint(0, 256, (3, 8, 8), dtype=torch.uint8)
    theirs = old.Normalize([0.485, 0.456, 0.406], [0.229, 0.224, 0.225])(image / 255)
    assert torch.allclose(transforms.Normalize("imagenet")(image), theirs, atol=1e-6)
    assert torch.allclose(transforms.normalize(image / 255), theirs, atol=1e-6)


def test_symmetric_goes_from_minus_one_to_one():
    """AdvProp weights want [-1, 1]."""
    image = torch.tensor([0, 255], dtype=torch.uint8).expand(3, 1, 2)
    assert transforms.Normalize("symmetric")(image)[0, 0].tolist() == [-1.0, 1.0]


def test_normalize_leaves_its_input_alone():
    """It works in place on a copy; the image it was given must not change."""
    image = torch.full((3, 4, 4), 0.5)
    transforms.Normalize("imagenet")(image)
    assert (image == 0.5).all()


def test_evaluation_is_the_same_each_time_and_training_is_not():
    """Validation must not depend on chance, and training must vary."""
    image = torch.randint(0, 256, (3, 50, 70), dtype=torch.uint8)
    calm, varied = transforms.eval_preset(32), transforms.train_preset(32)
    assert torch.equal(calm(image), calm(image))
    assert len({varied(image).sum().item() for _ in range(8)}) > 1


@each_case("resize", ["squash", "letterbox"])
def test_training_keeps_the_whole_image_where_the_policy_does(wide, resize):
    """A random crop would cut the logo out, and its poster would still be called logo."""
    preset = transforms.train_preset(40, resize=resize)
    assert all(_seen(preset, wide).max() > 0.4 for _ in range(20))


def test_extra_transforms_are_applied_before_the_scaling():
    """An instructor can add one of torchvision's, which works on bytes."""
    image = torch.full((3, 20, 20), 200, dtype=torch.uint8)
    preset = transforms.train_preset(20, resize="squash", normalization="none", extra=[v2.RandomInvert(1.0)])
    assert torch.allclose(preset(image), torch.tensor(55 / 255))


def test_a_preview_is_repeatable_and_to_look_at():
    """The same seed shows the same images, in [0, 1], and leaves the random numbers outside as they were."""
    image, preset = torch.randint(0, 256, (3, 50, 70), dtype=torch.uint8), transforms.train_preset(32)
    before = torch.get_rng_state()
    first, again, other = (preset.preview(image, count=4, seed=seed) for seed in (0, 0, 1))
    assert torch.equal(torch.get_rng_state(), before)
    assert torch.equal(first, again)
    assert not torch.equal(first, other)
    assert first.shape == (4, 3, 32, 32)
    assert 0 <= first.min() <= first.max() <= 1


def test_a_preset_on_a_batch_is_the_same_as_one_by_one():
    """The loader finishes whole batches at once; that must change no number."""
    images = torch.randint(0, 256, (4, 3, 32, 32), dtype=torch.uint8)
    preset = transforms.eval_preset(32)
    assert torch.equal(preset.normalize(images), torch.stack([preset(image) for image in images]))


def test_a_preset_shows_its_steps():
    """A student should be able to read what will be done."""
    shown = repr(transforms.train_preset(32, resize="letterbox"))
    assert all(word in shown for word in ("Letterbox(32)", "Flip(0.5)", "Normalize('imagenet')"))


@each_case(
    ("options", "said"),
    [
        ({"resize": "corp"}, "Did you mean 'crop'"),
        ({"normalization": "imagnet"}, "Did you mean 'imagenet'"),
        ({"image_size": 0}, "image_size"),
        ({"image_size": 32.5}, "image_size"),
    ],
)
@each_case("make", [transforms.eval_preset, transforms.train_preset])
def test_wrong_options_are_named(make, options, said):
    """A misspelt policy must not be found out after an hour of training."""
    with pytest.raises(DataError, match=said):
        make(**{"image_size": 32, **options})


def test_float_and_byte_images_give_the_same():
    """Images in memory are floats and those in files bytes; the network must see no difference."""
    image = torch.nn.functional.interpolate(torch.rand(1, 3, 5, 5), size=(60, 90), mode="bicubic")[0].clamp(0, 1)
    for resize in transforms.RESIZE_POLICIES:
        preset = transforms.eval_preset(32, resize=resize)
        difference = preset(image) - preset((image * 255).round().to(torch.uint8))
        assert difference.abs().max() < 0.03, resize


def test_transforms_are_reached_from_data():
    """`data.transforms` is how a lesson spells it."""
    assert data.transforms is transforms


@each_case(("probability", "expected"), [(0.0, {False}), (1.0, {True}), (0.5, {False, True})])
def test_flips_mirror_left_and_right_as_often_as_told(probability, expected):
    """A flip that never happens, or that turns images upside down, would train another network."""
    image = torch.arange(12, dtype=torch.uint8).reshape(1, 3, 4)
    results = [transforms.RandomHorizontalFlip(probability)(image) for _time in range(30)]
    assert all(torch.equal(result, image) or torch.equal(result, image.flip(-1)) for result in results)
    assert {torch.equal(result, image.flip(-1)) for result in results} == expected


def test_random_crops_are_torchvisions():
    """From the same random numbers the same part must be cut: the recipes of the literature mean this crop."""
    image = torch.nn.functional.interpolate(torch.rand(1, 3, 5, 7), size=(90, 130), mode="bicubic")[0].clamp(0, 1)
    ours, theirs = transforms.RandomResizedCrop(32, scale=(0.08, 1.0)), old.RandomResizedCrop(32, antialias=True)
    for seed in range(10):
        with runtime.seeded(seed):
            first = ours(image)
        with runtime.seeded(seed):
            assert torch.allclose(first, theirs(image), atol=1e-5)


def test_a_grey_image_gets_the_channels_of_the_normalisation():
    """ImageNet's mean has three channels: grey becomes three alike before them, as a colour network wants it."""
    image = torch.rand(2, 1, 4, 4)
    expected = transforms.normalize(image.expand(-1, 3, -1, -1))
    torch.testing.assert_close(transforms.Normalize("imagenet")(image), expected)
    assert transforms.Normalize("symmetric")(image).shape == image.shape


def _drawn(transform, image, times: int = 40) -> list[torch.Tensor]:
    with runtime.seeded(0):
        return [transform(image) for _time in range(times)]


def test_turns_are_the_four_quarter_turns():
    """Each must come, and nothing else: no pixel is lost or invented."""
    image = torch.arange(27, dtype=torch.uint8).reshape(3, 3, 3)
    turns = {tuple(torch.rot90(image, k, (1, 2)).flatten().tolist()) for k in range(4)}
    assert {tuple(each.flatten().tolist()) for each in _drawn(transforms.RandomQuarterTurn(), image)} == turns


@each_case("floating", [False, True])
def test_other_colours_keep_the_forms(floating):
    """What was of one colour still is, edges stay where they were, and numbers stay in their range and type."""
    image = torch.full((3, 6, 6), 200, dtype=torch.uint8)
    image[0, :, :3], image[2, 2:4, 2:4] = 40, 0
    image = image / 255 if floating else image
    areas = image.flatten(1).unique(dim=1, return_inverse=True)[1]
    seen = _drawn(transforms.RandomRecolour(), image)
    for each in seen:
        assert each.shape == image.shape
        assert each.dtype == image.dtype
        assert 0 <= each.min() <= each.max() <= (1 if floating else 255)
        assert len(torch.stack([areas, *each.flatten(1).mul(1)]).unique(dim=1).T) == len(areas.unique())
    assert len({tuple(each.flatten().tolist()) for each in seen}) > 20


def test_strong_augmentation_varies_training_alone():
    """Validation must see the image as it is; training must see it turned and recoloured."""
    splits = data.load("posters")
    preset = transforms.train_preset(32, resize="squash", extra=transforms.STRONG)
    batches = data.make_loaders(splits, train_preset=preset)
    plain = data.make_loaders(splits, eval_preset=transforms.eval_preset(32, resize="squash"))
    assert list(batches.train.dataset.transform)[-2:] == list(transforms.STRONG)
    assert torch.equal(next(iter(batches.val))[0], next(iter(plain.val))[0])
    assert batches.transforms["augment"].endswith("RandomHorizontalFlip(0.5), RandomQuarterTurn(), RandomRecolour()")
    assert plain.transforms == {
        "image_size": 32,
        "resize": "squash",
        "normalization": "imagenet",
        "augment": "Squash(32)",
    }
