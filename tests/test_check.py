"""The checks of the exercises: right answers pass, each mistake gets its hint, and nothing an answer does escapes."""

import inspect
import json
import math
import re
import sys
import threading
import time
from itertools import pairwise

import numpy as np
import pytest
import torch
from torch import nn
from torchvision.models._utils import _make_divisible
from torchvision.transforms import v2

from imgcls_course import check, data, models, training
from imgcls_course.check import guard
from imgcls_course.check.compare import brief
from imgcls_course.errors import ExerciseError

ALL = list(check.EXERCISES.values())
FUNCTIONS = [exercise for exercise in ALL if callable(exercise.reference)]
MISTAKES = [(exercise, number) for exercise in ALL for number in range(len(exercise.mistakes))]
LONGEST_LINE = 400  # characters; a verdict has two lines

each = pytest.mark.parametrize("exercise", ALL, ids=lambda exercise: exercise.name)
each_function = pytest.mark.parametrize("exercise", FUNCTIONS, ids=lambda exercise: exercise.name)
CHANGEABLE = [
    exercise
    for exercise in FUNCTIONS
    if isinstance(exercise.inputs(np.random.default_rng(0))[0][0], torch.Tensor | list)
]
each_with_changeable_inputs = pytest.mark.parametrize("exercise", CHANGEABLE, ids=lambda exercise: exercise.name)


@pytest.fixture
def impatient(monkeypatch):
    """Break answers off after a quarter of a second, so that many can be tried."""
    monkeypatch.setitem(guard.call_all.__kwdefaults__, "limit_s", 0.25)


def _inputs(exercise, seed=0) -> list[tuple]:
    return exercise.inputs(np.random.default_rng(seed))


def _key(arguments: tuple) -> str:
    return repr([a.tolist() if isinstance(a, torch.Tensor) else a for a in arguments])


def _pattern(says: str) -> str:
    """What a message looks like once {call} and {got} are filled in."""
    return ".+".join(re.escape(part) for part in re.split(r"\{call\}|\{got\}", says))


def _answers_with(exercise, value):
    """Make an answer that gives `value` whatever it gets: a function where one is asked for."""
    return (lambda *arguments: value) if callable(exercise.reference) else value


def _checked(exercise, answer, capsys) -> check.Verdict:
    """Check an answer as a student does: nothing may be raised, and only the verdict may be printed."""
    capsys.readouterr()
    verdict = exercise(answer, remember=False)
    assert capsys.readouterr() == (f"{verdict}\n", "")
    first, *rest = str(verdict).split("\n")
    assert first.startswith(("○ ", "✗ ", "✔ "))
    assert f" {exercise.name}: " in first
    assert len(rest) <= 1
    assert max(map(len, (first, *rest))) <= LONGEST_LINE
    return verdict


@each
def test_an_exercise_is_complete(exercise):
    """Points, minutes and difficulty are what the lesson prints; two mistakes at least make a check that teaches."""
    assert exercise.name.isidentifier()
    assert re.fullmatch(r"\d\d", exercise.lesson)
    assert len(exercise.mistakes) >= 2
    assert 1 <= exercise.points <= 5
    assert 1 <= exercise.minutes <= 30
    assert exercise.difficulty in (1, 2, 3)
    texts = [exercise.first_hint, exercise.hint, *(mistake.hint for mistake in exercise.mistakes)]
    assert all(text.strip() and "\n" not in text for text in texts)


def test_names_are_unique_and_reachable():
    """Two exercises of one name would overwrite each other's progress."""
    names = [exercise.name for lesson in check.LESSONS for exercise in lesson.EXERCISES]
    assert len(names) == len(set(names)) == len(check.EXERCISES)
    for name in names:
        assert getattr(check, name) is check.EXERCISES[name]
        assert name in dir(check)


@each
def test_dots_are_not_attempted(exercise):
    """The starter `...` must not be called wrong, and must get the first hint."""
    for answer in (..., None):
        verdict = exercise.judge(answer)
        assert (verdict.status, verdict.hint) == ("open", exercise.first_hint)
        assert not verdict.passed
    assert exercise().status == "open"


