"""Exercises of lesson 10: the threshold for a required recall, and what is left of it on the test split."""

import torch

from ..checking.exercise import Exercise, Mistake
from .lesson_10_scores import divide


def _needs(rng) -> list[tuple]:
    known = (torch.tensor([0.9, 0.8, 0.7, 0.6, 0.4, 0.2]), torch.tensor([1, 0, 1, 1, 0, 1]).bool())
    drawn = [(*_split(rng, logos=10), float(rng.choice([0.5, 0.65, 0.85]))) for _turn in range(3)]
    return [*drawn, (*known, 0.75), (*known, 0.7), (*known, 1.0)]  # the answer stands among the few numbers of `known`


def _two_splits(rng) -> list[tuple]:
    known_val = torch.tensor([0.9, 0.7, 0.6, 0.3]), torch.tensor([1, 0, 1, 0]).bool()
    known_test = torch.tensor([0.8, 0.5, 0.4, 0.35, 0.1]), torch.tensor([1, 1, 0, 1, 0]).bool()
    drawn = [(*_split(rng, logos=11), *_split(rng, logos=14)) for _turn in range(10)]
    return [(*known_val, *known_test), *drawn]


def _split(rng, *, logos: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Draw probabilities, all different and none of them round, and which of 20 pictures have the logo."""
    has_logo = torch.as_tensor(rng.permutation(20) < logos)
    strength = torch.as_tensor(rng.random(20)) + 0.4 * has_logo
    return (0.031 + 0.047 * strength.argsort().argsort()).float(), has_logo


def _with_recall(probabilities, has_logo, at_least) -> list[float]:
    """Return all thresholds that give the recall, from the highest down."""
    there = has_logo.sum()
    values = probabilities.unique().flip(0)
    return [t.item() for t in values if (has_logo & (probabilities >= t)).sum() / there >= at_least]


def _threshold(probabilities, has_logo, at_least):
    return _with_recall(probabilities, has_logo, at_least)[0]


def _strictly_more(probabilities, has_logo, at_least):
    recalls = [((has_logo & (probabilities >= t)).sum() / has_logo.sum(), t) for t in probabilities.unique().flip(0)]
    return next((t.item() for recall, t in recalls if recall > at_least), probabilities.min().item())


def _strictly_above(probabilities, has_logo, at_least):
    values = probabilities.unique().flip(0)
    found = (t for t in values if (has_logo & (probabilities > t)).sum() / has_logo.sum() >= at_least)
    return next((t.item() for t in found), 0.0)


def _of_all_pictures(probabilities, has_logo, at_least):
    everything = torch.ones_like(has_logo)
    return _threshold(probabilities, everything, at_least)


def _precision_instead(probabilities, has_logo, at_least):
    values = probabilities.unique()
    precise = (t for t in values if (has_logo & (probabilities >= t)).sum() / (probabilities >= t).sum() >= at_least)
    return next((t.item() for t in precise), 1.0)


def _recall_at(threshold, probabilities, has_logo) -> float:
    return divide((has_logo & (probabilities >= threshold)).sum(), has_logo.sum())


def _kept(val_p, val_logo, test_p, test_logo):
    return _recall_at(_threshold(val_p, val_logo, 0.9), test_p, test_logo)


def _chosen_on_test(val_p, val_logo, test_p, test_logo):
    return _recall_at(_threshold(test_p, test_logo, 0.9), test_p, test_logo)


def _chosen_on_both(val_p, val_logo, test_p, test_logo):
    both = torch.cat([val_p, test_p]), torch.cat([val_logo, test_logo])
    return _recall_at(_threshold(*both, 0.9), test_p, test_logo)


def _promised(val_p, val_logo, test_p, test_logo):
    return _recall_at(_threshold(val_p, val_logo, 0.9), val_p, val_logo)


def _splits_swapped(val_p, val_logo, test_p, test_logo):
    return _kept(test_p, test_logo, val_p, val_logo)


threshold_for_recall = Exercise(
    name="threshold_for_recall",
    lesson="10",
    reference=_threshold,
    inputs=_needs,
    first_hint="Try every probability as a threshold, from the highest down. Where is the recall large enough first?",
    hint="Probabilities 0.9, 0.8, 0.7 with logo yes, no, yes: for a recall of 0.5 it is 0.9, for 1 it is 0.7.",
    mistakes=(
        Mistake(
            answer=lambda *arguments: _with_recall(*arguments)[-1],
            message="{call} gives {got}: the lowest threshold, which says logo to everything.",
            hint="It has the recall, but how many false alarms? Which threshold with the recall has the fewest?",
        ),
        Mistake(
            answer=_strictly_above,
            message="{call} gives {got}: a picture with exactly this probability was not counted as found.",
            hint="A picture counts as logo where its probability is *at least* the threshold. Is that > or >=?",
        ),
        Mistake(
            answer=_strictly_more,
            message="{call} gives {got}: this threshold finds more than was asked for.",
            hint="The recall should be *at least* so much. Is a recall of exactly that enough?",
        ),
        Mistake(
            answer=_of_all_pictures,
            message="{call} gives {got}: at this threshold so many of *all* pictures are called logo.",
            hint="Recall is a share of which pictures?",
        ),
        Mistake(
            answer=_precision_instead,
            message="{call} gives {got}: that is a threshold for the precision.",
            hint="Recall divides the hits by something that the threshold does not change. By what?",
        ),
        Mistake(
            answer=lambda *arguments: 0.5,
            message="{call} gives {got}, the usual threshold.",
            hint="What recall does it have? Was another one asked for?",
        ),
    ),
    minutes=10,
    difficulty=3,
    points=2,
)

recall_kept = Exercise(
    name="recall_kept",
    lesson="10",
    reference=_kept,
    inputs=_two_splits,
    first_hint="Two steps: the threshold from the pictures of val only; then count on the pictures of test only.",
    hint="Val 0.9, 0.7, 0.6 with logo yes, no, yes: the threshold is 0.6. With it, of the logos in test, which are found?",
    mistakes=(
        Mistake(
            answer=_chosen_on_test,
            message="{call} gives {got}: the threshold was chosen on test.",
            hint="So the promise is kept by construction, and says nothing. Which pictures will nobody have seen before?",
        ),
        Mistake(
            answer=_promised,
            message="{call} gives {got}: that is the recall on val.",
            hint="This is what was promised. On which pictures is it seen whether it was kept?",
        ),
        Mistake(
            answer=_chosen_on_both,
            message="{call} gives {got}: the threshold was chosen on val and test together.",
            hint="More pictures, a steadier threshold. But is test still unseen?",
        ),
        Mistake(
            answer=_splits_swapped,
            message="{call} gives {got}: chosen on test, reported on val.",
            hint="Which of the two is for choosing?",
        ),
        Mistake(
            answer=lambda val_p, val_logo, test_p, test_logo: _recall_at(0.5, test_p, test_logo),
            message="{call} gives {got}: that is the recall at 0.5.",
            hint="Val has to say which threshold gives the recall. Where is it used?",
        ),
    ),
    minutes=8,
    difficulty=2,
    points=2,
)

EXERCISES = (threshold_for_recall, recall_kept)
