"""One epoch, and training for several: against torch, sums by hand, and what may go wrong."""

import copy
import itertools
import math
import re

import pytest
import torch
from cases import each_case
from torch import nn

from imgcls_course import data, models, runtime, training
from imgcls_course.errors import DataError, ModelError, TrainingError
from imgcls_course.training import History, run_epoch


@pytest.fixture
def loaders(few_digits):
    """Batches of three digits: 16 or 17 batches an epoch."""
    return data.make_loaders(few_digits)


def _fit(model, loaders, **options) -> History:
    """Train on the processor without a bar."""
    return training.fit(model, loaders, **{"device": "cpu", "progress": False, **options})


def _state(model) -> dict:
    return copy.deepcopy(model.state_dict())


def _same(one: dict, other: dict) -> bool:
    return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)


def _figures(history) -> list[dict]:
    return [{key: value for key, value in row.items() if key != "seconds"} for row in history]


def _hand_made(*, train, val=None, classes=("a", "b")) -> data.Loaders:
    """Loaders that are plain lists of batches."""
    return data.Loaders(train=train, val=val or train, test=[], classes=classes)


class _Failing(nn.Module):
    """Passes through to a model, and raises at the given forward pass in training or evaluation mode."""

    def __init__(self, model, *, error, at, training=True):
        super().__init__()
        self.model, self.error, self.at, self.counted = model, error, at, training
        self.seen = 0

    def forward(self, images):
        self.seen += self.training == self.counted
        if self.training == self.counted and self.seen == self.at:
            raise self.error
        return self.model(images)


class _Scripted(torch.optim.Optimizer):
    """Sets the only parameter, the bias, to the next value of a script instead of following the gradient."""

    def __init__(self, bias, script):
        super().__init__([bias], {"lr": 0.5})
        self.bias, self.script = bias, iter(script)

    def step(self, closure=None):
        with torch.no_grad():
            self.bias.copy_(torch.tensor(next(self.script)))


class _Bias(nn.Module):
    """Outputs its bias for every image."""

    def __init__(self):
        super().__init__()
        self.bias = nn.Parameter(torch.zeros(2))

    def forward(self, images):
        return self.bias.expand(len(images), 2)


def test_means_weigh_every_sample_alike():
    """A last, smaller batch must not count more than its samples."""
    model = nn.Linear(2, 2)
    x, y = torch.randn(11, 2), torch.randint(2, (11,))
    whole = run_epoch(model, [(x, y)])
    split = run_epoch(model, [(x[:8], y[:8]), (x[8:], y[8:])])
    assert split.loss == pytest.approx(whole.loss)
    assert split.accuracy == whole.accuracy
    assert split.samples == 11


def test_loss_and_accuracy_are_torchs(few_digits):
    """Loss must be torch's cross-entropy over the whole set, accuracy the part of right answers."""
    model, val = models.perceptron(64, 3), few_digits.val
    result = run_epoch(model, data.make_loaders(few_digits, batch_size=7).val)
    logits = model(val.images)
    assert result.loss == pytest.approx(nn.functional.cross_entropy(logits, val.labels).item(), rel=1e-5)
    assert result.accuracy == pytest.approx((logits.argmax(dim=1) == val.labels).double().mean().item())
    assert result.samples == len(val)


def test_accuracy_by_hand():
    """Three images, two classified correctly: 2/3, whatever the batches."""
    logits = torch.tensor([[2.0, 1.0], [0.0, 3.0], [5.0, 4.0]])
    labels = torch.tensor([0, 1, 1])
    result = run_epoch(nn.Identity(), [(logits[:2], labels[:2]), (logits[2:], labels[2:])])
    assert result.accuracy == pytest.approx(2 / 3)
    assert result.loss == pytest.approx(sum(math.log1p(math.exp(d)) for d in (-1, -3, 1)) / 3)


def test_a_step_is_gradient_descent():
    """One batch must move the weights by -lr × gradient, with the gradient (p - y)ᵀx / N worked out by hand."""
    model = nn.Linear(3, 2)
    before = model.weight.detach().clone()
    x, y = torch.randn(5, 3), torch.tensor([0, 1, 1, 0, 1])
    p = model(x).softmax(dim=1).detach()
    gradient = (p - nn.functional.one_hot(y)).T @ x / 5
    run_epoch(model, [(x, y)], optimizer=torch.optim.SGD(model.parameters(), lr=0.3))
    torch.testing.assert_close(model.weight.detach(), before - 0.3 * gradient)


