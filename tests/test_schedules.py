"""Learning-rate schedules: against their formulas, against torch's, and what they refuse."""

import inspect
import math

import pytest
import torch
from commands import imgcls

from imgcls_course.errors import TrainingError
from imgcls_course.training import schedules

EPOCHS = [0, 0.5, 1, 2.75, 5, 9.99]


def test_schedules_are_their_formulas():
    """What the lesson writes in mathematics, the functions must compute."""
    for schedule, formula in (
        (schedules.constant(0.3), lambda t: 0.3),
        (schedules.step(0.3, every=3, factor=0.5), lambda t: 0.3 * 0.5 ** math.floor(t / 3)),
        (schedules.exponential(0.3, rate=0.2), lambda t: 0.3 * math.exp(-0.2 * t)),
        (schedules.inverse_time(0.3, rate=0.2), lambda t: 0.3 / (1 + 0.2 * t)),
        (schedules.cosine(0.3, epochs=10), lambda t: 0.15 * (1 + math.cos(math.pi * t / 10))),
        (schedules.warm_up(schedules.exponential(0.3, rate=1), epochs=4), lambda t: 0.3 * min(t / 4, math.exp(4 - t))),
    ):
        for epoch in EPOCHS:
            assert schedule(epoch) == pytest.approx(formula(epoch)), (schedule, epoch)


def test_every_schedule_is_offered_and_has_a_formula():
    """A new one must not be forgotten: in the test above, or in the help of `imgcls train`."""
    tested = "".join(inspect.getsource(test) for test in (test_schedules_are_their_formulas, test_schedules_are_torchs))
    assert [name for name in schedules.SCHEDULES if f"schedules.{name.replace('-', '_')}(" not in tested] == []
    helped = " ".join(imgcls("train", "--help").split())
    assert [name for name in schedules.SCHEDULES if name not in helped] == []


def test_schedules_are_torchs():
    """If you move on to torch's schedulers, you must meet the same learning rates."""
    torchs = torch.optim.lr_scheduler
    for schedule, make in (
        (schedules.step(0.3, every=3), lambda o: torchs.StepLR(o, 3)),
        (schedules.exponential(0.3, rate=-math.log(0.9)), lambda o: torchs.ExponentialLR(o, 0.9)),
        (schedules.cosine(0.3, epochs=12), lambda o: torchs.CosineAnnealingLR(o, 12)),
        (
            schedules.one_cycle(0.3, epochs=12, rise=0.25),
            # Its last step is number 12, one more than the steps it takes; and its end is relative to its start.
            lambda o: torchs.OneCycleLR(o, 0.3, total_steps=13, pct_start=4 / 13, final_div_factor=400),
        ),
    ):
        optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=0.3)
        scheduler = make(optimizer)
        for epoch in range(12):
            rate = optimizer.param_groups[0]["lr"]
            assert schedule(epoch) == pytest.approx(rate, rel=1e-6), (type(scheduler).__name__, epoch)
            optimizer.step()
            scheduler.step()


def test_named_schedules_never_exceed_their_rate():
    """`--lr` is the highest learning rate, whatever the schedule; all but the constant end lower than they were."""
    for name in schedules.SCHEDULES:
        schedule = schedules.make_schedule(name, lr=0.1, epochs=20)
        rates = [schedule(epoch / 10) for epoch in range(200)]
        assert max(rates) == pytest.approx(0.1), name
        assert min(rates) >= 0, name
        assert name == "constant" or rates[-1] < 0.02, name


def test_a_cosine_stays_at_its_end():
    """Going on longer than planned must not let the learning rate rise again."""
    assert schedules.cosine(0.1, epochs=5, final=0.01)(7) == pytest.approx(0.01)


def test_what_is_not_a_schedule_is_refused():
    """A wrong name or length must be said before training begins."""
    for make, line in (
        (lambda: schedules.make_schedule("cosin", lr=0.1, epochs=5), "Did you mean 'cosine'"),
        (lambda: schedules.cosine(0.1, epochs=0), "epochs must be more than 0"),
        (lambda: schedules.step(0.1, every=-1), "every must be more than 0"),
        (lambda: schedules.warm_up(schedules.constant(0.1), epochs=0), "epochs must be more than 0"),
    ):
        with pytest.raises(TrainingError, match=line):
            make()
