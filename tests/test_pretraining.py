"""Pretraining: batches varied as a whole, runs that go on, and what is published; the bundled weights themselves."""

import hashlib
import json

import damage
import pytest
import safetensors.torch
import torch
from torchvision.transforms.v2 import functional

from imgcls_course import data, models
from imgcls_course.data.transforms import normalize
from imgcls_course.errors import ModelError
from imgcls_course.experiments import pretraining, source_batches
from imgcls_course.models import weights

LARGEST_FILE = 7_000_000  # bytes


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    """A source task of two classes: 24 pictures to learn from and 8 to validate on, of 64 × 64 pixels."""
    folder = tmp_path_factory.mktemp("source")
    for split, count in (("train", 12), ("val", 4)):
        for label, name in enumerate(("a", "b")):
            (folder / split / name).mkdir(parents=True)
            for seed in range(count):
                damage.photo((64, 64), seed=100 * label + seed).save(folder / split / name / f"{seed}.png")
    return data.load(folder)


def test_pictures_grow_in_the_course_of_the_epochs(source):
    """Small pictures first, all sizes for equally long, and always whole ones for validation."""
    loaders = source_batches.source_loaders(source, epochs=10, batch_size=8)
    sizes = []
    for epoch in range(1, 11):
        loaders.train.set_epoch(epoch)
        sizes.append(next(iter(loaders.train))[0].shape[-1])
    assert sizes == [32, 32, 40, 40, 48, 48, 56, 56, 64, 64]
    assert next(iter(loaders.val))[0].shape == (8, 3, 64, 64)
    loaders.train.set_epoch(11)
    assert loaders.train.image_size == 64


def test_validation_pictures_are_those_of_the_files(source):
    """Nothing random: the picture, scaled to [0, 1] and normalised as everywhere in the course."""
    loaders = source_batches.source_loaders(source, epochs=1, batch_size=4)
    images, labels = next(iter(loaders.val))
    assert labels.tolist() == source.val.labels.tolist()
    torch.testing.assert_close(images[3], normalize(source.val[3][0] / 255))


def test_an_epoch_has_every_picture_once(source):
    """Shuffled, whole batches only."""
    loaders = source_batches.source_loaders(source, epochs=1, batch_size=8)
    first, second = ([labels for _images, labels in loaders.train] for _epoch in range(2))
    assert torch.cat(first).bincount().tolist() == [12, 12]
    assert torch.cat(first).tolist() != torch.cat(second).tolist()
    assert len(list(source_batches.source_loaders(source, epochs=1, batch_size=7).train)) == 3


def test_the_whole_picture_is_a_crop_of_it():
    """Scale and ratio 1 leave no choice but the flip: the picture itself, or its mirror image."""
    images = torch.rand(16, 3, 32, 32)
    crops = source_batches.random_crops(images, 32, scale=(1, 1), ratio=(1, 1))
    flipped = [torch.allclose(crop, image.flip(-1), atol=1e-5) for crop, image in zip(crops, images, strict=True)]
    same = [torch.allclose(crop, image, atol=1e-5) for crop, image in zip(crops, images, strict=True)]
    assert all(one != other for one, other in zip(flipped, same, strict=True))
    assert 2 < sum(flipped) < 14


def test_crops_are_torchvisions():
    """A box of a quarter of the area: a smooth picture must come out as torchvision's resized crop of the same box."""
    ramp = torch.linspace(0, 1, 64).expand(1, 64, 64)
    image = torch.cat([ramp, ramp.mT, ramp * ramp.mT])[None]  # tells where a crop came from, by its first two channels
    crops = source_batches.random_crops(image.expand(50, -1, -1, -1), 32, scale=(0.25, 0.25), ratio=(1, 1))
    for crop in crops:
        crop = crop.flip(-1) if crop[0, 0, 0] > crop[0, 0, -1] else crop
        left, top = (round(crop[channel].min().item() * 63) for channel in (0, 1))
        expected = functional.resized_crop(image[0], top, left, 32, 32, [32, 32])
        torch.testing.assert_close(crop, expected, atol=0.02, rtol=0)
        assert crop.min() >= 0
        assert crop.max() <= 1


def test_areas_and_shapes_are_within_bounds():
    """The slope of a ramp tells how much of the picture a box spans: never more than the whole, never too little."""
    ramp = torch.linspace(-1, 1, 64).expand(1, 64, 64)
    crops = source_batches.random_crops(torch.cat([ramp, ramp.mT])[None].expand(500, -1, -1, -1), 48, scale=(0.2, 0.9))
    inside = crops[..., 12:36, 12:36]  # the slope in the middle, away from what is mirrored at the edges
    width = (inside[:, 0, :, -1] - inside[:, 0, :, 0]).abs().mean(1) / 2 * 48 / 23
    height = (inside[:, 1, -1] - inside[:, 1, 0]).abs().mean(1) / 2 * 48 / 23
    area, ratio = width * height, width / height
    assert 0.15 < area.min() < 0.3
    assert 0.8 < area.max() < 1.0
    assert 0.7 < ratio.min() < 0.8
    assert 1.25 < ratio.max() < 1.4


