"""The rule of `imgcls_course.devices`, on an accelerator or its stand-in. Run by `test_devices.py` in a new process."""

import importlib
import inspect
import pkgutil

import damage
import numpy as np
import pytest
import standin
import torch
from commands import imgcls
from PIL import Image
from torch import nn

import imgcls_course
from imgcls_course import check, data, devices, evaluation, explain, models, plots, runtime, speed, training
from imgcls_course.errors import CourseWarning, ModelError, TrainingError
from imgcls_course.training.batch_checks import check_val

HERE, CPU = standin.device_under_test(), torch.device("cpu")
IS_STANDIN = HERE.type == standin.NAME
ARCH, OPTIONS, FIRST = "gap_net", {"in_channels": 3}, "0.0"  # a small network, and its first layer
CARD = training.CheckpointCard(epoch=1, arch="", classes=("a", "b"), transforms={"image_size": 32})


@pytest.fixture(scope="module")
def loaders():
    """Make batches of 4 pictures: 8 to learn from, 4 to validate on."""
    with runtime.seeded(0):
        images, labels = torch.rand(16, 3, 32, 32), torch.arange(16) % 2
    pictures = data.ImageTensors(images, labels, classes=("a", "b"))
    parts = (pictures.subset(range(start, stop)) for start, stop in ((0, 8), (8, 12), (12, 16)))
    return data.make_loaders(data.Splits(*parts, card=None), batch_size=4)


@pytest.fixture
def images(loaders):
    """Return two pictures on the processor."""
    return loaders.val.dataset.images.images[:2]


def _network() -> nn.Module:
    with runtime.seeded(0):
        return models.create(ARCH, num_classes=2, **OPTIONS)


def _fit(model, loaders, **options):
    return training.fit(model, loaders, **{"epochs": 1, "progress": False, **options})


def _places(model: nn.Module, optimizer: torch.optim.Optimizer | None = None) -> set[torch.device]:
    """Return the devices of all weights, gradients and what an optimizer remembers."""
    memory = [value for each in (optimizer.state.values() if optimizer else ()) for value in each.values()]
    tensors = [*model.state_dict().values(), *(each.grad for each in model.parameters()), *memory]
    return {each.device for each in tensors if isinstance(each, torch.Tensor)}


def _calls(loaders, images, folder) -> dict:
    """Return all functions of the course that take a model and a device, each called with a model and more options."""
    photo = folder / "photo.png"
    Image.new("RGB", (40, 40)).save(photo)
    quiet = {"progress": False}
    return {
        training.fit: lambda model, **where: _fit(model, loaders, **where),
        check_val: lambda model, **where: check_val(model, loaders.val, num_classes=2, **where),
        training.run_epoch: lambda model, **where: training.run_epoch(model, loaders.val, **where),
        training.extract_features: lambda model, **where: training.extract_features(model, loaders, **quiet, **where),
        training.linear_probe: lambda model, **where: training.linear_probe(model, loaders, epochs=1, **quiet, **where),
        evaluation.predict: lambda model, **where: evaluation.predict(
            model, loaders.val, classes=("a", "b"), **quiet, **where
        ),
        evaluation.predict_files: lambda model, **where: evaluation.predict_files(
            model, [photo], card=CARD, **quiet, **where
        ),
        explain.cam: lambda model, **where: explain.cam(model, images, **where),
        explain.grad_cam: lambda model, **where: explain.grad_cam(model, images, target=[0, 1], **where),
        explain.input_gradient: lambda model, **where: explain.input_gradient(model, images, **where),
        explain.saliency: lambda model, **where: explain.saliency(model, images, **where),
        explain.map_layers: lambda model, **where: explain.map_layers(model, images, **where),
        explain.feature_maps: lambda model, **where: explain.feature_maps(model, images, FIRST, **where),
        explain.occlude: lambda model, **where: explain.occlude(model, images[0], **where),
        explain.occlusion: lambda model, **where: explain.occlusion(model, images[:1], **where),
        explain.strongest_patches: lambda model, **where: explain.strongest_patches(
            model, [images], layer=FIRST, channels=[0], **where
        ),
    }


