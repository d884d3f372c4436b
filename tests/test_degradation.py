"""The degradation experiment: all networks are treated alike, and a run that was stopped goes on exactly."""

import json

import pytest
import torch

from imgcls_course import data, models, runtime
from imgcls_course.errors import TrainingError
from imgcls_course.experiments import degradation, network_run

TINY = {"depths": (8, 14), "seeds": (0, 1), "epochs": 2, "lr": 0.02, "widths": (2, 2, 4), "progress": False}


@pytest.fixture(scope="module")
def loaders():
    """Forty small digits of two classes, and twenty to validate on."""
    splits = data.load("digits").select(["0", "1"])
    few = [data.ImageTensors(part.images[:n], part.labels[:n], classes=part.classes) for part, n in _parts(splits)]
    return data.make_loaders(data.Splits(*few, card=splits.card), batch_size=16)


def _parts(splits):
    return (splits.train, 40), (splits.val, 20), (splits.test, 20)


@pytest.fixture(scope="module")
def rows(loaders):
    """What the tiny run gives."""
    return degradation.run(loaders, **TINY)


def _without_time(rows):
    return [{key: value for key, value in row.items() if key != "seconds"} for row in rows]


def test_there_is_a_row_for_each_network_and_epoch(rows):
    """Networks take turns, so that whenever it stops all have learned for equally long."""
    names = [(row["seed"], row["depth"], row["kind"]) for row in rows[:8]]
    assert names == [(s, d, k) for s in (0, 1) for d in (8, 14) for k in ("plain", "residual")]
    assert [row["epoch"] for row in rows] == [1] * 8 + [2] * 8
    assert all(0 <= row[f"{split}_error"] <= 1 for row in rows for split in ("train", "val"))
    assert all(row["train_loss"] > 0 for row in rows)


def test_the_same_seed_gives_the_same_rows(loaders, rows):
    """A lesson can only say what it saw if it sees it again; and one seed must not depend on the others."""
    again = degradation.run(loaders, **{**TINY, "seeds": (1,)})
    assert _without_time(again) == _without_time([row for row in rows if row["seed"] == 1])


def test_seeds_differ(rows):
    """Three times the same run would be no repetition."""
    first, second = ([row["train_loss"] for row in rows if row["seed"] == seed] for seed in (0, 1))
    assert first != second


def test_the_validation_error_is_the_networks(loaders):
    """With a learning rate of zero only the norms' statistics move: the errors can be counted by hand."""
    (plain, _residual) = degradation.run(loaders, **{**TINY, "depths": (8,), "seeds": (3,), "epochs": 1, "lr": 0.0})
    torch.manual_seed(3)
    model = models.cifar_resnet(8, num_classes=2, shortcut="none", in_channels=1, widths=(2, 2, 4))
    with runtime.seeded(3001), torch.no_grad():
        wrong_in_training = sum(int((model(x).argmax(1) != y).sum()) for x, y in loaders.train)
    with torch.no_grad():
        wrong = sum(int((model.eval()(x).argmax(1) != y).sum()) for x, y in loaders.val)
    assert plain["train_error"] == wrong_in_training / 40
    assert plain["val_error"] == wrong / 20


def test_the_learning_rate_falls_at_half_and_at_three_quarters():
    """The recipe of the paper, whatever the number of epochs."""
    rates = [degradation._lr(0.1, epoch, 8) for epoch in range(1, 9)]
    assert rates == pytest.approx([0.1] * 4 + [0.01] * 2 + [0.001] * 2)


def test_final_errors_are_those_of_the_last_epoch(rows):
    """By kind and depth, one for each seed."""
    errors = degradation.final_errors(rows, split="val")
    assert set(errors) == {("plain", 8), ("residual", 8), ("plain", 14), ("residual", 14)}
    last = [row["val_error"] for row in rows if row["epoch"] == 2 and (row["kind"], row["depth"]) == ("plain", 14)]
    assert errors["plain", 14] == last


