"""Checkpoints: a run goes on exactly where it stopped, whenever it was killed, and what is broken is refused."""

import json
import multiprocessing
import os
import pickle
import random
import shutil
import time

import killed
import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import nn

from imgcls_course import data, models, training
from imgcls_course.errors import CourseError, ModelError, TrainingError
from imgcls_course.training import checkpoints


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A run that nothing disturbed: its folder, its history, and how long it took, in seconds."""
    killed.run(tmp_path_factory.mktemp("first"))  # whatever takes longer the first time
    folder = tmp_path_factory.mktemp("whole")
    start = time.perf_counter()
    history = killed.run(folder)
    return folder, history, time.perf_counter() - start


@pytest.fixture
def copy(whole, tmp_path):
    """A copy of that run, to be damaged."""
    return shutil.copytree(whole[0], tmp_path / "copy")


def _figures(history) -> list[dict]:
    return [{key: value for key, value in row.items() if key != "seconds"} for row in history]


def _weights(folder, name: str) -> dict[str, torch.Tensor]:
    return checkpoints.read_weights(folder / f"{name}.json")


def _same(one: dict, other: dict) -> bool:
    return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)


def test_twenty_kills_leave_no_trace(whole, tmp_path, monkeypatch):
    """Killed at 20 random moments and resumed, the run must end with the same weights, bit for bit.

    A moment is so many epochs and a part of one, as the run itself tells: on a busy computer they all take longer.
    """
    folder, history, seconds = whole
    monkeypatch.setenv("PYTHONPATH", os.path.dirname(killed.__file__))  # where the server of forks finds it
    processes = multiprocessing.get_context("forkserver")  # each run is forked from one that has imported everything
    processes.set_forkserver_preload(["killed"])
    rng, completed = random.Random(0), set()
    for number in range(20):
        place = tmp_path / str(number)
        here, there = processes.Pipe()
        process = processes.Process(target=killed.run_and_tell, args=(place, there))
        process.start()
        for _message in range(1 + rng.randrange(killed.EPOCHS)):
            here.recv()
        time.sleep(rng.uniform(0, 1.1) * seconds / killed.EPOCHS)
        process.kill()  # SIGKILL; nothing happens to one that has finished
        process.join()
        last = place / "last.json"
        completed.add(training.read_checkpoint_card(last).epoch if last.exists() else 0)
        resumed = killed.run(place)
        assert _figures(resumed) == _figures(history)
        for name in ("best", "last", "epoch-3", "epoch-6"):
            assert _same(_weights(place, name), _weights(folder, name)), (number, name)
    assert len(completed) > 3  # the kills came at different moments, not all before the first epoch or after the last


def test_the_best_weights_are_those_of_the_history(few_digits, tmp_path, monkeypatch):
    """Killed between two of its files and resumed, the model must hold the epoch that the history calls the best."""
    loaders, trained, write = data.make_loaders(few_digits), {}, checkpoints.write

    def run(folder, *, epochs=4, lr=0.1):
        torch.manual_seed(0)
        model = models.mlp(64, 3)
        options = {"checkpoints": training.Checkpoints(folder, save_interval=2), "device": "cpu", "progress": False}
        keep = lambda history: trained.setdefault(len(history), {k: v.clone() for k, v in model.state_dict().items()})  # noqa: E731
        return model, training.fit(model, loaders, epochs=epochs, lr=lr, resume=True, on_epoch_end=keep, **options)

    writes = []
    monkeypatch.setattr(
        checkpoints, "write", lambda path, *args, **kw: (writes.append(path.stem), write(path, *args, **kw))
    )
    run(tmp_path / "whole")
    assert writes.count("best") > 1  # so that there is a best epoch before the one in which the run is killed
    for number in range(1, len(writes)):
        left = iter(range(number))

        def killed_in_between(path, *args, left=left, **kwargs):
            if next(left, None) is None:
                raise ValueError("killed")
            write(path, *args, **kwargs)

        folder = tmp_path / str(number)
        monkeypatch.setattr(checkpoints, "write", killed_in_between)
        with pytest.raises(ValueError, match="killed"):
            run(folder)
        monkeypatch.setattr(checkpoints, "write", write)
        done = training.read_checkpoint_card(folder / "last.json").epoch
        model, history = run(folder, epochs=done)
        best = history.best["epoch"]
        assert _same(model.state_dict(), trained[best]), (number, writes[:number])
        assert training.read_checkpoint_card(folder / "best.json").epoch == best, (number, writes[:number])
        assert _same(_weights(folder, "best"), trained[best]), (number, writes[:number])


def test_the_best_of_another_run_is_not_taken(whole, copy):
    """A best.json that does not belong to the history in last.json would silently give other weights."""
    card = json.loads((copy / "best.json").read_text(encoding="utf-8"))
    card["history"][0]["val_loss"] += 1
    (copy / "best.json").write_text(json.dumps(card), encoding="utf-8")
    last = json.loads((copy / "last.json").read_text(encoding="utf-8"))
    if whole[1].best["epoch"] < last["epoch"]:
        with pytest.raises(TrainingError, match=r"is not the best epoch of the run in last\.json"):
            killed.run(copy)
    else:
        assert _figures(killed.run(copy)) == _figures(whole[1])


def test_what_a_run_leaves(whole):
    """Best, last and every third epoch are kept; of each only the newest, and nothing unfinished."""
    folder, history, _seconds = whole
    best = history.best["epoch"]
    names = {"epoch-3-3", "epoch-6-6", f"best-{best}", f"last-{killed.EPOCHS}"}
    expected = {f"{name}.weights.safetensors" for name in names} | {f"last-{killed.EPOCHS}.training_state.safetensors"}
    expected |= {"best.json", "last.json", "epoch-3.json", "epoch-6.json"}
    assert {path.name for path in folder.iterdir()} == expected
    card = json.loads((folder / "best.json").read_text(encoding="utf-8"))
    assert (card["epoch"], card["classes"]) == (best, ["1", "3", "8"])


def test_a_checkpoint_becomes_a_model_again(tmp_path, few_digits):
    """Architecture, options, classes and transforms must be enough to classify: nobody remembers them months later."""
    loaders = data.make_loaders(few_digits)
    model = models.create("convnet", num_classes=3, in_channels=1)
    given = {"arch": "convnet", "options": {"in_channels": 1}, "transforms": {"image_size": 8}}
    training.fit(model, loaders, epochs=1, checkpoints=training.Checkpoints(tmp_path, **given), progress=False)
    loaded, card = training.load_checkpoint(tmp_path)
    assert not loaded.training
    assert (card.classes, card.transforms, card.epoch) == (("1", "3", "8"), {"image_size": 8}, 1)
    images = few_digits.val.images
    torch.testing.assert_close(loaded(images), model.eval()(images))


def test_resuming_a_finished_run_trains_nothing(whole, copy):
    """The same command again must give the same history, and leave the model at its best epoch."""
    assert _figures(killed.run(copy)) == _figures(whole[1])


def test_a_longer_run_goes_on_from_a_shorter_one(few_digits, tmp_path):
    """Two epochs and then three more, with Adam's memory, must equal five at once."""
    loaders = data.make_loaders(few_digits)

    def run(folder, epochs):
        torch.manual_seed(0)
        model = models.mlp(64, 3)
        adam = torch.optim.Adam(model.parameters(), lr=0.01)
        options = {"optimizer": adam, "checkpoints": folder, "resume": True, "progress": False, "device": "cpu"}
        return model, training.fit(model, loaders, epochs=epochs, **options)

    at_once, whole_history = run(tmp_path / "a", 5)
    run(tmp_path / "b", 2)
    in_parts, history = run(tmp_path / "b", 5)
    assert _figures(history) == _figures(whole_history)
    assert _same(at_once.state_dict(), in_parts.state_dict())


