# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 12 · The whole project: posters with our logo
#
# *About 55 minutes · after lesson 09 and 10 · all cells together run in about 50 s*
#
# Every day many pictures are uploaded. Some are promotional posters that carry our logo, and a colleague has to see each of those. She
# says: *"Find every poster with the logo. I can live with some false alarms."* That is the whole order. From here on it is your
# project, from a folder of files to a command that a colleague can type.
#
# **After this lesson you can**
#
# - look at pictures before you train on them, and measure what a resize policy leaves of what matters;
# - turn "find every poster" into a need, and choose epoch and threshold for it on validation;
# - report on test once, with an interval, and say what that means for a day of 10,000 uploads;
# - find out what the misses have in common, and whether the network looks at the logo at all;
# - do all of it again from a terminal, and on a folder of your own.
#
# **You need** lesson 09 (fine-tuning) and lesson 10 (thresholds by need). Grad-CAM, near the end, is from lesson 11.

# %%
import csv
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import torch

from imgcls_course import check, data, evaluation, explain, models, paths, plots, runtime, training, widgets

# %% [markdown]
# ## Settings
#
# The lesson runs on what comes with the course. Where there is internet, set `IMGCLS_WEIGHTS=imagenet` before you start JupyterLab, and the same cells
# fine-tune EfficientNet-B0 from ImageNet. The text then speaks of other numbers than you see.

# %%
WEIGHTS = os.environ.get("IMGCLS_WEIGHTS", "course")
ARCH, LEARNS = ("course_resnet_fine", "stage2") if WEIGHTS == "course" else ("efficientnet_b0", "features")
SIZE, RESIZE = 128, "squash"
NEED = {"min_recall": 0.95}
RUN = Path(tempfile.mkdtemp()) / "run"

# %% [markdown]
# ## 1 · Look at the data
#
# Before anything else: how many, of which classes, and in which splits?

# %%
splits = data.load("posters")
for name in ("train", "val", "test"):
    counts = np.bincount(splits[name].labels.numpy())
    print(f"{name}: {dict(zip(splits.classes, counts.tolist(), strict=True))}")

# %% [markdown]
# Balanced, 360 to learn from, and 60 logos each to choose on and to report on. That is little: one logo of test is 1.7 % of recall. Keep it in
# mind when you read the result.
#
# **Predict:** twelve posters drawn at random. Will you see the logo at once in each that has one?

# %%
with runtime.seeded(3):
    drawn = torch.randperm(len(splits.train))[:12].tolist()
shown = [splits.train[index] for index in drawn]
names = [splits.classes[label] for _image, label in shown]
plots.image_grid([image for image, _label in shown], titles=names, columns=6, ax=plt.subplots(figsize=(9, 4.2))[1])
print(names.count("logo"), "of 12 have the logo")

# %% [markdown]
# The logo is a disc with a rim and three curved blades, in any colours, at any place, upright or not. On some posters it fills a
# third of the height. On others you have to search for it. Some of the others carry a disc that only looks like it.
#
# Whoever made the posters wrote down where each logo is (`index.csv`). The network will never see this table. We use it to **measure**, and to understand
# mistakes.

# %%
with (paths.datasets() / "posters" / "index.csv").open(encoding="utf-8") as stream:
    INDEX = {row["file"]: row for row in csv.DictReader(stream)}
logos = [row for row in INDEX.values() if row["kind"] == "logo"]
WIDTH, HEIGHT, DIAMETER = (np.array([float(row[key]) for row in logos]) for key in ("width", "height", "diameter"))
longer, shorter = np.maximum(WIDTH, HEIGHT), np.minimum(WIDTH, HEIGHT)
print(
    f"shapes: longer over shorter side, median {np.median(longer / shorter):.1f}, at most {max(longer / shorter):.1f}"
)
print(f"logos: from {DIAMETER.min():.0f} to {DIAMETER.max():.0f} pixels, {np.mean(DIAMETER < 8):.0%} are under 8")

# %% [markdown]
# Posters are up to six times as long as they are wide, and 7 % of the logos are smaller than 8 pixels in the file itself. No network can make
# out three blades on 5 pixels. **Some of the logos will be missed for that reason alone**, and we know it before we train.
#
# ## 2 · Audit
#
# Lesson 07's audit: is anything broken, is anything there twice, does anything leak from one split into another?

# %%
report = data.audit(paths.datasets() / "posters", progress=False)
print(report)

