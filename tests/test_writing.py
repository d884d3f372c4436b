"""What cannot be written, or has no room: found before the work where it can be, one line, and nothing lost."""

import contextlib
import errno
import os
import tempfile
from pathlib import Path

import damage
import pytest
import torch
from cases import each_case
from commands import imgcls

from imgcls_course import data, models, paths, training
from imgcls_course.data import cache, workers
from imgcls_course.data.transformed import TransformedDataset
from imgcls_course.errors import DataError, FileError, TrainingError

NOBODY = 65534


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    """A folder of two classes with train and val."""
    return damage.labelled(tmp_path_factory.mktemp("photos"), train=8, val=4)


@pytest.fixture
def file(tmp_path):
    """A file where a folder is wanted."""
    path = tmp_path / "file"
    path.write_text("mine", encoding="utf-8")
    return path


@contextlib.contextmanager
def _nobody():
    """Root may write everywhere; nobody may not."""
    root = hasattr(os, "geteuid") and os.geteuid() == 0
    if root:
        os.seteuid(NOBODY)
    try:
        yield
    finally:
        if root:
            os.seteuid(0)


def _full(monkeypatch, *, after: int = 0, code: int = errno.ENOSPC) -> list[str]:
    """Let the disk be full after so many files, and return the list of those that were written."""
    written: list[str] = []

    def fsync(number):
        if len(written) >= after:
            raise OSError(code, os.strerror(code))
        written.append(os.fstat(number))

    monkeypatch.setattr(os, "fsync", fsync)
    return written


def test_a_file_that_cannot_be_written_is_one_line(tmp_path, file, monkeypatch):
    """Full, below a file, a folder in its place: what was there stays, and no part of the new."""
    (tmp_path / "folder").mkdir()
    for path, line in {
        file / "a.txt": f"{file} is a file and not a folder",
        file / "a" / "b.txt": f"{file} is a file and not a folder",
        tmp_path / "folder": "there is a folder of that name",
    }.items():
        for attempt in (paths.check_writable, lambda path: paths.write_text(path, "new")):
            with pytest.raises(FileError, match=line) as caught:
                attempt(path)
            assert str(caught.value).startswith(f"{path} cannot be written: ")
    for code, line in {
        errno.ENOSPC: "the disk is full. Make room there",
        errno.EROFS: "that disk can only be read",
        errno.EFBIG: "it is too large for that disk",
        errno.EIO: os.strerror(errno.EIO),
    }.items():
        with monkeypatch.context() as patch:
            _full(patch, code=code)
            for attempt in (paths.check_writable, lambda path: paths.write_text(path, "new")):
                with pytest.raises(FileError, match=line):
                    attempt(file)
    assert file.read_text(encoding="utf-8") == "mine"
    assert sorted(os.listdir(tmp_path)) == ["file", "folder"]


def test_asking_leaves_nothing(tmp_path):
    """Neither the folders that are missing nor the probe."""
    paths.check_writable(tmp_path / "a" / "b" / "c.txt")
    assert os.listdir(tmp_path) == []
    with pytest.raises(FileError, match=r"Up to [0-9,]+ MB are needed"):
        paths.check_writable(tmp_path / "a", needed=10**18)


def test_a_folder_without_permission_says_so():
    """Before any work, and when it comes to writing."""
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o555)
        with _nobody():
            for attempt in (paths.check_writable, lambda path: paths.write_text(path, "new")):
                with pytest.raises(FileError, match="no permission to write there"):
                    attempt(Path(folder, "run", "a.txt"))
        os.chmod(folder, 0o755)


SMALL = ("--image-size", 32, "--batch-size", 8, "--precision", "float32", "--device", "cpu")
COMMANDS = {  # with a file where their folder should be
    "train": lambda file, photos, run: ("train", "--data", photos, "--out", file, *SMALL),
    "train, below it": lambda file, photos, run: ("train", "--data", photos, "--out", file / "run", *SMALL),
    "evaluate --predictions": lambda file, photos, run: (
        *("evaluate", "--checkpoint", run, "--data", photos, "--predictions", file / "p.csv"),
    ),
    "evaluate --report": lambda file, photos, run: (
        *("evaluate", "--checkpoint", run, "--data", photos, "--report", file),
    ),
    "data make posters": lambda file, photos, run: ("data", "make", "posters", "--out", file / "posters"),
    "pretrain": lambda file, photos, run: ("pretrain", "--data", photos, "--out", file),
    "experiment degradation": lambda file, photos, run: (
        "experiment",
        "degradation",
        "--data",
        "digits",
        "--out",
        file,
    ),
    "experiment transfer": lambda file, photos, run: ("experiment", "transfer", "--data", "digits", "--out", file),
    "scaling": lambda file, photos, run: ("experiment", "scaling", "--out", file),
}


@each_case("name", list(COMMANDS))
def test_every_command_looks_first(file, photos, tmp_path, monkeypatch, name):
    """What takes minutes or hours has not begun when a wrong place is named."""
    for place, work in {"training.epoch": "run_epoch", "evaluation.predictions": "predict"}.items():
        monkeypatch.setattr(f"imgcls_course.{place}.{work}", lambda *args, **options: pytest.fail("it has begun"))
    command = COMMANDS[name](file, photos, tmp_path / "no run")
    with pytest.raises(FileError, match=f"{file} is a file and not a folder") as caught:
        imgcls(*command)
    assert "\n" not in str(caught.value)
    assert file.read_text(encoding="utf-8") == "mine"


