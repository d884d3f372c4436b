# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 4 · GoogLeNet: kernels side by side
#
# *About 60 minutes · after lesson 03 · all cells together run in about 40 s*
#
# Our logo may fill a poster, or hide in its corner. Which kernel size should a network use to find it? In 2014 VGG answered
# "always 3 × 3, and more layers". GoogLeNet, which won the same competition, answered "several sizes side by side, and let
# training decide". That is expensive, unless one knows a trick: the 1 × 1 convolution. It has outlived the network it was
# used in, and you will meet it again in ResNet and EfficientNet.
#
# **After this lesson you can**
#
# - build an Inception module, naive and with reduction, and follow its shapes;
# - say what a 1 × 1 convolution does, and use it to raise or lower the number of channels;
# - count weights and multiply-adds of a module by hand;
# - tell where GoogLeNet saves parameters, and where it does not;
# - train a network that has auxiliary heads.
#
# **You need** lesson 03: convolutions, padding, receptive field.

# %%
import csv
import math

import matplotlib.pyplot as plt
import torch
from torch import nn
from torchvision.transforms.v2.functional import pil_to_tensor

from imgcls_course import check, data, models, paths, plots, runtime, training, widgets

# %% [markdown]
# ## One logo, many sizes
#
# Here is one poster three times. Only the logo differs: its diameter is 6, 20 and 60 % of the poster's side.

# %%
posters = [data.posters.draw(4, aspect_ratios=(1, 1), logo_sizes=(size, size)) for size in (0.06, 0.2, 0.6)]
images = [pil_to_tensor(poster.image) for poster in posters]
plt.figure(figsize=(7, 2.4))
plots.image_grid(images, columns=3)
print("diameters in pixels:", [round(poster.logo_circle[2]) for poster in posters])

# %% [markdown]
# Look for the disc with three blades: top right, from 11 to 112 pixels. The class is "logo" all three times.
#
# The 300 bundled posters with a logo have all shapes. **Predict:** if each is shrunk until its longer side has 224 pixels,
# how many times larger is the largest logo than the smallest: 5, 20 or 50 times?

# %%
with open(paths.datasets() / "posters" / "index.csv", encoding="utf-8") as file:
    logos = [row for row in csv.DictReader(file) if row["kind"] == "logo"]
sizes = [224 * float(row["diameter"]) / max(int(row["width"]), int(row["height"])) for row in logos]
print(f"{len(sizes)} logos, {min(sizes):.0f} to {max(sizes):.0f} pixels: {max(sizes) / min(sizes):.0f} times")

# %% [markdown]
# From 2 to 100 pixels, 51 times. Whatever looks for the logo has to look at several scales.

# %% [markdown]
# ## A kernel looks for one size
#
# Take a kernel that looks for a bright spot. It is positive in the middle and negative along its rim, and sums to zero.


# %%
def spot_kernel(size):
    kernel = torch.full((size, size), -1 / (4 * size - 4))
    kernel[1:-1, 1:-1] = 1 / (size - 2) ** 2
    return kernel[None, None]


spots = torch.zeros(1, 1, 13, 13)
spots[..., 3, 3] = 1  # a small spot, one pixel
spots[..., 8:11, 8:11] = 1  # a large one, 3 × 3

# %% [markdown]
# **Predict:** what does the 3 × 3 kernel answer in the middle of the *large* spot, where it sees white only?