# %% [markdown]
# Nothing is broken and nothing leaks. Two posters of validation are nearly the same: they can stay, since both are in one split. And 69 have an **extreme shape**: remember that one. (`index.csv` is the table, no picture.)
#
# ## 3 · Split
#
# The splits are given. They have to be made *before* anybody looks, and parts of one photograph must not lie in two of them. These posters were made from strips of photographs, a strip
# for each split, and the audit has found no copy across them. From now on:
#
# - **train** teaches the network;
# - **val** decides everything else: epoch, threshold, resize policy;
# - **test** is opened once, at the end.
#
# ## 4 · What does the resize policy leave of the logo?
#
# The network wants squares of 128 × 128. Lesson 07 knows three ways to get there. Squashed, a logo gets two sizes, across and down, and the smaller one decides whether it can
# be made out.

# %% [markdown]
# ### Exercise · `logo_pixels`
#
# ★★☆ · 7 minutes · 2 points
#
# A poster of `width` × `height` pixels has a logo of `diameter` pixels. It is resized to `size` × `size` by the `policy` "squash", "letterbox" or "crop". Give back how many
# pixels the logo measures afterwards, in the direction in which it is smaller. (Whether the crop keeps it at all is not asked.)


# %% tags=["exercise"]
def logo_pixels(width, height, diameter, size, policy):
    # your code here, in place of the dots
    ...


check.logo_pixels(logo_pixels)


# %% tags=["solution"] jupyter={"source_hidden": true}
# Solution: open it after your own try.
def logo_pixels_solution(width, height, diameter, size, policy):
    if policy == "squash":
        return diameter * size / max(width, height)
    return diameter * size / (max(width, height) if policy == "letterbox" else min(width, height))


check.logo_pixels(logo_pixels_solution, remember=False)

# %% [markdown]
# Now for all 300 logos. **Predict:** which policy leaves the largest logos? And which one would you still not take?

# %%
left, top = (np.array([float(row[key]) for row in logos]) for key in ("x", "y"))
outside = np.maximum(abs(left - WIDTH / 2), abs(top - HEIGHT / 2)) + DIAMETER / 2 > shorter / 2
sizes = {"letterbox": (DIAMETER * SIZE / longer,) * 2, "crop": (DIAMETER * SIZE / shorter,) * 2}
sizes["squash"] = (DIAMETER * SIZE / longer, DIAMETER * SIZE / shorter)
for policy, (small, large) in sizes.items():
    lost = outside.mean() if policy == "crop" else 0
    print(f"{policy:<10} median {np.median(small):4.1f} × {np.median(large):4.1f} pixels, not whole: {lost:.0%}")

# %% [markdown]
# The crop leaves logos three times as large, 39.9 pixels, but **61 % of the posters lose their logo or a part of it**. A network cannot find what is not there, so crop is out. Letterbox and squash
# agree on the smaller size, 13.6 pixels. Squash keeps 39.9 in the other direction, at the price of logos that are ellipses. We take squash.
#
# ## 5 · Which network?
#
# The order could be given to **EfficientNet-B0** (lesson 06). We have no weights for it here, only random numbers. How far does it get in one epoch?

# %%
b0 = models.create("efficientnet_b0", num_classes=2, image_size=64)
small = data.make_loaders(splits, train_preset=data.transforms.train_preset(64, resize=RESIZE), batch_size=30)
history = training.fit(b0, small, epochs=1, lr=0.02, progress=False)
print(f"{models.count_parameters(b0):,} parameters, {models.count_multiply_adds(b0, 64):,} multiply-adds for 64 × 64")
print("better than 0.7 on validation:", history.best["val_accuracy"] > 0.7)

# %% [markdown]
# Four million random weights and 360 pictures: it has learned next to nothing. That was to be expected from lesson 09. With weights from ImageNet B0 would be a fine choice.
#
# So we take the bundled network, pretrained on Tiny ImageNet, and adapt it to **small things**. `course_resnet_fine` differs from `course_resnet` in two ways:
#
# - it ends after three stages instead of four. A place of its last maps is 8 pixels from the next, not 16;
# - it keeps the **mean and the maximum** of each map. A logo that covers a hundredth of the picture moves the mean by next to nothing. The maximum asks: *is it there, anywhere?*

# %%
with runtime.seeded(0):
    model = models.create(ARCH, num_classes=2, weights=WEIGHTS)