@each_function
@pytest.mark.parametrize(
    "body", ["...", "...          # your code here", "pass", '"""Say what it does."""', '"""Do it."""\n    ...']
)
def test_a_blank_function_is_not_attempted(exercise, body):
    """The starter of the lesson, with the exercise's own arguments, must not be called wrong."""
    arguments = ", ".join(inspect.signature(exercise.reference).parameters)
    space = {}
    exec(f"def starter({arguments}):\n    {body}\n", space)
    assert exercise.judge(space["starter"]).status == "open"


@each_function
def test_an_answer_that_is_a_constant_was_attempted(exercise):
    """Who returns a number has written something: saying `not attempted` would send them looking for a ghost."""
    arguments = ", ".join(inspect.signature(exercise.reference).parameters)
    for constant in ("0", "0.5", "True", "'later'"):
        for code in (f"attempt = lambda {arguments}: {constant}", f"def attempt({arguments}):\n    return {constant}"):
            space = {}
            exec(code, space)
            assert exercise.judge(space["attempt"], seed=0).status == "wrong", code


@each
@pytest.mark.parametrize("seed", range(5))
def test_the_reference_passes(exercise, seed):
    """The solution of the lesson must be accepted, whatever random inputs are drawn."""
    verdict = exercise.judge(exercise.reference, seed=seed)
    assert verdict.passed
    assert verdict.hint == ""


ANOTHER_WAY = {
    "training_pictures": lambda: len(data.load("digits").train),
    "brightness": lambda: lambda image: image.sum() / image.numel(),
    "to_unit_range": lambda: lambda pixels: torch.tensor(np.asarray(pixels) / np.float32(255)),
    "neuron": lambda: lambda x, w, b: nn.functional.linear(x, w[None], b[None])[0],
    "softmax": lambda: lambda z: (z - z.logsumexp(dim=-1, keepdim=True)).exp(),
    "cross_entropy": lambda: lambda logits, labels: nn.functional.nll_loss(logits.log_softmax(dim=1), labels),
    "logit_gradient": lambda: _autograd,
    "count_parameters": lambda: _count_built,
    "map_size": lambda: _pooled_size,
    "head_parameters": lambda: _head_built,
    "gap_logits": lambda: _pooled_by_layers,
    "class_activation_map": lambda: lambda maps, weight, label: torch.tensordot(weight[label], maps, dims=1),
    "stack_depth": lambda: lambda n: len([1, *(1 for _conv in range(3 * n * 2)), 1]),
    "residual_output": lambda: lambda x, fx: (x + fx).clamp(min=0),
    "pad_shortcut": lambda: _padded,
    "bottleneck_weights": lambda: _bottleneck_built,
    "stacked_channels": lambda: _stacked,
    "conv_multiply_adds": lambda: _counted_multiply_adds,
    "pointwise": lambda: lambda x, weight: nn.functional.conv2d(x, weight[:, :, None, None]),
    "inception_weights": lambda: _inception_built,
    "loss_with_auxiliary": lambda: _weighed_losses,
    "top5_error": lambda: _ranked_below_five,
    "output_size": lambda: _slid,
    "receptive_field": lambda: _seen_backwards,
    "stack_parameters": lambda: _stack_built,
    "to_tensor": lambda: lambda array: v2.functional.to_dtype(array.movedim(-1, 0), torch.float32, scale=True),
    "denormalize": lambda: lambda image, mean, std: torch.stack([image[c] * std[c] + mean[c] for c in range(3)]),
    "label_of": lambda: lambda name: name[: name.index(".")],
    "letterbox_size": lambda: _fitted,
    "leaked": lambda: lambda train, test: {name for name in train if name in test},
    "weighted_mean": lambda: lambda losses, sizes: float(np.average(losses, weights=sizes)),
    "sgd_momentum_step": lambda: _torchs_sgd,
    "warm_up_cosine": lambda: _torchs_warm_up_cosine,
    "early_stopping": lambda: _stopped,
    "new_head": lambda: _wrapped_head,
    "trainable_parameters": lambda: _length_of_what_learns,
    "freeze_body": lambda: _frozen_whole_then_thawed,
    "two_rates": lambda: _groups_by_subtraction,
    "cost_factor": lambda: lambda d, w, r: math.exp(math.log(d) + 2 * math.log(w) + 2 * math.log(r)),
    "scaling_factors": lambda: lambda phi: tuple(math.exp(phi * math.log(each)) for each in (1.2, 1.1, 1.15)),
    "phi_for_budget": lambda: lambda times: math.log(times, 1.2 * 1.1 * 1.1 * 1.15 * 1.15),
    "rounded_channels": lambda: lambda channels: _make_divisible(channels, 8),
    "separable_weights": lambda: _count_separable,
    "part_of_batch": lambda: lambda batch, rank, count: [x for i, x in enumerate(batch) if i % count == rank],
    "joint_gradient": lambda: lambda gradients, sizes: gradients.repeat_interleave(sizes, dim=0).mean(dim=0),
    "ring_bytes": lambda: lambda parameters, p: sum(4 * parameters / p for _chunk in range(2 * (p - 1))),
    "amdahl": lambda: lambda serial, processes: processes / (serial * processes + 1 - serial),
}


