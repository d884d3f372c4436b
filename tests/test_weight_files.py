"""Files of weights from other people: unwrapped where one set fits, and named as what they are where none can."""

import argparse
import gzip
import io
import json
import os
import pickle
import re
import shutil
import tarfile
import zipfile

import numpy as np
import pytest
import torch
from cases import case
from PIL import Image
from safetensors.torch import save_file

from imgcls_course import models, runtime, training
from imgcls_course.errors import ModelError
from imgcls_course.experiments import network_run
from imgcls_course.models import weights

ARCH = "small_vgg"  # a small network with batch norm


@pytest.fixture(scope="module")
def state():
    """Weights of a network of two classes."""
    with runtime.seeded(1):
        return models.create(ARCH, num_classes=2).state_dict()


def _below(prefix: str, state: dict) -> dict:
    return {prefix + name: tensor for name, tensor in state.items()}


def _other(state: dict) -> dict:
    return {name: tensor + 1 for name, tensor in state.items()}


def _bytes(found, **options) -> bytes:
    buffer = io.BytesIO()
    torch.save(found, buffer, **options)
    return buffer.getvalue()


def _create(path, **options):
    with runtime.seeded(0):
        return models.create(ARCH, **{"num_classes": 2, "weights": path, **options})


def _holds(model, state: dict) -> bool:
    own = model.state_dict()
    return all(torch.equal(own[name], tensor.to(own[name].dtype)) for name, tensor in state.items())


WRAPPED = {  # as trainers save them
    "a state dict": lambda state: state,
    "DataParallel": lambda state: _below("module.", state),
    "compiled": lambda state: _below("_orig_mod.", state),
    "both": lambda state: _below("module._orig_mod.", state),
    "Lightning": lambda state: {
        "state_dict": {**_below("model.", state), "loss.weight": torch.ones(2)},
        "epoch": 3,
        "optimizer_states": [{"state": {0: {"momentum_buffer": torch.ones(3)}}}],
        "pytorch-lightning_version": "2.0",
    },
    "torch's ImageNet example": lambda state: {"state_dict": _below("module.", state), "best_acc1": torch.tensor(7.0)},
    "model": lambda state: {"model": state, "epoch": 3, "lr_scheduler": {"last_epoch": 3}},
    "model_state_dict": lambda state: {"model_state_dict": state, "loss": torch.tensor(0.3)},
    "params": lambda state: {"params": state},
    "ema": lambda state: {"ema": _below("net.backbone.", state)},
    "twice the same": lambda state: {"model": state, "model_ema": state},
    "deeper": lambda state: {"checkpoint": {"weights": state}},
}


def test_what_trainers_wrap_is_unwrapped(state, tmp_path):
    """No list of trainers: whatever holds the whole network once, under one prefix."""
    for name in WRAPPED:
        with case(name):
            path = tmp_path / "w.pth"
            path.write_bytes(_bytes(WRAPPED[name](state)))
            assert _holds(_create(path), state)


def test_several_sets_that_fit_are_not_chosen_from(state, tmp_path):
    """Nobody knows which is meant, so both are named."""
    for found, names in {
        "model": ({"model": state, "model_ema": _other(state)}, ("model", "model_ema")),
        "teacher": ({**_below("student.", state), **_below("teacher.", _other(state))}, ("student", "teacher")),
    }.values():
        path = tmp_path / "w.pth"
        path.write_bytes(_bytes(found))
        with pytest.raises(ModelError, match="several sets of weights that fit, such as '{}' and '{}'".format(*names)):
            _create(path)


def test_a_part_is_not_enough(state, tmp_path):
    """One tensor of the body too few or too many, or integers, below a prefix as without."""
    body = next(name for name in state if name.endswith("weight"))
    missing = {name: tensor for name, tensor in state.items() if name != body}
    for found in (
        _below("module.", missing),
        {"model": {**state, "extra.weight": torch.ones(1)}},
        {name: tensor.int() for name, tensor in state.items()},
    ):
        path = tmp_path / "w.pth"
        path.write_bytes(_bytes(found))
        with pytest.raises(ModelError, match=r"holds no weights of 'small_vgg': .* do not fit, such as"):
            _create(path)