training.unfreeze_from(model, LEARNS)
learning = sum(parameter.numel() for parameter in model.parameters() if parameter.requires_grad)
print(f"{models.count_parameters(model):,} parameters, {learning:,} of them learn: the parts from {LEARNS} on")

# %% [markdown]
# The stem and the first stage stay frozen. Edges and blobs they know already, and frozen layers need no backward pass, which saves a third of the time.
#
# ### Augmentation that fits the question
#
# 360 pictures are learned by heart in no time. What may be changed about a poster, so that it keeps its class? The logo comes in any colour and any tilt. So a
# poster turned by 90°, or with other colours, **is still a poster with the logo**. That is not so for every project: a traffic light turned blue is none.

# %%
preset = data.transforms.train_preset(SIZE, resize=RESIZE, extra=data.transforms.STRONG)
loaders = data.make_loaders(splits, train_preset=preset, batch_size=16)
views = preset.preview(splits.train[drawn[names.index("logo")]][0], count=8, seed=1)
plots.image_grid(views, columns=8, ax=plt.subplots(figsize=(9, 1.6))[1])
print(tuple(views.shape), "eight times the same poster")

# %% [markdown]
# Eight views, one poster, one label.
#
# ## 6 · Train, and keep what you may need
#
# Six epochs, a checkpoint after every second one. Val is looked at after each. It takes about a minute: the bar shows how far it is, and if you interrupt, everything up to the last epoch is kept.

# %%
checkpoints = training.Checkpoints(
    RUN,
    arch=ARCH,
    transforms={"image_size": SIZE, "resize": RESIZE, "normalization": "imagenet"},
    save_interval=2,
)

# %%
history = training.fit(
    model,
    loaders,
    epochs=6,
    optimizer=training.make_optimizer(model, "adamw", lr=0.002, weight_decay=0.01),
    schedule=training.schedules.one_cycle(0.002, epochs=6),
    checkpoints=checkpoints,
    progress=False,
)
print("at least three epochs are saved:", len(training.list_checkpoints(RUN)) >= 3)
print("validation accuracy over 0.7:", history.best["val_accuracy"] > 0.7)

# %% tags=["nbval-ignore-output"]
plots.curves(history, metric="loss", ax=plt.subplots(figsize=(5, 3))[1])
print(history.summary())

# %% [markdown]
# Both curves fall, val with some jumps while the learning rate is high. At the end they are close together: with this augmentation the network does *not* learn the posters by heart, and would gain from more epochs. (The
# exact numbers differ a little from computer to computer. Where this lesson compares what it prints, it asks for a claim instead.)
#
# ## 7 · Choose epoch and threshold for the need
#
# "Find every poster, some false alarms are fine" becomes: **a recall of at least 0.95; of the epochs and thresholds with that, the most precise.** On val.

# %% [markdown]
# ### Exercise · `epoch_for_need`
#
# ★☆☆ · 6 minutes · 1 point
#
# `rows` is a list of dicts, one for each saved epoch: `epoch`, `accuracy`, `recall` and `precision` on val at the threshold chosen there, and `test_precision`, which somebody has put in as
# well. Give back the number of the epoch that serves best where a recall of `least_recall` or more is needed. At least one has it.


# %% tags=["exercise"]
def epoch_for_need(rows, least_recall):
    # your code here, in place of the dots
    ...


check.epoch_for_need(epoch_for_need)


# %% tags=["solution"] jupyter={"source_hidden": true}
# Solution: open it after your own try.
def epoch_for_need_solution(rows, least_recall):
    enough = [row for row in rows if row["recall"] >= least_recall]
    return max(enough, key=lambda row: row["precision"])["epoch"]


check.epoch_for_need(epoch_for_need_solution, remember=False)

# %% [markdown]
# The library does the same with the checkpoints of a run.

# %%
prepare = training.read_checkpoint_card(RUN / "best.json").transforms
val = data.make_eval_loader(splits.val, transforms=prepare)
ranked = evaluation.rank_checkpoints(RUN, val, positive="logo", progress=False, **NEED)
best = ranked[0]
print("each finds at least 57 of 60:", all(each.threshold.found >= 57 for each in ranked))
print("the first is the most precise:", best.threshold.precision == max(each.threshold.precision for each in ranked))

# %% [markdown]
# Each epoch has a threshold of its own, and mostly it is below one half: whoever wants to miss nothing has to take a fainter suspicion seriously.
#
# ## 8 · Test, once
#
# Now, and not before, test is opened. **Predict:** on val the recall is at least 0.95, since the threshold was chosen so. And on test?