def _functions_of_a_model() -> set:
    """Return every function of the library that has the parameters `model` and `device`."""
    found = set()
    for info in pkgutil.walk_packages(imgcls_course.__path__, "imgcls_course."):
        if not info.name.startswith(("imgcls_course.grading", "imgcls_course.cli", "imgcls_course.devices")):
            module = importlib.import_module(info.name)
            functions = [each for each in vars(module).values() if inspect.isfunction(each)]
            found |= {each for each in functions if {"model", "device"} <= inspect.signature(each).parameters.keys()}
    return {each for each in found if each.__module__ != speed.__name__ and not each.__name__.startswith("_")}


def test_every_call_keeps_the_rule(loaders, images, tmp_path, monkeypatch):
    """Each computes where it is told, and leaves the same parameters where they were, on either device."""
    calls = _calls(loaders, images, tmp_path)
    assert calls.keys() == _functions_of_a_model(), "a function without a call in `_calls`"
    cases = [  # where the model is, what the environment names, what the call names, where it has to compute
        (CPU, "", None, CPU),
        (CPU, "auto", None, HERE),
        (CPU, "cpu", str(HERE), HERE),
        (CPU, "", "auto", HERE),
        (HERE, "", None, HERE),
        (HERE, "cpu", None, CPU),
    ]
    for function, call in calls.items():
        for before, named, device, expected in cases:
            monkeypatch.setenv(devices.VARIABLE, named)
            model, seen = _network().to(before), []
            parameters = list(model.parameters())
            model.get_submodule(FIRST).register_forward_hook(
                lambda _module, inputs, _output, seen=seen: seen.append(inputs[0].device)
            )
            call(model, **({} if device is None else {"device": device}))
            case = f"{function.__name__}: {before}, {named}, {device}"
            assert next(place for place in seen if place.type != "meta") == expected, case
            assert _places(model) == {before}, case
            assert all(one is other for one, other in zip(parameters, model.parameters(), strict=True)), case


def test_the_same_is_computed(loaders, images):
    """What comes out is on the processor, and what the processor gives; the stand-in to the last digit."""
    tolerance = {"rtol": 0, "atol": 0} if IS_STANDIN else {"rtol": 1e-2, "atol": 1e-2}
    here, there = {}, {}
    for device, found in ((CPU, here), (HERE, there)):
        model = _network()
        found["history"] = [row["val_loss"] for row in _fit(model, loaders, epochs=2, device=device, lr=0.01)]
        found["weights"] = torch.cat([each.flatten() for each in model.state_dict().values()])
        options = {"classes": ("a", "b"), "progress": False, "device": device}
        found["predictions"] = evaluation.predict(model, loaders.val, **options).probabilities
        found["features"] = training.extract_features(model, loaders, progress=False, device=device).val.views[0][0]
        found["occlusion"] = explain.occlude(model, images[0], device=device).after
        found["saliency"] = explain.saliency(model, images, device=device)
    for name, value in here.items():
        np.testing.assert_allclose(np.asarray(there[name]), np.asarray(value), **tolerance, err_msg=name)


@pytest.mark.parametrize("name", ["sgd", "adam", "adamw"])
def test_an_optimizer_goes_on(loaders, images, name):
    """A `fit`, a step by hand and another `fit` must give the same, whether some was computed elsewhere or not."""

    def trained(first, second):
        model = _network()
        optimizer = training.make_optimizer(model, name, lr=0.001)
        _fit(model, loaders, optimizer=optimizer, device=first)
        assert _places(model, optimizer) == {CPU}
        assert optimizer.state
        optimizer.zero_grad()
        model(images).sum().backward()
        optimizer.step()
        with runtime.seeded(0):  # the order of the pictures
            training.run_epoch(model, loaders.train, optimizer=optimizer, device=second)
        _fit(model, loaders, optimizer=optimizer, device=CPU)
        assert _places(model, optimizer) == {CPU}
        return torch.cat([each.flatten() for each in model.state_dict().values()])

    tolerance = {"rtol": 0, "atol": 0} if IS_STANDIN else {"rtol": 1e-2, "atol": 1e-2}
    torch.testing.assert_close(trained(HERE, HERE), trained(CPU, CPU), **tolerance)