def test_gradients_do_not_pile_up():
    """Two epochs of one batch must equal two separate steps: old gradients are cleared."""
    one = nn.Linear(3, 2)
    other = copy.deepcopy(one)
    batch = (torch.randn(5, 3), torch.tensor([0, 1, 1, 0, 1]))
    optimizer = torch.optim.SGD(one.parameters(), lr=0.3)
    for _ in range(2):
        run_epoch(one, [batch], optimizer=optimizer)
        gradients = torch.autograd.grad(nn.functional.cross_entropy(other(batch[0]), batch[1]), other.parameters())
        with torch.no_grad():
            for parameter, gradient in zip(other.parameters(), gradients, strict=True):
                parameter -= 0.3 * gradient
    torch.testing.assert_close(one.weight, other.weight)


def test_another_loss_is_used():
    """A loss that is asked for must be the one that is measured."""
    x, y = torch.randn(6, 2), torch.randint(2, (6,))

    def smooth(logits, labels):
        return nn.functional.cross_entropy(logits, labels, label_smoothing=0.2)

    assert run_epoch(nn.Identity(), [(x, y)], loss_fn=smooth).loss == pytest.approx(smooth(x, y).item())


def _with_memory() -> nn.Module:
    """A model that would change by itself in training mode: batch norm keeps running means, dropout draws."""
    return nn.Sequential(nn.Flatten(), nn.Linear(64, 8), nn.BatchNorm1d(8), nn.Dropout(0.5), nn.Linear(8, 3))


def test_evaluation_changes_nothing(loaders):
    """Measuring must leave weights, running means, gradients and train/eval mode as they were, and repeat exactly."""
    for mode in (True, False):
        model = _with_memory().train(mode)
        before = _state(model)
        assert run_epoch(model, loaders.val) == run_epoch(model, loaders.val)
        assert _same(_state(model), before)
        assert all(parameter.grad is None for parameter in model.parameters())
        assert all(module.training == mode for module in model.modules())


def test_mode_is_restored_after_an_error():
    """A model that fails must come back in the mode it was given in, and gradients must be switched on again."""
    for mode, learning in itertools.product((True, False), repeat=2):
        model = _Failing(nn.Linear(2, 2), error=ValueError("broken"), at=1, training=learning).train(mode)
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1) if learning else None
        with pytest.raises(ValueError, match="broken"):
            run_epoch(model, [(torch.rand(3, 2), torch.tensor([0, 1, 0]))], optimizer=optimizer)
        assert model.training == mode, (mode, learning)
        assert torch.is_grad_enabled()


def test_training_uses_training_mode():
    """Batch norm must learn its running mean while training, and only then."""
    model = nn.Sequential(nn.BatchNorm1d(2), nn.Linear(2, 2)).eval()
    x = torch.rand(6, 2) + 3
    run_epoch(model, [(x, torch.tensor([0, 1] * 3))], optimizer=torch.optim.SGD(model.parameters(), lr=0.1))
    torch.testing.assert_close(model[0].running_mean, 0.1 * x.mean(dim=0))


def test_nothing_to_pass_over_is_said():
    """Empty batches must be a clear line, not a division by zero."""
    with pytest.raises(TrainingError, match="no image"):
        run_epoch(nn.Linear(2, 2), [])


def test_labels_out_of_range_are_named():
    """Torch would fail without naming the label (on a GPU, the whole session)."""
    for label, learning in itertools.product((2, -1, 7), (True, False)):
        model = nn.Linear(2, 2)
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1) if learning else None
        before = _state(model)
        with pytest.raises(DataError, match=f"Label {label} of image 1 "):
            run_epoch(model, [(torch.rand(3, 2), torch.tensor([0, label, 1]))], optimizer=optimizer)
        assert _same(_state(model), before)


def test_a_label_out_of_range_in_training_puts_the_model_back():
    """A wrong label in the second batch must be named, and the half-trained model must be put back to its start."""
    good, bad = (torch.rand(4, 2), torch.tensor([0, 1, 0, 1])), (torch.rand(4, 2), torch.tensor([0, 1, 0, 5]))
    model = nn.Linear(2, 2)
    before = _state(model)
    with pytest.raises(DataError, match="Label 5 of image 3 "):
        _fit(model, _hand_made(train=[good, bad], val=[good]))
    assert _same(_state(model), before)