# %%
found = evaluation.evaluate_checkpoint(best.path, splits, positive="logo", progress=False, **NEED)
scored = found.threshold
print(f"recall over 0.7: {scored.recall > 0.7}, precision over 0.55: {scored.precision > 0.55}")
low, high = found.intervals["recall"]
print("the interval of the recall is wider than 0.03:", high - low > 0.03)

# %% tags=["nbval-ignore-output"]
print("\n".join(str(found).splitlines()[1:]))

# %% [markdown]
# The recall on test is rarely the 0.95 of val. Two reasons: the threshold was fitted to 60 logos, and those of test are others. And we took **the best of several epochs**, on the same 60: the more there is to choose from, the more luck is chosen along with
# it. The interval says how much chance is in the number. If 0.95 has to *hold*, ask for more on val, choose among few, or collect more posters.
#
# ### The recorded run
#
# Six epochs are what a lesson has time for. The course's authors ran the same recipe for 34 epochs, took the last one, and let it predict on pictures of 160 × 160: often a network does better on pictures a
# little larger than those it learned from. These predictions are a **recording** (the commands stand in `docs/recorded`), so everything below prints the same everywhere.

# %%
recorded = paths.recorded() / "posters"
long_val, long_test = (evaluation.read_predictions(recorded / f"{name}.csv") for name in ("val", "test"))
chosen = evaluation.choose_threshold(long_val, "logo", **NEED)
final = evaluation.score_threshold(long_test, "logo", threshold=chosen.value)
print("val: ", chosen)
print("test:", final)

# %% [markdown]
# 57 of 60 logos are found, as was asked for, and 15 of the 60 others are false alarms. Precision was 0.853 on val and is 0.792 on test. It was val that the threshold was fitted to: expect a
# little less elsewhere. With two other seeds the same recipe found 0.93 and 0.95 of the logos, with a precision of 0.82 and 0.81; a promise of 0.95 needs more than 60 logos to choose on.
#
# ### ▶ What would another threshold cost?
#
# Show this one to the colleague before you deliver. **Predict:** to find the last logos, how many more false alarms come along?

# %%
HERE = paths.datasets().parent
explorer = widgets.threshold_explorer(long_test, positive="logo", root=HERE)
display(explorer)
print(explorer.drive(threshold=0.5))
print(explorer.drive(threshold=0.05))

# %% [markdown]
# At 0.05, two more logos are found, 59 of 60, and there are 30 false alarms instead of 15. Whether that is a good bargain, she knows and you do not. (Looking is fine. *Choosing* a threshold here would be choosing on test.)
#
# ### A day of 10,000 uploads
#
# In test every second picture has the logo. In real life it may be one in a hundred. Recall and the **rate of false alarms** (of all pictures without a logo, how many are reported) stay what they are, while precision does not.

# %% [markdown]
# ### Exercise · `a_day`
#
# ★★☆ · 8 minutes · 2 points
#
# Of `pictures` uploads a `share` has the logo. The network finds a part `recall` of those, and reports a part `false_alarm_rate` of the others. Give back how many pictures are reported for a person
# to look at, and the precision among them, as a pair of floats.


# %% tags=["exercise"]
def a_day(pictures, share, recall, false_alarm_rate):
    # your code here, in place of the dots
    ...


check.a_day(a_day)


# %% tags=["solution"] jupyter={"source_hidden": true}
# Solution: open it after your own try.
def a_day_solution(pictures, share, recall, false_alarm_rate):
    found = pictures * share * recall
    false_alarms = pictures * (1 - share) * false_alarm_rate
    return found + false_alarms, found / (found + false_alarms)


check.a_day(a_day_solution, remember=False)

# %%
rate = final.false_alarms / 60
found_a_day, alarms_a_day = 100 * final.recall, 9_900 * rate
print(f"10,000 uploads, 100 with the logo: {found_a_day:.0f} found, {alarms_a_day:.0f} false alarms")
print(f"precision {found_a_day / (found_a_day + alarms_a_day):.2f}; to look at: {found_a_day + alarms_a_day:.0f}")

# %% [markdown]
# 95 of the 100 logos are found, and she has to look at 2,570 pictures to see them: a quarter of all. Precision is 0.04, and the network is the same. That is the number to tell her *before* the contract. It also says what to work on next: the false
# alarms.
#
# ## 9 · Bad cases
#
# Which logos are missed? The table knows how large each is.

