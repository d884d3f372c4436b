"""Answers that are nearly right: a check has to reject them, or it lets a student believe what is not so."""

import pytest
from exercises import ALL
from mutants import mutants

from imgcls_course import check
from imgcls_course.checking import guard

LEAST = 200
EQUIVALENT = {
    "a division, or a difference to floats, makes floats of whole numbers anyway": (
        "to_unit_range: pixels.float() → pixels",
        "logit_gradient: functional.one_hot(labels, logits.shape[1]).float()"
        " → functional.one_hot(labels, logits.shape[1])",
    ),
    "a tensor of one number is as good as a number": (
        "top5_error: (scores.topk(5, dim=1).indices == labels[:, None]).any(dim=1).float().mean().item()"
        " → (scores.topk(5, dim=1).indices == labels[:, None]).any(dim=1).float().mean()",
        "epoch_accuracy: (model(images).argmax(dim=1) == labels).sum().item()"
        " → (model(images).argmax(dim=1) == labels).sum()",
        "warm_up_cosine: (1 + torch.cos(torch.pi * share)).item() → 1 + torch.cos(torch.pi * share)",
        "precision_recall: int(each.sum()) → each.sum()",
        "macro_f1: f1.mean().item() → f1.mean()",
        "threshold_for_recall: int((has_logo & (probabilities >= threshold)).sum())"
        " → (has_logo & (probabilities >= threshold)).sum()",
        "threshold_for_recall: int(has_logo.sum()) → has_logo.sum()",
        "threshold_for_recall: value.item() → value",
        "recall_kept: int((test_logo & (test_p >= threshold)).sum()) → (test_logo & (test_p >= threshold)).sum()",
        "recall_kept: int(test_logo.sum()) → test_logo.sum()",
        "precision_recall: float(one) → one",
        "precision_recall: float(other) → other",
        "macro_f1: float(one) → one",
        "macro_f1: float(other) → other",
        "recall_kept: float(one) → one",
        "recall_kept: float(other) → other",
        "recall_kept: t.item() → t",
        "threshold_for_recall: t.item() → t",
        "occlusion_map: torch.cartesian_prod(*(torch.arange(side) for side in found.shape)).tolist()"
        " → torch.cartesian_prod(*(torch.arange(side) for side in found.shape))",
    ),
    "the larger of two numbers is the same, whichever comes first": (
        "rounded_channels: max(8, int(channels + 4) // 8 * 8) → max(int(channels + 4) // 8 * 8, 8)",
        "letterbox_size: max(height, width) → max(width, height)",
        "letterbox_size: max(1, round(height * scale)) → max(round(height * scale), 1)",
        "letterbox_size: max(1, round(width * scale)) → max(round(width * scale), 1)",
        "logo_pixels: _sizes(width, height, diameter, size, policy) → _sizes(height, width, diameter, size, policy)",
        "logo_pixels: max(width, height) → max(height, width)",
        "logo_pixels: min(width, height) → min(height, width)",
        "radii_to_logo: math.hypot(across - x, down - y) → math.hypot(down - y, across - x)",
    ),
    "the lists that go together are of one length": ("macro_f1: True → False",),
    "every class has pictures, and every split a logo, so that nothing is divided by zero": (
        "macro_f1: float(one) / float(other) if other else 0.0 → float(one) / float(other) if other else 1.0",
        "macro_f1: float(one) / float(other) if other else 0.0 → float(one) / float(other) if other else -1.0",
        "recall_kept: float(one) / float(other) if other else 0.0 → float(one) / float(other) if other else 1.0",
        "recall_kept: float(one) / float(other) if other else 0.0 → float(one) / float(other) if other else -1.0",
    ),
    "no share of 11 logos is exactly 0.9, so that no rounding decides whether a student is right": (
        "recall_kept: (has_logo & (probabilities >= t)).sum() / there >= at_least"
        " → (has_logo & (probabilities >= t)).sum() / there > at_least",
        "recall_kept: (logos >= value).double().mean() >= 0.9 → (logos >= value).double().mean() > 0.9",
    ),
    "there is one dimension, or one picture, so that the first is also the last": (
        "threshold_for_recall: probabilities.unique().flip(0) → probabilities.unique().flip(-1)",
        "recall_kept: probabilities.unique().flip(0) → probabilities.unique().flip(-1)",
        "saliency_map: network(image[None])[0] → network(image[None])[-1]",
        "saliency_map: (0, label) → (-1, label)",
    ),
    "asking a picture for its gradient changes none of its numbers": ("saliency_map: image.clone() → image",),
    "the first copy is never used": ("occlusion_map: image.clone() → image",),
    "after // it is a whole number already": ("rounded_channels: int(channels + 4) → channels + 4",),
    "they differ only where a channel is exactly ten ninths of a multiple of 8, and floats are not exact": (
        "rounded_channels: rounded < 0.9 * channels → rounded <= 0.9 * channels",
    ),
    "where the warm-up ends, the line and the cosine have the same value": (
        "warm_up_cosine: epoch < warm → epoch <= warm",
    ),
    "weight and bias of a norm are frozen together": (
        "train_mode: any((each.requires_grad for each in layer.parameters()))"
        " → all((each.requires_grad for each in layer.parameters()))",
    ),
}


@pytest.fixture(scope="module")
def judged():
    """Judge every mutant of every exercise once: its name and change, and whether it passed."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("imgcls_course.checking.guard.REHEARSE", False)
        patch.setitem(guard.call_all.__kwdefaults__, "limit_s", 2.0)
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
    listed = {each for changes in EQUIVALENT.values() for each in changes if each.split(":")[0] in check.EXERCISES}
    assert {change for change, status in judged if status != "wrong"} == listed