def _pooled_size(image_size, poolings):
    pool = nn.Sequential(*[nn.MaxPool2d(2)] * poolings)
    return pool(torch.zeros(1, 1, image_size, image_size)).shape[-1]


def _head_built(channels, height, width, classes):
    head = nn.Sequential(nn.Flatten(), nn.LazyLinear(classes))
    head(torch.zeros(1, channels, height, width))
    return models.parameters(head)


def _pooled_by_layers(maps, weight, bias):
    return nn.functional.linear(nn.AdaptiveAvgPool2d(1)(maps).flatten(1), weight, bias)


def _padded(x, more):
    kept = x[:, :, ::2, ::2]
    return torch.cat([kept, kept.new_zeros(len(x), more, *kept.shape[2:])], dim=1)


def _bottleneck_built(channels, middle):
    convs = nn.Conv2d(channels, middle, 1), nn.Conv2d(middle, middle, 3), nn.Conv2d(middle, channels, 1)
    return sum(conv.weight.numel() for conv in convs)


def _stacked(in_channels, modules):
    for c1, c3, c5 in modules:
        in_channels = models.NaiveInception(in_channels, c1=c1, c3=c3, c5=c5).out_channels
    return in_channels


def _counted_multiply_adds(in_channels, out_channels, kernel_size, map_size):
    conv = nn.Conv2d(in_channels, out_channels, kernel_size, padding="same", device="meta")
    return models.multiply_adds(conv, map_size)


def _inception_built(in_channels, c1, c3, c5, pool):
    module = models.Inception(in_channels, c1=c1, c3=c3, c5=c5, pool=pool)
    return sum(part.weight.numel() for part in module.modules() if isinstance(part, nn.Conv2d))


def _weighed_losses(logits, auxiliary, labels):
    losses = torch.stack([nn.functional.cross_entropy(each, labels) for each in (logits, *auxiliary)])
    return losses @ torch.tensor([1.0] + [0.3] * len(auxiliary))


def _ranked_below_five(scores, labels):
    own = scores.gather(1, labels[:, None])
    return ((scores > own).sum(dim=1) >= 5).double().mean()


def _slid(size, kernel_size, stride, padding, dilation):
    conv = nn.Conv2d(1, 1, kernel_size, stride=stride, padding=padding, dilation=dilation, device="meta")
    return conv(torch.empty(1, 1, size, size, device="meta")).shape[-1]


def _seen_backwards(layers):
    seen = 1
    for kernel, stride in reversed(layers):
        seen = (seen - 1) * stride + kernel
    return seen


def _stack_built(layers, kernel_size, channels):
    convs = [nn.Conv2d(channels, channels, kernel_size, device="meta") for _layer in range(layers)]
    return sum(parameter.numel() for conv in convs for parameter in conv.parameters())


def _torchs_sgd(w, g, v, lr, momentum, weight_decay):
    weights = w.clone().requires_grad_()
    optimizer = torch.optim.SGD([weights], lr=lr, momentum=momentum, weight_decay=weight_decay)
    optimizer.state[weights]["momentum_buffer"] = v.clone()
    weights.grad = g.clone()
    optimizer.step()
    return weights.detach(), optimizer.state[weights]["momentum_buffer"]


def _torchs_warm_up_cosine(epoch, lr, warm, epochs):
    return training.schedules.warm_up(training.schedules.cosine(lr, epochs=epochs - warm), epochs=warm)(epoch)


def _stopped(losses, patience):
    for trained in range(1, len(losses) + 1):
        best = int(np.argmin(losses[:trained])) + 1
        if trained - best >= patience:
            break
    return trained, best


