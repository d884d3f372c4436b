# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 13 · Scaling out
#
# *About 45 minutes · after lesson 08 · all cells together run in about 40 s*
#
# A training takes two days, and you want it tomorrow. There are two ways: waste less on the computer that you have, and take
# more computers. The first one is cheaper, and comes first. Before either, one has to know where the time goes, because
# what feels slow and what is slow are often two things.
#
# **After this lesson you can**
#
# - measure where the time of a training step goes, and tell a measurement from a guess;
# - choose among channels-last, bfloat16, workers and cached features, and say what each changes in the result;
# - say what several processes exchange in a step, and why their result is that of one;
# - train with `torchrun` by two processes here, or by many GPUs on many machines;
# - estimate what more processes will bring, and when they bring nothing;
# - give the course to a class, by JupyterHub or Binder.
#
# **You need** lesson 08, for the training loop and for batches.

# %%
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import matplotlib.pyplot as plt
import torch
from torch import nn
from torch.nn import functional

from imgcls_course import check, data, models, runtime, training, widgets

# %% [markdown]
# ## Where the time goes
#
# Our posters again, 48 of each class, and the small residual network with the weights of the course. (What `per_image_seeds`
# means comes below.)

# %%
splits = data.load("posters").sample_per_class(48)
loaders = data.make_loaders(splits, image_size=48, batch_size=32, per_image_seeds=True)


def new_network():
    with runtime.seeded(0):
        return models.create("course_resnet", num_classes=2, weights="course")


print(
    len(splits.train),
    "pictures,",
    len(loaders.train),
    "batches,",
    f"{models.count_parameters(new_network()):,} parameters",
)

# %% [markdown]
# A step has four parts that can be slow. **Load**: read the files, decode, crop, make a batch. **Forward**: from
# pictures to the loss. **Backward**: from the loss to the gradients. **Step**: move the weights. We put a stopwatch
# between them.


# %%
def profile(model, batches, optimizer):
    spent, before = dict.fromkeys(("load", "forward", "backward", "step"), 0.0), time.perf_counter()
    for images, labels in batches:
        loaded = time.perf_counter()
        loss = functional.cross_entropy(model(images), labels)
        forward = time.perf_counter()
        optimizer.zero_grad()
        loss.backward()
        backward = time.perf_counter()
        optimizer.step()
        marks = (before, loaded, forward, backward, time.perf_counter())
        for part, start, end in zip(spent, marks, marks[1:], strict=False):
            spent[part] += end - start
        before = marks[-1]
    return spent


# %% [markdown]
# **Predict:** which part is the longest in the first epoch, and which in the second? Is backward shorter or longer than
# forward?

# %%
model = new_network()
optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
first, second = (profile(model, loaders.train, optimizer) for _epoch in range(2))

# %%
print("loading is quicker in the second epoch:", second["load"] < first["load"])
print("backward takes longer than forward:", second["backward"] > second["forward"])
print("the longest part of the second epoch:", max(second, key=second.get))

# %% [markdown]
# In the first epoch every file is decoded. The loaders of lesson 07 keep what they decoded, so in the second only the crops are
# new. Backward is the longest part, and it has to be: for each layer it computes two products where forward computes one, the
# gradient of the weights and that of the layer's input.
#
# On a GPU the stopwatch lies. `model(images)` returns at once, while the GPU is still at work, and the time shows up
# wherever the program first waits for a number. There, call `torch.cuda.synchronize()` before each look at the clock,
# or let `torch.profiler.profile` do it, which knows every operation.
#
# ## Four ways to waste less
#
# Each is measured here. How much it brings depends on the processor, so what is printed is what does *not* depend on
# it: what becomes of the result. The milliseconds come at the end, in one picture.
#
# ### Channels last
#
# A batch has the shape (N, C, H, W), and so it lies in memory: all red numbers of a picture, then all green ones. It
# can also lie pixel by pixel, red, green and blue together. The shape stays, only the **strides** change: how far it
# is from one number to the next in each direction.

# %%
images = next(iter(loaders.val))[0][:8]
last = images.to(memory_format=torch.channels_last)
print(tuple(images.shape), "strides", images.stride())
print(tuple(last.shape), "strides", last.stride())

# %% [markdown]
# To the right means 1 further instead of 3, and the next colour is 1 away instead of 2,304. A convolution needs all
# channels of a pixel at once, and finds them side by side. **Predict:** does the network give the same?


