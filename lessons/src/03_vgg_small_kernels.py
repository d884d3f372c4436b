# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 3 · VGG: depth from small kernels
#
# *About 50 minutes · after lesson 02 · all cells together run in about 45 s*
#
# A logo on a poster is made of shapes, the shapes of edges, and the edges of pixels. To recognise it, some number deep inside
# the network has to *see* all of it at once. Large kernels see much, and they are expensive. In 2014 a network called **VGG**
# went the other way: tiny kernels, and many of them behind each other. In this lesson you find out what that buys, by formula,
# by measurement, and by training.
#
# **After this lesson you can**
#
# - compute top-1 and top-5 error, and read a table of ImageNet results;
# - say what size a convolution makes of a picture, and how much of it one number of the output sees;
# - compare stacks of convolutions by receptive field, parameters and non-linearities;
# - tell a difference between two networks from luck.
#
# **You need** lesson 02: convolutions as a body, and what a fully connected head costs.

# %%
import matplotlib.pyplot as plt
import torch
from torch import nn
from torch.nn import functional

from imgcls_course import check, data, literature, models, plots, runtime, training, widgets
from imgcls_course.models import Layer

# %% [markdown]
# ## A yardstick: ImageNet
#
# Which network is better? That needs the same pictures for everybody. **ImageNet** holds 14 million photographs in 21,841
# categories. From 2010 to 2017 a competition was held on a part of it, the **ILSVRC**: 1,000 classes, and from 2012 on
# 1.2 million pictures to train on, 50,000 to validate, 100,000 to test. (Russakovsky et al., IJCV 2015.)
#
# There are 120 breeds of dogs among the classes, and many pictures show more than what their one label says. So a network may
# name **five** classes, and is wrong only if the true one is not among them. That is the **top-5 error**.
#
# Here are scores of three pictures for seven classes. **Predict:** in how many is the true class on top? And among the best five?

# %%
classes = ["husky", "wolf", "fox", "cat", "sled", "snow", "car"]
scores = torch.tensor(
    [[4.1, 3.0, 1.0, 0.2, 2.5, 2.0, -1.0], [2.2, 2.9, 0.3, 0.1, 1.5, 3.3, -2.0], [3.0, 2.8, 2.5, 0.9, 0.5, 1.2, -1.0]]
)
labels = torch.tensor([0, 1, 4])
for row, label in zip(scores, labels, strict=True):
    print(f"true {classes[label]:6s} best five:", *(classes[i] for i in row.topk(5).indices))

# %% [markdown]
# The first is right at once. The second says *snow*, and has the wolf in second place. The third does not name the sled at all.

# %%
wrong_top1 = (scores.argmax(dim=1) != labels).sum().item()
wrong_top5 = (scores.topk(5, dim=1).indices != labels[:, None]).all(dim=1).sum().item()
print(f"top-1 error {wrong_top1} of 3, top-5 error {wrong_top5} of 3")


# %% [markdown]
# ### Exercise · `top5_error`
#
# ★★☆ · 6 minutes · 2 points
#
# Write the top-5 error as a fraction in [0, 1]. `scores` has shape `(N, K)` with at least five classes, `labels` has shape `(N,)`.


# %% tags=["exercise"]
def top5_error(scores, labels):
    # your code here, in place of the dots
    ...


check.top5_error(top5_error)


# %% tags=["solution"] jupyter={"source_hidden": true}
# Solution: open it after your own try.
def top5_error_solution(scores, labels):
    best = scores.topk(5, dim=1).indices
    right = (best == labels[:, None]).any(dim=1)
    return 1 - right.float().mean()


check.top5_error(top5_error_solution, remember=False)

# %% [markdown]
# ### Eight years
#
# The best entry of each year, as published. Nothing of it is computed here, so the source is printed below. **Predict:** in which
# year did the error fall most?

# %%
table = literature.table("ilsvrc")
entries = {row["entry"]: (row["year"], row["top5_error"]) for row in table.rows}
vgg = entries.pop("VGG (2nd)")
names = entries | {"GoogLeNet": (2014, 0.05), "ResNet": (2015, 0.008), "Trimps-Soushen": (2016, 0.003)}  # below
figure, ax = plt.subplots(figsize=(9, 3.8))
ax.axhline(literature.table("human").rows[0]["top5_error"], color="0.4", linestyle="--", label="a trained person")
groups = {"best of the year": list(entries.values()), "VGG, 2nd in 2014": [vgg]}
plots.scatter(groups, names=names, xlabel="year", ylabel="top-5 error", ylim=(0, 0.32), ax=ax)
ax.set_xlim(2009.5, 2017.8)
print(len(entries), "best entries and VGG. Source:", table.source)