def test_a_model_with_the_wrong_number_of_outputs_is_refused(loaders):
    """Too few outputs, and too many as well, must be said with both shapes before anything is trained."""
    for outputs in (2, 4):
        model = models.perceptron(64, outputs)
        before = _state(model)
        with pytest.raises(ModelError) as caught:
            _fit(model, loaders)
        assert f"(32, {outputs})" in str(caught.value)
        assert "(32, 3)" in str(caught.value)
        assert _same(_state(model), before)


def test_a_model_whose_output_has_the_wrong_rank_is_refused(loaders):
    """Logits must be (N, K); anything else must be said with its shape."""
    for head in (nn.Unflatten(1, (3, 1)), nn.Flatten(0), nn.Unflatten(1, (1, 3))):
        model = nn.Sequential(models.perceptron(64, 3), head)
        with torch.no_grad():
            shape = tuple(model(next(iter(loaders.val))[0]).shape)
        with pytest.raises(ModelError, match=re.escape(str(shape))):
            _fit(model, loaders)
        with pytest.raises(ModelError, match=re.escape(str(shape))):
            run_epoch(model, loaders.val)


def test_checking_the_fit_changes_nothing(loaders):
    """The look at one batch before training must not train batch norm, nor change the mode."""
    model = _with_memory()
    before = _state(model)
    history = _fit(model, loaders, epochs=0)
    assert history == []
    assert model.training
    assert _same(_state(model), before)


def test_fit_learns_and_reports_each_epoch(few_digits, loaders):
    """A row for each epoch, accuracies as fractions, and the loss must fall."""
    history = _fit(models.perceptron(64, 3), loaders, epochs=4, lr=0.05)
    assert history.column("epoch") == [1, 2, 3, 4]
    assert history.column("lr") == [0.05] * 4
    assert history[-1]["train_loss"] < history[0]["train_loss"]
    assert all(0 <= row[f"{part}_accuracy"] <= 1 for row in history for part in ("train", "val"))
    assert all(row["seconds"] > 0 for row in history)
    assert history.best["val_accuracy"] >= 0.9  # three digits are easier than ten
    assert not history.stopped


def test_fit_never_touches_the_test_split(loaders):
    """Whoever looks at the test split while training chooses on it."""

    class Untouchable:
        def __iter__(self):
            raise AssertionError("the test split was read")

    without = data.Loaders(train=loaders.train, val=loaders.val, test=Untouchable(), classes=loaders.classes)
    assert len(_fit(models.perceptron(64, 3), without, epochs=1)) == 1


def test_fit_keeps_the_best_epoch_by_hand():
    """Of three scripted epochs with validation accuracy 1/4, 3/4, 1/4 the second must be in the model."""
    x = torch.rand(4, 1)
    loaders = _hand_made(train=[(x, torch.tensor([0, 1, 1, 1]))], val=[(x, torch.tensor([0, 0, 0, 1]))])
    model = _Bias()
    script = [[0.0, 1.0], [1.0, 0.0], [0.0, 2.0]]
    history = _fit(model, loaders, epochs=3, optimizer=_Scripted(model.bias, script))
    assert history.column("val_accuracy") == [0.25, 0.75, 0.25]
    assert history.best["epoch"] == 2
    assert model.bias.tolist() == [1.0, 0.0]


def test_fit_of_equals_keeps_the_lowest_loss_by_hand():
    """Three epochs equally accurate: the surest of them must be kept, not the first nor the last."""
    x = torch.rand(2, 1)
    batch = (x, torch.tensor([0, 0]))
    model = _Bias()
    history = _fit(
        model, _hand_made(train=[batch]), epochs=3, optimizer=_Scripted(model.bias, [[1, 0.0], [5, 0], [2, 0]])
    )
    assert history.column("val_accuracy") == [1.0] * 3
    assert history.best["epoch"] == 2
    assert model.bias.tolist() == [5.0, 0.0]


def test_the_model_after_fit_is_the_best_epoch(loaders):
    """Measured again, the model must have exactly the accuracy and loss that history.best reports."""
    for model in (models.perceptron(64, 3), _with_memory()):
        history = _fit(model, loaders, epochs=5, lr=1.0)
        again = run_epoch(model, loaders.val)
        assert again.accuracy == history.best["val_accuracy"] == max(history.column("val_accuracy"))
        assert again.loss == pytest.approx(history.best["val_loss"])
        assert model.training