# %%
def seconds_of(run, repeats=3):
    times = []
    for _turn in range(repeats):
        start = time.perf_counter()
        run()
        times.append(time.perf_counter() - start)
    return min(times)  # the others were disturbed


plain, turned = new_network().eval(), new_network().eval().to(memory_format=torch.channels_last)
with torch.no_grad():
    same = torch.allclose(plain(images), turned(last), atol=1e-4)
    spent = {"as it is": seconds_of(lambda: plain(images)), "channels last": seconds_of(lambda: turned(last))}
print("the same logits to 1e-4:", same)

# %% [markdown]
# The same, but for the order of sums. `min` of three times and not their mean: other programs can only make a run
# longer, never shorter.
#
# ### bfloat16
#
# A float32 has 8 bits for the exponent and 24 for the digits. A **bfloat16** keeps the 8 and has 8 for the digits: the
# same range, but two to three decimal places. It takes half the memory, and newer processors and GPUs have fast units
# for it. **Predict:** which number comes out nearest to 1/3, and what is 256 + 1?

# %%
third = torch.tensor(1 / 3, dtype=torch.bfloat16)
print("1/3 becomes", third.item(), "-", third.element_size(), "bytes")
print("256 + 1 =", (torch.tensor(256.0, dtype=torch.bfloat16) + 1).item())

# %% [markdown]
# 256 + 1 is 256! A weight of 256 with steps of 1 would never move. So one does not compute *everything* in bfloat16.
# **Autocast** chooses for each operation: convolutions and products in bfloat16, the weights, the softmax and the loss
# in float32 (Micikevicius et al., 2018).

# %%
with torch.no_grad():
    exact = turned(last)
    with runtime.autocast("bfloat16"):
        rounded = turned(last)
        spent["bfloat16, channels last"] = seconds_of(lambda: turned(last))
difference = (exact.softmax(dim=1) - rounded.float().softmax(dim=1)).abs().mean().item()
print(rounded.dtype, "- mean difference of the probabilities below 0.02:", difference < 0.02)

# %% [markdown]
# Small against what the network is wrong by. Whether it is also *faster* depends on the processor: with instructions
# for it (AMX, AVX-512 BF16, any newer GPU) about twice; without, it is slower. `runtime.precision()` knows, and
# `imgcls train` asks it. With **float16** the range is smaller, too, and one needs a `GradScaler`, so that small
# gradients do not become 0.
#
# ### Workers
#
# While the network computes, other processes can load the next batches: `workers=2`. **Predict:** does an epoch then
# have the same batches? Think of the random crops.

# %%
same = {}
for per_image_seeds in (False, True):
    both = [data.make_loaders(splits, image_size=48, workers=n, per_image_seeds=per_image_seeds).train for n in (0, 2)]
    with runtime.seeded(0):
        alone = next(iter(both[0]))[0]
    with runtime.seeded(0):
        helped = next(iter(both[1]))[0]
    same[per_image_seeds] = torch.equal(alone, helped)
print("the same first batch with no worker and with two, by per_image_seeds:", same)

# %% [markdown]
# Each worker draws random numbers of its own, so the crops differ, unless every *picture* has a seed of its own. That
# is `per_image_seeds=True`. We will need it for processes, too.
#
# Workers pay off where loading takes long. Here, with everything in memory, starting them takes longer than all they
# could save.
#
# ### Features computed once
#
# If the body is frozen, it gives the same features in each epoch. So compute them once (lesson 09). **Predict:** how
# many times as fast are 5 epochs?

# %%
quiet = {"epochs": 5, "progress": False, "device": "cpu"}
frozen, probed = (training.freeze(new_network()) for _turn in range(2))
spent["5 epochs, frozen"] = seconds_of(lambda: training.fit(frozen, loaders, **quiet), repeats=1)
spent["5 epochs, features once"] = seconds_of(lambda: training.linear_probe(probed, loaders, **quiet), repeats=1)
print("at least twice as fast:", spent["5 epochs, frozen"] > 2 * spent["5 epochs, features once"])

# %% [markdown]
# This one needs no special processor: it does not compute faster, it computes less. Look for such a way first.
#
# Now the clock. These numbers are those of one computer, and yours has others.

