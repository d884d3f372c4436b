"""Where a network computes: one rule, tried on a device that is none, and on a real one where there is one."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import standin
import torch
from commands import imgcls
from torch import nn

from imgcls_course import devices, doctor, models
from imgcls_course.errors import CourseError

TESTS = Path(__file__).parent
FILES = (TESTS / "accelerated_rule.py", TESTS / "accelerated_lessons.py")
REAL = [kind for kind, there in devices.accelerators().items() if there]


@pytest.mark.parametrize("device", [standin.NAME, *REAL])
def test_on_an_accelerator(device):
    """The rule, and every lesson's calls of the library; in a new process, where torch learns of the device first."""
    if device == standin.NAME and not standin.can_be_made():
        pytest.skip(f"torch {torch.__version__} cannot be given a device in Python; the version of constraints.txt can")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *map(str, FILES)]
    env = {**os.environ, "IMGCLS_TEST_DEVICE": device, "OMP_NUM_THREADS": "1"}
    env = {name: value for name, value in env.items() if not name.startswith("PYTEST_")}  # of a worker of xdist
    told = subprocess.run(command, cwd=TESTS.parent, env=env, capture_output=True, text=True, check=False)
    assert told.returncode == 0, told.stdout[-10_000:] + told.stderr[-2_000:]
    assert " passed" in told.stdout


@pytest.fixture
def with_mps(monkeypatch):
    """Make believe that this machine has one of Apple's GPUs."""
    monkeypatch.setattr(devices, "accelerators", lambda: {"cuda": False, "mps": True})
    monkeypatch.delenv(devices.VARIABLE, raising=False)


def _machine(monkeypatch, *, cuda: bool, mps: bool) -> None:
    """Make this a machine with these accelerators."""
    monkeypatch.setattr(torch.cuda, "is_available", lambda: cuda)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: mps)


def test_auto_takes_the_fastest_there_is(monkeypatch):
    """A student with a GPU must get it without asking, one without must not get an error."""
    for cuda, mps, expected in ((True, True, "cuda"), (False, True, "mps"), (False, False, "cpu")):
        _machine(monkeypatch, cuda=cuda, mps=mps)
        assert devices.get_device() == devices.get_device("auto") == torch.device(expected)


def test_a_device_asked_for_is_the_device_given(monkeypatch):
    """The processor stays available beside a GPU, and a second GPU can be named."""
    _machine(monkeypatch, cuda=True, mps=False)
    assert devices.get_device("cpu") == torch.device("cpu")
    assert devices.get_device("cuda:1") == torch.device("cuda", 1)


def test_each_of_several_processes_gets_a_gpu_of_its_own(monkeypatch):
    """All on the first GPU would be slower than one; more processes than GPUs must be said in one line."""
    _machine(monkeypatch, cuda=True, mps=False)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    monkeypatch.setenv("LOCAL_RANK", "1")
    assert devices.get_device() == devices.get_device("cuda") == torch.device("cuda", 1)
    assert devices.get_device("cpu") == torch.device("cpu")
    monkeypatch.setenv("LOCAL_RANK", "2")
    with pytest.raises(CourseError, match=r"more processes here than GPUs \(2\)"):
        devices.get_device()


def test_a_device_that_is_not_there_is_said_in_one_line(monkeypatch):
    """Without a GPU, asking for one must name the way out instead of failing inside torch later."""
    _machine(monkeypatch, cuda=False, mps=False)
    for name in ("cuda", "cuda:0", "mps"):
        with pytest.raises(CourseError, match="auto") as caught:
            devices.get_device(name)
        assert f"'{name}'" in str(caught.value)


def test_a_misspelt_device_is_named(monkeypatch):
    """A typing error must be answered with the right spelling."""
    _machine(monkeypatch, cuda=True, mps=True)
    with pytest.raises(CourseError, match=r"'cdua' is not a device\. Did you mean 'cuda'"):
        devices.get_device("cdua")