def test_the_seed_decides_the_history(loaders):
    """The same seed must give the same figures, another seed others; else no result of a lesson can be repeated."""
    start = _with_memory()

    def figures(seed):
        torch.rand(seed + 1)  # what was drawn before must not matter
        return _figures(_fit(copy.deepcopy(start), loaders, epochs=2, seed=seed))

    assert figures(3) == figures(3)
    assert figures(3) != figures(4)


def test_fit_leaves_the_global_random_numbers_alone(loaders):
    """What a student draws after training must not depend on having trained."""
    model, before = _with_memory(), torch.get_rng_state()
    _fit(model, loaders, epochs=1)
    assert torch.equal(torch.get_rng_state(), before)


def test_fit_is_silent_without_a_bar(loaders, capsys):
    """progress=False must print nothing; the bar must not be on standard output, which the lessons compare."""
    _fit(models.perceptron(64, 3), loaders, epochs=1)
    assert capsys.readouterr() == ("", "")
    _fit(models.perceptron(64, 3), loaders, epochs=1, progress=True)
    out, err = capsys.readouterr()
    assert out == ""
    assert "epoch 1 of 1" in err


def test_fit_uses_the_optimizer_it_is_given(loaders):
    """Another optimizer must be the one that steps: one that never steps leaves the start."""
    model = models.perceptron(64, 3)
    before = _state(model)
    history = _fit(model, loaders, epochs=2, lr=9.0, optimizer=torch.optim.SGD(model.parameters(), lr=0.0))
    assert _same(_state(model), before)
    assert history.column("lr") == [0.0, 0.0]


def test_interrupted_in_the_third_epoch(loaders, capsys):
    """Two whole epochs must come back, the model must hold the best of them, and one line must say so."""
    twin = models.perceptron(64, 3)
    model = _Failing(copy.deepcopy(twin), error=KeyboardInterrupt(), at=2 * len(loaders.train) + 3)
    history = _fit(model, loaders, epochs=10, lr=1.0)
    expected = _fit(twin, loaders, epochs=2, lr=1.0)
    assert _figures(history) == _figures(expected)
    assert "3" in history.stopped
    assert _same(model.model.state_dict(), twin.state_dict())
    assert run_epoch(model, loaders.val).accuracy == history.best["val_accuracy"]
    line = capsys.readouterr().out
    assert line.count("\n") == 1
    assert f"{history.best['val_accuracy']:.3f}" in line


def test_interrupted_in_the_first_epoch(loaders, capsys):
    """No whole epoch: an empty history that says why, finite weights, and no error."""
    for at in (1, 4):
        model = _Failing(models.perceptron(64, 3), error=KeyboardInterrupt(), at=at)
        before = _state(model)
        history = _fit(model, loaders, epochs=10)
        assert history == []
        assert "1" in history.stopped
        assert all(value.isfinite().all() for value in model.state_dict().values())
        assert _same(_state(model), before) == (at == 1)  # the batches that were learned from stay learned
        assert model.training
        assert capsys.readouterr().out.count("\n") == 1


def test_interrupted_while_validating(loaders):
    """An epoch counts only when it was measured."""
    batches = len(loaders.val)  # and one batch is looked at before training
    model = _Failing(models.perceptron(64, 3), error=KeyboardInterrupt(), at=1 + batches + 1, training=False)
    history = _fit(model, loaders, epochs=10)
    assert history.column("epoch") == [1]
    assert "2" in history.stopped


def test_a_huge_learning_rate_is_named(few_digits):
    """Divergence must end in advice that names a smaller rate, the epochs before, and a model with finite weights."""
    for batch_size, lr in itertools.product((32, 10_000), (1e30, 1e38)):  # many batches, and one batch an epoch
        model = models.mlp(64, 3)
        with pytest.raises(TrainingError) as caught:
            _fit(model, data.make_loaders(few_digits, batch_size=batch_size), lr=lr)
        numbers = [float(number) for number in re.findall(r"\d+(?:\.\d+)?e\+\d+", str(caught.value))]
        assert any(number < lr for number in numbers), caught.value
        assert "\n" not in str(caught.value)
        assert isinstance(caught.value.history, History)
        assert all(math.isfinite(row["val_loss"]) for row in caught.value.history)
        assert all(value.isfinite().all() for value in model.state_dict().values())
        assert model.training