# %% tags=["nbval-ignore-output"]
fig, (left, right) = plt.subplots(1, 2, figsize=(10, 2.8), layout="constrained")
for ax, name, epoch in ((left, "first epoch", first), (right, "second epoch", second)):
    ax.barh(list(epoch), [1000 * value for value in epoch.values()])
    ax.set(title=name, xlabel="ms", xlim=(0, 1000 * max(max(first.values()), max(second.values()))))
    ax.invert_yaxis()
for name, value in spent.items():
    print(f"{name:<26}{1000 * value:8.0f} ms")

# %% [markdown]
# Bars: the parts of an epoch of three batches. Lines: one forward pass of 8 pictures, and 5 epochs.
#
# ## More than one process
#
# Now we take several **processes**, each with its own copy of the network. In every step each takes a part of the
# batch, computes the gradients of its part, and then all of them agree on *one* gradient. All copies make the same
# step, so they stay the same. This is **data parallel** training, and in PyTorch it is called
# DistributedDataParallel, DDP.
#
# Two questions decide whether it is right: who takes which pictures, and how are the gradients put together?


# %% [markdown]
# ### Exercise · `part_of_batch`
#
# ★☆☆ · 5 minutes · 1 point
#
# `batch` is a list, `rank` the number of a process, from 0, and `count` the number of processes. They take turns: the
# first picture goes to process 0, the next to process 1, and so on, over and over. Give back the part of process
# `rank`. Every picture is in one part, and in one only.


# %% tags=["exercise"]
def part_of_batch(batch, rank, count):
    # your code here, in place of the dots
    ...


check.part_of_batch(part_of_batch)


# %% tags=["solution"] jupyter={"source_hidden": true}
# Solution: open it after your own try.
def part_of_batch_solution(batch, rank, count):
    return batch[rank::count]


check.part_of_batch(part_of_batch_solution, remember=False)

# %% [markdown]
# PyTorch's own `DistributedSampler` does it in another way: where the pictures do not go evenly, it repeats some, so
# that all processes have the same number. In training this does little harm. In a measured accuracy it counts some
# pictures twice.
#
# ### One gradient from several
#
# Seven pictures, two processes: four and three. **Predict:** is the mean of the two gradients the gradient of all
# seven?


# %%
def gradient(net, images, labels):
    loss = functional.cross_entropy(net(images), labels)
    return torch.autograd.grad(loss, net.parameters())[0]


with runtime.seeded(0):
    net, x, y = nn.Linear(6, 3), torch.randn(7, 6), torch.randint(3, (7,))
    whole = gradient(net, x, y)
    parts = torch.stack([gradient(net, x[rank::2], y[rank::2]) for rank in range(2)])
print("mean of the two:", torch.allclose(parts.mean(dim=0), whole, atol=1e-6))
print("weighed by 4 and 3:", torch.allclose((4 * parts[0] + 3 * parts[1]) / 7, whole, atol=1e-6))

# %% [markdown]
# The plain mean is wrong: it gives each of the three pictures more weight than each of the four. It is the mistake of
# lesson 08, a mean of means, in a new place. DDP takes the plain mean, which is right as long as all parts are of one
# size. `fit` weighs, so the last batch is right, too.


# %% [markdown]
# ### Exercise · `joint_gradient`
#
# ★★☆ · 6 minutes · 2 points
#
# `gradients` is a tensor of shape (P, D): in each row the gradient of one process, of the mean loss of its pictures.
# `sizes`, of shape (P,), says how many these were. Give back the gradient of the mean loss of all pictures, of shape
# (D,).


# %% tags=["exercise"]
def joint_gradient(gradients, sizes):
    # your code here, in place of the dots
    ...


check.joint_gradient(joint_gradient)


# %% tags=["solution"] jupyter={"source_hidden": true}
# Solution: open it after your own try.
def joint_gradient_solution(gradients, sizes):
    shares = sizes / sizes.sum()
    return shares @ gradients


check.joint_gradient(joint_gradient_solution, remember=False)

# %% [markdown]
# ### All-reduce
#
# Each process has a list of numbers, and at the end every process should have the sums: this is **all-reduce**. If all
# sent everything to one, that one would have to receive the lists of all others. A **ring** is better. Cut each list
# into as many chunks as there are processes. Each process sends one chunk to its neighbour, who adds it to his own,
# and at the same time gets another one from the other side. After p - 1 such steps each process has one chunk summed
# up. In p - 1 more, the sums travel once around.


