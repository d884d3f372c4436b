"""Training by several processes, really started by torchrun: the oracle is the same training by one."""

import itertools
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import damage
import pytest
import together
import torch
from commands import imgcls
from torch.utils.data import BatchSampler, SequentialSampler

from imgcls_course import training
from imgcls_course.data.image_loader import ImageLoader
from imgcls_course.data.samplers import ShardSampler
from imgcls_course.data.transformed import TransformedDataset
from imgcls_course.training import distributed

SCRIPT = Path(together.__file__)


def torchrun(*words, processes=2) -> subprocess.Popen:
    """Start processes that find each other on this machine, on a port that is free, with one thread each."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port = found.getsockname()[1]
    command = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node", processes, "--master-port", port]
    return subprocess.Popen(
        [*map(str, command), *map(str, words)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )


@pytest.fixture(scope="module")
def both(tmp_path_factory):
    """What each of two processes saw, what they printed, and the folder that they used."""
    folder = tmp_path_factory.mktemp("together")
    together.fit(checkpoints=folder / "one", epochs=2)
    together.fit(checkpoints=folder / "broken", epochs=1)
    card = folder / "broken" / "last.json"
    card.write_text(card.read_text(encoding="utf-8").replace('"8"', '"9"'), encoding="utf-8")
    process = torchrun(SCRIPT, folder)
    out, err = process.communicate(timeout=240)
    assert process.returncode == 0, err
    return [json.loads((folder / f"rank-{rank}.json").read_text(encoding="utf-8")) for rank in (0, 1)], out, folder


def close(one: list[dict], other: list[dict]) -> bool:
    """Say whether two histories agree to 1e-5."""
    rows = zip(one, other, strict=True)
    return all(mine == pytest.approx(theirs, rel=1e-5, abs=1e-5) for mine, theirs in rows)


def test_two_processes_do_what_one_does(both):
    """The history and the weights must be those of one process: a mean of means, or a sample counted twice, shows."""
    for name, options in together.EQUAL.items():
        model, history = together.fit(**options())
        for seen in both[0]:
            assert close(seen[name]["history"], together.figures(history)), name
            assert seen[name]["weights"] == pytest.approx(together.flat(model), rel=1e-4, abs=1e-5), name


def test_a_run_goes_on_with_more_or_fewer_processes(both):
    """From one to two, and from two to one: what a run computes must not depend on how many were free that day."""
    seen, _out, folder = both
    whole = together.figures(together.fit()[1])
    assert close(seen[0]["resumed"], whole)
    assert seen[1]["resumed"] == seen[0]["resumed"]
    assert training.read_checkpoint_card(folder / "two" / "last.json").epoch == 2
    assert close(together.figures(together.fit(checkpoints=folder / "two", resume=True)[1]), whole)


def test_copies_stay_the_same_whatever_is_random_in_them(both):
    """Batch norm, dropout and mixup differ between the processes; their models must not, nor a run in two halves."""
    (first, second), _out, _folder = both
    for name in ("noisy", "shares of one", "mixed"):
        assert first[name] == second[name]
    assert first["noisy in halves"] == second["noisy in halves"] == first["noisy"]


def test_only_the_first_writes_and_tells(both):
    """Two processes that write one file damage it; a line that comes twice is noise."""
    (first, second), out, _folder = both
    assert first["calls"] == [1, 2]
    assert second["calls"] == []
    assert out.count("Training stopped (no improvement for 1 epoch)") == 1


def test_an_error_is_that_of_all(both):
    """A process that does not hear of it waits for ever."""
    (first, second), _out, _folder = both
    for name, line in (
        ("diverged", "TrainingError The loss became"),
        ("too small", "TrainingError This network has batch norm, .* each of the 2 processes.*batch size of 4 or more"),
        ("other run", "ModelError .*holds another network"),
        ("other classes", "TrainingError .*is of another run: its classes"),
    ):
        assert re.match(line, "{} {}".format(*first[name])), name
        assert first[name] == second[name], name


def test_afterwards_each_is_its_own_again(both):
    """A model that goes on waiting for other processes could not be used by one of them."""
    assert both[0][0]["alone again"]


def test_each_sample_is_taken_once():
    """Over all processes each batch must be what it is for one, no sample twice and none left out."""
    for processes, size in itertools.product((2, 3, 5), (1, 4, 7)):
        whole = BatchSampler(SequentialSampler(range(23)), batch_size=size, drop_last=False)
        parts = [list(ShardSampler(whole, rank=rank, world_size=processes)) for rank in range(processes)]
        for batch, *shares in zip(whole, *parts, strict=True):
            assert sorted(index for share in shares for index in share) == batch, (processes, size)
            assert max(map(len, shares)) - min(map(len, shares)) <= 1, (processes, size)


def test_only_the_own_part_is_loaded():
    """Each process decoding all pictures would save no time at all."""
    seen = []

    class Watched(TransformedDataset):
        def __getitem__(self, index):
            seen.append(index)
            return super().__getitem__(index)

    pictures = together.digits(31).train.dataset.images
    dataset = Watched(pictures, transform=None, caches=[], size=None)
    loader = ImageLoader(dataset, batch_size=31, num_workers=0).shard(1, world_size=2)
    assert [len(labels) for _images, labels in loader] == [15, 15, 15, 2]
    assert seen == [index for start in (0, 31, 62, 93) for index in range(start + 1, min(start + 31, 97), 2)]


def test_one_process_is_alone():
    """Without torchrun nothing may be connected or wrapped."""
    assert distributed.current_processes() is distributed.SINGLE_PROCESS
    assert not torch.distributed.is_initialized()


def test_an_empty_shard_does_not_change_synchronised_statistics():
    """Batch norm cannot take fewer than two images, but zeros would count in the statistics of the whole batch."""
    nothing = torch.zeros(0, 1, 8, 8)
    plain = torch.nn.Sequential(torch.nn.Conv2d(1, 2, 3), torch.nn.BatchNorm2d(2))
    assert distributed._stand_ins(nothing, plain).shape == (2, 1, 8, 8)
    synchronised = torch.nn.SyncBatchNorm.convert_sync_batchnorm(plain)
    assert distributed._stand_ins(nothing, synchronised).shape == (0, 1, 8, 8)


def test_a_handler_that_python_did_not_set_stays(monkeypatch):
    """`getsignal` gives None for it, and it could not be put back."""
    changed = []
    monkeypatch.setattr(signal, "getsignal", lambda number: None)
    monkeypatch.setattr(signal, "signal", lambda number, handler: changed.append(handler))
    with distributed.DistributedProcess(0, world_size=2).stop_with_others():
        pass
    assert changed == []


EPOCHS = 30
SMALL = ("--image-size", 32, "--batch-size", 6, "--precision", "float32", "--device", "cpu")
# Frozen norms: each part of a batch is alike. With a rate of 0.05 the loss leaps about, and in 30 epochs rounding grows
# to 1e-5.
TRAIN = (*SMALL, "--weights", "course", "--freeze", "--lr", 0.01)


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    """Photos in two classes, one of them broken: batches and parts of several sizes."""
    folder = damage.labelled(tmp_path_factory.mktemp("pictures"), train=8, val=4)
    (folder / "train" / "ants" / "3.jpg").write_bytes(b"no picture")
    return folder


def epochs_done(out) -> int:
    """Return how many epochs the last checkpoint has behind it."""
    return training.read_checkpoint_card(out / "last.json").epoch if (out / "last.json").exists() else 0


@pytest.mark.filterwarnings("ignore::imgcls_course.errors.CourseWarning")  # the broken picture
def test_one_killed_ends_all_and_the_run_goes_on(pictures, tmp_path):
    """The others would wait for ever, and the run be lost; resumed by one process it must end as one never stopped."""
    out, whole = tmp_path / "out", tmp_path / "whole"
    command = ["train", "--data", pictures, *TRAIN, "--epochs", EPOCHS]
    process = torchrun(SCRIPT, "imgcls", tmp_path, *command, "--out", out)
    end = time.monotonic() + 120
    while epochs_done(out) < 2 and process.poll() is None and time.monotonic() < end:
        time.sleep(0.01)
    os.kill(int((tmp_path / "pid-1").read_text(encoding="utf-8")), signal.SIGKILL)
    printed, said = process.communicate(timeout=90)  # seconds on a quiet computer; who waits, waits ten minutes
    assert process.returncode != 0
    assert "TrainingError: Process 1 of 2 is stopping because another process ended" in said
    assert printed.count("a folder per class") == 1
    done = epochs_done(out)
    assert 2 <= done < EPOCHS
    assert re.findall(r"^epoch (\d+):", printed, re.MULTILINE)[:done] == [str(n + 1) for n in range(done)]
    imgcls(*command, "--out", out, "--resume")
    imgcls(*command, "--out", whole)
    one, other = (json.loads((folder / "history.json").read_text(encoding="utf-8")) for folder in (out, whole))
    assert close(together.figures(one), together.figures(other))