def _wrapped_head(model, name, num_classes):
    *parents, last = name.split(".")
    layer = nn.Linear(model.get_parameter(f"{name}.weight").shape[1], num_classes)
    model.get_submodule(".".join(parents))._modules[last] = layer
    return model


def _frozen_whole_then_thawed(model, head):
    model.requires_grad_(False)
    model.get_submodule(head).requires_grad_(True)
    return model


def _length_of_what_learns(model):
    learning = [parameter.detach().flatten() for parameter in model.parameters() if parameter.requires_grad]
    return len(torch.cat(learning)) if learning else 0


def _groups_by_subtraction(model, head, lr):
    last = [parameter for parameter in model.get_submodule(head).parameters() if parameter.requires_grad]
    taken = {id(parameter) for parameter in last}
    rest = (each for each in model.parameters() if each.requires_grad and id(each) not in taken)
    return ({"lr": lr, "params": rest}, {"lr": lr * 10, "params": last})


def _fitted(height, width, size):
    if height >= width:
        return size, max(1, round(width * size / height))
    return max(1, round(height * size / width)), size


def _autograd(logits, labels):
    logits.requires_grad_()
    nn.functional.cross_entropy(logits, labels).backward()
    return logits.grad


def _count_separable(c_in, c_out, k):
    layers = nn.Conv2d(c_in, c_in, k, groups=c_in, bias=False), nn.Conv2d(c_in, c_out, 1, bias=False)
    return sum(layer.weight.numel() for layer in layers)


def _count_built(sizes):
    layers = [nn.Linear(n_in, n_out) for n_in, n_out in pairwise(sizes)]
    return sum(parameter.numel() for layer in layers for parameter in layer.parameters())


@each
@pytest.mark.parametrize("seed", range(3))
def test_a_right_answer_written_another_way_passes(exercise, seed):
    """An independent way to the same result is right: it proves the reference, and that no style is asked for."""
    verdict = exercise.judge(ANOTHER_WAY[exercise.name](), seed=seed)
    assert verdict.passed, verdict


def test_parameters_are_those_of_the_lessons_networks():
    """The exercise counts what `models` builds."""
    count = sum(parameter.numel() for parameter in models.mlp(64, 10, hidden=32).parameters())
    assert check.count_parameters.reference([64, 32, 10]) == count


def test_built_in_functions_and_objects_can_be_answers():
    """A function of torch, or an object that can be called, has no code to look at and is an answer all the same."""
    assert check.brightness.judge(torch.mean).passed
    assert check.softmax.judge(nn.Softmax(dim=-1)).passed


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize(
    ("exercise", "number"), MISTAKES, ids=[f"{exercise.name}-{number}" for exercise, number in MISTAKES]
)
def test_each_mistake_gets_its_own_hint(exercise, number, seed):
    """A student who makes a typical mistake must be told this mistake, and no other, whatever inputs are drawn."""
    mistake = exercise.mistakes[number]
    verdict = exercise.judge(mistake.answer, seed=seed)
    assert verdict.status == "wrong"
    assert verdict.hint == mistake.hint
    assert re.fullmatch(_pattern(mistake.says), verdict.message), verdict.message


@each
def test_a_wrong_answer_like_no_mistake_gets_the_general_hint(exercise):
    """A hint for another mistake would mislead."""
    answer = _answers_with(exercise, -12345)
    verdict = exercise.judge(answer, seed=0)
    assert (verdict.status, verdict.hint) == ("wrong", exercise.hint)


@each
def test_a_wrong_answer_does_not_show_the_right_one(exercise, capsys):
    """Who could read the result off the message would not look for the way there."""
    right = exercise.reference(*_inputs(exercise)[0]) if callable(exercise.reference) else exercise.reference
    for value in (-12345, "text", [], torch.zeros(2, 7)):
        verdict = _checked(exercise, _answers_with(exercise, value), capsys)
        assert not re.search(rf"(?<![\w.-]){re.escape(brief(right))}(?![\w.])", verdict.message)


@pytest.mark.parametrize("value", [1257, 1257.0, np.int64(1257), torch.tensor(1257)])
def test_a_value_passes_in_any_type_of_number(value):
    """The number is asked for, not its type."""
    assert check.training_pictures.judge(value).passed


@pytest.mark.parametrize("value", ["1257", [1257], 1256, 1258, True, float("nan"), 1257 + 1j, object(), {}])
def test_a_wrong_value_fails(value, capsys):
    """What is not the number must not pass, whatever it is."""
    assert _checked(check.training_pictures, value, capsys).status == "wrong"