# %%
def ring(lists):
    count, sent = len(lists), 0
    for step in range(count - 1):  # add up
        for rank in range(count):
            lists[(rank + 1) % count][(rank - step) % count] += lists[rank][(rank - step) % count]
            sent += 1
    for step in range(count - 1):  # pass on
        for rank in range(count):
            lists[(rank + 1) % count][(rank + 1 - step) % count] = lists[rank][(rank + 1 - step) % count]
            sent += 1
    return lists, sent // count


# %% [markdown]
# Four processes, a list of four numbers each, so a chunk is one number. **Predict:** how many numbers does each
# process send?

# %%
sums, sent = ring([[1, 2, 3, 4], [10, 20, 30, 40], [100, 200, 300, 400], [1000, 2000, 3000, 4000]])
print(sums)
print(sent, "chunks sent by each process")

# %% [markdown]
# All four have the sums, and each has sent 6 chunks, twice p - 1. So with $n$ numbers, each process sends
#
# $$2\,(p-1) \cdot \frac{n}{p} = 2\,\frac{p-1}{p}\, n$$
#
# numbers. With more processes this comes near $2n$ and stays there: a ring of a hundred sends hardly more than a ring of ten
# (Patarasuk and Yuan, 2009).


# %% [markdown]
# ### Exercise · `ring_bytes`
#
# ★★☆ · 6 minutes · 2 points
#
# A network has `parameters` weights, and each has a gradient in float32. Give back how many *bytes* each of
# `processes` processes sends in a step.


# %% tags=["exercise"]
def ring_bytes(parameters, processes):
    # your code here, in place of the dots
    ...


check.ring_bytes(ring_bytes)


# %% tags=["solution"] jupyter={"source_hidden": true}
# Solution: open it after your own try.
def ring_bytes_solution(parameters, processes):
    return 2 * (processes - 1) / processes * 4 * parameters


check.ring_bytes(ring_bytes_solution, remember=False)

# %% [markdown]
# ## Two processes, here
#
# **`torchrun`** starts several processes of one program and tells each its `RANK` and the `WORLD_SIZE`. The command
# that we know from lesson 08,
#
# ```
# imgcls train --data posters --out run
# ```
#
# becomes
#
# ```
# torchrun --nproc-per-node 2 -m imgcls_course.cli train --data posters --out run
# ```
#
# and that is all: `fit` sees that it is not alone. `--batch-size` stays the number of pictures of a *step*, of all
# processes together. The body is frozen in our run; why, we shall see.

# %%
kept_until_the_end = tempfile.TemporaryDirectory()
folder = Path(kept_until_the_end.name)
OPTIONS = "--data posters --weights course --freeze --image-size 32 --batch-size 50 --epochs 2 --precision float32"


def imgcls_train(out, *, processes):
    start = ["torch.distributed.run", "--standalone", "--nproc-per-node", str(processes), "-m"]
    program = [*(start if processes > 1 else []), "imgcls_course.cli", "train", *OPTIONS.split(), "--device", "cpu"]
    command = [sys.executable, "-m", *program, "--out", str(out)]
    one_thread = {**os.environ, "OMP_NUM_THREADS": "1"}  # each process: two that share the cores wait for each other
    said = subprocess.run(command, env=one_thread, capture_output=True, text=True, check=True).stdout
    return json.loads((out / "history.json").read_text(encoding="utf-8")), said


# %% [markdown]
# 360 pictures in batches of 50: seven whole ones, and one of 10. This takes some seconds, most of them for starting.

# %%
alone, said_alone = imgcls_train(folder / "alone", processes=1)
together, said = imgcls_train(folder / "together", processes=2)

# %% [markdown]
# **Predict:** how far apart are the losses of the two runs? And of two epochs, how many lines are printed by two
# processes, two or four?

# %%
figures = ("train_loss", "train_accuracy", "val_loss", "val_accuracy")
apart = max(abs(one[name] - two[name]) for one, two in zip(alone, together, strict=True) for name in figures)
print("the same history to 1e-5:", apart < 1e-5)
print("lines of epochs:", said_alone.count("epoch "), "and", said.count("epoch "))

