"""The checks of the exercises: right answers pass, each mistake gets its hint, and nothing can be learned by heart."""

import inspect
import math
import re
import sys
import tempfile
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import torch
from cases import each_case, spread
from exercises import ALL, FUNCTIONS, answers_with, checked, each, each_function, inputs_of, over
from sklearn import metrics
from torch import nn
from torchvision.models._utils import _make_divisible
from torchvision.transforms import v2

from imgcls_course import check, data, evaluation, exercises, explain, models, training
from imgcls_course.checking.compare import brief
from imgcls_course.checking.exercise import Exercise, Mistake
from imgcls_course.errors import ExerciseError, NotPassedError

CHANGEABLE = [
    exercise
    for exercise in FUNCTIONS
    if isinstance(exercise.inputs(np.random.default_rng(0))[0][0], torch.Tensor | list)
]
pytestmark = pytest.mark.usefixtures("unrehearsed", "patient")


def _key(arguments: tuple) -> str:
    return repr([a.tolist() if isinstance(a, torch.Tensor) else a for a in arguments])


def _pattern(message: str) -> str:
    """What a message looks like once {call} and {got} are filled in."""
    return ".+".join(re.escape(part) for part in re.split(r"\{call\}|\{got\}", message))


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
    names = [exercise.name for lesson in exercises.LESSONS for exercise in lesson.EXERCISES]
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
def test_a_blank_function_is_not_attempted(exercise):
    """The starter of the lesson, with the exercise's own arguments, must not be called wrong."""
    arguments = ", ".join(inspect.signature(exercise.reference).parameters)
    for body in ("...", "...          # your code here", "pass", '"""Say what it does."""', '"""Do it."""\n    ...'):
        space = {}
        exec(f"def starter({arguments}):\n    {body}\n", space)
        assert exercise.judge(space["starter"]).status == "open", body


@each_function
def test_an_answer_that_is_a_constant_was_attempted(exercise):
    """Who returns a number has written something: saying `not attempted` would send them looking for a ghost."""
    arguments = ", ".join(inspect.signature(exercise.reference).parameters)
    for code in (
        f"attempt = lambda {arguments}: 0",
        f"attempt = lambda {arguments}: 'later'",
        f"def attempt({arguments}):\n    return 0.5",
        f"def attempt({arguments}):\n    return True",
    ):
        space = {}
        exec(code, space)
        assert exercise.judge(space["attempt"], seed=0).status == "wrong", code


@each
def test_the_reference_passes(exercise):
    """The solution of the lesson must be accepted, whatever random inputs are drawn."""
    for seed in range(5):
        verdict = exercise.judge(exercise.reference, seed=seed)
        assert verdict.passed, (seed, verdict)
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
    "train_once": lambda: _trained_by_library,
    "epoch_accuracy": lambda: lambda model, batches: training.run_epoch(model, batches).accuracy,
    "sgd_momentum_step": lambda: _torchs_sgd,
    "warm_up_cosine": lambda: _torchs_warm_up_cosine,
    "early_stopping": lambda: _stopped,
    "new_head": lambda: _wrapped_head,
    "trainable_parameters": lambda: _length_of_what_learns,
    "freeze_body": lambda: _frozen_whole_then_thawed,
    "train_mode": lambda: _set_one_by_one,
    "two_rates": lambda: _groups_by_subtraction,
    "precision_recall": lambda: _scikit_learns_precision_recall,
    "macro_f1": lambda: _scikit_learns_macro_f1,
    "rescore": lambda: _scored_from_file,
    "threshold_for_recall": lambda: _probability_of_the_last_needed,
    "recall_kept": lambda: _kept_by_library,
    "cost_factor": lambda: lambda d, w, r: math.exp(math.log(d) + 2 * math.log(w) + 2 * math.log(r)),
    "scaling_factors": lambda: lambda phi: tuple(math.exp(phi * math.log(each)) for each in (1.2, 1.1, 1.15)),
    "phi_for_budget": lambda: lambda times: math.log(times, 1.2 * 1.1 * 1.1 * 1.15 * 1.15),
    "rounded_channels": lambda: lambda channels: _make_divisible(channels, 8),
    "separable_weights": lambda: _count_separable,
    "filter_colours": lambda: _told_by_the_library,
    "blank_share": lambda: _rarely_far_from_zero,
    "saliency_map": lambda: _by_functional_gradient,
    "grad_cam_map": lambda: _as_matrix_product,
    "occlusion_map": lambda: _covered_by_masks,
    "logo_pixels": lambda: _a_disc_that_was_scaled,
    "epoch_for_need": lambda: _sorted_by_both,
    "a_day": lambda: _counted_by_a_matrix,
    "radii_to_logo": lambda: _by_complex_numbers,
    "part_of_batch": lambda: lambda batch, rank, count: [each for i, each in enumerate(batch) if i % count == rank],
    "joint_gradient": lambda: lambda gradients, sizes: sizes.float() @ gradients / sizes.sum(),
    "ring_bytes": lambda: _passed_on_chunk_by_chunk,
    "amdahl": lambda: lambda serial, processes: processes / (processes * serial + 1 - serial),
}


