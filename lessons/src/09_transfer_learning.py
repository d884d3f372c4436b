# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 9 · Transfer learning
#
# *About 60 minutes · after lesson 05 and 08 · all cells together run in about 55 s*
#
# Somebody brings you six pictures of each kind and wants a classifier by the evening. From random weights, six pictures teach a
# network next to nothing. But edges, corners and surfaces look alike in all pictures of the world, and a network that has seen
# a hundred thousand of them knows them already. It only has to learn what *you* call them.
#
# **After this lesson you can**
#
# - find the classifier in any network of `torchvision.models`, and give it a new number of classes;
# - use a pretrained network in three ways: as it is, as a fixed feature extractor, and fine-tuned;
# - freeze parameters, know what freezing does *not* stop, and compute features only once;
# - choose a way by how much data you have, and by how like it is to what the network saw before;
# - save a network with all that is needed to use it, and classify a picture of your own.
#
# **You need** lesson 05 (the residual network that we use) and lesson 08 (the training loop, learning rates).

# %%
import json
import os
import tempfile
from dataclasses import replace
from pathlib import Path

import matplotlib.pyplot as plt
import skimage.data
import torch
import torchvision
from torch import nn
from torch.nn import functional
from torchvision.transforms.v2 import functional as pictures

from imgcls_course import check, data, literature, models, paths, plots, runtime, training, widgets
from imgcls_course.experiments import transfer
from imgcls_course.models.weights import BUNDLED

# %% [markdown]
# ## Settings
#
# The lesson runs on bundled pictures and bundled weights. Where there is internet, the same cells run on ants and bees
# (`IMGCLS_DATA=hymenoptera`), on a folder of yours, or with weights from ImageNet (`IMGCLS_WEIGHTS=imagenet`): set the
# variable before you start JupyterLab, or change the line here. The text then speaks of other numbers than you see.

# %%
DATA = os.environ.get("IMGCLS_DATA", "textures")
WEIGHTS = os.environ.get("IMGCLS_WEIGHTS", "course")
ARCH = "course_resnet" if WEIGHTS == "course" else "resnet18"

# %% [markdown]
# Our pictures are ten textures in grey. We take the middle 40 × 40 pixels, so that a training takes seconds, and every third
# picture of validation. Pictures in files are scaled to 64 × 64.

# %%
splits = data.load(DATA)
if DATA == "textures":
    splits = splits.cropped(40)
SIZE = splits.train.images.shape[-1] if isinstance(splits.train, data.ImageTensors) else 64
splits = replace(splits, val=splits.val.subset(range(0, len(splits.val), 3)))
CLASSES = len(splits.classes)
print(f"{CLASSES} classes, {len(splits.train)} pictures to learn from, {len(splits.val)} to validate on")

# %% [markdown]
# ## What a pretrained model is
#
# A **pretrained** model is an architecture with weights that somebody has trained before, on a large **source** task. It should
# come with a card: what it learned from, how, and how well. Here is the card of the network that comes with this course.

# %%
card = json.loads((BUNDLED / "course_resnet.json").read_text(encoding="utf-8"))
print(f"{card['arch']}: {card['trained_on']:,} pictures of {card['classes']} classes, {card['epoch']} epochs")
print(f"right on {card['top1']:.1%} of {card['scored_on']:,} new pictures, among the first five on {card['top5']:.1%}")

# %% [markdown]
# It is a residual network as in lesson 05: a *stem* of one convolution, four *stages* of two residual blocks each, global average pooling, and
# a linear *head*. The source task is *Tiny ImageNet*: 64 × 64 pixels, 200 classes of ImageNet. By chance one would be right on 0.5 %. The pictures themselves are no part of the course, only what was learned from them; the
# recipe and the log are in `docs/recorded`.
#
# A score on the *source* says little about *your* pictures. That is for you to measure, and so we shall.
#
# ### What has it learned?
#
# The first layer has 32 filters of 7 × 7, and since they look at colours, we can look at them as small colour pictures. **Predict:** what
# would such a filter look like before training, and what after it?


# %%
def start(weights=WEIGHTS, seed=0):
    with runtime.seeded(seed):
        return models.create(ARCH, num_classes=CLASSES, weights=weights)


def first_filters(model):
    return next(layer for layer in model.modules() if isinstance(layer, nn.Conv2d)).weight.detach()


