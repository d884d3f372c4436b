"""Answers that are nearly right: a check has to reject them, or it lets a student believe what is not so."""

import pytest
from exercises import ALL
from mutants import mutants

from imgcls_course import check

LEAST = 200
FLOAT = "a division, or a difference to floats, makes floats of whole numbers anyway"
MEET = "where the warm-up ends, the line and the cosine have the same value"
ONE = "a tensor of one number is as good as a number"
ORDER = "the larger of two numbers is the same, whichever comes first"
ROUNDING = "they differ at exactly ten ninths of a multiple of 8 only, where floats are not exact"
TOGETHER = "weight and bias of a norm are frozen together"
WHOLE = "after // it is a whole number already"
SURVIVORS = {
    "to_unit_range: pixels.float() / 255 → pixels / 255": FLOAT,
    "logit_gradient: functional.one_hot(labels, logits.shape[1]).float() → functional.one_hot(labels, logits.shape[1])": FLOAT,
    "top5_error: 1 - (scores.topk(5, dim=1).indices == labels[:, None]).any(dim=1).float().mean().item() → 1 - (scores.topk(5, dim=1).indices == labels[:, None]).any(dim=1).float().mean()": ONE,
    "rounded_channels: max(8, int(channels + 4) // 8 * 8) → max(int(channels + 4) // 8 * 8, 8)": WHOLE,
    "rounded_channels: rounded < 0.9 * channels → rounded <= 0.9 * channels": ROUNDING,
    "rounded_channels: int(channels + 4) // 8 → (channels + 4) // 8": WHOLE,
    "letterbox_size: size / max(height, width) → size / max(width, height)": ORDER,
    "letterbox_size: (max(1, round(height * scale)), max(1, round(width * scale))) → (max(round(height * scale), 1), max(1, round(width * scale)))": ORDER,
    "letterbox_size: (max(1, round(height * scale)), max(1, round(width * scale))) → (max(1, round(height * scale)), max(round(width * scale), 1))": ORDER,
    "epoch_accuracy: ((model(images).argmax(dim=1) == labels).sum().item(), len(labels)) → ((model(images).argmax(dim=1) == labels).sum(), len(labels))": ORDER,
    "epoch_accuracy: right += (model(images).argmax(dim=1) == labels).sum().item() → right += (model(images).argmax(dim=1) == labels).sum()": ORDER,
    "warm_up_cosine: epoch < warm → epoch <= warm": MEET,
    "warm_up_cosine: lr * (1 + torch.cos(torch.pi * share)).item() → lr * (1 + torch.cos(torch.pi * share))": ONE,
    "train_mode: not any((each.requires_grad for each in layer.parameters())) → not all((each.requires_grad for each in layer.parameters()))": TOGETHER,
}


@pytest.fixture(scope="module")
def judged():
    """Judge every mutant of every exercise once: its name and change, and whether it passed."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("imgcls_course.check.guard.REHEARSE", False)
        patch.setitem(check.exercise.guard.call_all.__kwdefaults__, "limit_s", 0.5)
        return [
            (f"{exercise.name}: {mutant.change}", exercise.judge(mutant.answer, seed=0).status)
            for exercise in ALL
            for mutant in mutants(exercise)
        ]


def test_nearly_all_mutants_are_rejected(judged):
    """A check that lets through an operator, an axis or a number that is off is no check."""
    rejected = sum(status == "wrong" for _change, status in judged)
    assert len(judged) >= LEAST
    assert rejected >= 0.95 * len(judged), f"{rejected} of {len(judged)}"


def test_every_survivor_is_known_to_be_equivalent(judged):
    """A mutant that passes must be as right as the reference, for a listed reason; and no reason may be stale."""
    listed = {change for change in SURVIVORS if change.split(":")[0] in check.EXERCISES}
    assert {change for change, status in judged if status != "wrong"} == listed