# %% [markdown]
# In 2012: AlexNet, the first convolutional network among the winners, took it from 0.258 to 0.164. In 2015 it went below the
# 0.051 of a trained person (one, on 1,500 pictures: section 6.4 of the same paper). VGG came second in 2014, with 0.073 against
# 0.067, and it won another task of that year: **localisation**, where a box around the object is asked for, too.
#
# The winner is next lesson's matter. VGG is the simpler one, and for years it was the network that others built upon.

# %% [markdown]
# ## What is VGG?
#
# K. Simonyan and A. Zisserman asked a single question: what does depth do? They kept all else the same: 3×3 convolutions with
# a ReLU each, max-pooling that halves the size after some of them, and three fully connected layers. They trained five
# configurations, A to E.

# %%
table = literature.table("vgg")
for row in table.rows:
    print(f"{row['configuration']}: {row['weight_layers']} layers with weights, top-5 error {row['top5_error']:.3f}")
print("Source:", table.source)

# %% [markdown]
# From 11 to 16 layers the error falls. C and D both have 16, but three of C's are 1×1, which see no neighbours: D is better. And
# E, with 19, is *not* better than D here (trained and tested at one scale). So depth helps, up to a point. (Lesson 05 asks why
# not further.) D is what people mean by "VGG-16", and it is used most.
#
# torchvision has A, B, D and E. We create them on the **meta device**: shapes only, no memory for the weights, which is enough to count. **Predict:** how many
# parameters has VGG-16, in millions, and in which of its layers are they?

# %%
for arch in ("vgg11", "vgg13", "vgg16", "vgg19"):
    model = models.create_on_meta(arch)
    weighted = [module for module in model.modules() if isinstance(module, nn.Conv2d | nn.Linear)]
    print(f"{arch}: {len(weighted)} layers with weights, {models.count_parameters(model) / 1e6:.1f} million parameters")

# %% [markdown]
# VGG-16 has 138.4 million. The layers of its blocks have 64, 128, 256, 512 and 512 channels:

# %%
vgg16 = models.create_on_meta("vgg16")
print("channels:", [layer.out_channels for layer in vgg16.features if isinstance(layer, nn.Conv2d)])
convolutions, head = models.count_parameters(vgg16.features), models.count_parameters(vgg16.classifier)
print(f"13 convolutions {convolutions:,}, 3 fully connected layers {head:,} ({head / (head + convolutions):.0%})")
print("weights of the first fully connected layer:", tuple(vgg16.classifier[0].weight.shape))

# %% [markdown]
# 89 % of it is the head. Its first layer alone looks at 512 maps of 7×7, that is 25,088 numbers, with 4,096 neurons: 103
# million weights. It is lesson 02 again. The thirteen convolutions, which do the seeing, need 14.7 million. From here on we look
# at *them*.

# %% [markdown]
# ## How large is the output?
#
# A window of $k$ pixels slides along a row of $n$ pixels. **Padding** $p$ adds zeros at both ends. The **stride** $s$ is how far it
# moves at a time. With **dilation** $d$ it looks at every $d$-th pixel only, so it spans $d(k-1)+1$ of them. How many places are
# there?
#
# The first place is always there. After it the window can move by what is left, $n + 2p - d(k-1) - 1$, in steps of $s$; a step
# that does not fit is left out. **Predict** the three sizes for a picture of 32×32.

# %%
picture = torch.rand(1, 1, 32, 32)
for settings in ({"padding": 0}, {"padding": 1}, {"padding": 1, "stride": 2}):
    size = nn.Conv2d(1, 1, kernel_size=3, **settings)(picture).shape[-1]
    print(settings, "->", size)

# %% [markdown]
# 30, 32 and 16. A 3×3 with padding 1 keeps the size, and so does any odd kernel with padding $(k-1)/2$. That is why VGG can put
# as many of them behind each other as it likes: only the poolings make the picture smaller.