# %%
rows = [INDEX["/".join(Path(path).parts[-3:])] for path in long_test.paths]
said = long_test.probabilities[:, 0] >= chosen.value
pixels = np.array([float(row["diameter"] or 0) * SIZE / max(int(row["width"]), int(row["height"])) for row in rows])
for low, high in ((0, 6), (6, 12), (12, 99)):
    these = [i for i, row in enumerate(rows) if row["kind"] == "logo" and low <= pixels[i] < high]
    print(f"logos of {low} to {high} pixels in the network's picture: {said[these].sum()} of {len(these)} found")
kinds = {kind: [i for i, row in enumerate(rows) if row["kind"] == kind] for kind in ("plain", "look-alike", "photo")}
print("false alarms:", {kind: f"{said[these].sum()} of {len(these)}" for kind, these in kinds.items()})

# %%
worst = evaluation.misclassified(long_test, limit=8)
plots.misclassified(worst, root=HERE, ax=plt.subplots(figsize=(9, 5))[1])
print([f"{Path(each.path).name} is {each.true}, {each.p_predicted:.2f} for {each.predicted}" for each in worst[:3]])

# %% [markdown]
# **All 48 logos of 6 pixels or more are found.** The three misses are among the twelve that are smaller than that in the network's picture: we had expected them since section 1. More epochs will not find them. Larger pictures will, or two looks at each half of a long poster.
#
# The false alarms have a pattern, too: 9 of the 12 **look-alikes**, 6 plain posters, and not one photograph. The network has learned "disc with a rim and something in it", and 34 look-alikes in train were too few to teach it to count blades. `imgcls data make posters` draws more.
#
# ## 10 · Does it look at the logo?
#
# A network can be right for a wrong reason (lesson 11). Grad-CAM shows which places speak for *logo*. And since we know where the logos are, we can count how often the strongest place lies on one. Zhang et al. (2016) call it the *pointing game*.

# %% [markdown]
# ### Exercise · `radii_to_logo`
#
# ★★★ · 9 minutes · 2 points
#
# `heat` is a map, a tensor of shape (h, w), laid over a poster of `width` × `height` pixels. The logo has its middle at (`x`, `y`), x to the right and y down, and a `diameter`. Give back how far the
# middle of the map's strongest place is from the middle of the logo, in **radii** of the logo: 0 is its middle, 1 its edge. (A place is a rectangle of width / w by height / h pixels.)


# %% tags=["exercise"]
def radii_to_logo(heat, x, y, diameter, width, height):
    # your code here, in place of the dots
    ...


check.radii_to_logo(radii_to_logo)


# %% tags=["solution"] jupyter={"source_hidden": true}
# Solution: open it after your own try.
def radii_to_logo_solution(heat, x, y, diameter, width, height):
    row, column = divmod(heat.argmax().item(), heat.shape[1])
    across, down = (column + 0.5) * width / heat.shape[1], (row + 0.5) * height / heat.shape[0]
    return 2 * ((across - x) ** 2 + (down - y) ** 2) ** 0.5 / diameter


check.radii_to_logo(radii_to_logo_solution, remember=False)

# %% [markdown]
# For the 60 logos of test, with the network that you trained above. A guess would hit as often as the logo covers the poster. **Predict:** how much better is the network?

# %%
network, card = training.load_checkpoint(found.checkpoint)
test = data.make_eval_loader(splits.test, transforms=card.transforms, batch_size=60)
images, labels = next(iter(test))  # the first sixty are the logos
heat = explain.grad_cam(network, images, target=0)
print("all sixty are logos:", bool((labels == 0).all()), "- maps of shape", heat.shape)


# %%
def on_logo(one, mark):
    """Say whether the strongest place of a map lies on the logo."""
    row, column = divmod(int(one.argmax()), one.shape[1])
    across, down = (column + 0.5) / one.shape[1], (row + 0.5) / one.shape[0]
    dx, dy = across * float(mark["width"]) - float(mark["x"]), down * float(mark["height"]) - float(mark["y"])
    return np.hypot(dx, dy) <= float(mark["diameter"]) / 2


marks = [row for row in rows if row["kind"] == "logo"]
hits = np.mean([on_logo(one, mark) for one, mark in zip(heat, marks, strict=True)])
area = [np.pi / 4 * float(m["diameter"]) ** 2 / float(m["width"]) / float(m["height"]) for m in marks]
print(f"by chance {np.mean(area):.2f}; the network at least three times as often: {hits > 3 * np.mean(area)}")

