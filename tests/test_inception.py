"""Inception modules: against torchvision's, branches by hand, and the formulas of lesson 04."""

import pytest
import torch
from cases import case
from torch import nn
from torchvision.models.googlenet import Inception as Theirs

from imgcls_course import check, models

SETTINGS = {  # input, 1×1, (before, 3×3), (before, 5×5), behind the pool: Szegedy et al., CVPR 2015, table 1
    "3a": (192, 64, (96, 128), (16, 32), 32),
    "4d": (512, 112, (144, 288), (32, 64), 64),
    "small": (5, 3, (2, 7), (1, 4), 6),
}


def _ours(setting, **options) -> models.Inception:
    in_channels, c1, c3, c5, pool = setting
    return models.Inception(in_channels, c1=c1, c3=c3, c5=c5, pool=pool, **options)


def _norms(model) -> int:
    return sum(models.count_parameters(part) for part in model.modules() if isinstance(part, nn.BatchNorm2d))


def test_the_module_is_torchvisions():
    """Given its weights and statistics it must give the same, and leave the same statistics behind."""
    for setting in SETTINGS.values():
        for training in [False, True]:
            with case(setting, training):
                in_channels, c1, c3, c5, pool = setting
                expected, module = Theirs(in_channels, c1, *c3, *c5, pool), _ours(setting, large_kernel=3)
                _scramble(expected)
                names = module.state_dict().keys()
                pairs = list(zip(module.state_dict().values(), expected.state_dict().values(), strict=True))
                assert all(mine.shape == other.shape for mine, other in pairs)
                module.load_state_dict(dict(zip(names, (other for _mine, other in pairs), strict=True)))
                x = torch.randn(3, in_channels, 9, 8)
                torch.testing.assert_close(module.train(training)(x), expected.train(training)(x), rtol=1e-5, atol=1e-5)
                for mine, other in zip(module.state_dict().values(), expected.state_dict().values(), strict=True):
                    torch.testing.assert_close(mine, other, rtol=1e-5, atol=1e-5)


def _scramble(model: nn.Module) -> None:
    """Give norms numbers of their own: as they start, a missing weight or statistic would not be seen."""
    for norm in model.modules():
        if isinstance(norm, nn.BatchNorm2d):
            for tensor in (norm.weight.data, norm.bias.data, norm.running_mean, norm.running_var):
                tensor.uniform_(0.5, 1.5)


def test_the_papers_large_kernel_is_five():
    """Where torchvision has 3×3, the paper has 5×5; ours is the paper's unless told."""
    sizes = [part.kernel_size[0] for part in _ours(SETTINGS["3a"]).modules() if isinstance(part, nn.Conv2d)]
    assert sizes == [1, 1, 3, 1, 5, 1]


def test_the_naive_module_is_four_branches_by_hand():
    """Convolution, norm and ReLU three times, and a pool, in the order 1×1, 3×3, 5×5, pool."""
    for training in [False, True]:
        with case(training):
            module = models.NaiveInception(6, c1=3, c3=5, c5=2).train(training)
            _scramble(module)
            x = torch.randn(4, 6, 7, 10)
            parts = []
            for (conv, norm, _relu), padding in zip(module.branches[:3], (0, 1, 2), strict=True):
                maps = nn.functional.conv2d(x, conv.weight, padding=padding)
                mean, var = (maps.mean((0, 2, 3)), maps.var((0, 2, 3), unbiased=False))
                if not training:
                    mean, var = norm.running_mean.clone(), norm.running_var.clone()
                mean, var, weight, bias = (each[:, None, None] for each in (mean, var, norm.weight, norm.bias))
                parts.append(((maps - mean) / (var + 0.001).sqrt() * weight + bias).clamp(min=0))
            windows = nn.functional.pad(x, (1, 1, 1, 1), value=-torch.inf).unfold(2, 3, 1).unfold(3, 3, 1)
            parts.append(windows.amax(dim=(-1, -2)))
            torch.testing.assert_close(module(x), torch.cat(parts, dim=1), rtol=1e-5, atol=1e-5)


def test_out_channels_are_those_that_come_out():
    """The next module is built from this number."""
    for setting in SETTINGS.values():
        with case(setting):
            in_channels, c1, c3, c5, _pool = setting
            for module in (_ours(setting), models.NaiveInception(in_channels, c1=c1, c3=c3[1], c5=c5[1])):
                assert module(torch.rand(2, in_channels, 6, 5)).shape == (2, module.out_channels, 6, 5)


def test_branch_weights_are_those_of_the_branches():
    """Branch by branch; times the places of the map they are the multiply-adds."""
    for setting in SETTINGS.values():
        for large_kernel in [3, 5]:
            with case(setting, large_kernel):
                in_channels, c1, c3, c5, pool = setting
                naive = models.NaiveInception(in_channels, c1=c1, c3=c3[1], c5=c5[1])
                counted = models.count_branch_weights(in_channels, c1=c1, c3=c3[1], c5=c5[1])
                assert list(counted.values()) == [
                    models.count_parameters(branch) - _norms(branch) for branch in naive.branches
                ]
                assert models.count_multiply_adds(naive, 14) == sum(counted.values()) * 14**2

                reduced = _ours(setting, large_kernel=large_kernel)
                counted = models.count_branch_weights(
                    in_channels, c1=c1, c3=c3, c5=c5, pool=pool, large_kernel=large_kernel
                )
                assert list(counted.values()) == [
                    models.count_parameters(branch) - _norms(branch) for branch in reduced.branches
                ]
                assert models.count_multiply_adds(reduced, 14) == sum(counted.values()) * 14**2


def test_the_exercises_count_what_the_models_have():
    """The formula that students write, the library's, and the module's own parameters are one number."""
    for setting in SETTINGS.values():
        with case(setting):
            in_channels, c1, c3, c5, pool = setting
            weights = check.inception_weights.reference(in_channels, c1, c3, c5, pool)
            assert weights == sum(models.count_branch_weights(in_channels, c1=c1, c3=c3, c5=c5, pool=pool).values())
            assert weights + 2 * (c1 + sum(c3) + sum(c5) + pool) == models.count_parameters(_ours(setting))


def test_module_3a_costs_what_the_paper_says():
    """Table 1: 159K parameters (of 1,024) and 128 million operations on 28 × 28."""
    module = _ours(SETTINGS["3a"])
    assert (models.count_parameters(module) - _norms(module)) // 1024 == 159
    assert models.count_multiply_adds(module, 28) // 10**6 == 128


def test_the_small_network_takes_any_size_from_its_smallest_on():
    """Global average pooling frees the size; three poolings need 4 pixels."""
    for naive in [True, False]:
        with case(naive):
            model = models.small_googlenet(7, naive=naive, in_channels=3, width=4).eval()
            smallest = models.min_image_size(model)
            assert smallest == 4
            for height, width in ((smallest, smallest), (5, 4), (31, 20), (64, 64)):
                assert model(torch.rand(2, 3, height, width)).shape == (2, 7)
            with pytest.raises(RuntimeError):
                model(torch.rand(2, 3, smallest - 1, smallest - 1))


def test_naive_modules_pile_channels_up_in_the_small_network_too():
    """Lesson 04 trains both: the reduced one must hand on as many channels as before, the naive one more each time."""
    naive, reduced = (
        [
            part.out_channels
            for part in models.small_googlenet(10, naive=flag)
            if isinstance(part, models.Inception | models.NaiveInception)
        ]
        for flag in (True, False)
    )
    assert (naive, reduced) == ([44, 72], [32, 32])
    assert naive[-1] == check.stacked_channels.reference(16, [(8, 16, 4)] * 2)