# %% [markdown]
# ### Exercise · `output_size`
#
# ★★☆ · 6 minutes · 1 point
#
# Write the size of the output, as a whole number. The window always fits at least once.


# %% tags=["exercise"]
def output_size(size, kernel_size, stride, padding, dilation):
    # your code here, in place of the dots
    ...


check.output_size(output_size)


# %% tags=["solution"] jupyter={"source_hidden": true}
# Solution: open it after your own try.
def output_size_solution(size, kernel_size, stride, padding, dilation):
    window = dilation * (kernel_size - 1) + 1
    return (size + 2 * padding - window) // stride + 1


check.output_size(output_size_solution, remember=False)

# %% [markdown]
# ## How much does one number see?
#
# The pixels on which one number of a feature map depends are its **receptive field**. Behind one 3×3 convolution it is 3 pixels
# wide. Now put a second 3×3 behind the first. It looks at three neighbours. Each of them sees 3 pixels, and their fields are one
# pixel apart.
#
# **Predict:** how wide is the field of two? Of three?

# %%
for stack in ([3], [3, 3], [5], [3, 3, 3], [7]):
    field = models.receptive_field([Layer(kernel_size) for kernel_size in stack])
    print(f"kernels {stack}: {field} pixels")

# %% [markdown]
# Two 3×3 see 5 pixels, as much as one 5×5, and three see 7, as much as one 7×7. That is the idea of VGG in one line.
#
# ### Measured
#
# A formula can be wrong, so let us *measure*. Which pixels does the output depend on? Those with a gradient. We take the number in
# the middle of the output, call `backward`, and look at the gradient of the picture. (In a copy of the network, with all weights
# made positive and every max-pooling an average, so that no path is closed by chance.)

# %%
with runtime.seeded(0):
    two_small = models.conv_stack(32, 32, convs=2, kernel_size=3)
    one_large = models.conv_stack(32, 32, convs=1, kernel_size=5)
for name, stack in (("two 3×3", two_small), ("one 5×5", one_large)):
    print(f"{name}: measured {models.measured_receptive_field(stack, image_size=15)} pixels")

# %% [markdown]
# The same. But do both see all of their pixels equally well? **Predict:** where is the gradient of the two small ones largest?

# %%
fields = [models.effective_receptive_field(stack, image_size=11) for stack in (two_small, one_large)]
plt.figure(figsize=(5, 2.6))
plots.image_grid([field / field.max() for field in fields], titles=["two 3×3", "one 5×5"])
for name, field in zip(("two 3×3", "one 5×5"), fields, strict=True):
    print(f"{name}: centre to corner {field[5, 5] / field[3, 3]:.0f} to 1")

# %% [markdown]
# Both squares are 5 pixels wide. The large kernel sees all of it alike. Of the two small ones, the centre counts 9 times as
# much as a corner, because nine ways lead from it through the layers, and one from the corner. The deeper the stack, the more
# it looks at the middle: its *effective* receptive field is smaller than the formula says (Luo et al., 2016).

# %% [markdown]
# ## The formula, with strides
#
# We go through the layers with two numbers: the field so far, $r = 1$ to begin with (without any layer you see one pixel), and
# the **jump** $j = 1$, how many pixels of the picture lie between two neighbours of the map.
#
# A layer with kernel $k$ and dilation $d$ looks at places of its input that are up to $d(k-1)$ apart. In pixels that is
# $d(k-1) \cdot j$, so the field grows by that much. *Then* its stride $s$ makes neighbours lie $s$ times as far apart. Together, over all
# layers $l$:
#
# $$r = 1 + \sum_l d_l\,(k_l - 1) \prod_{i<l} s_i$$
#
# Padding does not occur. It shifts what is seen, and adds no pixels. (Araujo, Norris, Sim, *Distill* 2019.) **Predict:** how wide
# is the field of two 3×3 if a 2×2 pooling with stride 2 stands *between* them? If it stands *behind* them?

# %%
conv, pool = Layer(3), Layer(kernel_size=2, stride=2)
print("between:", models.receptive_field([conv, pool, conv]), "- behind:", models.receptive_field([conv, conv, pool]))

# %% [markdown]
# 8 and 6. Behind a pooling every convolution sees twice as far, because its neighbours lie two pixels apart.


