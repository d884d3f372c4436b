# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 6 · EfficientNet: compound scaling
#
# *About 55 minutes · after lesson 05 · all cells together run in about 30 s*
#
# Our poster finder works, and somebody gives us a larger computer: three times the arithmetic for each picture. What
# shall we buy with it? More **layers**, more **channels**, or **larger pictures**? Lesson 05 made layers possible. In
# this lesson you work out what each of the three costs, learn the rule that EfficientNet uses to grow all three
# together, and put it to the test.
#
# **After this lesson you can**
#
# - say how the cost of a network grows with its depth, its width and the size of its pictures;
# - scale a network by a compound factor φ, with channels and blocks rounded as EfficientNet does;
# - explain what is inside an MBConv block, and count its weights;
# - read a plot of accuracy against cost, and say why it is no fair race.
#
# **You need** lesson 05.

# %%
import math
from collections import Counter

import matplotlib.pyplot as plt
import torch
import torchvision
from torch import nn

from imgcls_course import check, data, literature, models, paths, plots, runtime, widgets
from imgcls_course.experiments import scaling

# %% [markdown]
# ## What does a network cost?
#
# Two numbers. Its **parameters** take memory. Its **multiply-adds** take time: one multiplication and one addition,
# for each weight at each place of the picture. Papers often call the second number FLOPs.
#
# Here is a small network for grey pictures, built as EfficientNet is. It is the base of our experiment later on.

# %%
small = scaling.base_network()
print(f"pictures of {small.image_size}×{small.image_size}")
print(f"{small.parameters:,} parameters, {small.multiply_adds:,} multiply-adds")

# %% [markdown]
# ## Three ways to grow
#
# We can multiply its **depth** (blocks), its **width** (channels of every layer) or the **resolution** (height and
# width of the picture).
#
# **Predict:** each of them doubled, one by one. How many times the parameters, and how many times the multiply-adds?


# %%
def cost(*, depth=1, width=1, resolution=1):
    network = models.efficientnet.efficientnet(10, depth=depth, width=width, **scaling.BASE_OPTIONS)
    multiply_adds = models.count_multiply_adds(network, 32 * resolution)
    return models.count_parameters(network) / small.parameters, multiply_adds / small.multiply_adds


for axis in ("depth", "width", "resolution"):
    print(f"{axis:<11} × 2: parameters × {cost(**{axis: 2})[0]:.2f}, multiply-adds × {cost(**{axis: 2})[1]:.2f}")

# %% [markdown]
# Twice the depth costs 1.75 times, near 2: the first and the last layers are not repeated. Twice the width costs 3.49
# times, near 4, because most weights sit between *pairs* of channels. Twice the resolution means four times the
# pixels: 3.97. It needs no parameter more.
#
# So the cost grows like $d$, like $w^2$ and like $r^2$. Let us see if that holds further up.

# %%
factors = [1, 2, 4, 8]
grown = {axis: [cost(**{axis: factor})[1] for factor in factors] for axis in ("depth", "width", "resolution")}
fig, ax = plt.subplots(figsize=(6, 3.2))
plots.lines(factors, grown, xlabel="factor", ylabel="multiply-adds, base = 1", log="xy", ax=ax)
ax.set_xticks(factors, factors)
ax.minorticks_off()
print({axis: round(values[-1], 1) for axis, values in grown.items()})


# %% [markdown]
# On two logarithmic axes a power is a straight line, and its exponent is the slope. Width and resolution run side by
# side, about twice as steep as depth. At a factor of 8 they cost 50 and 63 times the base, depth 6.


# %% [markdown]
# ### Exercise · `cost_factor`
#
# ★☆☆ · 4 minutes · 1 point
#
# By this law, how many times as much does a network cost if it becomes `d` times as deep, `w` times as wide, and gets
# pictures of `r` times the height and width, all at once?


# %% tags=["exercise"]
def cost_factor(d, w, r):
    # your code here, in place of the dots
    ...


check.cost_factor(cost_factor)


# %% tags=["solution"] jupyter={"source_hidden": true}
# Solution: open it after your own try.
def cost_factor_solution(d, w, r):
    return d * w**2 * r**2


check.cost_factor(cost_factor_solution, remember=False)