def _a_disc_that_was_scaled(width, height, diameter, size, policy):
    """Both extents of the disc, from the size that the whole picture gets before anything is cut."""
    across, down = width, height
    if policy == "squash":
        across = down = size
    else:
        pick = {"letterbox": max, "crop": min}[policy]
        across, down = (side / pick(width, height) * size for side in (width, height))
    return min(diameter / width * across, diameter / height * down)


def _sorted_by_both(rows, least_recall):
    return sorted(rows, key=lambda row: (row["recall"] >= least_recall, row["precision"]))[-1]["epoch"]


def _counted_by_a_matrix(pictures, share, recall, false_alarm_rate):
    reported = np.array([share, 1 - share]) * pictures * np.array([recall, false_alarm_rate])
    return float(reported.sum()), float(reported[0] / reported.sum())


def _by_complex_numbers(heat, x, y, diameter, width, height):
    """Every place as a complex number on the poster; of the strongest one the distance."""
    rows, columns = torch.meshgrid(*(torch.arange(n, dtype=torch.float64) + 0.5 for n in heat.shape), indexing="ij")
    places = torch.complex(columns * width / heat.shape[1] - x, rows * height / heat.shape[0] - y)
    return 2 * places[heat == heat.max()].abs().item() / diameter


def _passed_on_chunk_by_chunk(parameters, processes):
    chunk = 4 * parameters / processes
    return sum(chunk for _way in ("sum", "copy") for _step in range(processes - 1))


def _pooled_size(image_size, poolings):
    pool = nn.Sequential(*[nn.MaxPool2d(2)] * poolings)
    return pool(torch.zeros(1, 1, image_size, image_size)).shape[-1]


def _head_built(channels, height, width, classes):
    head = nn.Sequential(nn.Flatten(), nn.LazyLinear(classes))
    head(torch.zeros(1, channels, height, width))
    return models.count_parameters(head)


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
    return models.count_multiply_adds(conv, map_size)


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


def _trained_by_library(model, batches, lr):
    training.run_epoch(model, batches, optimizer=torch.optim.SGD(model.parameters(), lr=lr))
    return model


def _set_one_by_one(model):
    for layer in model.modules():
        own = list(layer.parameters(recurse=False))
        layer.training = not own or any(parameter.requires_grad for parameter in own)
    return model


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


def _scikit_learns_precision_recall(true, said):
    return metrics.precision_recall_fscore_support(true, said, average="binary", zero_division=0)[:2]


def _scikit_learns_macro_f1(counts):
    pairs = [(i, j) for (i, j), n in np.ndenumerate(counts.numpy()) for _picture in range(n)]
    return metrics.f1_score(*zip(*pairs, strict=True), average="macro", zero_division=0)


def _scored_from_file(text):
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "found.csv").write_text(text, encoding="utf-8")
        return evaluation.scores(evaluation.read_predictions(Path(folder, "found.csv"))).accuracy