# %%
fig, axes = plt.subplots(1, 2, figsize=(9, 2.6))
for ax, weights in zip(axes, (None, WEIGHTS), strict=True):
    filters = first_filters(start(weights))
    plots.image_grid(0.5 + filters / (2 * filters.abs().amax((1, 2, 3), keepdim=True)), columns=8, ax=ax)
    neighbours = torch.stack([filters[..., :-1].flatten(), filters[..., 1:].flatten()])
    alike = torch.corrcoef(neighbours)[0, 1].item()
    ax.set_title("random" if weights is None else "pretrained")
    print(f"{ax.get_title()}: neighbouring weights go together (correlation over 0.4): {alike > 0.4}")

# %% [markdown]
# Left, noise. Right, **edges** between light and dark in many directions, small spots, and blobs of colour. Nobody told the network to look
# for edges, and there is nothing of a goldfish or a bus in them. That is why they are of use elsewhere. Yosinski et al. (NeurIPS 2014)
# measured it: features of first layers are general, those of later layers belong more and more to the source task.

# %% [markdown]
# ## The zoo
#
# `torchvision.models` holds some eighty networks with weights from ImageNet: 1.3 million photos, 1,000 classes. The
# architectures come in families. We list twelve; `models.create_on_meta` makes each without memory for its weights, and torchvision's own metadata
# knows the score of its first weights, so nothing is downloaded.

# %%
SIX = ("resnet18", "alexnet", "vgg11", "squeezenet1_0", "densenet121", "inception_v3")
SIX_MORE = ("googlenet", "shufflenet_v2_x1_0", "mobilenet_v2", "resnext50_32x4d", "wide_resnet50_2", "mnasnet0_5")
for arch in SIX + SIX_MORE:
    model = models.create_on_meta(arch)
    name = models.classifier_name(model)
    layer, entry = model.get_submodule(name), next(iter(torchvision.models.get_model_weights(arch)))
    top1 = entry.meta["_metrics"]["ImageNet-1K"]["acc@1"]
    kind = f"{type(layer).__name__}({layer.weight.shape[1]}, {layer.weight.shape[0]})"
    print(f"{arch:<19}{models.count_parameters(model) / 1e6:6.1f} M {top1:6.1f} %  {name:<13} {kind}")

# %% [markdown]
# Each keeps its **classifier**, the layer that gives the 1,000 logits, under another name: `fc`, `classifier`, `classifier.6` (and `classifier.3` in MobileNet v3). In SqueezeNet it is
# a *convolution* of 1×1, and the pooling comes behind it. Inception v3 was trained on pictures of 299 pixels, the others here on 224.
# The parameters say little about the score: compare VGG-11 with MobileNet.
#
# ### A new number of classes
#
# We have ten classes, or two, and not a thousand. In plain PyTorch one replaces the layer. It takes what the old one took.

# %%
model = models.create_on_meta("resnet18")
model.fc = nn.Linear(model.fc.in_features, CLASSES)
squeezenet = models.create_on_meta("squeezenet1_0")
squeezenet.classifier[1] = nn.Conv2d(512, CLASSES, kernel_size=1)
print("as many outputs as classes:", model.fc.out_features == squeezenet.classifier[1].out_channels == CLASSES)

# %% [markdown]
# The library does it for all families: `models.create(arch, num_classes=…, weights=…)` makes the network with a classifier of the
# right size, random, and fills in the weights of everything else.

# %% [markdown]
# ### Exercise · `new_head`
#
# ★★☆ · 7 minutes · 2 points
#
# Replace the linear layer called `name`, such as `"fc"` or `"classifier.6"`, by a new one for `num_classes` classes, and return the model.


# %% tags=["exercise"]
def new_head(model, name, num_classes):
    # your code here, in place of the dots
    ...


check.new_head(new_head)


# %% tags=["solution"] jupyter={"source_hidden": true}
# Solution: open it after your own try.
def new_head_solution(model, name, num_classes):
    parent, _dot, last = name.rpartition(".")
    old = model.get_submodule(name)
    setattr(model.get_submodule(parent), last, nn.Linear(old.in_features, num_classes))
    return model


check.new_head(new_head_solution, remember=False)