def test_divergence_puts_back_the_best_epoch():
    """After two good epochs and a NaN, the error must hold both and the model the better one."""
    x = torch.rand(2, 1)
    loaders = _hand_made(train=[(x, torch.tensor([0, 1]))], val=[(x, torch.tensor([0, 0]))])
    model = _Bias()
    script = [[1.0, 0.0], [0.0, 1.0], [math.nan, 0.0]]
    with pytest.raises(TrainingError) as caught:
        _fit(model, loaders, epochs=5, optimizer=_Scripted(model.bias, script))
    assert caught.value.history.column("val_accuracy") == [1.0, 0.0]
    assert model.bias.tolist() == [1.0, 0.0]


def test_nan_in_the_images_is_suspected():
    """With a broken image no learning rate helps: the message must point at the data too."""
    batch = (torch.full((2, 2), math.nan), torch.tensor([0, 1]))
    model = nn.Linear(2, 2)
    with pytest.raises(TrainingError, match="NaN in the images"):
        run_epoch(model, [batch], optimizer=torch.optim.SGD(model.parameters(), lr=0.1))


def test_measuring_reports_nan_as_it_is():
    """Measuring must neither hide a NaN nor stop at it: the loss of a broken batch is NaN."""
    batch = (torch.full((2, 2), math.nan), torch.tensor([0, 1]))
    assert math.isnan(run_epoch(nn.Linear(2, 2), [batch]).loss)


def test_history_best_and_column():
    """The highest accuracy, then the lowest loss, whatever the order."""
    rows = [(1, 0.5, 0.1), (2, 0.8, 0.9), (3, 0.8, 0.4), (4, 0.7, 0.0)]
    history = History({"epoch": e, "val_accuracy": a, "val_loss": loss} for e, a, loss in rows)
    assert history.best["epoch"] == 3
    assert history.column("val_loss") == [0.1, 0.9, 0.4, 0.0]


def test_ten_digits_are_learned(digits):
    """The lesson promises accuracy 0.90 for a perceptron and 0.95 with a hidden layer, with the defaults of `fit`."""
    for make, floor in ((models.perceptron, 0.90), (models.mlp, 0.95)):
        assert _fit(make(64, 10), data.make_loaders(digits)).best["val_accuracy"] >= floor, make


class _ThreeHeads(nn.Module):
    """A classifier and two auxiliary heads that answer in training mode only, as GoogLeNet does."""

    def __init__(self):
        super().__init__()
        self.heads = nn.ModuleList(nn.Linear(4, 3) for _head in range(3))

    def forward(self, x):
        main, *auxiliary = (head(x) for head in self.heads)
        return (main, *auxiliary) if self.training else main


def test_auxiliary_losses_count_three_tenths():
    """Loss and step by hand: the classifier's loss in full, each helper's times 0.3; accuracy is the classifier's."""
    model = _ThreeHeads()
    before = _state(model)
    x, y = torch.randn(6, 4), torch.randint(3, (6,))
    result = run_epoch(model, [(x, y)], optimizer=torch.optim.SGD(model.parameters(), lr=0.5))
    expected = 0.0
    for index, weight in enumerate((1.0, 0.3, 0.3)):
        kernel, bias = before[f"heads.{index}.weight"], before[f"heads.{index}.bias"]
        p = (x @ kernel.T + bias).softmax(dim=1)
        expected -= weight * p[torch.arange(6), y].log().mean().item()
        gradient = weight * (p - nn.functional.one_hot(y, 3)).T @ x / 6
        torch.testing.assert_close(model.heads[index].weight.detach(), kernel - 0.5 * gradient)
    logits = x @ before["heads.0.weight"].T + before["heads.0.bias"]
    assert result.loss == pytest.approx(expected, rel=1e-5)
    assert result.accuracy == pytest.approx((logits.argmax(dim=1) == y).double().mean().item())


def test_auxiliary_heads_do_not_count_in_evaluation():
    """Validation losses with and without them must be comparable."""
    model = _ThreeHeads()
    x, y = torch.randn(6, 4), torch.randint(3, (6,))
    expected = nn.functional.cross_entropy(model.heads[0](x), y).item()
    assert run_epoch(model, [(x, y)]).loss == pytest.approx(expected, rel=1e-5)