def _cut(folder):
    path = next(folder.glob("last-*.weights.safetensors"))
    path.write_bytes(path.read_bytes()[:-20])


def _cut_json(folder):
    path = folder / "last.json"
    path.write_text(path.read_text(encoding="utf-8")[:100], encoding="utf-8")


def _other_network(folder):
    path = next(folder.glob("last-*.weights.safetensors"))
    save_file({f"layer.{name}": tensor for name, tensor in load_file(path).items()}, path)


def _other_classes(folder):
    path = folder / "last.json"
    path.write_text(path.read_text(encoding="utf-8").replace('"8"', '"9"'), encoding="utf-8")


def _other_arch(folder):
    path = folder / "last.json"
    path.write_text(path.read_text(encoding="utf-8").replace('"arch": ""', '"arch": "resnet18"'), encoding="utf-8")


def _missing(folder):
    next(folder.glob("last-*.weights.safetensors")).unlink()


def _no_training_state(folder):
    save_file({"random": torch.zeros(3)}, next(folder.glob("last-*.training_state.safetensors")))


def _way_out(folder):
    path = folder / "last.json"
    card = json.loads(path.read_text(encoding="utf-8"))
    card["files"]["weights"] = "../elsewhere.safetensors"
    path.write_text(json.dumps(card), encoding="utf-8")