def _fit(few_digits, folder, **options):
    """Train from the same start each time."""
    torch.manual_seed(0)
    loaders = data.make_loaders(few_digits)
    given = {"epochs": 3, "checkpoints": folder, "resume": True, "device": "cpu", "progress": False}
    return training.fit(models.mlp(64, 3), loaders, **{**given, **options})


def test_a_disk_that_fills_loses_no_epoch(few_digits, tmp_path, monkeypatch):
    """Whichever file of the second epoch fails: the first is whole, and the run goes on from it."""
    whole = _fit(few_digits, tmp_path / "whole")
    first = None
    for files in range(1, 4):  # the probe; the last: weights, training state, JSON
        folder = tmp_path / str(files)
        _fit(few_digits, folder, epochs=1)
        first = first or sorted(os.listdir(folder))
        with monkeypatch.context() as patch:
            _full(patch, after=files)
            with pytest.raises(
                TrainingError, match=r"the disk is full.*Checkpoints of earlier epochs are intact"
            ) as caught:
                _fit(few_digits, folder)
        assert [row["epoch"] for row in caught.value.history] == [1, 2]
        assert training.read_checkpoint_card(folder / "last.json").epoch == 1
        assert sorted(os.listdir(folder)) == first
        resumed = _fit(few_digits, folder)
        assert [row["train_loss"] for row in resumed] == [row["train_loss"] for row in whole]


def test_room_for_the_checkpoints_is_looked_for_first(few_digits, tmp_path, monkeypatch):
    """What best, last and kept epochs take at most, against what is free; nothing is trained, and no folder is made."""
    model = models.mlp(64, 3)
    size = sum(tensor.nbytes for tensor in model.state_dict().values())
    sgd, adam = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9), torch.optim.Adam(model.parameters())
    seen = []
    with monkeypatch.context() as patch:
        patch.setattr(paths, "check_writable", lambda path, *, needed: seen.append(needed / size))
        for optimizer, kept in ((sgd, 0), (adam, 0), (sgd, 2)):
            checkpoints = training.Checkpoints(tmp_path / "run", save_interval=kept)
            checkpoints.check_disk_space(model, optimizer, epochs=10)
        training.Checkpoints(tmp_path, save_interval=3).check_disk_space(model, sgd, epochs=9, completed=5)
    assert seen == [5, 7, 10, 7]  # 3 × weights + 2 × the optimizer's memory; and every second of ten, or 6 and 9
    monkeypatch.setattr("shutil.disk_usage", lambda place: _Usage())
    with pytest.raises(FileError, match=r"MB are needed in .*run, (and|but only) 0 MB are free"):
        _fit(few_digits, tmp_path / "run", on_epoch_end=pytest.fail)
    assert not (tmp_path / "run").exists()


class _Usage:
    free = 1000


def test_a_cache_that_cannot_be_written_only_costs_time(photos, file, monkeypatch):
    """Images are decoded anew each time."""
    monkeypatch.setenv("IMGCLS_HOME", str(file))
    loaders = data.make_loaders(data.load(str(photos)), image_size=32, cache="disk")
    assert sum(len(labels) for _images, labels in loaders.train) == 16


def test_the_memory_for_images_is_bounded_by_what_is_free(few_digits, monkeypatch):
    """A bound of a hundred gigabytes must not fill a laptop; a number that is none is one line."""
    monkeypatch.setattr(cache, "_free_memory", lambda: 4_000)
    assert cache.memory_limit(10**12) == 2_000
    assert cache.memory_limit(500) == 500
    monkeypatch.setattr(cache, "_free_memory", lambda: None)
    assert cache.memory_limit(10**12) == 10**12
    for value in (-1, float("nan"), float("inf"), "8GB"):
        with pytest.raises(DataError, match="cache_gb must be a number of gigabytes"):
            data.make_loaders(few_digits, cache_gb=value)


def test_shared_memory_is_looked_at_before_workers_start(photos, tmp_path, monkeypatch):
    """A container has 64 MB of it; the line names the remedy. Without workers none is needed."""
    monkeypatch.setattr(workers, "SHARED_MEMORY", tmp_path)
    monkeypatch.setattr("shutil.disk_usage", lambda place: _Usage())
    loaders = data.make_loaders(data.load(str(photos)), image_size=32, workers=2)
    with pytest.raises(DataError, match=r"2 workers need .* of shared memory.*--workers 0"):
        next(iter(loaders.train))
    assert len(list(data.make_loaders(data.load(str(photos)), image_size=32).train)) == 1


class _Killed(TransformedDataset):
    """Images whose worker the system kills."""

    def __getitem__(self, index):
        os._exit(9) if torch.utils.data.get_worker_info() else None
        return super().__getitem__(index)


def test_a_worker_that_is_gone_is_one_line(few_digits):
    """Killed for memory, most often: the remedy, and not torch's frames."""
    loaders = data.make_loaders(few_digits, workers=1)
    loaders.train.dataset.__class__ = _Killed
    with pytest.raises(DataError, match=r"ended by the system.*--workers 0") as caught:
        list(loaders.train)
    assert "\n" not in str(caught.value)


def test_torchs_words_for_full_shared_memory_are_ours():
    """As torch has them; any other error of a worker comes through."""

    def batches(error):
        yield 1
        raise error

    for text in (
        "unable to allocate shared memory(shm) for file </torch_1_2_3>: No space left on device (28)",
        "DataLoader worker (pid 7) is killed by signal: Bus error. It is possible that …",
        "unable to write to file </torch_1_2_3>",
    ):
        with pytest.raises(DataError, match="--workers 0"):
            list(workers.one_line_if_lost(batches(RuntimeError(text))))
    with pytest.raises(RuntimeError, match="of my own"):
        list(workers.one_line_if_lost(batches(RuntimeError("of my own"))))