# %% [markdown]
# ### Exercise · `receptive_field`
#
# ★★★ · 8 minutes · 2 points
#
# `layers` is a list of pairs `(kernel_size, stride)`, first layer first, such as `[(3, 1), (2, 2), (3, 1)]`; dilation is 1 everywhere.
# Return the width of the receptive field, as a whole number. Without any layer it is 1.


# %% tags=["exercise"]
def receptive_field(layers):
    # your code here, in place of the dots
    ...


check.receptive_field(receptive_field)


# %% tags=["solution"] jupyter={"source_hidden": true}
# Solution: open it after your own try.
def receptive_field_solution(layers):
    field, jump = 1, 1
    for kernel_size, stride in layers:
        field += (kernel_size - 1) * jump
        jump *= stride
    return field


check.receptive_field(receptive_field_solution, remember=False)

# %% [markdown]
# ### Layer by layer through VGG-16
#
# VGG takes pictures of 224×224. **Predict:** how much of one does a number of its last map see?

# %%
layers = models.conv_and_pool_layers(vgg16.features)
sizes = [224]
for layer in layers:
    sizes.append(layer.output_size(sizes[-1]))
seen = [models.receptive_field(layers[:depth]) for depth in range(len(sizes))]
figure, ax = plt.subplots(figsize=(7.5, 3))
values = {"receptive field": seen, "size of the map": sizes}
plots.lines(range(len(sizes)), values, xlabel="convolutions and poolings so far", ylabel="pixels", ax=ax)
ax.set_xticks(range(0, len(sizes), 2))
print(len(layers), "layers; the last map has", sizes[-1], "x", sizes[-1], "places, and each sees", seen[-1], "pixels")

# %% [markdown]
# 212 of 224 pixels: nearly all of the picture. While the maps shrink, the field grows, slowly at first, and faster behind each
# pooling. So the early layers can only find edges and spots, and the late ones can find dogs.
#
# Is 212 right? To measure it, a network of one channel is enough, since the channels have no say in *how far* it sees.

# %%
with runtime.seeded(0):
    narrow = nn.Sequential(*(models.vgg_block(1, 1, convs=convs) for convs in (2, 2, 3, 3, 3)))
print("same layers:", models.conv_and_pool_layers(narrow) == layers)
print("measured:", models.measured_receptive_field(narrow, image_size=320))

# %% [markdown]
# ## ▶ Stacks of convolutions
#
# A picture of 32×32, and up to six equal convolutions. The frame shows what the middle of the last map sees; the lighter a pixel,
# the more ways lead from it. It starts with two 3×3. **Before you drag:** which of the five controls do not change the receptive
# field? Which do not change the number of parameters?

# %%
explorer = widgets.receptive_explorer()
display(explorer)
print(explorer.drive(kernel=5, layers=1, padding=2))
print(explorer.drive(kernel=3, layers=3, dilation=2))
print(explorer.drive(dilation=1, stride=2, padding=1))

# %% [markdown]
# One 5×5 sees what two 3×3 saw, with 6,416 parameters in place of 4,640. Dilation widens the field at no cost, 13 pixels
# with three layers, but look at the picture: it has holes. Stride 2 gives 15, and leaves a map of 4×4. Padding never changes the
# field; stride, padding and dilation never change the parameters.
#
# **Try by hand:** with 3×3 kernels and stride 1, how many layers does it take to see as much as one 7×7? Can you see all 32
# pixels and still have at least 8×8 places?

# %% [markdown]
# ## What does it cost?
#
# A convolution from $C$ channels to $C$ channels with a $k \times k$ kernel has $k^2$ weights for each pair of an input and an
# output channel: $k^2 C^2$. So two 3×3 have $18\,C^2$, against $25\,C^2$ of one 5×5, and three have $27\,C^2$ against $49\,C^2$ of one 7×7.
#
# **Predict:** how much does VGG save with 64 channels, in percent?