# %% [markdown]
# ## First way: use it as it is
#
# If your classes are among those it knows, there is nothing to train. We show the network photos that come with scikit-image. It
# has never seen these; *cat* and *espresso* are among its 200 classes, *motorcycle* is not.
#
# **Predict:** what does it say to the motorcycle? And will it be unsure?

# %%
known = literature.table("tiny_imagenet").column("class")
if WEIGHTS == "imagenet":
    known = torchvision.models.ResNet18_Weights.DEFAULT.meta["categories"]
as_it_is = models.create(ARCH, num_classes=len(known), weights=WEIGHTS).eval()

# %% [markdown]
# Three photos of different sizes; the middle square of each, at the size that the network learned from.

# %%
prepare = data.transforms.eval_preset(64 if WEIGHTS == "course" else 224)
photos = [skimage.data.chelsea(), skimage.data.coffee(), skimage.data.stereo_motorcycle()[0]]
photos = [torch.from_numpy(photo.copy()).permute(2, 0, 1) for photo in photos]

# %%
with torch.no_grad():
    sure, answers = as_it_is(torch.stack([prepare(photo) for photo in photos])).softmax(dim=1).max(dim=1)
plots.image_grid(photos, titles=[known[answer] for answer in answers])
for probability, answer in zip(sure, answers, strict=True):
    print(f"{known[answer]:<14} with more than half of the probability: {probability.item() > 0.5}")

# %% [markdown]
# The cat even has a breed, and the cup is an espresso. The motorcycle is a *jinrikisha*, a rickshaw: two large wheels with spokes. And the network
# is sure of it. A softmax shares out 100 % among the classes that there are; "none of them" is not one of them. **As it is, a
# network answers its own question, not yours.** Neither our logo nor "gravel" is among the classes of any network here.

# %% [markdown]
# ## Second way: a fixed feature extractor
#
# So we keep the **body**, which turns a picture into a list of numbers, its *features*, and train a new **head** on them. The body is
# **frozen**: `requires_grad = False` says that a parameter gets no gradient. AlexNet is the example of many tutorials.
#
# **Predict:** it has eight layers with weights. How many parameter tensors is that?

# %%
alexnet = models.create_on_meta("alexnet")
print(len(list(alexnet.parameters())), "parameter tensors")
for parameter in alexnet.parameters():
    parameter.requires_grad = False
alexnet.classifier[6] = nn.Linear(4096, CLASSES)
print([name for name, parameter in alexnet.named_parameters() if parameter.requires_grad])

# %% [markdown]
# 16: a weight and a bias for each. All were frozen, then the last layer was replaced, and a new layer learns unless told
# otherwise. The optimizer gets only what learns: `[p for p in alexnet.parameters() if p.requires_grad]`.


# %% [markdown]
# ### Exercise · `trainable_parameters`
#
# ★☆☆ · 4 minutes · 1 point
#
# How many numbers of a model learn? Count the numbers in the tensors, not the tensors, and only of parameters that are not frozen.


# %% tags=["exercise"]
def trainable_parameters(model):
    # your code here, in place of the dots
    ...


check.trainable_parameters(trainable_parameters)


# %% tags=["solution"] jupyter={"source_hidden": true}
# Solution: open it after your own try.
def trainable_parameters_solution(model):
    return sum(parameter.numel() for parameter in model.parameters() if parameter.requires_grad)


check.trainable_parameters(trainable_parameters_solution, remember=False)


# %% [markdown]
# ### Exercise · `freeze_body`
#
# ★★☆ · 6 minutes · 1 point
#
# Let exactly the parameters of the layer called `head` learn, and no others, whatever was frozen before. Return the model.


# %% tags=["exercise"]
def freeze_body(model, head):
    # your code here, in place of the dots
    ...


check.freeze_body(freeze_body)


# %% tags=["solution"] jupyter={"source_hidden": true}
# Solution: open it after your own try.
def freeze_body_solution(model, head):
    for name, parameter in model.named_parameters():
        parameter.requires_grad = name.startswith(f"{head}.")
    return model


check.freeze_body(freeze_body_solution, remember=False)

# %% [markdown]
# The library's `training.freeze(model)` does this, and finds the head by itself. Now the batches: 2, 6 and 20 pictures of each class.
# The pretrained network saw pictures normalised with ImageNet's mean and deviation, so ours must be, too. (Grey pictures get three
# equal channels.)