def test_it_comes_back_after_an_error(loaders, capsys):
    """An interrupt, a loss that is no number, an error of the caller: a notebook goes on with model and optimizer."""

    def fails_with(error):
        def on_epoch_end(history):
            raise error

        return {"on_epoch_end": on_epoch_end, "epochs": 2}

    cases = [
        (None, fails_with(KeyboardInterrupt())),
        (OSError, fails_with(OSError("no room"))),
        (TrainingError, {"loss_fn": lambda logits, labels: logits.sum() * float("nan")}),
        (ModelError, {"loaders": data.Loaders(loaders.train, loaders.val, loaders.test, classes=("a", "b", "c"))}),
    ]
    for error, options in cases:
        model = _network()
        optimizer = training.make_optimizer(model, "adam", lr=0.001)
        options = {"optimizer": optimizer, "device": HERE, "loaders": loaders, **options}
        if error is None:
            assert _fit(model, **options).stopped
        else:
            with pytest.raises(error):
                _fit(model, **options)
        assert _places(model, optimizer) == {CPU}, error
        _fit(model, loaders, optimizer=optimizer)
    capsys.readouterr()


def test_a_run_goes_on_on_another_device(loaders, tmp_path):
    """A checkpoint names no device: what was written on an accelerator is loaded, and resumed, anywhere."""
    run = {"checkpoints": training.Checkpoints(tmp_path, arch=ARCH, options=OPTIONS), "lr": 0.001}
    _fit(_network(), loaders, device=HERE, **run)
    loaded, _card = training.load_checkpoint(tmp_path)
    assert _places(loaded) == {CPU}
    assert _places(training.load_checkpoint(tmp_path, device="auto")[0]) == {HERE}
    for epochs, device in ((2, CPU), (3, HERE)):
        model = _network()
        history = _fit(model, loaders, epochs=epochs, device=device, resume=True, **run)
        assert len(history) == epochs
        assert _places(model) == {CPU}


def test_resumed_with_dropout_it_is_the_same_run(loaders, tmp_path):
    """An accelerator draws its own random numbers: they belong to a checkpoint, or dropout goes another way."""

    def network():
        with runtime.seeded(0):
            return nn.Sequential(nn.Flatten(), nn.Dropout(0.5), nn.Linear(3 * 32 * 32, 2))

    straight = _fit(network(), loaders, epochs=3, device=HERE, lr=0.01)
    _fit(network(), loaders, epochs=1, device=HERE, lr=0.01, checkpoints=tmp_path)
    resumed = _fit(network(), loaders, epochs=3, device=HERE, lr=0.01, checkpoints=tmp_path, resume=True)
    assert resumed.column("train_loss") == pytest.approx(straight.column("train_loss"), rel=0 if IS_STANDIN else 1e-5)


def test_random_numbers_outside_stay_as_they_were():
    """What a cell draws on an accelerator must not depend on a call before it."""
    torch.manual_seed(1)
    first = torch.rand(3, device=HERE)
    torch.manual_seed(1)
    with runtime.seeded(0):
        inside = torch.rand(3, device=HERE)
    assert torch.equal(torch.rand(3, device=HERE), first)
    with runtime.seeded(0):
        assert torch.equal(torch.rand(3, device=HERE), inside)


def test_parts_on_two_devices_and_losses_with_weights_work(loaders):
    """A new head on a model that was moved by hand, and weights of the classes, go where it computes."""
    model = _network().to(HERE)
    model[1][-1] = nn.Linear(64, 2)
    assert len(_fit(model, loaders)) == 1
    loss_fn = nn.CrossEntropyLoss(weight=torch.tensor([1.0, 2.0]))
    assert len(_fit(_network(), loaders, loss_fn=loss_fn, device=HERE)) == 1
    assert loss_fn.weight.device == CPU


def test_figures_and_arrays_take_tensors_of_the_device(images):
    """Whoever moves a model by hand draws its weights, maps and answers without another line."""
    model = _network().to(HERE)
    weights = next(model.parameters())
    images, probabilities = images.to(HERE), model.eval()(images.to(HERE)).softmax(dim=1)
    plots.image_grid(weights[:4], signed=True)
    plots.filters(explain.filters_as_rgb(weights))
    maps = explain.record_activations(model, images, [FIRST]).maps[FIRST][0]
    plots.feature_maps(maps)
    plots.heatmap_overlay(images[0], maps[0])
    plots.probabilities(probabilities[0], classes=["a", "b"])
    plots.confusion_matrix(torch.eye(2, device=HERE), classes=["a", "b"])
    assert explain.sparsity(maps).shape == explain.input_correlation(maps, images[0]).shape == maps.shape[:1]
    assert evaluation.Predictions(probabilities, [0, 1], ("a", "b")).probabilities.shape == (2, 2)