# %% [markdown]
# ## One alone helps less and less
#
# Tan and Le (2019) scaled one network along each axis (section 3.2 and figure 3 of their paper). Every axis helped,
# and each gained less the further it went. The three lean on each other. A larger picture spreads an object over more
# pixels, so more layers are needed to see all of it. It also shows finer detail, and more channels are needed to hold
# that.
#
# ## All three together
#
# Their answer is **compound scaling**. One number φ says how much computation there is, and three constants say how
# it is shared out:
#
# $$d = \alpha^\varphi, \qquad w = \beta^\varphi, \qquad r = \gamma^\varphi, \qquad \text{with } \alpha \cdot \beta^2 \cdot \gamma^2 \approx 2$$
#
# Then the cost is $(\alpha \beta^2 \gamma^2)^\varphi \approx 2^\varphi$: one step of φ doubles it. For
# EfficientNet-B0 they found α = 1.2, β = 1.1 and γ = 1.15.

# %%
alpha, beta, gamma = 1.2, 1.1, 1.15
product = alpha * beta**2 * gamma**2
print(f"α·β²·γ² = {product:.2f}")

# %% [markdown]
# 1.92, so "≈ 2" is not the same as 2. Where do the three numbers come from? From a small **grid search** at φ = 1:
# try all combinations that double the cost, train each, keep the best. It is small because only B0 is scaled that
# way, once. All larger networks use the same three numbers. On a grid of our own, how many would there be to train?

# %%
steps = [1 + i / 20 for i in range(9)]  # 1.00, 1.05 … 1.40
grid = [(a, b, c) for a in steps for b in steps for c in steps if abs(a * b**2 * c**2 - 2) < 0.1]
print(
    len(steps) ** 3,
    "combinations,",
    len(grid),
    "of them cost 2 ± 0.1; α, β, γ among them:",
    (alpha, beta, gamma) in grid,
)


# %% [markdown]
# 75 networks to train instead of 729. The condition on the cost does most of the work.

# %% [markdown]
# ### Exercise · `scaling_factors`
#
# ★☆☆ · 4 minutes · 1 point
#
# Return the three factors $d$, $w$ and $r$ of depth, width and resolution for a given φ, as a tuple.


# %% tags=["exercise"]
def scaling_factors(phi):
    # your code here, in place of the dots
    ...


check.scaling_factors(scaling_factors)


# %% tags=["solution"] jupyter={"source_hidden": true}
# Solution: open it after your own try.
def scaling_factors_solution(phi):
    return 1.2**phi, 1.1**phi, 1.15**phi


check.scaling_factors(scaling_factors_solution, remember=False)


# %% [markdown]
# ### Exercise · `phi_for_budget`
#
# ★★☆ · 6 minutes · 2 points
#
# Now the other way round. We may spend `times` as many multiply-adds as the base. Which φ uses that up, by the law
# $(\alpha \beta^2 \gamma^2)^\varphi$, with the exact product? φ need not be a whole number.


# %% tags=["exercise"]
def phi_for_budget(times):
    # your code here, in place of the dots
    ...


check.phi_for_budget(phi_for_budget)


# %% tags=["solution"] jupyter={"source_hidden": true}
# Solution: open it after your own try.
def phi_for_budget_solution(times):
    return math.log(times) / math.log(1.2 * 1.1**2 * 1.15**2)


check.phi_for_budget(phi_for_budget_solution, remember=False)

# %% [markdown]
# ## ▶ Scale B0
#
# The explorer starts from EfficientNet-B0, at φ = 1. φ scales all three; the other sliders multiply one of them by
# hand on top. On the left you see the channels of each block. On the right is the cost three ways: *counted* for the
# network with its whole channels and blocks, by the law $d \cdot w^2 \cdot r^2$, and as $2^\varphi$.
#
# **Predict:** at φ = 3 the rule of thumb says 8 times. Will the count be below or above?

# %%
explorer = widgets.scaling_explorer(phi=1.0)
display(explorer)
print(explorer.drive(phi=3.0))

# %% [markdown]
# Above: 8.43, although the law gives only 7.08 (it is 1.92, not 2). Channels and blocks are whole numbers, and blocks
# are rounded up. **Try by hand:** set φ to 0, and find a depth, a width and a resolution that each cost 3 times
# B0 alone. Which slider leaves the parameters as they are? Which slider, moved a little, sometimes changes the law,
# but not the count?