def test_googlenet_trains_with_its_auxiliary_heads():
    """Its own kind of tuple must be understood; all three heads learn; evaluation gives the classifier's loss."""
    model = models.create("googlenet", num_classes=3, aux_logits=True)
    before = _state(model)
    batch = (torch.rand(4, 3, 64, 64), torch.tensor([0, 1, 2, 0]))
    torch.manual_seed(1)  # dropout draws the same twice
    losses = [nn.functional.cross_entropy(logits, batch[1]).item() for logits in model.train()(batch[0])]
    model.load_state_dict(before)
    torch.manual_seed(1)
    result = run_epoch(model, [batch], optimizer=torch.optim.SGD(model.parameters(), lr=0.01))
    assert result.loss == pytest.approx(losses[0] + 0.3 * (losses[1] + losses[2]), rel=1e-4)
    for name in ("fc.weight", "aux1.fc2.weight", "aux2.fc2.weight", "conv1.conv.weight"):
        assert not torch.equal(model.state_dict()[name], before[name]), name
    expected = nn.functional.cross_entropy(model.eval()(batch[0]), batch[1]).item()
    assert run_epoch(model, [batch]).loss == pytest.approx(expected, rel=1e-4)


def test_tuples_in_eval_mode_are_trained_on(loaders):
    """A network that always returns its auxiliary logits trains, and other outputs are one line."""

    class Heads(nn.Module):
        def __init__(self, output):
            super().__init__()
            self.model, self.output = models.perceptron(64, 3), output

        def forward(self, images):
            return self.output(self.model(images))

    model = Heads(lambda logits: (logits, logits))
    history = _fit(model, loaders, epochs=1)
    assert history[0]["val_loss"] == pytest.approx(run_epoch(model, loaders.val).loss)
    for output in (lambda logits: {"logits": logits}, lambda logits: (logits, {}), lambda _logits: None):
        with pytest.raises(ModelError, match="must be a tensor of logits"):
            _fit(Heads(output), loaders, epochs=1)


@each_case("learning", [True, False])
def test_every_module_keeps_its_mode(learning):
    """A dropout in eval mode inside a model in train mode, or the other way round, is so after a pass, too."""
    for mode in (True, False):
        model = nn.Sequential(nn.Linear(2, 2), nn.Dropout())
        model.train(mode)[1].train(not mode)
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1) if learning else None
        run_epoch(model, [(torch.rand(3, 2), torch.tensor([0, 1, 0]))], optimizer=optimizer)
        assert [module.training for module in model.modules()] == [mode, mode, not mode]


def test_the_schedule_sets_the_rate_of_every_step(loaders):
    """Each step must use the schedule's rate at that moment, and a group its factor of it."""
    model = models.perceptron(64, 3)
    optimizer = training.make_optimizer(model, lr=0.1)
    optimizer.param_groups[1]["factor"] = 10
    used = []
    optimizer.register_step_post_hook(lambda each, *_args: used.append([group["lr"] for group in each.param_groups]))
    schedule = training.schedules.cosine(0.1, epochs=2)
    _fit(model, loaders, epochs=2, optimizer=optimizer, schedule=schedule)
    steps = len(loaders.train)
    assert len(used) == 2 * steps
    for step, (weights, biases) in enumerate(used):
        assert weights == pytest.approx(schedule(step / steps))
        assert biases == pytest.approx(10 * weights)


def test_a_given_optimizer_is_handed_back_without_our_hook(loaders):
    """Used again by the student, its learning rate must not follow a schedule that is over."""
    model = models.perceptron(64, 3)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    _fit(model, loaders, epochs=1, optimizer=optimizer, schedule=training.schedules.constant(0.3))
    optimizer.param_groups[0]["lr"] = 0.7
    optimizer.step()
    assert optimizer.param_groups[0]["lr"] == 0.7


def test_clipping_shortens_long_gradients_only(loaders):
    """A bound below every gradient: each step of plain SGD is then lr × bound long. A huge bound changes nothing."""
    before, after = models.perceptron(64, 3), None
    start = _state(before)
    one = data.Loaders(train=list(loaders.train)[:1], val=loaders.val, test=[], classes=loaders.classes)
    for norm, expected in ((0.01, 0.1 * 0.01), (1e9, None)):
        after = models.perceptron(64, 3)
        after.load_state_dict(start)
        _fit(after, one, epochs=1, max_grad_norm=norm, optimizer=torch.optim.SGD(after.parameters(), lr=0.1))
        moved = torch.cat([(value - start[name]).flatten() for name, value in after.state_dict().items()]).norm()
        assert expected is None or moved.item() == pytest.approx(expected, rel=1e-3)
    plain = models.perceptron(64, 3)
    plain.load_state_dict(start)
    _fit(plain, one, epochs=1, optimizer=torch.optim.SGD(plain.parameters(), lr=0.1))
    assert _same(plain.state_dict(), after.state_dict())