class _Bomb:
    """Leaves a mark when it is unpickled."""

    def __init__(self, mark):
        self.mark = mark

    def __reduce__(self):
        return os.mkdir, (str(self.mark),)


def _pickle(folder):
    next(folder.glob("last-*.weights.safetensors")).write_bytes(pickle.dumps(_Bomb(folder / "mark")))


def test_a_bad_checkpoint_is_one_clear_line(whole, tmp_path):
    """Whatever was done to it: one line that names the file, and nothing in it is executed."""
    for damage, line in (
        (_cut, "cannot be read as weights"),
        (_cut_json, "is not a checkpoint"),
        (_other_network, "holds another network: .* tensors differ"),
        (_other_classes, "is of another run: its classes"),
        (_other_arch, "is of another run: its arch is resnet18"),
        (_missing, "which is missing: put it back"),
        (_no_training_state, "Cannot resume from"),
        (_way_out, "names no file of weights"),
        (_pickle, "cannot be read as weights"),
    ):
        copy = shutil.copytree(whole[0], tmp_path / damage.__name__)
        damage(copy)
        with pytest.raises(CourseError, match=line) as caught:
            killed.run(copy)
        assert "\n" not in str(caught.value)
        assert str(copy) in str(caught.value)
        assert not (copy / "mark").exists(), damage


def test_a_pickle_named_pth_is_not_executed(tmp_path):
    """Weights in torch's own format may hold code; it must not run."""
    path = tmp_path / "model.pth"
    path.write_bytes(pickle.dumps(_Bomb(tmp_path / "mark"), protocol=2))
    with pytest.raises(ModelError, match="cannot be read as weights"):
        models.create("convnet", num_classes=3, weights=path)
    assert not (tmp_path / "mark").exists()


def test_a_checkpoint_without_architecture_says_so(whole):
    """A model of one's own cannot be made from its name."""
    with pytest.raises(TrainingError, match="does not say its architecture"):
        training.load_checkpoint(whole[0])


def test_a_new_run_leaves_nothing_of_the_old_one(few_digits, tmp_path):
    """A cell that is run again, for fewer epochs: the folder lists the epochs of one run; other files stay."""
    loaders = data.make_loaders(few_digits)
    for interval, epochs, expected in ((1, 4, {1, 2, 3, 4}), (2, 3, {1, 2, 3}), (0, 1, {1})):
        given = training.Checkpoints(tmp_path, save_interval=interval)
        (tmp_path / "epoch-notes.json").write_text("mine", encoding="utf-8")
        history = training.fit(
            models.perceptron(64, 3), loaders, epochs=epochs, checkpoints=given, progress=False, device="cpu"
        )
        (tmp_path / "epoch-notes.json").unlink()
        found = {path: training.read_checkpoint_card(path) for path in training.list_checkpoints(tmp_path)}
        assert {card.epoch for card in found.values()} <= expected
        assert all(card.history == history[: card.epoch] for card in found.values())
        named = {
            name
            for path in tmp_path.glob("*.json")
            for name in json.loads(path.read_text(encoding="utf-8"))["files"].values()
        }
        assert {path.name for path in tmp_path.glob("*.safetensors")} == named


def test_no_checkpoint_is_one_line(tmp_path):
    """A wrong folder must be named."""
    with pytest.raises(TrainingError, match=f"There is no checkpoint {tmp_path}"):
        training.load_checkpoint(tmp_path)


def test_an_interrupted_run_resumes_exactly(few_digits, tmp_path):
    """Ctrl-C in the third epoch, then resumed: the same history as without."""

    class Interrupting(nn.Module):
        def __init__(self, at):
            super().__init__()
            self.model, self.at, self.seen = models.mlp(64, 3), at, 0

        def forward(self, images):
            self.seen += self.training
            if self.seen == self.at:
                raise KeyboardInterrupt
            return self.model(images)

    loaders = data.make_loaders(few_digits)

    def run(folder, at):
        torch.manual_seed(0)
        options = {"checkpoints": folder, "resume": True, "progress": False, "device": "cpu"}
        return training.fit(Interrupting(at), loaders, epochs=4, **options)

    steps = len(loaders.train)
    stopped = run(tmp_path / "a", 2 * steps + 3)
    assert stopped.stopped == "interrupted in epoch 3"
    assert _figures(run(tmp_path / "a", -1)) == _figures(run(tmp_path / "b", -1))