# %% [markdown]
# The same losses, to the last digits of a float32 sum, and the same accuracies. It takes some care:
#
# - each picture is counted once: the sums of losses, right answers and pictures are added up over the processes, and
#   divided at the end;
# - the first process (rank 0) alone prints, and writes checkpoints and curves: two that write one file damage it;
# - the order of the pictures is drawn alike by all, the crops by each picture's own seed;
# - a run can go on with another number of processes: `--resume`.
#
# If one process is killed, the others would wait for it for ever. They notice that the line is dead, say so, and end;
# `torchrun` sees to the rest. What is in the folder is the last whole epoch. With `--max-restarts 3` and `--resume`,
# `torchrun` starts them again, and they go on there.
#
# ### What is not the same
#
# What a process draws or measures for itself. **Dropout** draws other masks. And **batch norm** takes mean and spread
# of the pictures it sees, in train mode. **Predict** both lines.

# %%
norm = nn.BatchNorm2d(3)
for mode in ("train", "eval"):
    norm.train(mode == "train")
    halves_agree = torch.allclose(norm(images)[::2], norm(images[::2]), atol=1e-5)
    print(f"{mode}: half a batch gives the same as in the whole batch: {halves_agree}")

# %% [markdown]
# In train mode half a batch has another mean. So with batch norm, two processes with 25 pictures each learn as
# one does with batches of 25. With parts of 16 and more this seldom matters. Where it does: `nn.SyncBatchNorm`
# exchanges the means as well (on GPUs only), or freeze the norms, as our run did; a frozen norm takes the means that it
# has kept, as in eval mode.
#
# ## How much faster?
#
# Not everything can be shared out. Say a share $s$ of a step is done by every process (starting operations, moving the weights),
# and the rest is shared by $p$ processes. Then a step takes $s + (1-s)/p$ of the time. This is **Amdahl's law**
# (1967), and with $s$ = 5 % no number of processes makes it more than 20 times as fast.


# %% [markdown]
# ### Exercise · `amdahl`
#
# ★★☆ · 5 minutes · 1 point
#
# `serial` is the share of a step, in [0, 1], that every process has to do. Give back how many times as fast a step is
# with `processes` processes. Sending takes no time here.


# %% tags=["exercise"]
def amdahl(serial, processes):
    # your code here, in place of the dots
    ...


check.amdahl(amdahl)


# %% tags=["solution"] jupyter={"source_hidden": true}
# Solution: open it after your own try.
def amdahl_solution(serial, processes):
    return 1 / (serial + (1 - serial) / processes)


check.amdahl(amdahl_solution, remember=False)

# %% [markdown]
# ### ▶ Processes, pictures, links
#
# Both together: what all do, what is shared, and what the ring sends, for a GPU that takes 1 ms a picture. To the left
# what a step is made of, to the right how many times as fast it is. **Before you drag:** 8 processes, connected by an
# office network of 1 Gbit/s: how many times as fast as one?

# %%
explorer = widgets.speedup_explorer()
display(explorer)
print(explorer.drive(link="1 Gbit/s"))
print(explorer.drive(link="100 Gbit/s", fixed=20, processes=64))
print(explorer.drive(batch=4096))

# %% [markdown]
# With 1 Gbit/s, 8 processes are *slower* than one: they send for 655 ms what they computed in 32. With a fast link and 64
# processes, of the 256 pictures each has 4, and the 20 ms that all do decide: 9 times as fast. With 4,096
# pictures a step it is 45 times. **Try by hand:** from how many pictures a step on does 1 Gbit/s pay off? Which of the networks
# suffers most?
#
# (The formula is a little too dark: DDP sends the gradients of the last layers while those of the first ones are still being
# computed; Li et al., 2020.)
#
# And our two processes? Here they share two cores and a small network; what they measured is the star.

# %% tags=["nbval-ignore-output"]
seconds = {name: history[-1]["seconds"] for name, history in (("one", alone), ("two", together))}
picture_ms = 1000 * seconds["one"] / 480  # 360 to learn from, 120 to measure
measured = widgets.speedup_explorer(ms_per_image=picture_ms, measured={2: seconds["one"] / seconds["two"]})
display(measured)
print(measured.drive(processes=2, network="course_resnet", batch=32))
print({name: f"{value:.2f} s an epoch" for name, value in seconds.items()})