def test_interrupted_while_the_best_weights_are_copied(loaders, monkeypatch):
    """An epoch whose weights could not be kept must not be the best of the history."""
    copied = []

    def copy_of(model):
        copied.append(1)
        if len(copied) == 3:  # the initial weights, epoch 1, epoch 2
            raise KeyboardInterrupt
        return copy.deepcopy(model.state_dict())

    monkeypatch.setattr("imgcls_course.training.run._copy_of_weights", copy_of)
    model = models.perceptron(64, 3)
    history = _fit(model, loaders, epochs=3, lr=0.01)  # slow, so that each epoch is better than the one before
    assert len(copied) == 3
    assert history.stopped
    assert run_epoch(model, loaders.val).loss == pytest.approx(history.best["val_loss"])


@each_case(("at", "said"), [(1, "interrupted after epoch 1"), (2, "interrupted after epoch 2")])
def test_interrupted_after_an_epoch_says_which(loaders, at, said):
    """Ctrl-C in on_epoch_end comes after the epoch, not in the next one, which may not exist."""

    def interrupt(history):
        if len(history) == at:
            raise KeyboardInterrupt

    history = _fit(models.perceptron(64, 3), loaders, epochs=2, on_epoch_end=interrupt)
    assert (len(history), history.stopped) == (at, said)


def test_interrupted_while_the_first_batch_is_checked(loaders):
    """Ctrl-C during the checks is no error either."""
    model = _Failing(models.perceptron(64, 3), error=KeyboardInterrupt(), at=1, training=False)
    assert _fit(model, loaders, epochs=2).stopped == "interrupted in epoch 1"


def test_patience_ends_what_gets_no_better(loaders, capsys):
    """With a learning rate of 0 nothing improves: the first epoch stays the best, and two more are waited for."""
    history = _fit(models.perceptron(64, 3), loaders, epochs=20, lr=0.0, patience=2)
    assert len(history) == 3
    assert history.stopped == "no improvement for 2 epochs"
    assert "Training stopped (no improvement for 2 epochs)" in capsys.readouterr().out


def test_patience_counts_from_the_best(few_digits):
    """Where each epoch is better than the one before, patience must not end anything."""
    model = _Bias()
    labels = torch.tensor([0, 0, 0, 1])
    images = torch.zeros(4, 1)
    script = [(0.0, 1.0), (0.0, 0.5), (1.0, 0.0), (2.0, 0.0), (3.0, 0.0)]
    loaders = _hand_made(train=[(images, labels)])
    history = _fit(model, loaders, epochs=5, optimizer=_Scripted(model.bias, script), patience=2)
    assert len(history) == 5


def test_label_smoothing_is_torchs_and_for_training_only(loaders):
    """The training loss must be torch's smoothed cross-entropy; validation stays the plain one."""
    model = models.perceptron(64, 3)
    batches = list(loaders.train)
    history = _fit(model, _hand_made(train=batches, classes=loaders.classes), epochs=1, lr=0.0, label_smoothing=0.2)
    logits = torch.cat([model(images) for images, _labels in batches])
    labels = torch.cat([labels for _images, labels in batches])
    smooth = nn.functional.cross_entropy(logits, labels, label_smoothing=0.2).item()
    assert history[0]["train_loss"] == pytest.approx(smooth, rel=1e-5)
    assert history[0]["val_loss"] == pytest.approx(nn.functional.cross_entropy(logits, labels).item(), rel=1e-5)


def test_mixup_trains_on_mixtures(loaders):
    """The network must get images that are not in the data, and still learn; the same seed mixes alike."""
    seen = []

    class Watching(nn.Module):
        def __init__(self):
            super().__init__()
            self.model = models.perceptron(64, 3)

        def forward(self, images):
            if self.training:
                seen.append(images)
            return self.model(images)

    torch.manual_seed(0)
    model = Watching()
    start = _state(model)
    first = _fit(model, loaders, epochs=4, mixup=0.4)
    originals = {tuple(image.flatten().tolist()) for images, _labels in loaders.train for image in images}
    mixed = [tuple(image.flatten().tolist()) not in originals for images in seen for image in images]
    assert sum(mixed) / len(mixed) > 0.5
    assert first.best["val_accuracy"] > 0.9
    model.load_state_dict(start)
    assert _figures(_fit(model, loaders, epochs=4, mixup=0.4)) == _figures(first)