# %%
for convs, large in ((2, 5), (3, 7)):
    stacks = (
        models.conv_stack(64, 64, convs=convs, kernel_size=3),
        models.conv_stack(64, 64, convs=1, kernel_size=large),
    )
    small, big = (sum(p.numel() for p in stack.parameters() if p.ndim == 4) for stack in stacks)
    print(f"{convs} of 3×3: {small:,} weights; one {large}×{large}: {big:,}; saved {1 - small / big:.0%}")
    print("  as the formula says:", (small, big) == (9 * convs * 64**2, large**2 * 64**2))
    small, big = (models.count_multiply_adds(stack, image_size=56) for stack in stacks)
    print(
        f"  multiply-adds on maps of 56×56: {small / 1e6:.0f} against {big / 1e6:.0f} million, saved {1 - small / big:.0%}"
    )

# %% [markdown]
# 28 % and 45 %, and as much of the multiply-adds, since every weight is used once at each place of the map.
#
# The formula has a condition: as many channels in as out. **Predict** who is cheaper in the very first layer, where one grey channel
# comes in and 64 go out.

# %%
first_small = models.count_parameters(models.conv_stack(1, 64, convs=2, kernel_size=3))
first_large = models.count_parameters(models.conv_stack(1, 64, convs=1, kernel_size=5))
print(f"from 1 to 64 channels: two 3×3 {first_small:,}, one 5×5 {first_large:,}")

# %% [markdown]
# There two small ones are more than twenty times as expensive: the second of them has 64 channels in. Many networks,
# ResNet-50 of lesson 05 among them, begin with *one large* kernel, where it is cheap, and go on with small ones.

# %% [markdown]
# ### Exercise · `stack_parameters`
#
# ★☆☆ · 4 minutes · 1 point
#
# How many parameters, weights and biases, has a stack of `layers` convolutions with kernels of `kernel_size` × `kernel_size`,
# `channels` in and `channels` out of each?


# %% tags=["exercise"]
def stack_parameters(layers, kernel_size, channels):
    # your code here, in place of the dots
    ...


check.stack_parameters(stack_parameters)


# %% tags=["solution"] jupyter={"source_hidden": true}
# Solution: open it after your own try.
def stack_parameters_solution(layers, kernel_size, channels):
    weights, biases = kernel_size**2 * channels**2, channels
    return layers * (weights + biases)


check.stack_parameters(stack_parameters_solution, remember=False)

# %% [markdown]
# ## More non-linearities
#
# The second gain is the ReLU between the small kernels. To see what it is worth, leave it out: two 3×3 convolutions $a$ and $b$,
# directly behind each other. **Predict:** can *one* 5×5 kernel do the same as both?

# %%
with runtime.seeded(0):
    picture, a, b = (torch.randn(1, 1, size, size, dtype=torch.float64) for size in (12, 3, 3))
together = functional.conv_transpose2d(a, b)  # every product of a weight of a and one of b, at the sum of their places
one = functional.conv2d(picture, together)
both = functional.conv2d(functional.conv2d(picture, a), b)
print(tuple(together.shape[2:]), "- the same without a ReLU:", torch.allclose(both, one))
with_relu = functional.conv2d(functional.conv2d(picture, a).relu(), b)
print("the same with a ReLU between:", torch.allclose(with_relu, one))

# %% [markdown]
# Yes, it can: without a ReLU, two layers are one, as with the perceptron in lesson 01. They are even less than a free 5×5, since
# they have 18 numbers to choose and it has 25. With the ReLU between them they can do what no single convolution can. Three small
# ones have three ReLUs where one large one has one.

# %% [markdown]
# ## Trained side by side
#
# Fewer parameters, more non-linearities, the same view. Is it also *better*? We train both on patches of ten photographs
# (`textures`), cut to 24×24 for speed. The networks differ in their blocks only: a common first layer to 16 channels, then twice
# two 3×3 or one 5×5, then global average pooling.


# %%
def network(convs, kernel_size):
    net = models.small_vgg(10, convs=convs, kernel_size=kernel_size, stem=16, widths=(16, 16))
    return nn.Sequential(nn.InstanceNorm2d(1), net)  # every picture to mean 0 and deviation 1


variants = {"two 3×3": (2, 3), "one 5×5": (1, 5)}
for name, blocks in variants.items():
    net = network(*blocks)
    print(
        name,
        f"{models.count_parameters(net):,} parameters, sees",
        models.receptive_field(models.conv_and_pool_layers(net)),
        "pixels",
    )