# %% tags=["nbval-ignore-output"]
picked = [3, 12, 24, 36]
shown = data.transforms.denormalize(images[picked]).clamp(0, 1)
axes = plt.subplots(1, 4, figsize=(9, 2.4))[1]
for ax, image, one in zip(axes, shown, heat[picked], strict=True):
    plots.heatmap_overlay(image, one, ax=ax)
print(f"{hits:.2f} of the strongest places lie on the logo")

# %% [markdown]
# It points at logos, and far more often than chance would. So it is right for the right reason, mostly. Where the strongest place is elsewhere although the answer is right, look closer: a place of this map is as large as a small logo.
#
# ## 11 · The same from a terminal
#
# Nobody will open a notebook every day. The same project is four commands:
#
# ```
# imgcls data audit datasets/posters
# imgcls train --data posters --arch course_resnet_fine --weights course --unfreeze-from stage2 --image-size 128 --resize squash \
#     --augment strong --optimizer adamw --lr 0.002 --weight-decay 0.01 --schedule one-cycle --batch-size 16 --epochs 34 --save-interval 2 --out run
# imgcls evaluate --checkpoint run --data posters --min-recall 0.95 --predictions found.csv --report report
# imgcls predict --checkpoint run new_pictures --threshold 0.1
# ```
#
# The run of this lesson is a run like any other, so the third command can be tried right here. (In a terminal you would type it. From a notebook, Python starts it for us.)

# %%
IMGCLS = [sys.executable, "-m", "imgcls_course.cli"]
options = f"--checkpoint {best.path} --data posters --min-recall 0.95 --report {RUN.parent}"
command = [*IMGCLS, "evaluate", *options.split()]
told = subprocess.run(command, capture_output=True, text=True, check=True).stdout
page = (RUN.parent / "report.html").read_text(encoding="utf-8")
print("the numbers are those from above:", str(scored.found) + " found" in told)
print("three figures and the bad cases are inside the report:", page.count("data:image/") > 3)

# %% [markdown]
# ## 12 · A folder of your own
#
# `data.load` takes any folder that has a folder for each class, and finds the splits or makes them. Here we draw one, and put a file into it that is no picture at all, as happens in
# real life. Put the path of yours in its place.

# %%
mine = data.posters.make(RUN.parent / "mine", count=40, seed=99, progress=False)
(mine / "test" / "logo" / "broken.jpg").write_bytes(b"this is no picture")
own = data.load(mine)
print(own.classes, {name: len(own[name]) for name in ("train", "val", "test")})

# %% [markdown]
# For pictures whose class nobody knows, there is `predict`. **Predict:** what will it do with the broken file?

# %%
command = ["predict", "--checkpoint", found.checkpoint, "--threshold", 0.3, "--json", mine / "test"]
rows = json.loads(subprocess.run([*IMGCLS, *map(str, command)], capture_output=True, text=True, check=True).stdout)
print(len(rows), "files;", [Path(row["path"]).name + ": " + row["error"] for row in rows if "error" in row])
print("first answer:", Path(rows[0]["path"]).name, "has", ", ".join(rows[0]["probabilities"]))

# %% [markdown]
# The broken one is named, and the other eight have their answer. Now it is yours: `imgcls train --data my_folder …`.

# %% [markdown]
# ## Summary
#
# - Look and measure before you train: what is broken, what is small, what does the resize leave of it?
# - A need is a sentence of the client. Turn it into one condition and one thing to be as good as possible, and let it choose epoch *and* threshold, on val.
# - Test is opened once. Report an interval, and what a day with the real share of logos looks like.
# - Group the mistakes by what you know about the pictures. Here it is the size of the logo that decides, and not the network's mood.
# - A score does not say *why*. Check that the network looks at what it should.
#
# ## To go further
#
# - Zhang, Lin, Brandt, Shen, Sclaroff, "Top-down neural attention by excitation backprop", ECCV 2016: the pointing game.
# - Touvron, Vedaldi, Douze, Jégou, "Fixing the train-test resolution discrepancy", NeurIPS 2019: why a larger picture at test time can help. Try `imgcls evaluate --image-size 160`.
# - Oquab, Bottou, Laptev, Sivic, "Is object localization for free?", CVPR 2015: maximum pooling, to find objects without boxes.
# - More posters: `imgcls data make posters --out more --count 3000 --seed 7`. How much do they help?