# %% [markdown]
# ## Whole channels, whole blocks
#
# Processors like channels in packets of 8. So EfficientNet rounds to the nearest multiple of 8, but never down by
# more than a tenth. Repeats of a block are rounded **up**.
#
# **Predict:** B1 has $w = 1$ and $d = 1.1$, a tenth more depth. How many blocks more is that, in all?

# %%
b0, b1 = models.efficientnet.B0, models.efficientnet.scaled_stages(1.0, 1.1)
for name, stages in (("B0", b0), ("B1", b1)):
    repeats = [stage.repeats for stage in stages]
    print(f"{name}: repeats {repeats}, {sum(repeats)} blocks")
print("channels × 1.1:", [(s.out_channels, models.efficientnet.round_channels(1.1 * s.out_channels)) for s in b0])


# %% [markdown]
# 23 blocks instead of 16: a tenth more depth became 44 % more, for every stage gained one. With channels it goes both
# ways: 16 and 24 stay, 320 becomes 352, which is exactly a tenth more, and 40 becomes 48, a fifth more.

# %% [markdown]
# ### Exercise · `rounded_channels`
#
# ★★★ · 8 minutes · 2 points
#
# Round a number of channels as EfficientNet does: to the nearest multiple of 8, halves up, at least 8. If that is
# less than 0.9 times what was wanted, take the next multiple.


# %% tags=["exercise"]
def rounded_channels(channels):
    # your code here, in place of the dots
    ...


check.rounded_channels(rounded_channels)


