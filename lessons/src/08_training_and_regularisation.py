# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 8 · Training and regularisation
#
# *About 70 minutes · after lesson 02 and 07 · all cells together run in about 35 s*
#
# We have networks, and we have batches. Between them stands the training: a loop of five lines, and some numbers that
# somebody has to choose. Choose them badly and the network learns nothing, or learns the 200 pictures it was given by
# heart and nothing else. In this lesson you make every one of these accidents happen, learn to tell them from the
# curves, and cure them.
#
# **After this lesson you can**
#
# - write the training loop in plain PyTorch, and say what each line is for;
# - say what momentum, weight decay and Adam do to a step;
# - recognise a learning rate that is too large or too small, and let it fall by a schedule;
# - tell underfitting from overfitting, and choose among eight cures;
# - save a training, go on with it, stop it early, and choose the epoch to keep.
#
# **You need** lesson 02 for what a network is made of, and lesson 07 for splits and batches.

# %%
import contextlib
import io
import tempfile
from pathlib import Path

import matplotlib.pyplot as plt
import torch
from torch import nn
from torch.nn import functional

from imgcls_course import check, data, models, plots, runtime, training, widgets
from imgcls_course.errors import TrainingError

# %% [markdown]
# ## The loop
#
# The handwritten digits of lesson 01, 8 × 8 pixels, in batches of 50. Small pictures, so that we can afford some
# hundred trainings.

# %%
splits = data.load("digits")
loaders = data.make_loaders(splits, batch_size=50)
with runtime.seeded(0):
    batches = list(loaders.train)
print(tuple(batches[0][0].shape), "-", len(batches), "batches, the last one of", len(batches[-1][1]))

# %% [markdown]
# One step of training is five lines. **Forward**: from pictures to logits. **Loss**: one number for how wrong they
# are. **zero_grad**: forget the gradients of the last step. **backward**: compute the new ones. **step**: move every
# weight a little downhill.

# %%
with runtime.seeded(0):
    model = models.mlp(64, 10)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
images, labels = batches[0]
logits = model(images)
loss = functional.cross_entropy(logits, labels)
optimizer.zero_grad()
loss.backward()
optimizer.step()
after = functional.cross_entropy(model(images), labels)
print("the loss of this batch fell:", after.item() < loss.item())

# %% [markdown]
# `zero_grad` looks like housekeeping. **Predict:** what is in `.grad` if `backward` is called twice without it, the
# gradient of the second call only, or both?

# %%
optimizer.zero_grad()
functional.cross_entropy(model(images), labels).backward()
once = model[1].weight.grad.clone()
functional.cross_entropy(model(images), labels).backward()
print("it is twice the gradient of one call:", torch.allclose(model[1].weight.grad, 2 * once))

# %% [markdown]
# Both: PyTorch adds. Who forgets the line trains on the sum of all batches so far, and wonders.
#
# ### Train mode and eval mode
#
# Some layers behave in one way while learning and in another while measuring. **Dropout** sets each number to zero
# with probability $p$ and multiplies the rest by $1/(1-p)$. **Batch norm** uses the mean and spread of *this batch*
# while learning, and in eval mode those it has collected. So in train mode an answer may depend on chance, and on the
# other pictures of the batch.
#
# We pass the whole batch and look at its first five pictures, then pass these five alone. **Predict** when both come
# out the same.

# %%
for layer in (nn.Dropout(0.5), nn.BatchNorm1d(64)):
    for mode in (True, False):
        layer.train(mode)
        together, alone = layer(images.flatten(1))[:5], layer(images[:5].flatten(1))
        print(f"{type(layer).__name__}.train({mode}): the same alone: {torch.equal(together, alone)}")

# %% [markdown]
# `model.train()` before learning, `model.eval()` before measuring, and `torch.no_grad()` around the measuring, which
# needs no gradients.


# %% [markdown]
# ### Exercise · `train_once`
#
# ★★☆ · 7 minutes · 2 points
#
# Train `model` once on every batch of the list `batches`, with plain `torch.optim.SGD` and the rate `lr`. A batch is a
# pair (images, labels). It may be that the model has just been measured. Return the model.


# %% tags=["exercise"]
def train_once(model, batches, lr):
    # your code here, in place of the dots
    ...


check.train_once(train_once)