def test_content_counts_and_not_the_name(state, tmp_path):
    """Half precision, the old format of torch, no counters as in old files, and endings that lie."""
    half = {name: tensor.half() if tensor.is_floating_point() else tensor for name, tensor in state.items()}
    uncounted = {name: tensor for name, tensor in state.items() if not name.endswith("num_batches_tracked")}
    assert len(uncounted) < len(state)
    for found in (half, uncounted):
        (tmp_path / "w.pth").write_bytes(_bytes(found))
        assert _holds(_create(tmp_path / "w.pth"), found)
    (tmp_path / "old.pth").write_bytes(_bytes(state, _use_new_zipfile_serialization=False))
    (tmp_path / "torch.safetensors").write_bytes(_bytes(state))
    save_file(state, tmp_path / "safe.pth")
    for name in ("old.pth", "torch.safetensors", "safe.pth"):
        assert _holds(_create(tmp_path / name), state), name


class _Bomb:
    """Leaves a mark when it is unpickled."""

    def __init__(self, mark):
        self.mark = mark

    def __reduce__(self):
        return os.mkdir, (str(self.mark),)


def _zip(**files: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, text in files.items():
            archive.writestr(name.replace("_dot_", "."), text)
    return buffer.getvalue()


def _made(write) -> bytes:
    buffer = io.BytesIO()
    write(buffer)
    return buffer.getvalue()


def _tar() -> bytes:
    def write(buffer):
        with tarfile.open(fileobj=buffer, mode="w") as archive:
            archive.addfile(tarfile.TarInfo("weights.pth"))

    return _made(write)


def _script() -> bytes:
    return _zip(
        **{"s/data_dot_pkl": "", "s/constants_dot_pkl": "", "s/code/a_dot_py": ""}
    )  # as torch.jit.save has them


WRONG = {  # content -> what it is called
    "whole model": (lambda: _bytes(models.create(ARCH, num_classes=2)), "it holds a whole model"),
    "whole model among others": (
        lambda: _bytes({"model": torch.nn.Linear(2, 2), "epoch": 3}),
        "it holds a whole model",
    ),
    "whole model, old": (
        lambda: _bytes(torch.nn.Linear(2, 2), _use_new_zipfile_serialization=False),
        "it holds a whole model",
    ),
    "arguments": (lambda: _bytes({"model": {}, "args": argparse.Namespace(lr=1)}), "it holds argparse.Namespace, and"),
    "NumPy's numbers": (lambda: _bytes({"best": np.float64(1)}), "besides tensors it holds numpy"),
    "TorchScript": (_script, "it is a TorchScript program"),
    "ONNX": (lambda: b"\x08\x07\x12\x07pytorch\x1a\x05", "it is a model of ONNX or TensorFlow"),
    "HDF5": (lambda: b"\x89HDF\r\n\x1a\n" + bytes(50), "it is an HDF5 file"),
    "Keras": (lambda: _zip(config_dot_json="{}", model_dot_weights_dot_h5="x"), "it is a Keras model"),
    "zip": (lambda: _zip(readme_dot_txt="hello"), "it is a zip archive of 1 files, such as 'readme.txt'"),
    "npz": (lambda: _made(lambda buffer: np.savez(buffer, a=np.ones(3))), "it is a file of NumPy arrays"),
    "npy": (lambda: _made(lambda buffer: np.save(buffer, np.ones(3))), "it is a NumPy array"),
    "tar": (_tar, "it is an archive; unpack it"),
    "gzip": (lambda: gzip.compress(b"hello"), "it is an archive; unpack it"),
    "JSON": (lambda: b'{"a": 1}', "it is JSON"),
    "text": (lambda: "Gewichte für später\n".encode() * 40, "it is text, and begins with 'Gewichte für"),
    "image": (lambda: _made(lambda buffer: Image.new("RGB", (4, 4)).save(buffer, "PNG")), r"it is an image \(PNG\)"),
    "web page": (lambda: b"\n<!DOCTYPE html><html>404</html>", "it is a web page"),
    "pointer": (lambda: b"version https://git-lfs.github.com/spec/v1\noid sha256:00\n", "git lfs pull"),
    "nothing": (lambda: b"", "it is empty"),
    "anything": (lambda: bytes(range(128, 256)) * 9, "it is neither"),
    "pickle": (lambda: pickle.dumps([1]), "it is a Python pickle"),
    "zip, cut": (lambda: _bytes({"a": torch.ones(999)})[:-200], "it is cut short"),
    "old, cut": (lambda: _bytes({"a": torch.ones(999)}, _use_new_zipfile_serialization=False)[:-200], "it is damaged"),
}


def test_another_file_is_named_as_what_it_is(tmp_path):
    """One line of ours with the path; torch's advice to switch its protection off is never in it."""
    for name in WRONG:
        for ending in ["pth", "safetensors"]:
            with case(name, ending):
                content, called = WRONG[name]
                path = tmp_path / f"w.{ending}"
                path.write_bytes(content())
                with pytest.raises(ModelError, match=called) as caught:
                    _create(path)
                line = str(caught.value)
                assert line.startswith(f"{path} cannot be read as weights: ")
                assert "\n" not in line
                assert not re.search("weights_only|trust|allowlist|safe_globals|PyTorch 2", line)


def test_safetensors_cut_short_says_by_how_much(state, tmp_path):
    """In the header or in the tensors: how many bytes there are and should be."""
    save_file(state, tmp_path / "whole.safetensors")
    content = (tmp_path / "whole.safetensors").read_bytes()
    for kept in (100, len(content) // 2, len(content) - 1):
        (tmp_path / "cut.safetensors").write_bytes(content[:kept])
        with pytest.raises(ModelError, match=rf"it is cut short \({kept:,} of [0-9,]+ bytes\)"):
            _create(tmp_path / "cut.safetensors")


def test_nothing_in_a_file_is_executed(tmp_path):
    """Whatever the format, and the search for what is in it included."""
    mark = tmp_path / "mark"
    for content in (
        pickle.dumps(_Bomb(mark), protocol=2),
        _bytes({"a": _Bomb(mark)}),
        _bytes({"a": _Bomb(mark)}, _use_new_zipfile_serialization=False),
    ):
        (tmp_path / "bomb.pth").write_bytes(content)
        with pytest.raises(ModelError, match="code"):
            _create(tmp_path / "bomb.pth")
        assert not mark.exists()


@pytest.fixture(scope="module")
def run(few_digits, tmp_path_factory):
    """The folder of a run of three epochs of which the first was best, and the weights of that."""
    from imgcls_course import data

    folder = tmp_path_factory.mktemp("runs") / "run"
    model = models.create("convnet", num_classes=3, in_channels=1)
    checkpoints = training.Checkpoints(folder, arch="convnet", options={"in_channels": 1})
    options = {"epochs": 3, "checkpoints": checkpoints, "device": "cpu", "progress": False}
    training.fit(model, data.make_loaders(few_digits), schedule=lambda epoch: 0.05 if epoch < 1 else 0.0, **options)
    return folder


def test_a_run_means_its_best_epoch(run):
    """By its folder or by the JSON file of a checkpoint; with other classes, without the classifier."""
    best = weights.read_state_dict(next(run.glob("best-*.weights.safetensors")))
    for path in (run, run / "best.json", str(run)):
        assert _holds(models.create("convnet", num_classes=3, in_channels=1, weights=path), best)
    more = models.create("convnet", num_classes=5, in_channels=1, weights=run).state_dict()
    taken = [name for name in best if best[name].shape == more[name].shape and torch.equal(best[name], more[name])]
    assert 0 < len(taken) < len(best)


def test_a_run_of_another_architecture_says_which(run, tmp_path):
    """And a folder of no run says so; a file that a run names cannot lead out of its folder."""
    with pytest.raises(ModelError, match="trained 'convnet', not 'small_vgg'"):
        models.create(ARCH, num_classes=3, weights=run)
    with pytest.raises(ModelError, match=r"is a folder without best\.json"):
        models.create(ARCH, num_classes=3, weights=tmp_path)
    copy = shutil.copytree(run, tmp_path / "copy")
    card = json.loads((copy / "best.json").read_text(encoding="utf-8"))
    card["files"]["weights"] = "../run/" + card["files"]["weights"]
    (copy / "best.json").write_text(json.dumps(card), encoding="utf-8")
    next(copy.glob("best-*.weights.safetensors")).unlink()
    with pytest.raises(ModelError, match=f"There are no weights '{copy}"):
        models.create("convnet", num_classes=3, in_channels=1, weights=copy)


def test_an_experiment_that_cannot_go_on_says_so_in_our_words(tmp_path):
    """Its file of state is torch's, too."""
    path = tmp_path / network_run.STATE
    path.write_bytes(b"no state")
    with pytest.raises(ModelError, match="it is text"):
        network_run.resume([], tmp_path, settings={})