# %% [markdown]
# 9,690 parameters against 13,210, and the same field behind the last pooling, wider than the picture. (`InstanceNorm2d` evens out
# brightness and contrast, which differ between the parts of a photo that train and validation were cut from.)
#
# One run proves nothing. Another seed draws other first weights and another order of the pictures, and ends elsewhere. So each
# variant is trained with four seeds, the same four for both.

# %%
splits = data.load("textures").cropped(24)
loaders = data.make_loaders(splits)


def accuracy(convs, kernel_size, seed):
    with runtime.seeded(seed):
        net = network(convs, kernel_size)
    optimizer = torch.optim.Adam(net.parameters())
    for epochs, lr in ((5, 0.003), (2, 0.0003)):  # smaller steps at the end make the result steadier
        optimizer.param_groups[0]["lr"] = lr
        history = training.fit(net, loaders, epochs=epochs, optimizer=optimizer, seed=seed, progress=False)
    return history[-1]["val_accuracy"]


# %% [markdown]
# **Predict:** which variant will be better, and by how much more than two runs of the *same* variant differ?

# %%
runs = {name: [accuracy(*blocks, seed=seed) for seed in range(4)] for name, blocks in variants.items()}
spread = {name: max(values) - min(values) for name, values in runs.items()}
difference = abs(sum(runs["two 3×3"]) - sum(runs["one 5×5"])) / 4
print("all eight runs are at least 0.60 right:", min(map(min, runs.values())) >= 0.60)
print("the means differ by less than seeds do:", difference < max(spread.values()))

# %% tags=["nbval-ignore-output"]
figure, ax = plt.subplots(figsize=(7, 2.8))
groups = {name: list(enumerate(values)) for name, values in runs.items()}
plots.scatter(groups, xlabel="seed", ylabel="validation accuracy", ylim=(0.5, 1), ax=ax)
ax.set_xticks(range(4))
print({name: [round(value, 2) for value in values] for name, values in runs.items()})

# %% [markdown]
# (The exact values differ from processor to processor.) The two kinds of points lie among each other. The two means differ by
# less than two seeds of one variant can. So this run shows **no difference in accuracy**; it shows that the small kernels reach
# the same with 27 % fewer parameters. It does not show that they are better, nor that they are not: for that these networks are
# too small, the pictures too few, and four seeds too few.
#
# On ImageNet there *was* a difference. The authors replaced each pair of 3×3 in configuration B by one 5×5, and the top-1 error
# was 7 % higher (Simonyan and Zisserman, section 4.1). What holds for a large network and a million pictures need not show on a
# thousand. Measure it on *your* data, and with more than one seed.
#
# **Try by hand:** three 3×3 against one 7×7 is `accuracy(3, 3, seed=0)` against `accuracy(1, 7, seed=0)`.

# %% [markdown]
# ## Summary
#
# - **ImageNet** and the ILSVRC were the yardstick. The **top-5 error** counts a picture as wrong if its class is not among the five
#   best; it fell from 0.282 in 2010 to 0.0225 in 2017.
# - **VGG** (2014: 2nd in classification, 1st in localisation) showed that depth helps, with 3×3 convolutions only. 16 layers are
#   used most; 19 were no better. Most of its 138 million parameters sit in the fully connected head.
# - The **receptive field** is $1 + \sum d(k-1)\prod s$. Two 3×3 see what one 5×5 sees, three what a 7×7 sees; VGG-16 sees 212 pixels.
#   Measured by gradient it is the same, and the middle counts most.
# - Small kernels need 28 % and 45 % fewer weights, where as many channels go in as come out, and they have more ReLUs. Without
#   these, two layers would be one.
# - Compare networks with several seeds. Ours were equally good, within the spread, at 27 % fewer parameters.
#
# ## To go further
#
# - K. Simonyan, A. Zisserman, "Very deep convolutional networks for large-scale image recognition", ICLR 2015: section 2.3 is this
#   lesson in one page.
# - O. Russakovsky et al., "ImageNet Large Scale Visual Recognition Challenge", *IJCV* 2015: the yardstick, and a person's attempt
#   at it.
# - A. Araujo, W. Norris, J. Sim, "Computing receptive fields of convolutional neural networks", *Distill* 2019.
# - W. Luo et al., "Understanding the effective receptive field in deep convolutional neural networks", NeurIPS 2016.
#
# **Next:** lesson 04. Must one choose *one* kernel size at all? GoogLeNet, the winner of 2014, puts several side by side.