def test_a_run_stopped_and_resumed_is_the_same_run(source, tmp_path):
    """Growing pictures and all: stopped after an epoch and called again, the same losses."""

    class Stopping(source_batches.InMemoryBatches):
        def __iter__(self):
            if self.epoch == 2 and self.stop:
                raise KeyboardInterrupt
            return super().__iter__()

    def run(folder, *, stop):
        loaders = source_batches.source_loaders(source, epochs=3, batch_size=8)
        loaders.train.__class__, loaders.train.stop = Stopping, stop
        return pretraining.pretrain(loaders, out=folder, epochs=3, lr=0.05, precision="float32", progress=False)

    _model, stopped = run(tmp_path / "a", stop=True)
    assert stopped.stopped == "interrupted in epoch 2"
    model, resumed = run(tmp_path / "a", stop=False)
    other, whole = run(tmp_path / "b", stop=False)
    assert [row["train_loss"] for row in resumed] == [row["train_loss"] for row in whole]
    assert all(torch.equal(one, two) for one, two in zip(model.parameters(), other.parameters(), strict=True))
    assert len((tmp_path / "a" / "log.csv").read_text(encoding="utf-8").splitlines()) == 4


def test_what_is_published_is_scored_as_written(source, tmp_path):
    """Half precision, any number of classes, and a card whose figures are those of the file."""
    loaders = source_batches.source_loaders(source, epochs=2, batch_size=8)
    model, _history = pretraining.pretrain(loaders, out=tmp_path, epochs=2, lr=0.05, progress=False)
    card = pretraining.export_weights(model, loaders, out=tmp_path, data="squares")
    path = tmp_path / "course_resnet.safetensors"
    assert {str(tensor.dtype) for tensor in safetensors.torch.load_file(path).values()} == {
        "torch.float16",
        "torch.int64",
    }
    assert path.stat().st_size < LARGEST_FILE
    assert json.loads(path.with_suffix(".json").read_text(encoding="utf-8")) == card
    assert card["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()
    assert card["top5"] == 1.0  # of two classes
    again = models.create("course_resnet", num_classes=2, weights=path).eval()
    with torch.no_grad():
        right = sum((again(images).argmax(1) == labels).sum().item() for images, labels in loaders.val)
    assert card["top1"] == pytest.approx(right / 8)


def test_bundled_weights_are_those_of_their_card():
    """The file must be the one that was scored, and small."""
    assert weights.list_bundled() == ["course_resnet"]
    path = weights.BUNDLED / "course_resnet.safetensors"
    card = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
    assert hashlib.sha256(path.read_bytes()).hexdigest() == card["sha256"]
    assert path.stat().st_size <= LARGEST_FILE
    assert card["top1"] >= 0.48
    assert card["scored_on"] == 10_000


def test_bundled_weights_go_into_any_number_of_classes():
    """The body is the pretrained one at any input size; only the classifier is new."""
    stored = weights.read_state_dict(weights.BUNDLED / "course_resnet.safetensors")
    for num_classes, size in ((2, 224), (10, 64), (37, 33), (200, 32)):
        model = models.create("course_resnet", num_classes=num_classes, weights="course", image_size=size).eval()
        assert torch.equal(model.stage4[1].residual[0].weight, stored["stage4.1.residual.0.weight"].float())
        assert torch.equal(model.head.weight, stored["head.weight"].float()) == (num_classes == 200), num_classes
        with torch.no_grad():
            logits = model(torch.randn(2, 3, size, size))
        assert logits.shape == (2, num_classes)
        assert logits.isfinite().all(), (num_classes, size)


def test_the_fine_network_begins_with_the_pretrained_parts():
    """Stem and three stages must be the pretrained ones, whatever comes after them."""
    model = models.create("course_resnet_fine", num_classes=2, weights="course").eval()
    whole = models.create("course_resnet", num_classes=2, weights="course").eval()
    images = torch.randn(2, 3, 48, 80)
    with torch.no_grad():
        maps = whole.stage3(whole.stage2(whole.stage1(whole.stem(images))))
        pooled = model.pool(model.stage3(model.stage2(model.stage1(model.stem(images)))))
    assert maps.shape == (2, 128, 6, 10)
    assert torch.equal(pooled, torch.cat([maps.mean((2, 3)), maps.flatten(2).max(dim=2).values], dim=1))
    assert model(images).shape == (2, 2)


def test_other_architectures_have_no_course_weights():
    """One line that names the one that has."""
    with pytest.raises(ModelError, match="no weights for 'resnet18', only for: course_resnet"):
        models.create("resnet18", num_classes=2, weights="course")


def test_first_filters_are_no_noise():
    """Edges and colours vary slowly: neighbouring weights must be far more alike than those of random filters."""
    filters = models.create("course_resnet", num_classes=2, weights="course").stem[0].weight.detach()
    random = models.create("course_resnet", num_classes=2).stem[0].weight.detach()

    def roughness(kernels):
        steps = (kernels.diff(dim=-1).pow(2).sum((1, 2, 3)) + kernels.diff(dim=-2).pow(2).sum((1, 2, 3))) / 2
        return (steps / kernels.pow(2).sum((1, 2, 3))).median().item()

    assert roughness(random) > 1.4  # independent neighbours: 2 · 6/7
    assert roughness(filters) < 0.7
