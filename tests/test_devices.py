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
        assert devices.chosen(name, default=default).type == expected, (named, name, default)


def test_a_wrong_variable_is_named(with_mps, monkeypatch, capsys):
    """Who set it weeks ago must learn from one line where the wrong word stands."""
    model = nn.Linear(2, 2)
    for named, said in (
        ("cdua", "IMGCLS_DEVICE=cdua: 'cdua' is not a device. Did you mean 'cuda'? Known: auto, cuda, mps, cpu."),
        ("cuda", "IMGCLS_DEVICE=cuda: This machine has no 'cuda' device. The device auto takes what there is."),
        ("0", "IMGCLS_DEVICE=0: '0' is not a device. Known: auto, cuda, mps, cpu."),
    ):
        monkeypatch.setenv(devices.VARIABLE, named)
        with pytest.raises(CourseError) as caught, devices.computing(model):
            pytest.fail("computed somewhere")
        assert str(caught.value) == said
        with pytest.raises(CourseError) as caught:
            imgcls("train", "--data", "posters", "--out", "nowhere")
        assert str(caught.value) == said


def test_the_doctor_says_what_it_found_and_how_to_use_it(with_mps, monkeypatch):
    """A student with a GPU must hear of it, and of the variable; with a wrong one, nothing would run."""

    def finding():
        return next(each for each in doctor.examine().findings if each.name == "device")

    slow = [name for name in doctor._LOOKS if name != "device"]
    for name in slow:
        monkeypatch.delitem(doctor._LOOKS, name)
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
    with devices.computing(models.create_on_meta("resnet18")) as place:
        assert place.type == "meta"
    assert devices.of(nn.ReLU()) == torch.device("cpu")


def test_arrays_of_anything():
    """Tensors with gradients or in bfloat16, which numpy does not know, lists and numbers."""
    for values in (torch.ones(2, requires_grad=True), torch.ones(2, dtype=torch.bfloat16), [1.0, 1.0], (1, 1)):
        assert devices.as_array(values).tolist() == [1, 1]
    assert devices.as_array(torch.tensor(3)).shape == ()