# %% tags=["solution"] jupyter={"source_hidden": true}
# Solution: open it after your own try.
def train_once_solution(model, batches, lr):
    model.train()
    optimizer = torch.optim.SGD(model.parameters(), lr=lr)
    for images, labels in batches:
        loss = functional.cross_entropy(model(images), labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return model


check.train_once(train_once_solution, remember=False)

# %% [markdown]
# ### The mean of an epoch
#
# The last batch had 7 pictures, the others 50. Say the network has 45 of 50 right in one batch, and none of 7 in the
# last. Its accuracy is not 0.45, the mean of 0.9 and 0: of 57 pictures 45 are right, which is 0.79. In a mean of
# batches each picture of the last one counts seven times as much as another. So losses and accuracies are **weighed by
# samples**.


# %% [markdown]
# ### Exercise · `epoch_accuracy`
#
# ★★☆ · 6 minutes · 2 points
#
# Measure `model` on a list of batches: which share of all pictures does it have right? It comes in train mode.


# %% tags=["exercise"]
def epoch_accuracy(model, batches):
    # your code here, in place of the dots
    ...


check.epoch_accuracy(epoch_accuracy)


# %% tags=["solution"] jupyter={"source_hidden": true}
# Solution: open it after your own try.
def epoch_accuracy_solution(model, batches):
    model.eval()
    right = samples = 0
    with torch.no_grad():
        for images, labels in batches:
            right += (model(images).argmax(dim=1) == labels).sum().item()
            samples += len(labels)
    return right / samples


check.epoch_accuracy(epoch_accuracy_solution, remember=False)

# %% [markdown]
# ### The loop, whole
#
# Learn from every batch, and weigh the losses by samples: that is everything that is needed for an epoch.


# %%
def one_epoch(model, batches, optimizer):
    model.train()
    total = samples = 0
    for images, labels in batches:
        loss = functional.cross_entropy(model(images), labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        total += loss.item() * len(labels)
        samples += len(labels)
    return total / samples


# %% [markdown]
# The library's `training.run_epoch` is the same loop. With an optimizer it trains; without one it measures, in eval
# mode and without gradients. Do both loops get the same?


# %%
def measured(name, model, pictures):
    result = training.run_epoch(model, [(pictures.images, pictures.labels)])
    return {f"{name}_loss": result.loss, f"{name}_accuracy": result.accuracy}


def new_mlp(seed=0, lr=0.1):
    with runtime.seeded(seed):
        net = models.mlp(64, 10)
    return net, torch.optim.SGD(net.parameters(), lr=lr, momentum=0.9)


(ours, our_sgd), (theirs, their_sgd) = new_mlp(), new_mlp()
our_loss = one_epoch(ours, batches, our_sgd)
result = training.run_epoch(theirs, batches, optimizer=their_sgd)
same = torch.equal(ours[1].weight, theirs[1].weight)
print("same loss:", abs(our_loss - result.loss) < 1e-6, "- same weights:", same)

# %% [markdown]
# `training.fit(model, loaders, epochs=10, lr=0.1)` calls it twice an epoch, on train and on val, and writes a history.
#
# ## The learning rate
#
# To see what one number can do, take the simplest loss there is, $f(w) = \frac{a}{2} w^2$ with curvature $a = 10$.
# Its gradient is $a w$, so a step is $w \leftarrow (1 - \alpha a)\, w$ with the learning rate $\alpha$.
#
# **Predict:** for $\alpha$ = 0.001, 0.05, 0.19 and 0.21, which fall, which oscillate, which explode? And where does
# $\alpha$ = 1 end?


# %%
def slide(lr, steps, w=1.0, curvature=10.0):
    w, path = torch.tensor(w), []
    for _step in range(steps):
        w = w - lr * curvature * w
        path.append(round(w.item(), 2))
    return path


for lr in (0.001, 0.05, 0.19, 0.21, 1.0):
    print(f"{lr:<6}{slide(lr, 5)}  after 60 steps {slide(lr, 60)[-1]}")

# %% [markdown]
# 0.001 is **too small**: after 60 steps more than half of the way is left. 0.05 arrives. With 0.19 the weight jumps
# over the valley and back, closer each time: it **oscillates**. With 0.21 each jump is wider than the one before: it
# **explodes**. The limit is
# $\alpha = 2/a$, here 0.2.
#
# And with 1, each jump nine times as wide, the weight soon leaves what float32 can hold, some $3.4 \cdot 10^{38}$. It
# becomes infinite; then infinity minus infinity is **NaN**, not a number. From there no step leads back.
#
# Now a network, five epochs on the digits. **Predict:** which of the three rates learns?

# %%
for lr in (0.001, 0.1, 1.0):
    history = training.fit(new_mlp()[0], loaders, epochs=5, lr=lr, progress=False)
    loss = history[-1]["train_loss"]
    print(f"rate {lr:<6} loss below 0.3: {loss < 0.3!s:<6} loss above 0.5: {loss > 0.5}")

# %% [markdown]
# 0.001 has hardly moved, 1.0 jumps about, and 0.1 has learned. The best rate lies between the two bad ones, and one
# looks for it in factors of three or ten.
#
# A network with ReLUs and a softmax does not always end in NaN; often it just gets stuck with a high loss. A deep one
# explodes more easily, as each of its layers, here six, multiplies.

# %%
hidden = [layer for _ in range(5) for layer in (nn.Linear(64, 64), nn.ReLU())]
try:
    training.fit(nn.Sequential(nn.Flatten(), *hidden, nn.Linear(64, 10)), loaders, lr=10_000, progress=False)
except TrainingError as error:
    print(str(error).split(". ")[1])

# %% [markdown]
# The first half of the line, left out here, says whether the loss became NaN or infinite. `fit` stops there, and puts
# the model back to its best epoch. Besides a smaller rate there is `max_grad_norm=1.0`, which shortens gradients that are too
# long.
#
# ## A better step: momentum, decay, Adam
#
# A real loss is steep in one direction and flat in another. The steep one sets the limit of the rate; the flat one
# then takes ages. Our example is a bowl with curvatures 1 and 20, and 40 steps from the same place. **Momentum**
# keeps a part $\mu$ of the last move: what changes sign all the time cancels, what keeps its direction adds up.

# %%
bowl = torch.tensor([1.0, 20.0])
paths = {}
for name, momentum in (("plain", 0.0), ("momentum 0.7", 0.7)):
    w = torch.tensor([-9.0, 2.0], requires_grad=True)
    optimizer, paths[name] = torch.optim.SGD([w], lr=0.05, momentum=momentum), [w.tolist()]
    for _step in range(40):
        optimizer.zero_grad()
        (bowl * w**2 / 2).sum().backward()
        optimizer.step()
        paths[name].append(w.tolist())
fig, ax = plt.subplots(figsize=(6, 2.4))
for name, path in paths.items():
    ax.plot(*zip(*path, strict=True), marker=".", label=name)
_ = ax.legend(), ax.set(xlabel="flat direction", ylabel="steep direction")
print({name: f"{torch.tensor(path[-1]).norm():.3f} from the minimum" for name, path in paths.items()})

# %% [markdown]
# Plain descent settles the steep direction at once and then creeps. Momentum swings over a few times, and is at the
# end a hundred times as close.
#
# **Weight decay** pulls every weight a little towards zero, by adding $\lambda w$ to its gradient. Together, as
# PyTorch's SGD does it:
#
# $$g \leftarrow g + \lambda w, \qquad v \leftarrow \mu v + g, \qquad w \leftarrow w - \alpha v$$


# %% [markdown]
# ### Exercise · `sgd_momentum_step`
#
# ★★☆ · 8 minutes · 2 points
#
# One step of SGD. `w`, its gradient `g` and its velocity `v` are tensors of one shape. Give back the new `w` and the
# new `v`, and change no input.


# %% tags=["exercise"]
def sgd_momentum_step(w, g, v, lr, momentum, weight_decay):
    # your code here, in place of the dots
    ...


check.sgd_momentum_step(sgd_momentum_step)


# %% tags=["solution"] jupyter={"source_hidden": true}
# Solution: open it after your own try.
def sgd_momentum_step_solution(w, g, v, lr, momentum, weight_decay):
    g = g + weight_decay * w
    v = momentum * v + g
    return w - lr * v, v


check.sgd_momentum_step(sgd_momentum_step_solution, remember=False)

# %% [markdown]
# Biases and norms are left out of the decay, as shrinking them makes a network no simpler. `training.make_optimizer` sees
# to that, with **parameter groups**: each has its own settings.

# %%
sgd = training.make_optimizer(models.mlp(64, 10), "sgd", lr=0.1, momentum=0.9, weight_decay=0.01)
for group in sgd.param_groups:
    print(f"{group['name']:<13} lr {group['lr']}, weight decay {group['weight_decay']}")

# %% [markdown]
# (Body and head apart: lesson 09 gives them different rates.) **Adam** (Kingma and Ba, ICLR 2015) goes further: it
# divides each weight's step by the typical size of that weight's gradients. **Predict:** one weight has a gradient of
# 1000, another of 0.001. How far does each move in the first step, with a rate of 0.1?

# %%
w = nn.Parameter(torch.zeros(2))
w.grad = torch.tensor([1000.0, 0.001])
torch.optim.Adam([w], lr=0.1).step()
[round(x, 3) for x in w.tolist()]

# %% [markdown]
# Both by 0.1. So Adam often needs less tuning, and its rate means something else: 0.001 is its default, while SGD
# often likes 0.1. Adam with decay that goes past this division is `"adamw"` (Loshchilov and Hutter, ICLR 2019).
#
# ## Schedules: large first, small later
#
# A large rate gets far, and then keeps jumping about the minimum. A small one settles. So start large and let it
# fall. With $\alpha_0$ the first rate, $t$ the time in epochs and $T$ the last:
#
# | schedule | rate at time $t$ |
# |---|---|
# | step | $\alpha_0$ divided by 10 (say) every few epochs |
# | exponential | $\alpha_0\, e^{-kt}$ |
# | 1/t | $\alpha_0 / (1 + kt)$ |
# | cosine | $\frac{\alpha_0}{2} \big(1 + \cos(\pi t / T)\big)$ |
# | warm-up | from 0 in a straight line to $\alpha_0$, then one of the others |
# | one-cycle | up and down in one long wave (Smith and Topin, 2018) |
#
# Warm-up is for the first steps, when the weights are random and change quickly (Goyal et al., 2017). Each schedule
# of the library is a function of the epochs done.

# %%
make = training.schedules
shown = {
    "step": make.step(0.8, every=4),
    "exponential": make.exponential(0.8, rate=0.46),
    "1/t": make.inverse_time(0.8, rate=0.9),
    "cosine": make.cosine(0.8, epochs=10),
    "warm-up": make.warm_up(make.cosine(0.8, epochs=8), epochs=2),
    "one-cycle": make.one_cycle(0.8, epochs=10),
}
epochs = [0.25 * quarter for quarter in range(41)]
fig, ax = plt.subplots(figsize=(6, 3))
plots.lines(epochs, {name: [at(t) for t in epochs] for name, at in shown.items()}, xlabel="epoch", ylabel="rate", ax=ax)
print({name: [round(at(t), 2) for t in (0, 2, 5, 10)] for name, at in shown.items()})

# %% [markdown]
# Exponential and 1/t fall fastest at first; the cosine takes its time, then falls, then settles. In PyTorch a rate is
# changed by writing into the optimizer's groups, `group["lr"] = ...`, before the step. `fit(..., schedule=...)` does
# this, and notes the rate of each epoch's last step.


# %% [markdown]
# ### Exercise · `warm_up_cosine`
#
# ★★☆ · 8 minutes · 2 points
#
# Write the schedule: for the first `warm` epochs in a straight line from 0 to `lr`, then along half a cosine down to
# 0, where it arrives at `epochs`. `epoch` is a number from 0 to `epochs`; use `math.cos` and `math.pi`, or torch's.


# %% tags=["exercise"]
def warm_up_cosine(epoch, lr, warm, epochs):
    # your code here, in place of the dots
    ...


check.warm_up_cosine(warm_up_cosine)


# %% tags=["solution"] jupyter={"source_hidden": true}
# Solution: open it after your own try.
def warm_up_cosine_solution(epoch, lr, warm, epochs):
    if epoch < warm:
        return lr * epoch / warm
    share = torch.tensor((epoch - warm) / (epochs - warm))
    return lr * (1 + torch.cos(torch.pi * share)).item() / 2


check.warm_up_cosine(warm_up_cosine_solution, remember=False)

# %% [markdown]
# Do they help? We take a rate of 0.8, much too large for our network if it stays, for ten epochs, with three seeds.
# **Predict** which schedule does worst and which best.


# %%
def final_loss(schedule):
    runs = [
        training.fit(new_mlp(seed)[0], loaders, epochs=10, lr=0.8, schedule=schedule, seed=seed, progress=False)
        for seed in range(3)
    ]
    return sum(history[-1]["train_loss"] for history in runs) / 3


constant = final_loss(None)
ends = {name: final_loss(schedule) for name, schedule in shown.items()}
helped = {name: end < constant / 1.5 for name, end in ends.items()}
print("less than two thirds of the loss with a constant rate:", helped)
print("the two best:", sorted(sorted(ends, key=ends.get)[:2]))

# %% [markdown]
# Every one of them beats the constant rate. Best here are the two that leave the much too large rate soonest. That is
# no law: try 0.5, and the order is another one. And a warm-up to a rate that is far too large only postpones the
# accident: try 2.0.

# %% [markdown]
# ### ▶ Schedules and where they lead
#
# The bowl again, 200 steps, with noise in each gradient, as batches bring it. To the left the rate, with the limit of
# the steep direction; to the right the loss. "1/1" does not fall at all. **Before you drag:** can a rate fall too
# soon?

# %%
explorer = widgets.schedule_explorer()
display(explorer)
print(explorer.drive(lr=0.09, kind="cosine", div_factor=1))
print(explorer.drive(div_factor=100))
print(explorer.drive(kind="1/t"))

# %% [markdown]
# A constant rate near the limit keeps the loss at 0.13: it jumps about with the noise. With a cosine it settles, at a
# seventh of that. 1/t with so large a $k$ has fallen before it arrived, and stays stuck at a higher loss. **Try by
# hand:** which first rate is best for a constant rate without noise, and which with noise? How far above the limit
# can the cosine start, without an explosion?

# %% [markdown]
# ## Underfitting and overfitting
#
# Now the accident of everyday work: 20 pictures of each digit, and labels typed in a hurry: every fifth is wrong. The
# validation labels stay right.


# %%
def hurried(pictures):
    labels = pictures.labels.clone()
    labels[::5] = (labels[::5] + 1 + torch.arange(len(labels[::5])) % 9) % 10
    return data.ImageTensors(pictures.images, labels, classes=pictures.classes)


few = hurried(splits.sample_per_class(20).train)
plots.image_grid(few.images[:10], titles=few.labels[:10].tolist(), columns=10)
print(few, "-", int((few.labels != splits.sample_per_class(20).train.labels).sum()), "wrong labels")

# %% [markdown]
# Above each picture stands its label as it was typed: the first and the sixth are wrong.
#
# And a training loop with room for what we want to try: `vary` changes the pictures of a batch, `weight_decay` and
# `l1` hold the weights down.


# %%
def learn(model, pictures, *, epochs=60, lr=0.1, vary=None, weight_decay=0.0, l1=0.0):
    optimizer = torch.optim.SGD(model.parameters(), lr=lr, momentum=0.9, weight_decay=weight_decay)
    history = training.History()
    for epoch in range(1, epochs + 1):
        model.train()
        for batch in torch.randperm(len(pictures)).split(50):
            images = pictures.images[batch] if vary is None else vary(pictures.images[batch])
            loss = functional.cross_entropy(model(images), pictures.labels[batch])
            loss = loss + l1 * sum(weights.abs().sum() for weights in model.parameters())
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        both = measured("train", model, pictures) | measured("val", model, splits.val)
        history.append({"epoch": epoch, **both})
    return history


# %% [markdown]
# Two networks: one with 4 hidden neurons and a tenth of the rate, one with 256. **Predict** how the training and the
# validation curve of each will look.


# %%
def learn_three(make_model, pictures, **options):
    histories = []
    for seed in range(3):
        with runtime.seeded(seed):
            histories.append(learn(make_model(), pictures, **options))
    return histories


small = learn_three(lambda: models.mlp(64, 10, hidden=4), few, lr=0.01)
large = learn_three(lambda: models.mlp(64, 10, hidden=256), few)
small_end, large_end = [[run[-1]["train_accuracy"] for run in runs] for runs in (small, large)]
falls = [run.best["val_accuracy"] - run[-1]["val_accuracy"] for run in large]
print("small: training accuracy below 0.75:", [end < 0.75 for end in small_end])
print("large: training accuracy above 0.95:", [end > 0.95 for end in large_end])
print("large: validation ends at least 0.08 below its best:", [fall > 0.08 for fall in falls])

# %% tags=["nbval-ignore-output"]
fig, axes = plt.subplots(1, 2, figsize=(9, 3))
for ax, metric in zip(axes, ("accuracy", "loss"), strict=True):
    plots.curves(small[0], metric=metric, label="small", ax=ax)
    plots.curves(large[0], metric=metric, label="large", ax=ax).legend(loc="center", fontsize=8)
print({name: round(large[0][-1][name], 2) for name in ("train_accuracy", "val_accuracy")})

# %% [markdown]
# **Underfitting** (blue): both curves are bad, and close together. The network is too small, or trained too little,
# or held down too much. More data would not help.
#
# **Overfitting** (orange): the training curve goes to 1, although every fifth label is wrong: it has learned the
# mistakes by heart. The validation accuracy rises, has its best after some ten epochs, and *falls*. The loss shows it
# more clearly still: two curves that part.
#
# ## Eight cures, each tried
#
# **1. Clean the data.** Look for labels that the network finds incredible. Not those it has learned, of course: train
# on three quarters, ask about the fourth, and take turns.


# %%
with runtime.seeded(0):
    part = torch.randperm(len(few)) % 4
    credible = torch.zeros(len(few))
    for held_out in range(4):
        model = models.mlp(64, 10, hidden=256)
        learn(model, few.subset((part != held_out).nonzero().flatten()), epochs=12)
        there = (part == held_out).nonzero().flatten()
        chances = model(few.images[there]).softmax(dim=1).detach()
        credible[there] = chances[torch.arange(len(there)), few.labels[there]]
suspects = (credible < 0.1).nonzero().flatten()
hits = (suspects % 5 == 0).sum().item()
print("suspects: 30 to 60:", 30 <= len(suspects) <= 60, "- wrong labels among them, at least 30 of 40:", hits >= 30)

# %% [markdown]
# Most of the wrong labels are found, and few right ones suspected. (Northcutt et al., 2021, do this with more care.)
# A person would look at the suspects and correct them. We throw them out.
#
# **2. More data**, five times as much, typed in as great a hurry. **3. Augmentation**: each time another turn and
# shift.


# %%
def shaken(images, turn=0.25, shift=0.2):
    angle = turn * (2 * torch.rand(len(images)) - 1)
    x, y = shift * (2 * torch.rand(2, len(images)) - 1)
    rows = torch.stack([angle.cos(), -angle.sin(), x, angle.sin(), angle.cos(), y], dim=1)
    grid = functional.affine_grid(rows.reshape(-1, 2, 3), images.shape, align_corners=False)
    return functional.grid_sample(images, grid, align_corners=False)


with runtime.seeded(0):
    views = shaken(few.images[:1].expand(7, -1, -1, -1))
plots.image_grid([few.images[0], *views], columns=8)
print(tuple(views.shape), "- seven views of the first picture")

# %% [markdown]
# **4. Dropout**: no neuron can rely on another one being there (Srivastava et al., JMLR 2014). **5. Batch norm**.
# **6. L2**: add $\frac{\lambda}{2} \sum w^2$ to the loss; its gradient is $\lambda w$, so in SGD it *is* weight
# decay. **7. L1**: add $\lambda \sum |w|$, which pulls small weights as hard as large ones, down to zero. **8. Stop
# early**, which comes last.


# %%
def wide(*extra):
    return lambda: nn.Sequential(nn.Flatten(), nn.Linear(64, 256), *(make() for make in extra), nn.Linear(256, 10))


plain, dropout = wide(nn.ReLU), wide(nn.ReLU, lambda: nn.Dropout(0.8))
cured = {
    "none": large,
    "cleaned": learn_three(plain, few.subset((credible >= 0.1).nonzero().flatten())),
    "more data": learn_three(plain, hurried(splits.sample_per_class(100).train)),
    "augment": learn_three(plain, few, vary=shaken),
    "dropout": learn_three(dropout, few),
    "batch norm": learn_three(wide(lambda: nn.BatchNorm1d(256), nn.ReLU), few),
    "L2": learn_three(plain, few, weight_decay=0.02),
    "L1": learn_three(plain, few, l1=0.002),
}

# %% [markdown]
# Each was trained three times for 60 epochs. **Predict:** which one does *not* help?


# %%
def mean_at_end(histories, name):
    return sum(history[-1][name] for history in histories) / len(histories)


before = mean_at_end(large, "val_accuracy")
gains = {name: mean_at_end(runs, "val_accuracy") - before for name, runs in cured.items() if name != "none"}
print("validation accuracy at least 0.05 better:", {name: gain > 0.05 for name, gain in gains.items()})

# %% tags=["nbval-ignore-output"]
fig, ax = plt.subplots(figsize=(9, 3))
heights = {s: [mean_at_end(runs, f"{s}_accuracy") for runs in cured.values()] for s in ("train", "val")}
plots.bars(heights, groups=list(cured), ylabel="accuracy after 60 epochs", ax=ax)
print({name: round(value, 2) for name, value in zip(cured, heights["val"], strict=True)})

# %% [markdown]
# Six of seven help. Where validation comes close to training or passes it, the wrong labels were not learned: there
# is nothing left to learn by heart with. Several cures can be had at once, and usually are.
#
# Batch norm is no cure *here*. What it does is another thing: it makes training easier. All 1,257 digits with right
# labels, a rate of 0.003, three epochs:

# %%
slow = learn_three(plain, splits.train, epochs=3, lr=0.003)
eased = learn_three(wide(lambda: nn.BatchNorm1d(256), nn.ReLU), splits.train, epochs=3, lr=0.003)
print("training loss less than half:", mean_at_end(eased, "train_loss") < 0.5 * mean_at_end(slow, "train_loss"))

# %% [markdown]
# `fit` has two more cures ready: `label_smoothing=0.1` (labels that are not quite sure) and `mixup=0.2` (mixtures of
# two pictures).
#
# ## Save and resume
#
# A training of two days must survive a power cut. To go on exactly, one needs the weights, the optimizer's memory (its
# velocities), and where the random numbers were. **Predict:** what happens if the optimizer is forgotten?


# %%
kept_until_the_end = tempfile.TemporaryDirectory()
folder = Path(kept_until_the_end.name)


def epochs_of(net, optimizer, count):
    return [training.run_epoch(net, loaders.train, optimizer=optimizer).loss for _epoch in range(count)]


with runtime.seeded(0):
    net, optimizer = new_mlp()
    epochs_of(net, optimizer, 2)
    kept = {"net": net.state_dict(), "optimizer": optimizer.state_dict(), "random": torch.get_rng_state()}
    torch.save(kept, folder / "last.pt")
    whole = epochs_of(net, optimizer, 2)

# %%
for with_optimizer in (True, False):
    net, optimizer = new_mlp(seed=1)
    kept = torch.load(folder / "last.pt", weights_only=True)  # a file of weights must not run code
    net.load_state_dict(kept["net"])
    if with_optimizer:
        optimizer.load_state_dict(kept["optimizer"])
    with runtime.seeded(0):
        torch.set_rng_state(kept["random"])
        print(
            f"with the optimizer's memory {with_optimizer}: goes on the same: {epochs_of(net, optimizer, 2) == whole}"
        )

# %% [markdown]
# Exactly the same, to the last bit, or not at all. `fit` does this with `checkpoints=FOLDER` and `resume=True`. It
# keeps the best epoch and the last, as `best.json` and `last.json`, which people can read, with the weights beside
# them.

# %%
run = {"lr": 0.1, "checkpoints": folder / "run", "progress": False}
training.fit(new_mlp()[0], loaders, epochs=2, **run)
resumed = training.fit(new_mlp(seed=1)[0], loaders, epochs=4, resume=True, **run)
straight = training.fit(new_mlp()[0], loaders, epochs=4, lr=0.1, progress=False)
print("epochs:", resumed.column("epoch"), "- same:", resumed.column("val_loss") == straight.column("val_loss"))

# %% [markdown]
# With `training.Checkpoints(folder, arch="resnet18")` the card also says which network it is, and
# `training.load_checkpoint(folder)` returns it, ready to classify.
#
# ## Stop early, and choose the epoch
#
# The overfitted network had been good once, after ten epochs. So watch the validation loss: when it has not gone
# below its best for some epochs (the **patience**), stop, and go back to the best.


# %% [markdown]
# ### Exercise · `early_stopping`
#
# ★★★ · 10 minutes · 2 points
#
# `losses` is the list of validation losses, epoch 1 first. Training stops after the first epoch at which the best
# epoch (the lowest loss so far; of equals, the first) is `patience` epochs ago. Give back two numbers, counted from
# 1: how many epochs were trained, and which of them was the best. If the list ends before, all were trained.


# %% tags=["exercise"]
def early_stopping(losses, patience):
    # your code here, in place of the dots
    ...


check.early_stopping(early_stopping)


# %% tags=["solution"] jupyter={"source_hidden": true}
# Solution: open it after your own try.
def early_stopping_solution(losses, patience):
    best = 1
    for epoch, loss in enumerate(losses, start=1):
        if loss < losses[best - 1]:
            best = epoch
        if epoch - best >= patience:
            return epoch, best
    return len(losses), best


check.early_stopping(early_stopping_solution, remember=False)

# %% [markdown]
# `fit` always keeps the best epoch, by validation accuracy, and with `patience=10` it stops, too. It says so in a
# line that we catch, as the epoch differs from computer to computer. The last word has the **test** split, which had
# no part in the choice.

# %%
hasty = data.make_loaders(data.Splits(few, splits.val, splits.test, card=splits.card), batch_size=50)
with runtime.seeded(0), contextlib.redirect_stdout(io.StringIO()):
    stopped, endless = plain(), plain()
    history = training.fit(stopped, hasty, epochs=60, lr=0.1, patience=10, progress=False)
    learn(endless, few)  # all 60 epochs, and it holds the last
best, last = (measured("test", model, splits.test)["test_accuracy"] for model in (stopped, endless))
print(history.stopped, "- before epoch 40:", len(history) < 40)
print("test accuracy at least 0.08 better than after 60 epochs:", best - last > 0.08)

# %% [markdown]
# The cheapest cure of all: it takes less time than doing nothing. But a validation accuracy by which an epoch was
# *chosen* is a little too good, as the highest of many dice throws is. Choose on validation; report on test, once.
#
# In practice: clean first, get more, augment; take a network that *can* overfit, and hold it down with weight decay
# or dropout; let the rate fall; keep the best epoch.

# %% [markdown]
# ## Summary
#
# - The loop: forward, loss, `zero_grad`, `backward`, `step`. Train mode to learn, eval mode to measure; means weighed
#   by samples.
# - Too large a learning rate oscillates, gets stuck or explodes to NaN; too small a one gets nowhere. Momentum helps
#   along flat directions, Adam gives every weight its own scale, decay pulls weights to zero.
# - A schedule starts large and settles: step, exponential, 1/t, cosine, with warm-up or as one cycle.
# - Both curves bad: underfitting. Training good, validation parting from it: overfitting. Cleaning, more data,
#   augmentation, dropout, L2, L1 and stopping early all helped against wrong labels; batch norm made training faster
#   instead.
# - To go on exactly, save weights, optimizer and random numbers. Choose the epoch on validation.
#
# ## To go further
#
# - D. Kingma, J. Ba, "Adam: a method for stochastic optimization", *ICLR* (2015); I. Loshchilov, F. Hutter,
#   "Decoupled weight decay regularization", *ICLR* (2019), and "SGDR", *ICLR* (2017), for the cosine.
# - P. Goyal et al., "Accurate, large minibatch SGD: training ImageNet in 1 hour" (2017): warm-up. L. Smith, N. Topin,
#   "Super-convergence" (2018): one cycle.
# - N. Srivastava et al., "Dropout", *JMLR* (2014); S. Ioffe, C. Szegedy, "Batch normalization", *ICML* (2015).
# - C. Northcutt, L. Jiang, I. Chuang, "Confident learning", *JAIR* (2021): finding wrong labels.
# - C. Zhang et al., "Understanding deep learning requires rethinking generalization", *ICLR* (2017): networks that
#   learn random labels by heart.
# - In the terminal: `imgcls train --help`.
#
# **Next:** lesson 09. 20 pictures of a class are few. What if the network has seen a hundred thousand others before?