def test_who_decides(with_mps, monkeypatch):
    """The call, then the environment, then the default: for lessons where the model is, else what the caller says."""
    cases = [  # of the environment, of the call, default, expected
        (None, None, "auto", "mps"),
        (None, None, torch.device("cpu"), "cpu"),
        ("", None, torch.device("cpu"), "cpu"),
        ("auto", None, torch.device("cpu"), "mps"),
        (" MPS ", None, torch.device("cpu"), "mps"),
        ("cpu", None, "auto", "cpu"),
        ("mps", "cpu", "auto", "cpu"),
        ("cpu", "auto", "cpu", "mps"),
        ("cpu", torch.device("mps", 0), "cpu", "mps"),
    ]
    for named, name, default, expected in cases:
        if named is not None:
            monkeypatch.setenv(devices.VARIABLE, named)
        assert devices.choose_device(name, default=default).type == expected, (named, name, default)


def test_a_wrong_variable_is_named(with_mps, monkeypatch, capsys):
    """Who set it weeks ago must learn from one line where the wrong word stands."""
    model = nn.Linear(2, 2)
    for named, said in (
        ("cdua", "IMGCLS_DEVICE=cdua: 'cdua' is not a device. Did you mean 'cuda'? Known: auto, cuda, mps, cpu."),
        ("cuda", "IMGCLS_DEVICE=cuda: This machine has no 'cuda' device. The device auto takes what there is."),
        ("0", "IMGCLS_DEVICE=0: '0' is not a device. Known: auto, cuda, mps, cpu."),
    ):
        monkeypatch.setenv(devices.VARIABLE, named)
        with pytest.raises(CourseError) as caught, devices.on_device(model):
            pytest.fail("computed somewhere")
        assert str(caught.value) == said
        with pytest.raises(CourseError) as caught:
            imgcls("train", "--data", "posters", "--out", "nowhere")
        assert str(caught.value) == said


def test_the_doctor_says_what_it_found_and_how_to_use_it(with_mps, monkeypatch):
    """A student with a GPU must hear of it, and of the variable; with a wrong one, nothing would run."""

    def finding():
        return next(each for each in doctor.diagnose().results if each.name == "device")

    slow = [name for name in doctor._CHECKS if name != "device"]
    for name in slow:
        monkeypatch.delitem(doctor._CHECKS, name)
    assert finding().detail == "mps; set IMGCLS_DEVICE=auto, and the lessons use it, too"
    monkeypatch.setenv(devices.VARIABLE, "auto")
    assert finding().detail == "mps, by IMGCLS_DEVICE"
    monkeypatch.setenv(devices.VARIABLE, "gpu")
    assert finding().status == doctor.BAD
    assert (
        finding().detail == "IMGCLS_DEVICE=gpu: 'gpu' is not a device. Did you mean 'cpu'? Known: auto, cuda, mps, cpu."
    )
    assert finding().remedy == "Set IMGCLS_DEVICE to auto, or to nothing."
    monkeypatch.setenv(devices.VARIABLE, "")
    monkeypatch.setattr(devices, "accelerators", lambda: {"cuda": False, "mps": False})
    assert finding().detail == "processor; enough for every lesson"


def test_models_that_are_nowhere_stay_there(monkeypatch):
    """A blueprint has no numbers to move, and a model without weights is on the processor."""
    monkeypatch.setenv(devices.VARIABLE, "cpu")
    with devices.on_device(models.create_on_meta("resnet18")) as place:
        assert place.type == "meta"
    assert devices.device_of(nn.ReLU()) == torch.device("cpu")


def test_arrays_of_anything():
    """Tensors with gradients or in bfloat16, which numpy does not know, lists and numbers."""
    for values in (torch.ones(2, requires_grad=True), torch.ones(2, dtype=torch.bfloat16), [1.0, 1.0], (1, 1)):
        assert devices.as_array(values).tolist() == [1, 1]
    assert devices.as_array(torch.tensor(3)).shape == ()