# %% [markdown]
# ## On GPUs, and on many machines
#
# The command stays. What changes:
#
# - **One process for each GPU.** `torchrun --nproc-per-node 4` on a machine with four; each process takes the GPU of
#   its `LOCAL_RANK`. The messages go by **nccl**, which knows NVIDIA's links; on processors it is **gloo**.
# - **More pictures a step.** A GPU with 8 pictures is bored. So one usually keeps the pictures of each *process*, and
#   the batch grows with the processes. Then there are fewer steps, and each has to be longer: multiply the **learning
#   rate** by as much as the batch (Goyal et al., 2017), with a warm-up at the start. It works up to some thousand
#   pictures, and then no more.
# - **The first machine waits for the last one.** Every step ends with the slowest process; one slow disk slows down
#   all.
#
# With two machines, the same command on each, with the name of the first one:
#
# ```
# torchrun --nnodes 2 --nproc-per-node 4 --rdzv-backend c10d --rdzv-endpoint first-machine:29500 \
#     -m imgcls_course.cli train --data posters --out run --batch-size 256 --lr 0.08 --schedule warm-up
# ```
#
# The data has to be on both. The run is written by the first process, on the first machine, and `--resume` reads it
# there for all.
#
# In a program of your own it is the same: `training.fit(model, loaders, ...)`, started by `torchrun`, is all. What follows
# `fit`, such as an evaluation or a picture, is done by every process unless you say
# `if training.distributed.current_processes().is_main:`.

# %%
processes = training.distributed.current_processes()
print("in this notebook: process", processes.rank, "of", processes.world_size, "- the first:", processes.is_main)

# %% [markdown]
# ## A classroom
#
# Thirty students with thirty laptops are thirty installations. The `environment.yml` of the course serves three ways
# of doing without:
#
# - **Binder** (mybinder.org) reads it from a public repository, builds an image and opens JupyterLab in the browser:
#   `https://mybinder.org/v2/gh/OWNER/REPOSITORY/HEAD?labpath=lessons/00_start_here.ipynb`. Free, for small work; what
#   is not downloaded is lost at the end.
# - **JupyterHub** on a server of your own: everyone logs in, and keeps a folder. `repo2docker`, the tool inside Binder,
#   builds the image from the same file, and the hub starts a copy of it for each student. For one machine there is
#   "The Littlest JupyterHub", for a cluster "Zero to JupyterHub".
# - **One's own computer**: `conda env create -f environment.yml`.
#
# On a shared server, think of the threads. A network takes all cores it sees, and thirty of them on 16 cores wait for each other.
# Set `OMP_NUM_THREADS=1` or 2 for everybody. Every lesson is tested with one thread.

# %% [markdown]
# ## Summary
#
# - Measure first. In training, backward takes about twice as long as forward; the first epoch also decodes.
# - Channels-last changes strides, bfloat16 the digits; both leave the answers as they are. Workers help where loading
#   is slow. The best saving is not to compute a thing twice.
# - Data parallel: each process takes its part of every batch; the gradients, weighed by the sizes of the parts, are
#   those of the whole batch. So two processes gave the history of one, to 1e-5.
# - A ring sends $2\,(p-1)/p \cdot n$ numbers, whatever the number of processes. Amdahl's law and the link say what
#   more of them bring.
# - `torchrun` starts them, here, on GPUs, on many machines. Batch norm and dropout see their own part only.
#
# ## To go further
#
# - S. Li et al., "PyTorch Distributed: experiences on accelerating data parallel training", *VLDB* (2020): how DDP works.
# - P. Patarasuk, X. Yuan, "Bandwidth optimal all-reduce algorithms for clusters of workstations", *Journal of Parallel
#   and Distributed Computing* (2009): the ring.
# - G. Amdahl, "Validity of the single processor approach to achieving large scale computing capabilities", *AFIPS*
#   (1967).
# - P. Goyal et al., "Accurate, large minibatch SGD: training ImageNet in 1 hour" (2017): learning rate and batch size.
# - P. Micikevicius et al., "Mixed precision training", *ICLR* (2018).
# - pytorch.org: "torchrun", "DistributedDataParallel" and "Automatic mixed precision"; jupyter.org/hub and
#   mybinder.readthedocs.io for classrooms.
#
# **This was the last lesson.** You have built every part of it yourself once. Now take pictures of your own.