def _probability_of_the_last_needed(probabilities, has_logo, at_least):
    """The n-th most probable logo is the last that must be found, n being the smallest count that is enough."""
    needed = math.ceil(round(at_least * int(has_logo.sum()), 6))
    return probabilities[has_logo].sort(descending=True).values[needed - 1]


def _kept_by_library(val_p, val_logo, test_p, test_logo):
    threshold = _probability_of_the_last_needed(val_p, val_logo, 0.9).item()
    both = torch.stack([test_p, 1 - test_p], dim=1).double().numpy()
    told = evaluation.Predictions(both, (~test_logo).int().numpy(), ("logo", "others"))
    return evaluation.score_threshold(told, "logo", threshold=threshold).recall


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


def _told_by_the_library(weights):
    return torch.as_tensor(explain.filters_as_rgb(weights))


def _rarely_far_from_zero(maps, near):
    flat = maps.flatten(1).abs()
    return 1 - (flat > near * flat.max()).sum(dim=1) / flat.shape[1]


def _by_functional_gradient(image, network, label):
    return torch.func.grad(lambda x: network(x[None])[0, label])(image).abs().max(dim=0).values


def _as_matrix_product(maps, gradients):
    return (gradients.flatten(1).mean(dim=1) @ maps.flatten(1)).reshape(maps.shape[1:]).clamp(min=0)