# %%
COUNTS = (2, 6, 20)
options = {"eval_preset": data.transforms.eval_preset(SIZE), "batch_size": 20}
loaders = {count: data.make_loaders(splits.sample_per_class(count), **options) for count in COUNTS}
images, labels = next(iter(loaders[6].train))
print(tuple(images.shape[:2]), {count: len(loaders[count].train.dataset) for count in COUNTS})

# %% [markdown]
# ### What freezing does not stop
#
# No gradient, no change? **Predict:** we freeze the network and pass one batch through it in train mode, without any optimizer.
# Is it still the same?

# %%
model = training.freeze(start())
norm = next(layer for layer in model.modules() if isinstance(layer, nn.BatchNorm2d))
before = norm.running_mean.clone()
with torch.no_grad():
    model.train()(images)
print("the mean of the first norm is as before:", torch.equal(norm.running_mean, before))

# %% [markdown]
# It is not. The running mean and variance of a batch norm are no parameters; they follow the data whenever the network is in **train mode**. A frozen
# body has to be in **eval mode**. Forget it, and the features drift while the head learns them. (`training.run_epoch` and `fit`
# keep frozen layers in eval mode.)


# %% [markdown]
# ### Exercise · `train_mode`
#
# ★★☆ · 6 minutes · 2 points
#
# Put the model into train mode, all but the layers of `nn.BatchNorm1d` whose parameters are frozen: those belong in eval mode. Return the
# model.


# %% tags=["exercise"]
def train_mode(model):
    # your code here, in place of the dots
    ...


check.train_mode(train_mode)


# %% tags=["solution"] jupyter={"source_hidden": true}
# Solution: open it after your own try.
def train_mode_solution(model):
    model.train()
    for layer in model.modules():
        if isinstance(layer, nn.BatchNorm1d) and not layer.weight.requires_grad:
            layer.eval()
    return model


check.train_mode(train_mode_solution, remember=False)

# %% [markdown]
# ### Features once
#
# A frozen body gives the same features for a picture in every epoch. So compute them once. In plain PyTorch: take the head off,
# pass all pictures through, keep what comes out.


# %%
def features_of(body, batches):
    with torch.no_grad():
        parts = [(body(images), labels) for images, labels in batches]
    return (torch.cat(part) for part in zip(*parts, strict=True))


# %% [markdown]
# `nn.Identity` gives back what it gets. In the place of the head it lets the features through.

# %%
body = start().eval()
name = models.classifier_name(body)
width = body.get_submodule(name).in_features
setattr(body, name, nn.Identity())
train_x, train_y = features_of(body, loaders[6].train)
val_x, val_y = features_of(body, loaders[6].val)
print(tuple(train_x.shape), tuple(val_x.shape))

# %% [markdown]
# A picture has become a row of 256 numbers. What is left to train is the perceptron of lesson 01, on these rows instead of pixels.

# %%
with runtime.seeded(0):
    head = nn.Linear(width, CLASSES)
optimizer = torch.optim.SGD(head.parameters(), lr=0.1, momentum=0.9)
for _epoch in range(100):
    loss = functional.cross_entropy(head(train_x), train_y)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
accuracy = (head(val_x).argmax(dim=1) == val_y).float().mean().item()
print("right on more than 3 of 4 new pictures:", accuracy > 0.75)

# %% [markdown]
# A hundred epochs, in no time: the body was run once for each picture, and not a hundred times. It has seen six pictures of
# each class. The library's call is `training.linear_probe(model, loaders)`; with `augmented_views=` it passes several augmented versions of each
# picture through, and keeps them all.
#
# ### Which six?
#
# With so few pictures it matters *which* ones were drawn. The probe is nearly free, so we draw five times.


# %%
def probe(count, seed):
    batches = loaders[count] if seed == 0 else data.make_loaders(splits.sample_per_class(count, seed=seed), **options)
    history = training.linear_probe(training.freeze(start()), batches, epochs=30, lr=0.1, progress=False, seed=seed)
    return history.best["val_accuracy"]


probed = {count: torch.tensor([probe(count, seed) for seed in range(5)]) for count in (2, 20)}
spread = {count: (found.max() - found.min()).item() for count, found in probed.items()}
print("20 of each class better than 2, on average:", bool(probed[20].mean() > probed[2].mean() + 0.03))
print("and more alike from draw to draw:", spread[20] < spread[2])