@each
def test_a_function_for_a_value_and_a_value_for_a_function(exercise, capsys):
    """Mixing the two up must be said in words."""
    answer = torch.zeros(3) if callable(exercise.reference) else abs
    verdict = _checked(exercise, answer, capsys)
    assert verdict.status == "wrong"
    assert "function" in verdict.message


def _loop(*arguments):
    while True:
        pass


def _loop_that_swallows(*arguments):
    while True:
        try:
            time.sleep(0.01)
        except Exception:
            continue


def _recurse(*arguments):
    return _recurse(*arguments)


def _raises(*arguments):
    raise KeyError("what\nis\nthis")


def _raises_without_words(*arguments):
    raise RuntimeError


def _raises_by_hand(*arguments):
    raise KeyboardInterrupt


class _UnspeakableError(Exception):
    def __str__(self):
        raise _UnspeakableError


def _raises_unspeakable(*arguments):
    raise _UnspeakableError


def _exits(*arguments):
    sys.exit(1)


def _quits(*arguments):
    exit()


class _Shy:
    """Cannot be shown."""

    def __repr__(self):
        raise ValueError("not to be shown")

    __str__ = __repr__


class _Leaver:
    """Leaves when it is shown."""

    def __repr__(self):
        raise SystemExit


class _Edgeless:
    """Has a shape that cannot be looked at."""

    @property
    def shape(self):
        raise ValueError("no shape")


class _Disputed:
    """Cannot be compared."""

    def __eq__(self, other):
        raise ValueError("not to be compared")

    __hash__ = None


RUDE = {
    function.__name__.strip("_"): function
    for function in (
        _loop,
        _loop_that_swallows,
        _recurse,
        _raises,
        _raises_without_words,
        _raises_by_hand,
        _raises_unspeakable,
        _exits,
        _quits,
    )
}
ODD = {
    "nothing": None,
    "nan": float("nan"),
    "nan tensor": torch.tensor(float("nan")),
    "infinity": float("inf"),
    "text": "0.5\n" * 1000,
    "list": [1, 2],
    "tuple": (1, 2),
    "set": {1},
    "empty tensor": torch.zeros(0),
    "large tensor": torch.zeros(50, 50),
    "complex tensor": torch.zeros(2, dtype=torch.complex64),
    "sparse tensor": torch.eye(2).to_sparse(),
    "array of objects": np.array([None, "a"], dtype=object),
    "function": len,
    "type": int,
    "cannot be shown": _Shy(),
    "leaves when shown": _Leaver(),
    "no shape": _Edgeless(),
    "cannot be compared": _Disputed(),
}


@each_function
@pytest.mark.parametrize("deed", list(RUDE))
@pytest.mark.usefixtures("impatient")
def test_whatever_an_answer_does_it_gets_a_line(exercise, deed, capsys):
    """An answer that hangs, raises, recurses or exits must not stop the notebook, and must be told."""
    assert _checked(exercise, RUDE[deed], capsys).status == "wrong"


@each
@pytest.mark.parametrize("value", list(ODD))
def test_whatever_an_answer_gives_it_gets_a_line(exercise, value, capsys):
    """A result of the wrong kind, or one that cannot even be shown, must be told and never raise."""
    verdict = _checked(exercise, _answers_with(exercise, ODD[value]), capsys)
    starter = ODD[value] is None and not callable(exercise.reference)  # None is a blank value
    assert verdict.status == ("open" if starter else "wrong")


def test_an_endless_loop_is_answered_in_under_five_seconds(capsys):
    """The student must not have to restart the kernel; the line must ask about the loop."""
    start = time.perf_counter()
    verdict = _checked(check.neuron, _loop, capsys)
    assert time.perf_counter() - start < 5
    assert "loop" in verdict.message


@pytest.mark.usefixtures("impatient")
def test_an_endless_loop_does_not_go_on_in_the_background(capsys):
    """A thread left behind would slow down every later cell."""
    before = threading.active_count()
    _checked(check.neuron, _loop, capsys)
    assert threading.active_count() <= before