# %% tags=["solution"] jupyter={"source_hidden": true}
# Solution: open it after your own try.
def rounded_channels_solution(channels):
    rounded = max(8, int(channels + 4) // 8 * 8)
    return rounded + 8 if rounded < 0.9 * channels else rounded


check.rounded_channels(rounded_channels_solution, remember=False)

# %% [markdown]
# ### Layer by layer against torchvision
#
# Are these really the published networks? We build B1 and B4 from the seven stages of B0 and two factors, and put
# every convolution beside torchvision's: channels in and out, kernel, stride, groups. (`models.create_on_meta` makes a
# network without memory for its weights.)


# %%
def convolutions(network):
    convs = [module for module in network.modules() if isinstance(module, nn.Conv2d)]
    return [(conv.in_channels, conv.out_channels, conv.kernel_size, conv.stride, conv.groups) for conv in convs]


for name in ("b1", "b4"):
    scale = models.efficientnet.SCALES[name]
    ours = models.efficientnet.efficientnet(1000, width=scale.width, depth=scale.depth)
    theirs = models.create_on_meta(f"efficientnet_{name}")
    print(name, len(convolutions(ours)), "convolutions, all alike:", convolutions(ours) == convolutions(theirs))

# %% [markdown]
# Every one. The whole family is one table of seven lines, and two factors for each member.

# %% [markdown]
# ## B0 to B7, counted
#
# Now all eight from torchvision, each at its own resolution, beside table 2 of the paper.

# %%
counted = {}
for row in literature.table("efficientnet").rows:
    network, scale = models.create_on_meta(f"efficientnet_{row['name']}"), models.efficientnet.SCALES[row["name"]]
    counted[row["name"]] = models.count_multiply_adds(network, scale.resolution)
    print(
        f"{row['name']}  {scale.resolution} px {models.count_parameters(network) / 1e6:6.1f} M parameters (paper {row['parameters_m']}),",
        f"{counted[row['name']] / 1e9:6.2f} G multiply-adds (paper {row['multiply_adds_g']})",
    )

# %% [markdown]
# The parameters agree to the digits of the paper, but for B2 (9.1 against 9.2). The multiply-adds are up to 5 % above
# it, most at B4: 4.39 against 4.2. Counters differ a little in what they
# include.
#
# ## Do they follow $2^\varphi$?
#
# First: which φ belongs to which network? The published factors are rounded, and the paper does not list φ. There are
# two ways to choose it: by **index** (B3: φ = 3), or **solved** from the published resolution, $\gamma^\varphi = r$.
#
# **Predict:** will B7 cost more or less than $2^7 = 128$ times B0?

# %%
phis, times = [], [value / counted["b0"] for value in counted.values()]
for index, (name, scale) in enumerate(models.efficientnet.SCALES.items()):
    phis.append(math.log(scale.resolution / 224) / math.log(gamma))
    ratios = times[index] / 2**index, times[index] / 2 ** phis[-1], times[index] / product ** phis[-1]
    print(
        f"{name}: φ solved {phis[-1]:.2f}, cost × {times[index]:5.2f}; of 2^index {ratios[0]:.2f},",
        f"of 2^φ {ratios[1]:.2f}, of 1.92^φ {ratios[2]:.2f}",
    )

# %%
fig, ax = plt.subplots(figsize=(6, 3.2))
laws = {"counted": times, "2^φ": [2**phi for phi in phis], "1.92^φ": [product**phi for phi in phis]}
plots.lines(phis, laws, xlabel="φ, solved from the resolution", ylabel="multiply-adds, B0 = 1", log="y", ax=ax)
print(
    "largest distance from 1.92^φ:", f"{max(abs(t / product**phi - 1) for t, phi in zip(times, phis, strict=True)):.0%}"
)

# %% [markdown]
# Not exactly. Solved from the resolution, φ is about 0.5, 1, 2, 3.8, 5, 6 and 7. So the index fits only from B5 on,
# and B3, which is φ = 2.09, costs 0.59 of $2^3$.
#
# With the solved φ the curve still bends away from $2^\varphi$: B1 costs 1.26 times as much as that says, B7 only
# 0.74 times. You have met both reasons. The product is 1.92 and not 2, which counts for more with every step. And
# blocks are rounded up, which weighs most where there are few of them. Against $1.92^\varphi$ the large ones, B4 to
# B7, stay within 10 %, while B1 to B3 lie 21 to 29 % above. $2^\varphi$ is a rule of thumb for planning, no law of
# nature.

# %% [markdown]
# ## Inside: MBConv
#
# The block of all these networks is the **inverted bottleneck** of MobileNetV2, `MBConv`. ResNet's bottleneck is
# narrow in the middle; this one is wide. A 1×1 convolution makes six times the channels. A **depthwise** convolution
# filters each of them by itself. A 1×1 makes them few again, without an activation, and the input is added.
#
# **Predict:** which is cheapest: MBConv on 80 channels, a plain 3×3 convolution on 80, or a plain 3×3 on the 480 in
# the middle?

# %%
block, plain, wide = models.MBConv(80, 80), nn.Conv2d(80, 80, 3, bias=False), nn.Conv2d(480, 480, 3, bias=False)
for name, module in (("MBConv 80 → 480 → 80", block), ("3×3 on 80", plain), ("3×3 on 480", wide)):
    print(f"{name:<22}{models.count_parameters(module):>10,}")


# %% [markdown]
# The plain one on 80 channels. MBConv costs not quite twice that, and filters 480 channels, for which a plain
# convolution would take 20 times as much. The saving is in the depthwise step: a filter looks at one channel, and the
# 1×1 does the mixing.

# %% [markdown]
# ### Exercise · `separable_weights`
#
# ★★☆ · 5 minutes · 1 point
#
# A *depthwise separable* convolution is a k×k filter for each of `c_in` channels, then a 1×1 convolution to `c_out`
# channels. How many weights are that, without biases? (An ordinary one has k·k·c_in·c_out.)


# %% tags=["exercise"]
def separable_weights(c_in, c_out, k):
    # your code here, in place of the dots
    ...


check.separable_weights(separable_weights)


# %% tags=["solution"] jupyter={"source_hidden": true}
# Solution: open it after your own try.
def separable_weights_solution(c_in, c_out, k):
    return k * k * c_in + c_in * c_out


check.separable_weights(separable_weights_solution, remember=False)

# %% [markdown]
# ### Squeeze-and-excitation
#
# One thing is missing in a depthwise filter: it knows nothing of the other channels. **Squeeze-and-excitation**
# helps. Each map is *squeezed* to its mean, as in lesson 02. Two small layers look at all the means together, and a
# sigmoid gives one weight for each channel, which its map is multiplied with: turn this channel up, that one down,
# *for this picture*.

# %%
splits = data.load("textures")
with runtime.seeded(0):
    first, squeeze = nn.Conv2d(1, 16, 3), models.SqueezeExcitation(16, squeezed=4)
weights = squeeze.gate(first(splits.train.images[::125]))  # eight patches, of different textures
print("shape", tuple(weights.shape), "- all in (0, 1):", bool(((weights > 0) & (weights < 1)).all()))
print("the same for the first and the last:", torch.allclose(weights[0], weights[7], atol=1e-3))
print(models.count_parameters(squeeze), "parameters")

# %% [markdown]
# One number for each picture and channel, different for different pictures, for 148 parameters. (Hu, Shen and Sun won
# ILSVRC 2017 with it.)

# %% [markdown]
# ### EfficientNetV2
#
# Few multiply-adds are not yet little time: a depthwise convolution does little arithmetic for each number that it
# fetches from memory. In 2021 Tan and Le therefore searched again, for training *speed*. **EfficientNetV2** replaces
# the 1×1 and the depthwise 3×3 by one plain 3×3 (*Fused-MBConv*) in the early stages, and trains on small pictures
# with little regularisation first, then on larger ones with more. Our block of 48 channels, both ways, on 48 × 48
# maps:

# %%
kinds = Counter(type(module).__name__ for module in models.create_on_meta("efficientnet_v2_s").modules())
print({name: count for name, count in kinds.items() if "MBConv" in name})
fused = nn.Sequential(nn.Conv2d(48, 192, 3, padding=1, bias=False), nn.Conv2d(192, 48, 1, bias=False))
for name, module in (("MBConv", models.MBConv(48, 48, expand=4)), ("fused", fused)):
    print(
        f"{name:<7}{models.count_parameters(module):>8,} parameters {models.count_multiply_adds(module, 48) / 1e6:6.0f} M multiply-adds"
    )

# %% [markdown]
# Ten fused blocks at the beginning of V2-S, then thirty MBConv. Fused costs more than four times the multiply-adds.
# The paper found it faster all the same (section 3.2): one large step that keeps a GPU busy, instead of many small
# ones that wait for memory.

# %% [markdown]
# ## Accuracy against cost
#
# Every set of weights in torchvision says in its metadata how many parameters it has, what it costs, and how often it
# is right on ImageNet. That needs no download.

# %%
zoo = []
for arch in torchvision.models.list_models(module=torchvision.models):
    for weights in torchvision.models.get_model_weights(arch):
        meta = weights.meta
        top1 = meta["_metrics"]["ImageNet-1K"]["acc@1"] / 100
        cost_m = {"parameters": meta["num_params"] / 1e6, "multiply-adds": meta["_ops"] * 1e3}
        zoo.append({"arch": arch, "name": f"{arch} {weights.name}", "recipe": meta["recipe"], "top1": top1, **cost_m})
zoo = [row for row in zoo if not math.isnan(row["top1"])]
print(len(zoo), "sets of weights of", len({row["arch"] for row in zoo}), "networks")

# %%
families = {
    "EfficientNet": "efficientnet_b",
    "EfficientNetV2": "efficientnet_v2",
    "ResNet, ResNeXt": ("resn", "wide"),
    "VGG, AlexNet": ("vgg", "alexnet"),
    "RegNet": "regnet",
    "ViT, Swin, MaxViT": ("vit", "swin", "maxvit"),
}
family = {
    row["name"]: next((f for f, start in families.items() if row["arch"].startswith(start)), "others") for row in zoo
}
print(Counter(family.values()))

# %%
fig, axes = plt.subplots(1, 2, figsize=(11, 4), sharey=True)
for ax, axis in zip(axes, ("parameters", "multiply-adds"), strict=True):
    groups = {f: [(r[axis], r["top1"]) for r in zoo if family[r["name"]] == f] for f in [*families, "others"]}
    plots.scatter(groups, xlabel=f"{axis}, millions", log="x", ax=ax)
axes[0].set_ylabel("top-1 accuracy")
axes[0].get_legend().remove()
print(sum(len(pairs) for pairs in groups.values()), "points in each panel")

# %% [markdown]
# Up and to the left is better. The blue dots, B0 to B7 from left to right, start at the upper left edge of the cloud;
# VGG sits far to the right and low. Which weights are beaten by none, that is, no other costs as little and is more
# accurate?

# %%
for axis in ("parameters", "multiply-adds"):
    front = [r for r in zoo if not any(o["top1"] > r["top1"] and o[axis] <= r[axis] for o in zoo)]
    efficient = sorted(r["arch"][13:] for r in front if r["arch"].startswith("efficientnet"))
    print(f"{axis:<14}{len(front)} of {len(zoo)} are beaten by none; EfficientNets among them: {', '.join(efficient)}")

# %% [markdown]
# B0 to B4 and two of V2, in both. Now the caution. Is this a race of *networks*?

# %%
resnet50 = {row["name"]: f"{row['top1']:.3f}" for row in zoo if row["arch"] == "resnet50"}
print(resnet50)
print(
    len({row["recipe"] for row in zoo}),
    "different recipes are named;",
    sum("SWAG" in row["name"] for row in zoo),
    "used outside pictures",
)
print(torchvision.models.EfficientNet_B0_Weights.IMAGENET1K_V1.meta["_docs"].strip())

# %% [markdown]
# No. The same ResNet-50, trained in another way, gains almost 5 points. The V1 recipes are plain; V2 ones train much
# longer, with mixed pictures, smoothed labels and averaged weights (Vryniotis, 2021). SWAG weights learned from
# billions of pictures with hashtags first. EfficientNet's were ported from the authors, who trained with AutoAugment
# and stochastic depth. And each network looks at pictures of its own size. A point in this figure is network *and*
# recipe *and* data. Only points of one recipe compare networks.

# %% [markdown]
# ## Put it to the test
#
# So we run our own race, with one recipe. The base is the small network from the beginning. Four more are scaled from
# it: deeper only, wider only, larger pictures only, and all three with α, β and γ. Each may cost **three times** the
# base. Whole numbers make that hard to hit, so `scaling.variants` searches for the factors whose *measured*
# multiply-adds come nearest.

# %%
contestants = scaling.variants(cost_factor=3)
for each in contestants:
    measured = each.multiply_adds / small.multiply_adds
    shape = f"depth × {each.depth:.2f}, width × {each.width:.2f}, {each.image_size} px"
    print(f"{each.axis:<11}{shape:<37}{each.parameters:>7,} parameters, cost × {measured:.2f}")

# %% [markdown]
# All four within 5 % of each other. (The textures have 64 × 64 pixels, and each network gets them scaled down to its
# size. So more resolution brings real detail.) Parameters are not equal, and cannot be.
#
# **Predict**, and write it down: in which order will they finish? Then start the race: five networks, three seeds,
# four epochs of 1,000 pictures, the same learning rate and the same order of pictures for all.

# %%
rows = scaling.run(splits, cost_factor=3, seeds=(0, 1, 2), epochs=4)
live = scaling.final_scores(rows)
print(len(rows), "rows; right on more than 0.4 at the end, every one:", min(map(min, live.values())) > 0.4)


# %% tags=["nbval-ignore-output"]
def race(accuracies, *, ax):
    groups = {axis: [(place, a) for a in values] for place, (axis, values) in enumerate(accuracies.items())}
    plots.scatter(groups, ylabel="validation accuracy", ylim=(0.4, 1), ax=ax)
    ax.set_xticks([])
    for axis, values in accuracies.items():
        print(f"{axis:<11} mean {sum(values) / len(values):.3f}, from {min(values):.3f} to {max(values):.3f}")


fig, ax = plt.subplots(figsize=(6, 3))
race(live, ax=ax)

# %% [markdown]
# One dot is one seed. Your numbers differ a little from those stored here: they hang on the processor. Before you
# compare means, look at how far the seeds of one network lie apart. Most of the five overlap. What is left that does
# not hang on the processor?

# %%
mean = {axis: sum(values) / len(values) for axis, values in live.items()}
print("larger pictures beat more layers, in the mean:", mean["resolution"] > mean["depth"])

# %% [markdown]
# Only that much. Three seeds of four epochs do not settle the order of the others.
#
# ### A longer race, recorded
#
# So the course's authors let the same function run for longer: five seeds, twenty epochs. This is a **recording**.
# Its log lies in `docs/recorded`, with the command that made it, and nothing is trained in the next cell.

# %%
recorded = scaling.read_log(paths.recorded() / "scaling_textures" / scaling.LOG)
fig, ax = plt.subplots(figsize=(6, 3))
race(scaling.final_scores(recorded), ax=ax)

# %% [markdown]
# Now there is an order, in the mean: larger pictures 0.919, compound 0.872, wider 0.857, base 0.833, deeper 0.805. The
# worst seed with larger pictures (0.890) is about as good as the best ones of compound and of wider (0.890 and 0.893). Every
# seed of compound is ahead of every seed of depth, but it overlaps with width. And depth alone is *worse* than the
# base, at three times the cost. Was that overfitting? The training accuracy tells.

# %%
train = {axis: sum(values) / len(values) for axis, values in scaling.final_scores(recorded, split="train").items()}
print("training accuracy", {axis: f"{value:.3f}" for axis, value in train.items()})
seconds = {axis: sum(row["seconds"] for row in recorded if row["axis"] == axis) for axis in train}
print(f"deeper took {seconds['depth'] / seconds['width']:.1f} times as long as wider, on that computer")

# %% [markdown]
# No: the deep one has the lowest accuracy on its training pictures, too. It learns more slowly, and twenty epochs are
# few. It also took about twice as long as the wide one at equal multiply-adds: many small steps, one after the other.
#
# ### What this shows, and what it does not
#
# It shows that at equal cost the axes differ a lot, and that one alone can buy nothing at all. In the long race compound
# scaling came second of four, without anybody having tuned it for this task. In the short one it may well lie below
# the base: it is deeper, and depth needs time to learn.
#
# It does not show that the paper is wrong. α, β and γ were searched for B0, a base already balanced for 224 pixels
# and ImageNet. Our base sees 32 of 64 pixels, and textures are told apart by fine detail: pixels were what it lacked.
# A search *here* would give γ a larger share. Ten textures, tiny networks, one recipe that was tuned for none of the
# five: with other data, or with more epochs, the order can change. What you can take with you is the method: fix the
# cost, vary one thing, count the seeds.

# %% [markdown]
# ## Summary
#
# - Cost grows like **depth**, like **width squared** and like **resolution squared**. Resolution alone adds no
#   parameters.
# - **Compound scaling** grows all three by one φ: $d = \alpha^\varphi$, $w = \beta^\varphi$, $r = \gamma^\varphi$,
#   with $\alpha \beta^2 \gamma^2 = 1.92$ for EfficientNet. $2^\varphi$ is a rule of thumb: whole channels and blocks,
#   rounded up, and rounded factors move the count by up to 30 %.
# - B0 to B7 are one table of seven stages and two factors each.
# - **MBConv** filters many channels cheaply, one by one; **squeeze-and-excitation** weighs them for each picture. Few
#   multiply-adds are not yet little time: EfficientNetV2 spends more of them and is faster.
# - A plot of accuracy against cost compares networks *and* recipes *and* data.
# - Which axis pays depends on the task. On small textures it was resolution; α, β and γ were searched on ImageNet.
#
# ## To go further
#
# - M. Tan, Q. V. Le, "EfficientNet: rethinking model scaling for convolutional neural networks", *ICML* (2019): the
#   paper; figure 3 and section 3.2 for the single axes, section 4 for the search.
# - M. Tan, Q. V. Le, "EfficientNetV2: smaller models and faster training", *ICML* (2021).
# - M. Sandler et al., "MobileNetV2: inverted residuals and linear bottlenecks", *CVPR* (2018): MBConv.
# - J. Hu, L. Shen, G. Sun, "Squeeze-and-excitation networks", *CVPR* (2018).
# - P. Dollár, M. Singh, R. Girshick, "Fast and accurate model scaling", *CVPR* (2021): why multiply-adds are the
#   wrong thing to count, and why width is cheaper in time.
# - V. Vryniotis, "How to train state-of-the-art models using TorchVision's latest primitives", PyTorch blog (2021):
#   the V2 recipes.
# - I. Bello et al., "Revisiting ResNets: improved training and scaling strategies", *NeurIPS* (2021): how much of the
#   gain was the recipe.
#
# **Next:** lesson 07. The network is chosen. How do the pictures get to it?