# %% [markdown]
# More pictures give a better head, and a less lucky one. Keep the spread in mind for every comparison with few pictures: a difference
# as large as that between two draws says nothing.

# %% [markdown]
# ## Third way: fine-tuning
#
# The body need not stay as it is. In **fine-tuning** it learns on, from where it stands. Two things differ from training
# from scratch:
#
# - **Small steps.** The weights are good already. Large steps would throw them away.
# - **Two rates.** The head is random and has far to go, the body is not. Often the head gets ten times the rate of the body.
#
# In PyTorch an optimizer takes **groups** of parameters, each with a rate of its own:
# `SGD([{"params": body, "lr": 0.005}, {"params": head, "lr": 0.05}])`.


# %% [markdown]
# ### Exercise · `two_rates`
#
# ★★★ · 8 minutes · 2 points
#
# Make the list of two groups for an optimizer: the body with the rate `lr`, the layer called `head` with ten times as much. Frozen parameters
# are in neither.


# %% tags=["exercise"]
def two_rates(model, head, lr):
    # your code here, in place of the dots
    ...


check.two_rates(two_rates)


# %% tags=["solution"] jupyter={"source_hidden": true}
# Solution: open it after your own try.
def two_rates_solution(model, head, lr):
    groups = {False: [], True: []}
    for name, parameter in model.named_parameters():
        if parameter.requires_grad:
            groups[name.startswith(f"{head}.")].append(parameter)
    return [{"params": groups[False], "lr": lr}, {"params": groups[True], "lr": 10 * lr}]


check.two_rates(two_rates_solution, remember=False)

# %% [markdown]
# The library's `training.make_optimizer(model, lr=…, head_factor=10)` makes these groups. And one can fine-tune **in part**: freeze the first layers, whose
# features are general, and let the later ones learn. `training.unfreeze_from(model, layer)` does so; these are the places to begin:

# %%
layers = training.layers_to_unfreeze(start())
for layer in layers:
    model = training.unfreeze_from(start(), layer)
    count = sum(parameter.numel() for parameter in model.parameters() if parameter.requires_grad)
    print(f"from {layer:<8}{count:>11,} parameters learn")

# %% [markdown]
# Three quarters of all parameters are in the last stage. One function now trains in all the ways there are: from which layer on, starting from
# what, and at which rate.

# %%
EPOCHS = {2: 16, 6: 10, 20: 6}


def learn(count, layer, *, weights=WEIGHTS, lr=0.005, head_factor=10, **options):
    model = training.unfreeze_from(start(weights), layer)
    optimizer = training.make_optimizer(model, lr=lr, head_factor=head_factor)
    options = {"epochs": EPOCHS[count], "optimizer": optimizer, "progress": False, **options}
    return model, training.fit(model, loaders[count], **options)


# %% [markdown]
# ### How small are small steps?
#
# We fine-tune everything at a rate of 0.1, a usual one for training from scratch. **Predict:** what is left of the pretrained network after
# ten epochs? Compare with the frozen body, which was right on more than 3 of 4.

# %%
_model, rough = learn(6, layers[0], lr=0.1, head_factor=1)
print("right on more than half after the last epoch:", rough[-1]["val_accuracy"] > 0.5)
print("worse than the frozen body by more than 0.3:", rough[-1]["val_accuracy"] < accuracy - 0.3)

# %% [markdown]
# A few large steps, and what a hundred thousand pictures had taught is gone. Nothing warns you, and the loss is no NaN. If fine-tuning is
# worse than a frozen body, the rate is the first suspect. At 0.005 the same training goes well, as you will see in a moment.

# %% [markdown]
# ## The comparison
#
# Same pictures, same epochs, five ways: only the head; from the last stage; from the last but one; everything; and everything from
# random weights, at a larger rate. Each with 2, 6 and 20 pictures of each class. `history.best` is the best epoch on
# validation, for all alike.
#
# **Predict**, and write it down: which way is best with 2 pictures of each class, and which with 20?

# %%
WAYS = {"head": layers[-1], f"from {layers[-2]}": layers[-2], f"from {layers[-3]}": layers[-3], "all": layers[0]}
SCRATCH = {"weights": None, "lr": 0.02, "head_factor": 1}
rows = []
for name, layer in {**WAYS, "all, random": layers[0]}.items():
    for count in COUNTS:
        if name == "head":
            model = training.freeze(start())
            history = training.linear_probe(model, loaders[count], epochs=30, lr=0.1, progress=False)
        else:
            model, history = learn(count, layer, **(SCRATCH if "random" in name else {}))
        trainable = sum(parameter.numel() for parameter in model.parameters() if parameter.requires_grad)
        accuracy = history.best["val_accuracy"]
        rows.append({"learns": name, "per_class": count, "trainable": trainable, "accuracy": accuracy})