@pytest.mark.usefixtures("impatient")
def test_an_answer_that_waits_outside_python_is_answered(capsys):
    """Sleeping, or a long call into a library, cannot be broken off; the verdict must come all the same."""
    start = time.perf_counter()
    verdict = _checked(check.neuron, lambda *arguments: time.sleep(5), capsys)
    assert time.perf_counter() - start < 4
    assert "did not end" in verdict.message


def test_the_error_of_an_answer_is_named(capsys):
    """A student must read what Python said, on one line."""
    verdict = _checked(check.neuron, _raises, capsys)
    assert "KeyError" in verdict.message
    assert "recursion" in _checked(check.neuron, _recurse, capsys).message.lower()


@each_function
def test_what_an_answer_prints_is_not_shown(exercise, capsys):
    """Debug prints must not bury the verdict, nor fail an answer that is right."""

    def talkative(*arguments):
        for _ in range(100):
            print("here")
            print("there", file=sys.stderr)
        return exercise.reference(*arguments)

    assert _checked(exercise, talkative, capsys).passed


@each_with_changeable_inputs
def test_an_answer_that_changes_its_input_is_told_so(exercise, capsys):
    """A right result that destroys the argument breaks later cells: the line must say just this."""

    def destructive(*arguments):
        result = exercise.reference(*arguments)
        result = result.clone() if isinstance(result, torch.Tensor) else result
        first = arguments[0]
        first.clear() if isinstance(first, list) else first.zero_()
        return result

    verdict = _checked(exercise, destructive, capsys)
    assert verdict.status == "wrong"
    assert "changes its input" in verdict.message


@each_function
def test_results_of_another_type_are_told(exercise, capsys):
    """NumPy numbers must do where a number is asked for; where something else is, a NumPy result must be named."""
    wanted = exercise.reference(*_inputs(exercise)[0])
    verdict = _checked(exercise, lambda *arguments: np.asarray(exercise.reference(*arguments)), capsys)
    assert verdict.passed == isinstance(wanted, int | float)
    if isinstance(wanted, torch.Tensor):
        assert "tensor" in verdict.message
    elif not verdict.passed:
        assert "array" in verdict.message


@each_function
def test_results_of_another_shape_or_dtype_are_told(exercise, capsys):
    """Broadcasting must not hide a wrong shape, nor rounding a wrong type: both must be named."""
    wanted = exercise.reference(*_inputs(exercise)[0])
    if not isinstance(wanted, torch.Tensor):
        wider = _checked(exercise, lambda *arguments: [exercise.reference(*arguments)], capsys)
        assert wider.status == "wrong"
        assert ("one number" if isinstance(wanted, int | float) else "gives") in wider.message
        return
    wider = _checked(exercise, lambda *arguments: exercise.reference(*arguments)[None], capsys)
    assert "shape" in wider.message
    whole = _checked(exercise, lambda *arguments: exercise.reference(*arguments).long(), capsys)
    assert "int64" in whole.message or "whole numbers" in whole.message


@each_function
@pytest.mark.parametrize("known", ["the first", "all of another seed"])
def test_memorised_results_fail(exercise, known, capsys):
    """An answer that knows some inputs by heart, and is nearly right elsewhere, must not pass."""
    inputs = _inputs(exercise, seed=0)
    memory = {
        _key(arguments): exercise.reference(*arguments)
        for arguments in (inputs[:1] if known == "the first" else inputs)
    }

    def learned_by_heart(*arguments):
        right = exercise.reference(*arguments)
        return memory.get(_key(arguments), right * 1.01 + 0.01)

    assert exercise.judge(learned_by_heart, seed=1).status == "wrong"
    assert _checked(exercise, learned_by_heart, capsys).status == "wrong"


@each_function
def test_one_wrong_element_is_enough(exercise):
    """An answer that is right but for one element of one result must fail."""
    last = len(_inputs(exercise)) - 1
    calls = []

    def nearly(*arguments):
        result = exercise.reference(*arguments)
        calls.append(1)
        if len(calls) <= last:
            return result
        if not isinstance(result, torch.Tensor):
            return result + 1
        result = result.clone()
        result.view(-1)[-1] = result.view(-1)[-1] * 1.01 + 0.01
        return result

    assert exercise.judge(nearly, seed=0).status == "wrong"


@each_function
def test_random_inputs_differ_between_checks(exercise):
    """Were the inputs always the same, an answer could be learned by heart."""
    assert [_key(a) for a in _inputs(exercise, 0)] == [_key(a) for a in _inputs(exercise, 0)]
    assert [_key(a) for a in _inputs(exercise, 0)] != [_key(a) for a in _inputs(exercise, 1)]