def test_curves_are_means_over_the_seeds(rows):
    """By name, one number an epoch."""
    curves = degradation.error_curves(rows)
    assert set(curves) == {"plain-8", "residual-8", "plain-14", "residual-14"}
    mine = [row for row in rows if (row["kind"], row["depth"]) == ("residual", 8)]
    for epoch in (1, 2):
        errors = [row["train_error"] for row in mine if row["epoch"] == epoch]
        assert curves["residual-8"][epoch - 1] == pytest.approx(sum(errors) / 2)


def test_a_stopped_run_compares_equal_epochs(rows):
    """Of a run that was stopped in an epoch, only what all networks have done may be compared."""
    for missing in (1, 5, 7):
        curves = degradation.error_curves(rows[:-missing])
        assert {len(errors) for errors in curves.values()} == {1}, missing
        assert degradation.final_errors(rows[:-missing]) == degradation.final_errors(rows[:8]), missing


def test_a_stopped_run_goes_on_exactly(loaders, rows, tmp_path, monkeypatch):
    """Killed between two epochs, it must end with the rows of the uninterrupted run."""
    real = degradation._one_epoch
    for stop_after in (1, 5, 11):
        done, folder = [], tmp_path / str(stop_after)

        def stopping(*args, done=done, stop_after=stop_after, **options):
            if len(done) == stop_after:
                raise KeyboardInterrupt
            done.append(1)
            return real(*args, **options)

        monkeypatch.setattr(degradation, "_one_epoch", stopping)
        with pytest.raises(KeyboardInterrupt):
            degradation.run(loaders, **TINY, folder=folder)
        assert len(degradation.read_log(folder / degradation.LOG)) == stop_after
        monkeypatch.setattr(degradation, "_one_epoch", real)
        resumed = degradation.run(loaders, **TINY, folder=folder)
        assert _without_time(resumed) == _without_time(rows), stop_after


def test_a_finished_run_keeps_its_log_only(loaders, rows, tmp_path, monkeypatch):
    """What is recorded is small and readable; asking again reads it and trains nothing."""
    degradation.run(loaders, **TINY, folder=tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == [degradation.LOG, network_run.SETTINGS]
    monkeypatch.setattr(degradation, "_one_epoch", lambda *args, **options: pytest.fail("trained again"))
    again = degradation.run(loaders, **TINY, folder=tmp_path)
    assert _without_time(again) == _without_time(rows)
    assert again == degradation.read_log(tmp_path / degradation.LOG)
    settings = json.loads((tmp_path / network_run.SETTINGS).read_text(encoding="utf-8"))
    assert settings["epochs"] == 2
    assert settings["widths"] == [2, 2, 4]


def test_other_settings_do_not_go_on_with_a_run(loaders, tmp_path):
    """Half a run with one learning rate and half with another would be nobody's result."""
    degradation.run(loaders, **{**TINY, "epochs": 1, "seeds": (0,)}, folder=tmp_path)
    with pytest.raises(TrainingError, match=r"other settings \(seeds, epochs, lr\)"):
        degradation.run(loaders, **{**TINY, "lr": 0.5}, folder=tmp_path)


def test_training_pictures_are_shifted_and_flipped_and_the_others_are_not(tmp_path):
    """As in the paper: padded by an eighth of the size, cropped at random, flipped; nothing random in validation."""
    import damage

    for split in ("train", "val"):
        for name in ("a", "b"):
            (tmp_path / split / name).mkdir(parents=True)
            damage.photo((32, 32), seed=ord(name)).save(tmp_path / split / name / "1.png")
    loaders = degradation.paper_loaders(data.load(tmp_path), batch_size=2)
    varied = torch.stack([next(iter(loaders.train))[0].sum() for _time in range(8)])
    assert varied.unique().numel() > 1
    (first, _), (second, _) = next(iter(loaders.val)), next(iter(loaders.val))
    assert first.shape == (2, 3, 32, 32)
    assert torch.equal(first, second)