print(len(rows), "trainings")

# %% [markdown]
# The accuracies. (From computer to computer the second digit differs, and the picture does not.)

# %% tags=["nbval-ignore-output"]
found = {way: [row["accuracy"] for row in rows if row["learns"] == way] for way in [*WAYS, "all, random"]}
fig, ax = plt.subplots(figsize=(6, 3.2))
plots.lines(COUNTS, found, xlabel="pictures of each class", ylabel="validation accuracy", ylim=(0, 1.02), ax=ax)
ax.set_xticks(COUNTS)
for way, accuracies in found.items():
    print(f"{way:<14}", *(f"{accuracy:.2f}" for accuracy in accuracies))

# %% [markdown]
# The line at the bottom is the one from random weights. What holds, with a margin, whichever pictures were drawn:

# %%
pretrained, scratch = torch.tensor([found[way] for way in WAYS]), torch.tensor(found["all, random"])
print("each pretrained way beats random by 0.15, at each count:", bool((pretrained > scratch + 0.15).all()))
print("2 pictures and a frozen body beat 20 from random by 0.1:", bool(pretrained[0, 0] > scratch[2] + 0.1))
print(
    "with 20, the pretrained ways are within 0.15 of each other:",
    bool(pretrained[:, 2].aminmax().max - pretrained[:, 2].min() < 0.15),
)

# %% [markdown]
# Two pictures of each class with a pretrained body are worth more than twenty without. Among the pretrained ways the differences are of the size
# of those between two draws: **on these data** the cheapest way, a frozen body, is as good as any.
#
# And from random weights, is it only slow? Partly. Twenty pictures of each class *can* teach a network more in many more epochs.
# He, Girshick and Dollár (ICCV 2019) showed that with enough pictures and patience, training from scratch catches up. With few, it does not.

# %% [markdown]
# ### On photos, recorded
#
# Textures are easy. The course's authors ran the comparison on photos of ants and bees, at 64 pixels, with five draws each and 20 epochs. This is a
# **recording**; `docs/recorded` has the command. *Part* is from the last stage, *full* is all. **Predict:** two classes, so chance is 0.5. Where will five photos of
# each get you?

# %%
recorded = transfer.final_scores(transfer.read_log(paths.recorded() / "transfer_hymenoptera" / transfer.LOG))
for count in (5, 20, 0):
    means = {way: torch.tensor(recorded[way, count]).mean().item() for way in transfer.STRATEGIES}
    print(f"{count or 'all':>3} of each:", ", ".join(f"{way} {mean:.2f}" for way, mean in means.items()))

# %% [markdown]
# From scratch: to chance. With the frozen body to 0.70, and with all 244 photos to 0.85, where scratch is at 0.65. The pretrained ways lie close together again,
# and fine-tuning has gained nothing over the frozen body. That is not always so: with many more pictures, or with pictures unlike those of
# the source, fine-tuning wins (Yosinski et al., Kornblith et al.). Two hundred are not many. Measure it on yours.

# %% [markdown]
# ### ▶ What learns, and how well
#
# The table as a picture. Left, how many parameters learn, each mark ten times the one before; right, the accuracy. **Predict:** does
# accuracy follow the number of parameters that learn?

# %% tags=["nbval-ignore-output"]
explorer = widgets.freeze_explorer(rows)
display(explorer)
print(explorer.drive(learns="all", per_class=20))
print(explorer.drive(learns="head", per_class=2))

# %% [markdown]
# It does not: the last two positions of the first slider have the same number of parameters, and a wide gap lies between them. **Try by hand:**
# with 6 pictures of each class, from which layer would *you* fine-tune? Is the difference larger than that between two draws?

