"""Batches of one image: batch norm cannot take its variance, so it is folded in, or said first."""

import copy

import damage
import pytest
import torch
from torch import nn
from torch.utils.data import BatchSampler, SequentialSampler

from imgcls_course import data, runtime, training
from imgcls_course.data.samplers import TrainBatchSampler, batch_sizes
from imgcls_course.data.splits import Splits
from imgcls_course.errors import CourseWarning, TrainingError


def _normed(inputs: int = 64) -> nn.Module:
    return nn.Sequential(nn.Flatten(), nn.Linear(inputs, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Linear(8, 3))


def _digits(few_digits, count: int, **options) -> data.Loaders:
    """So many digits to train on."""
    train, val = few_digits.train.subset(range(count)), few_digits.val.subset(range(20))
    return data.make_loaders(Splits(train, val, few_digits.test, card=few_digits.card), **options)


def _fit(model, loaders, **options):
    return training.fit(model, loaders, **{"epochs": 2, "device": "cpu", "progress": False, **options})


def test_only_a_last_batch_of_one_joins_the_one_before():
    """Every index once, in the order of torch's sampler, and as many batches as the length says."""
    assert batch_sizes(33, batch_size=32) == [33]
    assert batch_sizes(9, batch_size=4) == [4, 5]
    for count in range(12):
        for size in range(1, 6):
            folded, whole = TrainBatchSampler(SequentialSampler(range(count)), size), list(range(count))
            batches = list(folded)
            assert len(batches) == len(folded)
            assert [index for batch in batches for index in batch] == whole
            if count % size != 1 or size == 1 or count == 1:
                assert batches == list(BatchSampler(SequentialSampler(range(count)), size, drop_last=False))
            else:
                assert len(batches[-1]) == size + 1


def test_a_last_batch_of_one_trains_whatever_gives_the_batches(few_digits):
    """In memory, seeded, by workers, as features of several views, and as a plain list."""
    for options in ({}, {"per_image_seeds": True}, {"workers": 1}):
        loaders = _digits(few_digits, 33, **options)
        assert len(_fit(_normed(), loaders, epochs=1)) == 1
        assert [len(labels) for _images, labels in loaders.train] == [33], options
        assert loaders.train.batch_size == 32
    features = training.extract_features(
        _normed(), _digits(few_digits, 33), augmented_views=2, device="cpu", progress=False
    )
    assert len(features.train) == 1
    assert len(_fit(_normed(8), features)) == 2
    alone = [(torch.rand(1, 1, 8, 8), torch.tensor([0]))]
    listed = data.Loaders(list(loaders.train) + alone, loaders.val, [], classes=loaders.classes)
    assert len(_fit(_normed(), listed)) == 2


def test_validation_is_not_folded(few_digits):
    """Evaluation takes single images as they are, and what lessons print about batches stays."""
    loaders = _digits(few_digits, 40, batch_size=19)
    assert [len(labels) for _images, labels in loaders.val] == [19, 1]


def test_one_image_left_of_a_batch_takes_the_running_statistics():
    """Its gradients count, its statistics do not, and the network is in training mode as before."""
    model = _normed().train()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    good = (torch.rand(4, 64), torch.tensor([0, 1, 2, 0]))
    training.run_epoch(model, [good], optimizer=optimizer)
    before = copy.deepcopy(model.state_dict())
    training.run_epoch(model, [(torch.rand(1, 64), torch.tensor([1])), good], optimizer=optimizer)
    assert model[2].training
    assert model[2].num_batches_tracked == before["2.num_batches_tracked"] + 1  # of the whole batch alone


@pytest.mark.filterwarnings("ignore::imgcls_course.errors.CourseWarning")
def test_a_survivor_among_broken_images_trains(tmp_path):
    """Where broken files leave one image of a batch, no one can merge it any more; training goes on."""
    folder = damage.labelled(tmp_path, train=6, val=3)
    for path in sorted((folder / "train").rglob("*.jpg"))[:7]:
        path.write_bytes(b"no image")
    loaders = data.make_loaders(data.load(str(folder)), eval_preset=data.transforms.eval_preset(16), batch_size=3)
    history = _fit(nn.Sequential(_normed(3 * 16 * 16), nn.Linear(3, 2)), loaders, epochs=6)
    assert len(history) == 6


def test_batches_that_are_all_of_one_are_refused_first(few_digits):
    """Before anything is trained; a network without batch norm, or with a frozen one, may have them."""
    for count, size in ((6, 1), (1, 32)):
        model = _normed()
        before = copy.deepcopy(model.state_dict())
        with pytest.raises(TrainingError, match="at least two images") as caught:
            _fit(model, _digits(few_digits, count, batch_size=size), on_epoch_end=pytest.fail)
        assert "\n" not in str(caught.value)
        assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
        assert (
            len(_fit(nn.Sequential(nn.Flatten(), nn.Linear(64, 3)), _digits(few_digits, count, batch_size=size))) == 2
        )
        model[:3].requires_grad_(False)
        assert len(_fit(model, _digits(few_digits, count, batch_size=size))) == 2


def test_a_pass_over_single_images_is_refused():
    """Batches that do not say how large they are show it in the first epoch."""
    model = _normed()
    one = [(torch.rand(1, 64), torch.tensor([1]))]
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    with pytest.raises(TrainingError, match="at least two images"):
        training.run_epoch(model, one * 3, optimizer=optimizer)
    assert training.run_epoch(model, one * 3).samples == 3  # evaluation may


def test_a_batch_that_cannot_be_read_moves_no_schedule(tmp_path):
    """The learning rate of the next epoch must be the same in a run that goes on and in one that never stopped."""
    folder = damage.labelled(tmp_path / "images", train=3, val=3)
    next((folder / "train").rglob("*.jpg")).write_bytes(b"no image")
    splits = data.load(str(folder))

    def run(name, epochs):
        with runtime.seeded(0):
            model = nn.Sequential(nn.AdaptiveAvgPool2d(2), nn.Flatten(), nn.Linear(12, 2))
        loaders = data.make_loaders(splits, eval_preset=data.transforms.eval_preset(16), batch_size=1)
        schedule = training.schedules.cosine(0.1, epochs=4)
        with pytest.warns(CourseWarning, match="left out"):
            return _fit(model, loaders, epochs=epochs, schedule=schedule, checkpoints=tmp_path / name, resume=True)

    run("halves", 2)
    assert [row["train_loss"] for row in run("halves", 4)] == [row["train_loss"] for row in run("whole", 4)]