def test_an_answer_may_compute_there():
    """A student whose solution moves networks and batches gets the ✔."""

    def train_once(model, batches, lr):
        model.to(HERE).train()
        optimizer = torch.optim.SGD(model.parameters(), lr=lr)
        for images, labels in batches:
            loss = nn.functional.cross_entropy(model(images.to(HERE)), labels.to(HERE))
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        return model

    def epoch_accuracy(model, batches):
        model.to(HERE).eval()
        right = sum((model(images.to(HERE)).argmax(dim=1) == labels.to(HERE)).sum() for images, labels in batches)
        return right / sum(len(labels) for _images, labels in batches)

    def trainable_parameters(model):
        return sum(each.numel() for each in model.to(HERE).parameters() if each.requires_grad)

    def softmax(z):
        return z.to(HERE).softmax(dim=-1)

    for answer in (train_once, epoch_accuracy, trainable_parameters, softmax):
        assert getattr(check, answer.__name__)(answer, remember=False).passed, answer.__name__


def test_the_command_line_takes_the_accelerator(tmp_path, monkeypatch):
    """`train`, `evaluate` and `predict` compute there without a word, unless the environment says otherwise."""
    pictures, seen = damage.labelled(tmp_path / "pictures", train=8, val=4), set()
    on_device = devices.on_device

    def watched(model, device=None, **along):
        seen.add(torch.device(device).type)
        return on_device(model, device, **along)

    monkeypatch.setattr(devices, "on_device", watched)
    for named, expected in (("", HERE.type), ("cpu", "cpu")):
        monkeypatch.setenv(devices.VARIABLE, named)
        seen.clear()
        run = tmp_path / f"run {named}"
        train = ("train", "--data", pictures, "--out", run, "--image-size", 32, "--epochs", 1)
        assert "epoch 1: train loss" in imgcls(*train)
        assert "accuracy" in imgcls("evaluate", "--checkpoint", run, "--data", pictures, "--split", "val")
        assert "0." in imgcls("predict", pictures / "val", "--checkpoint", run)
        assert seen == {expected}


@pytest.mark.skipif(HERE.type not in ("mps", standin.NAME), reason="only Apple's GPUs")
def test_precision_stays_float32(loaders):
    """What the course has not tried on Apple's GPUs it does not do there, and says so."""
    assert runtime.precision("auto", device=HERE) == runtime.precision("bfloat16", device=HERE) == "float32"
    with pytest.warns(CourseWarning, match="computes in float32, not in bfloat16"):
        _fit(_network(), loaders, precision="bfloat16", device=HERE)


@pytest.mark.skipif(not IS_STANDIN, reason="a real one is as it is")
def test_the_stand_in_is_as_strict_as_an_accelerator():
    """It must refuse what CUDA or MPS refuse, or it would prove nothing."""
    there, here = torch.ones(2, 2), torch.ones(2, 2, device=HERE)
    refused = {
        "two devices": lambda: here + there,
        "a model here, pictures there": lambda: nn.Linear(2, 2).to(HERE)(there),
        "indices here, pictures there": lambda: there[torch.tensor([0], device=HERE)],
        "float64": lambda: here.double(),
        "float64 from the processor": lambda: there.double().to(HERE),
        "an array": lambda: here.numpy(),
        "an array by numpy": lambda: np.asarray(here),
        "the processor's generator": lambda: here.normal_(generator=torch.Generator()),
    }
    for name, attempt in refused.items():
        with pytest.raises((RuntimeError, TypeError)):
            pytest.fail(f"not refused: {name}, {attempt()}")
    assert (here * torch.tensor(2.0) + 1).tolist() == [[3, 3], [3, 3]]
    assert (here[torch.tensor([0])].cpu().numpy() == 1).all()