# %% [markdown]
# ## When to choose which
#
# | your pictures | like those of the source | unlike them |
# |---|---|---|
# | none labelled | as it is, if its classes are yours | label some |
# | few | frozen body | frozen body, or its earlier layers; augment |
# | many | fine-tune all | fine-tune all; try from scratch, too |
#
# *Few* is some dozens of each class, *many* is thousands; between the two, fine-tune in part. Start with the frozen body anyway: it costs seconds, and whatever comes later
# has to beat it. With ImageNet weights, better networks there are mostly better bodies elsewhere (Kornblith et al., CVPR
# 2019); on pictures as unlike as X-rays the gain can be small (Raghu et al., NeurIPS 2019).

# %% [markdown]
# ## Save, load, classify
#
# Weights alone are a riddle: of which architecture, for which classes, in which order, for pictures prepared how? A **checkpoint** of the library answers
# that in a file that you can read, beside the weights.

# %%
folder = Path(tempfile.mkdtemp())
side = images.shape[-1]
prepared = {"image_size": side, "resize": "crop", "normalization": "imagenet"}
checkpoints = training.Checkpoints(folder / "run", arch=ARCH, transforms=prepared)
model, history = learn(20, layers[-2], checkpoints=checkpoints)
print("the best epoch is kept in files", sorted(path.suffix for path in (folder / "run").glob("best*")))

# %% [markdown]
# `fit` has written the best epoch and the last. Later, in another program, `training.load_checkpoint` makes the network again, ready to classify, and hands you its card.

# %%
loaded, its_card = training.load_checkpoint(folder / "run")
print(its_card.arch, "-", len(its_card.classes), "classes, such as", its_card.classes[0])
print(its_card.transforms)
same = all(torch.equal(a.cpu(), b) for a, b in zip(model.parameters(), loaded.parameters(), strict=True))
print("the same weights:", same)

# %% [markdown]
# Now a picture of one's own. We have none at hand, so we write one of validation to a file; put the path of yours in its place. The card says how it
# has to be prepared.

# %%
mine = folder / "mine.png"
pictures.to_pil_image(splits.val[0][0]).save(mine)
picture = torch.from_numpy(data.read_image(mine)).permute(2, 0, 1)
batch = data.transforms.eval_preset(**its_card.transforms)(picture)[None]
with torch.no_grad():
    probabilities = loaded(batch).softmax(dim=1)[0]
print("it is", splits.classes[splits.val[0][1]], "- the network says", its_card.classes[probabilities.argmax()])

# %% [markdown]
# ### Once, at the end
#
# We looked at validation for every row of the table, so its best number is a bit too good. The **test** pictures
# were not touched so far. One model, one look.

# %%
if len(splits.test):
    tested = training.run_epoch(loaded, loaders[20].test)
    print(f"{tested.samples} test pictures, right on more than 3 of 4: {tested.accuracy > 0.75}")
else:
    print("These data have no test split.")

# %% [markdown]
# ## Summary
#
# - A pretrained model is an architecture, weights, and a card that says where they are from. Its first layer sees edges and colours,
#   which are of use everywhere.
# - Each family keeps its classifier elsewhere; a new number of classes means a new last layer.
# - **As it is**: only if its classes are yours; it never says "none". **Frozen**: only the head learns, on features computed once; norms
#   in eval mode. **Fine-tuned**: all or the later layers, at small rates, the head at ten times that of the body.
# - With few pictures, any of the pretrained ways is far better than random weights. Start with the frozen body, and let the rest
#   prove that it is better by more than the luck of the draw.
# - Save the classes and the preparation with the weights.
#
# ## To go further
#
# - J. Donahue et al., "DeCAF: a deep convolutional activation feature for generic visual recognition", *ICML* (2014): the frozen body, early on.
# - J. Yosinski et al., "How transferable are features in deep neural networks?", *NeurIPS* (2014).
# - S. Kornblith, J. Shlens, Q. V. Le, "Do better ImageNet models transfer better?", *CVPR* (2019).
# - K. He, R. Girshick, P. Dollár, "Rethinking ImageNet pre-training", *ICCV* (2019): from scratch, with patience.
# - M. Raghu et al., "Transfusion: understanding transfer learning for medical imaging", *NeurIPS* (2019).
# - A. Kumar et al., "Fine-tuning can distort pretrained features and underperform out-of-distribution", *ICLR* (2022): first the head, then all.
# - Your own: `imgcls experiment transfer --data FOLDER` makes the comparison on your pictures, over several seeds.
#
# **Next:** lesson 10. "Right on 95 %" is one number. What does it hide?