def _covered_by_masks(image, score, size):
    height, width = (side // size for side in image.shape)
    masks = [torch.kron(one.reshape(height, width), torch.ones(size, size)) for one in torch.eye(height * width)]
    return torch.tensor([score(image) - score(image * (1 - mask)) for mask in masks]).reshape(height, width)


def _count_built(sizes):
    layers = [nn.Linear(n_in, n_out) for n_in, n_out in pairwise(sizes)]
    return sum(parameter.numel() for layer in layers for parameter in layer.parameters())


@each
def test_a_right_answer_written_another_way_passes(exercise):
    """An independent way to the same result is right: it proves the reference, and that no style is asked for."""
    for seed in range(3):
        verdict = exercise.judge(ANOTHER_WAY[exercise.name](), seed=seed)
        assert verdict.passed, (seed, verdict)


def test_parameters_are_those_of_the_lessons_networks():
    """The exercise counts what `models` builds."""
    count = sum(parameter.numel() for parameter in models.mlp(64, 10, hidden=32).parameters())
    assert check.count_parameters.reference([64, 32, 10]) == count


def test_built_in_functions_and_objects_can_be_answers():
    """A function of torch, or an object that can be called, has no code to look at and is an answer all the same."""
    assert check.brightness.judge(torch.mean).passed
    assert check.softmax.judge(nn.Softmax(dim=-1)).passed


@each
def test_each_mistake_gets_its_own_hint(exercise):
    """A student who makes a typical mistake must be told this mistake, and no other, whatever inputs are drawn."""
    for number, mistake in enumerate(exercise.mistakes):
        for seed in range(3):
            verdict = exercise.judge(mistake.answer, seed=seed)
            assert (verdict.status, verdict.hint) == ("wrong", mistake.hint), (number, seed)
            assert re.fullmatch(_pattern(mistake.message), verdict.message), (number, seed, verdict.message)


@each
def test_a_wrong_answer_like_no_mistake_gets_the_general_hint(exercise):
    """A hint for another mistake would mislead."""
    answer = answers_with(exercise, -12345)
    verdict = exercise.judge(answer, seed=0)
    assert (verdict.status, verdict.hint) == ("wrong", exercise.hint)


@each_case(
    "value, exercise",
    spread([-12345, "text", [], torch.zeros(2, 7)], ALL, step=2),
    ids=lambda case: f"{case[1].name} with {case[0]!r}",
)
def test_a_wrong_answer_does_not_show_the_right_one(value, exercise, capsys):
    """Who could read the result off the message would not look for the way there."""
    right = exercise.reference(*inputs_of(exercise)[0]) if callable(exercise.reference) else exercise.reference
    verdict = checked(exercise, answers_with(exercise, value), capsys)
    assert not re.search(rf"(?<![\w.-]){re.escape(brief(right))}(?![\w.])", verdict.message)


@each_case("value", [1257, 1257.0, np.int64(1257), torch.tensor(1257)])
def test_a_value_passes_in_any_type_of_number(value):
    """The number is asked for, not its type."""
    assert check.training_pictures.judge(value).passed


@each_case("value", ["1257", [1257], 1256, 1258, True, float("nan"), 1257 + 1j, object(), {}])
def test_a_wrong_value_fails(value, capsys):
    """What is not the number must not pass, whatever it is."""
    assert checked(check.training_pictures, value, capsys).status == "wrong"


@each
def test_a_function_for_a_value_and_a_value_for_a_function(exercise, capsys):
    """Mixing the two up must be said in words."""
    answer = torch.zeros(3) if callable(exercise.reference) else abs
    verdict = checked(exercise, answer, capsys)
    assert verdict.status == "wrong"
    assert "function" in verdict.message


@each_function
def test_what_an_answer_prints_is_not_shown(exercise, capsys):
    """Debug prints must not bury the verdict, nor fail an answer that is right."""

    def talkative(*arguments):
        for _ in range(100):
            print("here")
            print("there", file=sys.stderr)
        return exercise.reference(*arguments)

    assert checked(exercise, talkative, capsys).passed


@over(CHANGEABLE)
def test_an_answer_that_changes_its_input_is_told_so(exercise, capsys):
    """A right result that destroys the argument breaks later cells: the line must say just this."""

    def destructive(*arguments):
        result = exercise.reference(*arguments)
        result = result.clone() if isinstance(result, torch.Tensor) else result
        first = arguments[0]
        first.clear() if isinstance(first, list) else first.zero_()
        return result

    verdict = checked(exercise, destructive, capsys)
    assert verdict.status == "wrong"
    assert "changes its input" in verdict.message


@each_function
def test_results_of_another_type_are_told(exercise, capsys):
    """NumPy numbers must do where a number is asked for; where something else is, a NumPy result must be named."""
    wanted = exercise.reference(*inputs_of(exercise)[0])
    verdict = checked(exercise, lambda *arguments: np.asarray(exercise.reference(*arguments)), capsys)
    assert verdict.passed == isinstance(wanted, int | float)
    if isinstance(wanted, torch.Tensor):
        assert "tensor" in verdict.message
    elif not verdict.passed:
        assert "array" in verdict.message


@each_function
def test_results_of_another_shape_or_dtype_are_told(exercise, capsys):
    """Broadcasting must not hide a wrong shape, nor rounding a wrong type: both must be named."""
    wanted = exercise.reference(*inputs_of(exercise)[0])
    if not isinstance(wanted, torch.Tensor):
        wider = checked(exercise, lambda *arguments: [exercise.reference(*arguments)], capsys)
        assert wider.status == "wrong"
        assert ("one number" if isinstance(wanted, int | float) else "gives") in wider.message
        return
    wider = checked(exercise, lambda *arguments: exercise.reference(*arguments)[None], capsys)
    assert "shape" in wider.message
    whole = checked(exercise, lambda *arguments: exercise.reference(*arguments).long(), capsys)
    assert "int64" in whole.message or "whole numbers" in whole.message


def _almost(right):
    """Make a result that differs in one place only, the last one."""
    if isinstance(right, dict):
        *first, last = right
        return {**{name: right[name] for name in first}, last: _almost(right[last])}
    if isinstance(right, list | tuple) and len(right) > 0:
        return type(right)([*right[:-1], _almost(right[-1])])
    if isinstance(right, torch.Tensor):
        right = right.clone()
        right.view(-1)[-1] = right.view(-1)[-1] * 1.01 + 0.01
        return right
    if isinstance(right, bool):
        return not right
    more = {str: " ", set: {"one more"}, list: ["one more"]}.get(type(right), 1)
    return right | more if isinstance(right, set) else right + more


@each_function
def test_memorised_results_fail(exercise):
    """An answer that knows some inputs, the first or all of another seed, and is nearly right elsewhere must fail."""
    inputs = inputs_of(exercise, seed=0)
    for known in (inputs[:1], inputs):
        memory = {_key(arguments): exercise.reference(*arguments) for arguments in known}

        def memorised(*arguments, memory=memory):
            key = _key(arguments)
            return memory[key] if key in memory else _almost(exercise.reference(*arguments))

        assert exercise.judge(memorised, seed=1).status == "wrong"


@each_function
def test_results_memorised_in_their_order_fail(exercise):
    """An answer that says what was right last time, call by call, must not pass this time."""
    for seed in (1, 2):
        memory = iter([exercise.reference(*arguments) for arguments in inputs_of(exercise, seed=0)])
        assert exercise.judge(lambda *arguments, memory=memory: next(memory), seed=seed).status == "wrong", seed


@each_function
def test_one_wrong_element_is_enough(exercise):
    """An answer that is right but for one element of one result must fail."""
    last = len(inputs_of(exercise)) - 1
    calls = []

    def nearly(*arguments):
        right = exercise.reference(*arguments)
        calls.append(1)
        return right if len(calls) <= last else _almost(right)

    assert exercise.judge(nearly, seed=0).status == "wrong"
    assert len(calls) == last + 1


@each_function
def test_random_inputs_differ_between_checks(exercise):
    """Were the inputs always the same, an answer could be learned by heart."""
    assert [_key(a) for a in inputs_of(exercise, 0)] == [_key(a) for a in inputs_of(exercise, 0)]
    assert [_key(a) for a in inputs_of(exercise, 0)] != [_key(a) for a in inputs_of(exercise, 1)]


def _exercise(reference, *, mistakes=(), inputs=lambda rng: [(3,)]) -> Exercise:
    given = {"first_hint": "?", "hint": "general", "mistakes": tuple(mistakes), "inputs": inputs}
    return Exercise("made_up", lesson="00", reference=reference, **given)


def test_counts_in_tensors_are_exact_as_well():
    """A relative tolerance of 1e-4 would let 20001 pass for 20000; float64 would round what is above 2**53."""
    for right, wrong in ((20_000, 20_001), (2**60, 2**60 + 1)):
        exercise = _exercise(lambda x, right=right: torch.tensor([right]))
        assert exercise.judge(lambda x, right=right: torch.tensor([right])).passed
        assert exercise.judge(lambda x, wrong=wrong: torch.tensor([wrong])).status == "wrong", wrong
    floats = _exercise(lambda x: torch.tensor([20_000.0]))
    assert floats.judge(lambda x: torch.tensor([20_001.0])).passed


def test_a_mistake_may_return_nothing_or_an_array():
    """Forgotten returns and NumPy results are typical mistakes: they need hints of their own."""
    for mistaken in (lambda x: None, lambda x: np.array([x]), lambda x: np.array([x / 7]), lambda x: np.array(["a"])):
        exercise = _exercise(lambda x: torch.tensor([x]), mistakes=[Mistake(mistaken, "{call} gives {got}.", "own")])
        assert exercise.judge(lambda x, mistaken=mistaken: mistaken(x)).hint == "own"
        assert exercise.judge(lambda x: np.array([x + 1])).hint == "general"
        assert exercise.judge(lambda x: print()).hint == ("own" if mistaken(3) is None else "general")


def test_a_faulty_exercise_does_not_blame_the_student(capsys, monkeypatch):
    """Its inputs, its reference, a placeholder that nobody fills: one line says that the check is at fault."""
    for faulty in (
        _exercise(lambda x: x, inputs=lambda rng: rng.nothing),
        _exercise(lambda x: x / 0),
        _exercise(lambda x: x, mistakes=[Mistake(lambda x: 5, "{call} gives {what}.", "own")]),
    ):
        verdict = checked(faulty, lambda x: 5, capsys)
        assert (verdict.status, verdict.hint) == ("open", "")
        assert "the check itself is at fault, not your answer" in verdict.message
        monkeypatch.setitem(check.EXERCISES, "made_up", faulty)
        with pytest.raises(NotPassedError, match="made_up: the check itself is at fault"):
            check.grade("made_up", lambda x: 5)


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