# %%
answers = {size: nn.functional.conv2d(spots, spot_kernel(size), padding=size // 2) for size in (3, 5)}
maps = [spots[0], *(answer[0] for answer in answers.values())]
plt.figure(figsize=(7, 2.5))
plots.image_grid(maps, titles=["picture", "3×3 kernel", "5×5 kernel"], signed=True)
for size, answer in answers.items():
    print(f"{size}×{size} kernel: small spot {answer[0, 0, 3, 3]:.2f}, large spot {answer[0, 0, 9, 9]:.2f}")

# %% [markdown]
# Zero. Purple is a positive answer, orange a negative one. The small kernel likes the small spot (1.00) and is blind to the
# middle of the large one (0.00); all it finds there are the corners. The large kernel is the other way round: 0.11 and
# 1.00.
#
# One could choose one size and hope. Or one could have **all of them, side by side**. Then the layers behind see every
# answer, and training decides which to listen to.

# %% [markdown]
# ## Four branches: the naive module
#
# That is the **Inception module** of Szegedy et al. (2015): 1 × 1, 3 × 3 and 5 × 5 convolutions and a 3 × 3 max-pool, all
# with stride 1, all fed with the same maps. We take the numbers of GoogLeNet's first module, called *(3a)*: 192 channels of
# 28 × 28 come in.
#
# **Predict:** which of the four outputs are 28 × 28?

# %%
with runtime.seeded(0):
    x = torch.rand(1, 192, 28, 28)
    branches = [
        nn.Conv2d(192, 64, kernel_size=1),
        nn.Conv2d(192, 128, kernel_size=3, padding=1),
        nn.Conv2d(192, 32, kernel_size=5, padding=2),
        nn.MaxPool2d(kernel_size=3, stride=1, padding=1),
    ]
outputs = [branch(x) for branch in branches]
[tuple(output.shape) for output in outputs]

# %% [markdown]
# All of them: the padding is (kernel − 1) / 2, as you know from lesson 03. Only the number of channels differs. So the maps
# can be laid on top of each other, like sheets of paper. In PyTorch that is `torch.cat`, and dimension 1 holds the
# channels.
#
# **Predict:** how many channels come out?

# %%
joined = torch.cat(outputs, dim=1)
print(tuple(joined.shape), "- the first 64 are the 1×1 branch:", torch.equal(joined[:, :64], outputs[0]))

# %% [markdown]
# 64 + 128 + 32 + 192 = 416. The pool has no weights and keeps every channel it gets, so all 192 come out again.
#
# `models.NaiveInception` is the same, with batch norm and ReLU behind each convolution, as networks have them today. A norm
# makes the bias superfluous, so the convolutions have none.

# %%
naive = models.NaiveInception(192, c1=64, c3=128, c5=32)
print(tuple(naive(x).shape), f"- {models.count_parameters(naive):,} parameters")


# %% [markdown]
# ### Exercise · `stacked_channels`
#
# ★☆☆ · 5 minutes · 1 point
#
# Naive modules follow each other. `in_channels` come into the first; `modules` is a list with `(c1, c3, c5)` for each, the
# channels of its three convolutions. How many channels come out of the last one?


# %% tags=["exercise"]
def stacked_channels(in_channels, modules):
    # your code here, in place of the dots
    ...


check.stacked_channels(stacked_channels)


# %% tags=["solution"] jupyter={"source_hidden": true}
# Solution: open it after your own try.
def stacked_channels_solution(in_channels, modules):
    return in_channels + sum(c1 + c3 + c5 for c1, c3, c5 in modules)


check.stacked_channels(stacked_channels_solution, remember=False)

# %% [markdown]
# ## First problem: the channels pile up
#
# GoogLeNet has nine modules. torchvision has it. On the *meta device* it has all of its layers but no memory for weights, so
# counting costs nothing. We read from it how many channels each convolution of each module gives.

# %%
googlenet = models.create_on_meta("googlenet")
modules = [part for part in googlenet.children() if type(part).__name__ == "Inception"]
rows = [[layer.out_channels for layer in module.modules() if isinstance(layer, nn.Conv2d)] for module in modules]
print(len(rows), "modules; the first:", rows[0])

# %% [markdown]
# Six convolutions, although there are four branches: two of the six numbers, 96 and 16, belong to the trick. For the moment
# look at 64, 128, 32 for the three kernels and 32 for the pool branch: these come out.
#
# **Predict:** if all nine modules were naive, how many channels would come out of the last one? The real one gives 1,024.

# %%
naive_channels, real_channels = [192], [192]
for c1, _before3, c3, _before5, c5, pool in rows:
    naive_channels.append(naive_channels[-1] + c1 + c3 + c5)
    real_channels.append(c1 + c3 + c5 + pool)
plt.figure(figsize=(5, 2.6))
curves = {"naive": naive_channels, "GoogLeNet": real_channels}
plots.lines(range(10), curves, xlabel="modules", ylabel="channels")
print(curves)

# %% [markdown]
# 4,944, nearly five times as many. Each pool branch hands on everything that came in, so nothing ever goes away. And every
# module has to pay for what all those before it have piled up.

# %% [markdown]
# ## Second problem: the 5 × 5 is expensive
#
# What does a convolution cost? For **one** number of its output it multiplies $k^2 \cdot C_{in}$ weights with as many
# inputs and adds them up. The output has $C_{out} \cdot H \cdot W$ numbers. So the **multiply-adds** are
#
# $$k^2 \cdot C_{in} \cdot C_{out} \cdot H \cdot W$$
#
# and without $H \cdot W$ this is the number of weights: each weight is used once for every place of the map.
#
# **Predict:** the 5 × 5 branch gives 32 of the 416 channels, that is 8 %. Which share of the work does it take?

# %%
weights = {f"{k}×{k}": k**2 * 192 * c_out for k, c_out in [(1, 64), (3, 128), (5, 32)]}
for name, count in weights.items():
    share = count / sum(weights.values())
    print(f"{name}: {count:7,} weights, {count * 28 * 28 / 1e6:5.1f} million multiply-adds, {share:.0%}")

# %% [markdown]
# 40 % of the work for 8 % of the channels. Five by five is 25 weights for each pair of channels, and there are 192 · 32
# pairs.


# %% [markdown]
# ### Exercise · `conv_multiply_adds`
#
# ★☆☆ · 5 minutes · 1 point
#
# Count the multiply-adds of a convolution whose output is as large as its input, `map_size` × `map_size`. The bias does not
# count.


# %% tags=["exercise"]
def conv_multiply_adds(in_channels, out_channels, kernel_size, map_size):
    # your code here, in place of the dots
    ...


check.conv_multiply_adds(conv_multiply_adds)


# %% tags=["solution"] jupyter={"source_hidden": true}
# Solution: open it after your own try.
def conv_multiply_adds_solution(in_channels, out_channels, kernel_size, map_size):
    return kernel_size**2 * in_channels * out_channels * map_size**2


check.conv_multiply_adds(conv_multiply_adds_solution, remember=False)

# %% [markdown]
# `models.count_multiply_adds` lets PyTorch count while a picture without content passes through. It has to agree with the
# formula.

# %%
by_formula = sum(weights.values()) * 28 * 28
print(f"{by_formula:,} - PyTorch counts the same:", models.count_multiply_adds(naive, 28) == by_formula)

# %% [markdown]
# ## The trick: a kernel of 1 × 1
#
# A kernel of one pixel sees no neighbours. What is it good for? It looks **through the channels**: at each place it takes
# the numbers of all channels, weighs them and adds them up. You know one such kernel. A grey picture is 0.299 red + 0.587
# green + 0.114 blue, at every pixel.

# %%
to_grey = nn.Conv2d(3, 1, kernel_size=1, bias=False)
to_grey.weight.data = torch.tensor([0.299, 0.587, 0.114]).reshape(1, 3, 1, 1)
grey = to_grey(images[2] / 255).detach()
plt.figure(figsize=(4.5, 2.3))
plots.image_grid([images[2], grey])
print(tuple(images[2].shape), "->", tuple(grey.shape))

# %% [markdown]
# Three channels became one, and no edge was blurred: height and width are as before. The logo and TODAY are still there, but
# the blue JAZZ is gone, because its grey is that of the ground. So that is the bargain: **fewer channels, chosen well**.
# Here we chose the weights. A network learns them, and can keep what it needs.
#
# "All numbers of one place, weighed and added" is something you have met in lesson 01: `nn.Linear`. **A 1 × 1 convolution
# is a linear layer, applied at every place.** Let us give both the same weights.

# %%
conv = nn.Conv2d(192, 16, kernel_size=1)
linear = nn.Linear(192, 16)
linear.load_state_dict({"weight": conv.weight[:, :, 0, 0], "bias": conv.bias})
places = x.movedim(1, -1)  # (1, 28, 28, 192): the channels last, where nn.Linear wants them
same = torch.allclose(linear(places).movedim(-1, 1), conv(x), atol=1e-5)
wider = nn.Conv2d(16, 64, kernel_size=1)
print(tuple(conv(x).shape), "- the same as nn.Linear:", same)
print(tuple(wider(conv(x)).shape), "- with", wider.weight.numel(), "weights")


# %% [markdown]
# The first **lowers** 192 channels to 16, at 192 · 16 = 3,072 weights. The second **raises** 16 to 64, at 16 · 64 = 1,024.
# Height and width stay.

# %% [markdown]
# ### Exercise · `pointwise`
#
# ★★☆ · 8 minutes · 2 points
#
# Write a 1 × 1 convolution as a matrix product over the channels. `x` has shape `(N, C, H, W)`, `weight` has shape
# `(K, C)`, and the result has shape `(N, K, H, W)`. No bias, and no `conv2d`.


# %% tags=["exercise"]
def pointwise(x, weight):
    # your code here, in place of the dots
    ...


check.pointwise(pointwise)


# %% tags=["solution"] jupyter={"source_hidden": true}
# Solution: open it after your own try.
def pointwise_solution(x, weight):
    return (x.movedim(1, -1) @ weight.T).movedim(-1, 1)


check.pointwise(pointwise_solution, remember=False)

# %% [markdown]
# ## A bottleneck before the 5 × 5
#
# Now put the two together. Before the 5 × 5 convolution a 1 × 1 convolution lowers 192 channels to 16, and the expensive
# kernel sees these 16 only.
#
# **Predict:** there is one layer more. Are there more weights or fewer, and by which factor?

# %%
direct = 5 * 5 * 192 * 32
bottleneck = 192 * 16 + 5 * 5 * 16 * 32
print(f"{direct:,} against {bottleneck:,}: {direct / bottleneck:.1f} times")

# %% [markdown]
# Fewer, nearly ten times, with the same 32 channels out. It is not free: the branch has to say in 16 numbers a place what
# it needs from 192. The paper bets that few numbers can hold most of what matters about a patch (section 4). How narrow is
# too narrow is a matter of trial.
#
# ## The module with reduction
#
# The 3 × 3 gets its 1 × 1 as well, from 192 to 96. Behind the pool stands one that lowers 192 to 32, so that nothing piles
# up any more. There they are, the six numbers 64, 96, 128, 16, 32, 32. Between two convolutions belongs a ReLU, or they
# would be one (lesson 01).

# %%
branches = [
    nn.Conv2d(192, 64, 1),
    nn.Sequential(nn.Conv2d(192, 96, 1), nn.ReLU(), nn.Conv2d(96, 128, 3, padding=1)),
    nn.Sequential(nn.Conv2d(192, 16, 1), nn.ReLU(), nn.Conv2d(16, 32, 5, padding=2)),
    nn.Sequential(nn.MaxPool2d(3, stride=1, padding=1), nn.Conv2d(192, 32, 1)),
]
tuple(torch.cat([branch(x) for branch in branches], dim=1).shape)


# %% [markdown]
# 64 + 128 + 32 + 32 = 256 channels, where the naive module gave 416.

# %% [markdown]
# ### Exercise · `inception_weights`
#
# ★★☆ · 8 minutes · 2 points
#
# Count the weights of this module, without biases and norms. `c3` and `c5` are pairs: the channels *before* the large
# kernel and those *behind* it, such as `(96, 128)` and `(16, 32)`. `c1` and `pool` are single numbers.


# %% tags=["exercise"]
def inception_weights(in_channels, c1, c3, c5, pool):
    # your code here, in place of the dots
    ...


check.inception_weights(inception_weights)


# %% tags=["solution"] jupyter={"source_hidden": true}
# Solution: open it after your own try.
def inception_weights_solution(in_channels, c1, c3, c5, pool):
    one_by_one = in_channels * (c1 + c3[0] + c5[0] + pool)
    return one_by_one + 3 * 3 * c3[0] * c3[1] + 5 * 5 * c5[0] * c5[1]


check.inception_weights(inception_weights_solution, remember=False)

# %% [markdown]
# The tested twins are `models.Inception`, and `models.count_branch_weights` for the formula. A batch norm has two parameters for
# each channel, so these come on top.

# %%
reduced = models.Inception(192, c1=64, c3=(96, 128), c5=(16, 32), pool=32)
by_branch = models.count_branch_weights(192, c1=64, c3=(96, 128), c5=(16, 32), pool=32)
norms = 2 * (64 + 96 + 128 + 16 + 32 + 32)
print(by_branch, f"together {sum(by_branch.values()):,}")
print("with norms the same as counted:", sum(by_branch.values()) + norms == models.count_parameters(reduced))

# %% [markdown]
# 163,328 weights. Table 1 of the paper gives *159K* parameters and *128M* operations for (3a). That is this number: 159.5
# times 1,024, and times 28 · 28 places it is 128.0 million. Now hold the two modules against each other.

# %%
costs = {}
for name, module in (("naive", naive), ("reduced", reduced)):
    costs[name] = models.count_parameters(module), models.count_multiply_adds(module, 28)
    print(f"{name:8} {costs[name][0]:,} parameters, {costs[name][1]:,} multiply-adds")
print("ratios  ", [f"{a / b:.2f}" for a, b in zip(costs["naive"], costs["reduced"], strict=True)])

# %% [markdown]
# 2.4 times fewer of both, for one module. In a stack the gain is larger, because the later modules get fewer channels as
# well. **Predict** the ratio for all nine.


# %%
def total(channels, *, reduction):
    count = 0
    for c_in, (c1, before3, c3, before5, c5, pool) in zip(channels, rows, strict=False):
        wide = {"c3": (before3, c3), "c5": (before5, c5), "pool": pool} if reduction else {"c3": c3, "c5": c5}
        count += sum(models.count_branch_weights(c_in, c1=c1, **wide).values())
    return count


all_naive, all_reduced = total(naive_channels, reduction=False), total(real_channels, reduction=True)
print(f"{all_naive / 1e6:.1f} against {all_reduced / 1e6:.1f} million weights: {all_naive / all_reduced:.0f} times")

# %% [markdown]
# 92 million against 6 million: 16 times. The reduction is what makes such a network possible at all.

# %% [markdown]
# ## ▶ The reduction budget
#
# Set the channels that come in, those left before the 3 × 3 and the 5 × 5, those behind the pool, and the size of the map.
# It starts with module (3a).
#
# **Before you drag:** which of the five changes the multiply-adds, but not the weights? If only 8 channels are left before
# the 5 × 5 instead of 16, does the ratio of 2.37 change much? And what if only 32 channels come in?

# %%
explorer = widgets.reduction_explorer()
display(explorer)
print(explorer.drive(reduce5=8))
print(explorer.drive(reduce5=16, channels=32))

# %% [markdown]
# Only the map size changes the right panel alone. With 8 channels before the 5 × 5, 2.37 becomes 2.49 and no more: that bar
# is small already, and what is left sits in the 3 × 3.
#
# With 32 channels in, the ratio is 0.50: the "reduced" module costs **twice as much** as the naive one, since its 1 × 1
# convolution raises 32 channels to 96. A reduction has to reduce. **Try by hand:** at 32 channels, which settings make it
# cheaper than the naive module? At 832, as in the last module, can you find any that make it dearer?

# %% [markdown]
# ## 22 layers
#
# GoogLeNet is three convolutions, nine modules and one linear layer. Depth counts layers **with weights** on the longest
# path: of a module, that is its longest branch.


# %%
def with_weights(part):
    return sum(isinstance(layer, nn.Conv2d | nn.Linear) for layer in part.modules())


def longest_path(part):
    branches = part.children() if type(part).__name__ == "Inception" else [part]
    return max(with_weights(branch) for branch in branches)


[longest_path(part) for part in googlenet.children() if with_weights(part)]

# %% [markdown]
# 3 · 1 + 9 · 2 + 1 = 22. **Predict:** AlexNet (2012) has 8 such layers, VGG-16 has 16. Which of the three has the most
# parameters, and which needs the most multiply-adds?

# %%
nets = {arch: models.create_on_meta(arch) for arch in ("alexnet", "vgg16", "googlenet")}
for arch, net in nets.items():
    depth = sum(longest_path(part) for part in net.children())
    millions, billions = models.count_parameters(net) / 1e6, models.count_multiply_adds(net, 224) / 1e9
    print(f"{arch:9} {depth:2} layers, {millions:5.1f} million parameters, {billions:5.2f} billion multiply-adds")

# %% [markdown]
# The deepest has the fewest parameters: 9 times fewer than AlexNet, 21 times fewer than VGG-16. (The paper says 12 times
# fewer than AlexNet; torchvision's version is not quite the paper's, as we shall see.)
#
# But fewer parameters are not less work. GoogLeNet needs 10 times fewer multiply-adds than VGG-16, and **twice as many as
# AlexNet**.
#
# ### Where do the parameters sit?
#
# **Predict:** is it the Inception module that saves all those parameters?

# %%
linear = [
    sum(models.count_parameters(p) for p in net.modules() if isinstance(p, nn.Linear)) / 1e6 for net in nets.values()
]
rest = [models.count_parameters(net) / 1e6 - count for net, count in zip(nets.values(), linear, strict=True)]
plt.figure(figsize=(6, 2.6))
parts = {"linear": linear, "convolutions": rest}
plots.bars(parts, groups=list(nets), ylabel="million parameters", fmt=".1f", ylim=None)
print({name: [round(count, 1) for count in counts] for name, counts in parts.items()})

# %% [markdown]
# Mostly not. AlexNet has 58.6 of its 61.1 million in fully connected layers, VGG-16 has 123.6 of 138.4, and GoogLeNet has
# global average pooling in their place: the saving that you know from lesson 02. In its convolutions alone it has *more*
# than AlexNet, 5.6 against 2.5 million, in nearly three times as many layers. What the 1 × 1 convolutions bought is depth
# that one can pay for.

# %% [markdown]
# ### Two things that differ from the paper
#
# If you fine-tune torchvision's GoogLeNet, you should know them.

# %%
branch = googlenet.inception3a.branch3
print("kernels of the 5×5 branch:", [part.conv.kernel_size for part in branch])
print("bias:", branch[1].conv.bias, "- norm:", type(branch[1].bn).__name__)

# %% [markdown]
# The "5 × 5" branch has a 3 × 3 kernel. It is a known mistake that came along when the network was converted from
# TensorFlow, and its weights were trained with it, so it stays (torchvision issue 906). And there is batch norm in place of
# the bias; in 2014 nobody had it yet. `models.Inception` is the paper's 5 × 5, and `large_kernel=3` gives torchvision's.

# %% [markdown]
# ## Auxiliary heads
#
# In 2014, without batch norm, it was hard to get a gradient through 22 layers. So GoogLeNet got two helpers: small
# classifiers that branch off behind modules (4a) and (4d), in the middle of the network. Each has to name the class as
# well, from what is known at that point. Its gradient enters there, and reaches the first layers on a shorter way.

# %%
with runtime.seeded(0):
    model = models.create("googlenet", num_classes=10, aux_logits=True)
    pictures, labels = torch.rand(8, 3, 64, 64), torch.randint(10, (8,))
with runtime.seeded(1):  # dropout draws
    training_outputs = model.train()(pictures)
print("training:  ", [tuple(logits.shape) for logits in training_outputs])
print("evaluation:", tuple(model.eval()(pictures).shape))

# %% [markdown]
# While it trains there are three tensors of logits: the classifier's, then those of the later and of the earlier helper. In
# evaluation mode only the classifier answers. The helpers are asked no more, and can be thrown away.
#
# Their losses count less, 0.3 each (section 5 of the paper):
#
# $$L = L_{main} + 0.3\,(L_{aux1} + L_{aux2})$$
#
# `training.run_epoch` does this for every model that gives more than one tensor. Let us check it by hand, on a batch of
# random numbers.

# %%
main, aux2, aux1 = (nn.functional.cross_entropy(logits, labels) for logits in training_outputs)
by_hand = main + 0.3 * (aux1 + aux2)
with runtime.seeded(1):  # the same dropout
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
    result = training.run_epoch(model, [(pictures, labels)], optimizer=optimizer)
print("the same as by hand:", math.isclose(result.loss, by_hand.item(), rel_tol=1e-4))


# %% [markdown]
# ### Exercise · `loss_with_auxiliary`
#
# ★★☆ · 6 minutes · 2 points
#
# Write this loss. `logits` has shape `(N, K)`, `labels` has shape `(N,)`, and `auxiliary` has shape `(A, N, K)`: the logits
# of `A` helpers. A loop over `auxiliary` gives one helper after the other. You may use `nn.functional.cross_entropy`.


# %% tags=["exercise"]
def loss_with_auxiliary(logits, auxiliary, labels):
    # your code here, in place of the dots
    ...


check.loss_with_auxiliary(loss_with_auxiliary)


# %% tags=["solution"] jupyter={"source_hidden": true}
# Solution: open it after your own try.
def loss_with_auxiliary_solution(logits, auxiliary, labels):
    helpers = [nn.functional.cross_entropy(each, labels) for each in auxiliary]
    return nn.functional.cross_entropy(logits, labels) + 0.3 * sum(helpers)


check.loss_with_auxiliary(loss_with_auxiliary_solution, remember=False)

# %% [markdown]
# What do the helpers cost? Each is a pooling, a 1 × 1 convolution and **two fully connected layers**. **Predict:** how many
# million parameters, beside the 6.6 of the rest?

# %%
with_heads = models.count_parameters(models.create_on_meta("googlenet", aux_logits=True))
without = models.count_parameters(models.create_on_meta("googlenet"))
print(f"{with_heads / 1e6:.1f} against {without / 1e6:.1f} million: the heads have {(with_heads - without) / 1e6:.1f}")

# %% [markdown]
# 6.4 million, nearly as many as all the rest. They double the size of the file, for something that is never used after
# training.
#
# Do they help? The paper itself found about half a percent, and that one of the two would have done. Later the same group
# saw no faster start with them, only a slightly better end, and took them for regularisers (Szegedy et al., 2016, section
# 4). So our rule is:
#
# - from scratch, deep and without batch norm: keep them, with weight 0.3;
# - with batch norm or residuals (lesson 05), or when fine-tuning: leave them out. `models.create` does so by default;
# - for evaluation and for use: never needed.

# %% [markdown]
# ## Naive against reduced, live
#
# Is the cheaper module worse? `models.small_googlenet` has two modules, naive or reduced. We train both on the textures,
# shrunk to 24 × 24 for speed, with two seeds each, five epochs a run.
#
# **Predict:** which one is more accurate, and by how much?

# %%
loaders = data.make_loaders(data.load("textures").resized(24), batch_size=16)


def trained(*, naive, seed):
    with runtime.seeded(seed):
        model = models.small_googlenet(10, naive=naive)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.0015)
    return training.fit(model, loaders, epochs=5, optimizer=optimizer, seed=seed, progress=False)


runs = {name: [trained(naive=name == "naive", seed=seed) for seed in (0, 1)] for name in ("naive", "reduced")}
best = {name: [history.best["val_accuracy"] for history in histories] for name, histories in runs.items()}
print("validation accuracy at least 0.65 in all four runs:", min(map(min, best.values())) >= 0.65)
print("the means differ by less than 0.10:", abs(sum(best["naive"]) - sum(best["reduced"])) / 2 < 0.10)

# %% [markdown]
# All four learn, and the two kinds differ by less than 0.10. With 300 validation pictures and two seeds we cannot say which
# is better. See how far the solid curves of **one** kind jump from epoch to epoch, and from seed to seed. (This figure
# differs from processor to processor.)

# %% tags=["nbval-ignore-output"]
figure, axes = plt.subplots(1, 2, figsize=(9, 3), sharey=True)
for seed, ax in enumerate(axes):
    for name, histories in runs.items():
        plots.curves(histories[seed], label=name, ax=ax)
    ax.set_title(f"seed {seed}")
seconds = {name: sum(row["seconds"] for history in runs[name] for row in history) / 10 for name in runs}
print("seconds an epoch:", {name: round(value, 2) for name, value in seconds.items()})

# %% [markdown]
# The cost, however, can be counted exactly.

# %%
small = {name: models.small_googlenet(10, naive=name == "naive") for name in runs}
sizes = {name: models.count_parameters(model) for name, model in small.items()}
work = {name: models.count_multiply_adds(model, 24) for name, model in small.items()}
print(f"parameters {sizes}: {sizes['naive'] / sizes['reduced']:.1f} times")
print(f"multiply-adds {work}: {work['naive'] / work['reduced']:.1f} times")

# %% [markdown]
# 3.6 times fewer parameters and 2.6 times fewer multiply-adds for an accuracy that we cannot tell apart. That is what the
# reduction promises. (Whether several kernel sizes are better than one is another question: here both networks have them.)
#
# Now look at the seconds above. They show nothing like a factor of 2.6. The reduced network has *more* layers, and on maps
# this small the time goes into starting each of them and into moving numbers, not into multiplying. Multiply-adds are not
# seconds. With large maps and many channels the two come closer; lesson 13 measures.

# %% [markdown]
# ## Summary
#
# - The same thing comes in many sizes. An **Inception module** looks with 1 × 1, 3 × 3, 5 × 5 and a pool side by side, and joins
#   the maps along the channels.
# - Naive, its channels pile up (192 → 4,944 in nine modules) and the 5 × 5 takes 40 % of the work for 8 % of the channels.
# - A **1 × 1 convolution** is a linear layer at every place. It mixes channels, and raises or lowers their number.
# - Reducing before the large kernels and behind the pool makes module (3a) 2.4 times cheaper, and nine modules in a row 16 times smaller.
# - Multiply-adds of a convolution: $k^2 \cdot C_{in} \cdot C_{out} \cdot H \cdot W$. Weights: the same without $H \cdot W$.
# - GoogLeNet: 22 layers, 6.6 million parameters, mostly thanks to global average pooling; twice the multiply-adds of AlexNet.
# - **Auxiliary heads** add $0.3$ of their losses while training, and are dropped afterwards.
#
# ## To go further
#
# - C. Szegedy et al., "Going deeper with convolutions", CVPR 2015: GoogLeNet; table 1 has all the numbers, section 5 the heads.
# - M. Lin, Q. Chen, S. Yan, "Network in network", ICLR 2014: where the 1 × 1 convolution and global average pooling come from.
# - C. Szegedy et al., "Rethinking the Inception architecture for computer vision", CVPR 2016: what came next. It replaces
#   the 5 × 5 by two 3 × 3, which you know from lesson 03, and looks again at auxiliary heads.
# - torchvision, issue 906: the story of the 3 × 3 in the 5 × 5 branch.
#
# **Next:** lesson 05. Why does a network not simply get better when it gets deeper, and what do shortcuts do about it?