def test_a_pass_is_remembered(course_home, capsys):
    """Passed exercises must be found again tomorrow, and once only."""
    assert check.passed() == set()
    for _ in range(2):
        assert check.softmax(check.EXERCISES["softmax"].reference).passed
    check.neuron(lambda x, w, b: (x * w).sum() + b)
    assert check.passed() == {"softmax", "neuron"}
    content = json.loads((course_home / "progress.json").read_text(encoding="utf-8"))
    assert content["passed"] == ["neuron", "softmax"]


def test_only_a_pass_is_remembered(course_home):
    """A wrong or blank answer, or a check by an instructor, must leave no trace."""
    check.softmax(...)
    check.softmax(lambda z: z)
    check.softmax(check.EXERCISES["softmax"].reference, remember=False)
    assert not course_home.exists()


def test_a_pass_stays_after_a_wrong_answer(course_home):
    """Trying on after a pass must not take it away."""
    check.softmax(check.EXERCISES["softmax"].reference)
    check.softmax(lambda z: z)
    assert check.passed() == {"softmax"}


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b"7", b'{"passed": 5}', b'{"done": []}', b"\xff\xfe\x00", b"null"]
)
def test_a_broken_progress_file_is_harmless(course_home, capsys, content):
    """A file cut short by a crash must count as empty, and be whole again after the next pass."""
    course_home.mkdir(parents=True)
    (course_home / "progress.json").write_bytes(content)
    assert check.passed() == set()
    assert "0 of" in check.progress()
    assert _passes(capsys)
    assert check.passed() == {"softmax"}


def _passes(capsys) -> bool:
    capsys.readouterr()
    verdict = check.softmax(check.EXERCISES["softmax"].reference)
    return verdict.passed and capsys.readouterr() == (f"{verdict}\n", "")


def test_names_that_are_none_are_ignored(course_home):
    """Whatever else the file holds, only names of exercises count."""
    course_home.mkdir(parents=True)
    (course_home / "progress.json").write_text('{"passed": [1, null, "softmax", "no such"]}', encoding="utf-8")
    assert "softmax" in check.passed()
    assert check.progress().startswith(f"1 of {len(check.EXERCISES)} ")


@pytest.mark.parametrize("obstacle", ["a file where the folder should be", "a folder where the file should be"])
def test_a_folder_that_cannot_be_written_is_harmless(course_home, capsys, obstacle):
    """On a read-only disk exercises must still pass, without a word more than the verdict."""
    if obstacle.startswith("a file"):
        course_home.parent.mkdir(parents=True)
        course_home.write_text("in the way", encoding="utf-8")
    else:
        (course_home / "progress.json").mkdir(parents=True)
    assert _passes(capsys)
    assert check.passed() == set()


def test_progress_shows_each_exercise_in_its_lesson(course_home):
    """The overview must name every exercise once, under its lesson, with the right mark."""
    check.neuron(check.EXERCISES["neuron"].reference)
    first, *lines = check.progress().splitlines()
    assert first.startswith(f"1 of {len(check.EXERCISES)} ")
    for exercise in ALL:
        (line,) = [line for line in lines if f" {exercise.name}" in line]
        assert exercise.lesson in line.split(":")[0]
        assert f"{'✔' if exercise.name == 'neuron' else '○'} {exercise.name}" in line


def test_a_misspelt_exercise_is_named():
    """`check.sofmax` must say softmax, as one line, and still be an AttributeError for hasattr."""
    with pytest.raises(ExerciseError, match="Did you mean 'softmax'"):
        _ = check.sofmax
    assert not hasattr(check, "sofmax")
    assert not hasattr(check, "__wrapped__")


def test_a_verdict_is_shown_once():
    """A check as the last line of a cell prints its verdict; the notebook must not show it again."""
    assert check.softmax.judge(...)._ipython_display_() is None


def test_checking_leaves_the_random_numbers_alone():
    """What a student draws after a check must not depend on having checked."""
    before = torch.get_rng_state(), str(np.random.get_state())
    for exercise in ALL:
        exercise.judge(exercise.reference)
    assert torch.equal(torch.get_rng_state(), before[0])
    assert str(np.random.get_state()) == before[1]