def test_mixup_takes_labels_of_bytes(loaders):
    """As training without it does; probabilities and labels out of range are one line."""
    images, labels = next(iter(loaders.val))
    for wrong, said in (
        (None, None),
        (nn.functional.one_hot(labels, 3).float(), "the labels are float32"),
        (labels + 1, "out of range"),
    ):
        given = _hand_made(train=[(images, labels.byte() if wrong is None else wrong)], val=[(images, labels)])
        given = data.Loaders(train=given.train, val=given.val, test=[], classes=loaders.classes)
        if said is None:
            assert len(_fit(models.perceptron(64, 3), given, epochs=1, mixup=0.2)) == 1
        else:
            with pytest.raises(DataError, match=said):
                _fit(models.perceptron(64, 3), given, epochs=1, mixup=0.2)


def test_mixed_labels_count_by_their_largest_part():
    """Probabilities as labels: loss by torch, accuracy by the most probable class."""
    logits = torch.tensor([[2.0, 1.0], [0.0, 3.0], [5.0, 4.0]])
    labels = torch.tensor([[0.7, 0.3], [0.6, 0.4], [1.0, 0.0]])
    result = run_epoch(nn.Identity(), [(logits, labels)])
    assert result.accuracy == pytest.approx(2 / 3)
    assert result.loss == pytest.approx(nn.functional.cross_entropy(logits, labels).item())


def test_reduced_precision_learns_as_much(few_digits):
    """Weights stay float32, so small steps are not lost: the accuracy must be that of float32, nearly."""
    loaders = data.make_loaders(few_digits, batch_size=32)
    found = {}
    for name in ("float32", "bfloat16", "auto"):
        torch.manual_seed(0)
        model = models.create("convnet", num_classes=3, in_channels=1)
        found[name] = _fit(model, loaders, epochs=3, lr=0.05, precision=name).best["val_accuracy"]
        assert {parameter.dtype for parameter in model.parameters()} == {torch.float32}
        assert found[name] == pytest.approx(found["float32"], abs=0.05), name


def test_float32_is_the_default(loaders, monkeypatch):
    """Lessons have to print the same on every processor, also on those that are faster in bfloat16."""
    monkeypatch.setattr(runtime, "_cpu_has_bfloat16", lambda: True)
    dtypes = set()
    model = models.perceptron(64, 3)
    model.register_forward_hook(lambda _model, _inputs, logits: dtypes.add(logits.dtype))
    _fit(model, loaders, epochs=1)
    assert dtypes == {torch.float32}


def test_on_epoch_gets_the_history_so_far(loaders):
    """A log has to be written while training goes on, not after."""
    lengths = []
    _fit(models.perceptron(64, 3), loaders, epochs=3, on_epoch_end=lambda history: lengths.append(len(history)))
    assert lengths == [1, 2, 3]


def test_what_is_no_model_or_no_loaders_is_one_line(few_digits, loaders):
    """Splits instead of loaders, one split, the two swapped, a name: said before anything else."""
    model = models.perceptron(64, 3)
    for given, line in [
        ((model, few_digits), r"data\.make_loaders\(splits, …\)"),
        ((model, loaders.train), "got ImageLoader, which has no train, val, classes"),
        ((model, few_digits.train), "got ImageTensors, which has no train, val"),
        ((loaders, model), "must be a model .* got Loaders"),
        (("resnet18", loaders), "must be a model .* got str"),
    ]:
        with pytest.raises(TrainingError, match=line) as caught:
            _fit(*given)
        assert "\n" not in str(caught.value)
    for function in (training.extract_features, training.linear_probe):
        with pytest.raises(TrainingError, match="not splits"):
            function(model, few_digits)


def test_epochs_are_whole(loaders):
    """A fraction, a text, less than none: one line and no training."""
    for epochs in (1.5, "3", -1, None, True):
        with pytest.raises(TrainingError, match="epochs must be a whole number"):
            _fit(models.perceptron(64, 3), loaders, epochs=epochs, on_epoch_end=pytest.fail)


def test_a_history_without_epochs_says_so():
    """Nothing was completed: no best epoch, and a summary that says it."""
    with pytest.raises(TrainingError, match="no epoch was completed"):
        History().best  # noqa: B018
    assert History().summary() == "No epoch was completed."
