"""The scaling experiment: equal cost, the same treatment for all, and rows that can be believed."""

import pytest
import torch

from imgcls_course import data, models
from imgcls_course.errors import ModelError
from imgcls_course.experiments import scaling

TINY = {"seeds": (0, 1), "epochs": 2, "batch_size": 20, "progress": False}
COLUMNS = {"axis", "seed", "epoch", "multiply_adds", "parameters", "seconds"} | {
    f"{split}_{metric}" for split in ("train", "val") for metric in ("loss", "accuracy")
}
CONTESTANTS = ("base", *scaling.AXES)


@pytest.fixture(scope="module")
def few():
    """Two textures, 20 patches of each for training."""
    splits = data.load("textures").select(["brick", "moon"])
    pictures = (data.ImageTensors(s.images[::5], s.labels[::5], classes=s.classes) for s in (splits.train, splits.val))
    train, val = pictures
    return data.Splits(train, val, val, card=splits.card)


@pytest.fixture(scope="module")
def rows(few):
    """A run of seconds."""
    return scaling.run(few, **TINY)


def _without_time(rows):
    return [{key: value for key, value in row.items() if key != "seconds"} for row in rows]


def test_the_scaled_networks_cost_the_same():
    """The comparison is fair only if the measured multiply-adds agree; measured on networks with memory here."""
    for factor in (2.0, 3.0, 4.0):
        base, *scaled = scaling.variants(cost_factor=factor)
        for each in (base, *scaled):
            network = each.network()
            assert each.multiply_adds == models.count_multiply_adds(network, each.image_size), (factor, each)
            assert each.parameters == models.count_parameters(network), (factor, each)
        expected = [factor * base.multiply_adds] * 4
        assert [each.multiply_adds for each in scaled] == pytest.approx(expected, rel=scaling.TOLERANCE)


def test_each_variant_scales_what_it_is_named_after():
    """Depth only must leave width and pictures alone, and so on; compound must grow all three."""
    base, depth, width, resolution, compound = scaling.variants()
    for each, grown in ((depth, "depth"), (width, "width"), (resolution, "image_size")):
        assert {name for name in ("depth", "width", "image_size") if getattr(each, name) != getattr(base, name)} == {
            grown
        }
    assert all(getattr(compound, name) > getattr(base, name) for name in ("depth", "width", "image_size"))
    assert compound.width == pytest.approx(1.1 ** (torch.tensor(compound.depth).log() / torch.tensor(1.2).log()).item())


def test_no_variant_asks_for_more_pixels_than_there_are():
    """Enlarged pictures would cost more and show nothing more."""
    assert (
        max(each.image_size for each in scaling.variants(cost_factor=4.0))
        <= data.load("textures").train.images.shape[-1]
    )


def test_the_factors_obey_the_law():
    """d·w²·r² must be what was asked."""
    for axis in scaling.AXES:
        for factor in (2.0, 5.0):
            d, w, r = scaling.axis_factors(axis, factor)
            assert d * w**2 * r**2 == pytest.approx(factor), (axis, factor)


def test_what_cannot_be_done_is_said():
    """A wrong axis, and a cost that no network of this kind comes near."""
    with pytest.raises(ModelError, match="'length' is not a way to scale"):
        scaling.axis_factors("length", 2)
    with pytest.raises(ModelError, match="Scaling only the depth"):
        scaling.variant("depth", cost_factor=0.5)


def test_the_rows_are_complete(rows):
    """One row for each network, seed and epoch, with every column, and rates between 0 and 1."""
    expected = [(axis, seed, epoch) for axis in CONTESTANTS for seed in (0, 1) for epoch in (1, 2)]
    assert [(row["axis"], row["seed"], row["epoch"]) for row in rows] == expected
    assert all(set(row) == COLUMNS for row in rows)
    assert all(0 <= row[f"{split}_accuracy"] <= 1 for row in rows for split in ("train", "val"))


def test_the_same_seed_gives_the_same_rows(few, rows):
    """A seed by itself must give what it gave among others."""
    again = scaling.run(few, **{**TINY, "seeds": (1,)})
    assert _without_time(again) == [row for row in _without_time(rows) if row["seed"] == 1]


def test_seeds_differ(rows):
    """Else the spread would be none."""
    losses = [row["train_loss"] for row in rows if row["axis"] == "base" and row["epoch"] == 1]
    assert losses[0] != losses[1]


def test_a_run_leaves_the_random_numbers_alone(few):
    """What a lesson draws afterwards must not depend on the run."""
    before = torch.get_rng_state()
    scaling.run(few, **{**TINY, "seeds": (0,), "epochs": 1})
    assert torch.equal(torch.get_rng_state(), before)


def test_final_takes_the_last_epoch(rows):
    """By axis, one number for each seed."""
    final = scaling.final_scores(rows)
    assert tuple(final) == CONTESTANTS
    assert final["width"] == [row["val_accuracy"] for row in rows if row["axis"] == "width" and row["epoch"] == 2]


def test_a_written_log_reads_the_same(rows, tmp_path):
    """The recorded run of the lesson is such a file."""
    path = scaling.write_log(rows, tmp_path / "new" / scaling.LOG)
    assert scaling.read_log(path) == rows


def test_it_learns(few):
    """With enough epochs each network knows its own 40 pictures."""
    rows = scaling.run(few, seeds=(0,), epochs=10, batch_size=10, progress=False)
    assert min(accuracy for (accuracy,) in scaling.final_scores(rows, split="train").values()) >= 0.8
