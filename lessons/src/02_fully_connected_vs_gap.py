# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 2 · Fully connected against global average pooling
#
# *About 50 minutes · after lesson 01 · all cells together run in about 15 s*
#
# People upload posters of every shape and size, and our logo may be anywhere on them. The perceptron of lesson 01 has a weight for
# each pixel of one fixed size, and none for any other. This lesson looks at how a network *ends*: at its **head**. One kind ties it
# to a single input size and holds most of its parameters. The other kind has neither problem, and it can even point at the place
# that made it decide.
#
# **After this lesson you can**
#
# - count the parameters of a fully connected layer, and of a whole small network, before you build it;
# - read PyTorch's message about shapes that cannot be multiplied, number by number;
# - build global average pooling by hand, and say what it keeps and what it forgets;
# - tell two kinds of "another size" apart, and measure what each does to a network;
# - make a class activation map out of a network's last weights.
#
# **You need** lesson 01: `nn.Linear`, logits, `training.fit`.

# %%
import matplotlib.pyplot as plt
import torch
from torch import nn
from torch.nn import functional

from imgcls_course import check, data, models, plots, runtime, training, widgets

# %% [markdown]
# ## How many weights is that?
#
# We go from 8 × 8 digits to a picture of 128 × 128, grey, and keep the simplest task: *logo* or *others*, two neurons, each
# looking at every pixel.
#
# **Predict:** how many weights, and how many biases?

# %%
layer = nn.Linear(in_features=128 * 128, out_features=2)
{name: tuple(parameter.shape) for name, parameter in layer.named_parameters()}


# %% [markdown]
# 2 × 16,384 = 32,768 weights and 2 biases. In general each of the $n_\text{out}$ neurons has $n_\text{in}$ weights and one bias:
#
# $$\text{parameters} = (n_\text{in} + 1) \cdot n_\text{out}$$
#
# (With `bias=False` the +1 goes.) **Predict:** what does this give for a hidden layer of 1,000 neurons on a colour photograph of
# 224 × 224?


# %%
def linear_parameters(n_in, n_out):
    return (n_in + 1) * n_out


print(f"formula {linear_parameters(128 * 128, 2):,}, counted {models.count_parameters(layer):,}")
print(f"1,000 neurons on 3 × 224 × 224: {linear_parameters(3 * 224 * 224, 1000):,}")

# %% [markdown]
# 150 million, for one layer. Each of these numbers has to be stored, and each has to be learned from examples.
#
# ### And a larger picture?
#
# **Predict:** we give our layer a picture of 160 × 160. Will it be cropped, be resized, or fail?

# %%
try:
    layer(torch.rand(1, 160 * 160))
except RuntimeError as error:
    print(error)

# %% [markdown]
# It fails, and the message says why. `addmm` is what it was doing: multiply two matrices, and add the bias. `mat1` is what came in,
# **1** picture of 160 × 160 = **25600** numbers. `mat2` is the weights, turned on their side: **16384** for each of **2** neurons.
# A matrix product needs the two numbers in the middle to be equal. There are simply no weights for the pixels that are too many.

# %% [markdown]
# ## A neuron that is moved: convolution
#
# The way out begins with a neuron that looks at 3 × 3 pixels only. It is moved over the picture, with the **same** weights and
# bias at each place, and what it answers at each place makes a new picture, a **feature map**. That is a **convolution**.
# `nn.Conv2d(1, 16, 3)` has 16 such neurons and makes 16 maps; `padding=1` puts a frame of zeros around the picture, so that the
# maps are as large as it is.
#
# **Predict:** how many parameters do the 16 neurons have?

# %%
splits = data.load("textures")
picture = splits.train.images[:1]
conv = nn.Conv2d(1, 16, kernel_size=3, padding=1)
print(
    "picture",
    tuple(picture.shape),
    "-> maps",
    tuple(conv(picture).shape),
    "-",
    models.count_parameters(conv),
    "parameters",
)

# %% [markdown]
# 160: nine weights and a bias, sixteen times. It is the neuron of lesson 01 again. Let us check one number of map 5, at row 10 and
# column 20, and then give the same layer larger pictures.

# %%
around = picture[0, 0, 9:12, 19:22]
by_hand = (conv.weight[5, 0] * around).sum() + conv.bias[5]
print("same as by hand:", torch.allclose(conv(picture)[0, 5, 10, 20], by_hand, atol=1e-6))
for size in (128, 160):
    print(size, "->", tuple(conv(torch.rand(1, 1, size, size)).shape))

# %% [markdown]
# No size is refused. A larger picture only means more places to go to, with the same 160 parameters. And neighbours count as
# neighbours again.

# %% [markdown]
# ### A body of three convolutions
#
# Several convolutions behind each other are called the **body**. This one has three, and it is all that this lesson needs:

# %%
with runtime.seeded(0):
    body = models.conv_body().eval()
body

# %% [markdown]
# - `Conv2d(16, 32, …)`: each of the 32 neurons looks at 3 × 3 places of all 16 maps. It has no bias, because the layer behind it
#   brings one.
# - `BatchNorm2d` shifts and stretches each map to a range that is good to learn with. Two learned numbers a map.
# - `ReLU` sets negative numbers to 0: without it, layers in a row would be one layer.
# - `MaxPool2d(2)` keeps the largest number of each 2 × 2. Height and width are halved, and the next convolution sees twice as far.
#
# **Predict:** what leaves the body, for pictures of 32, 48, 64 and 128 pixels?

# %%
for size in (32, 48, 64, 128):
    print(f"{size:3d} ->", tuple(body(torch.rand(1, 1, size, size)).shape))

# %% [markdown]
# Always 64 maps, a quarter as high and wide as the picture. Here is the number of its parameters, by formula: nine weights for each
# pair of maps, and two numbers for each norm.

# %%
pairs = [(1, 16), (16, 32), (32, 64)]
by_formula = sum(9 * before * after + 2 * after for before, after in pairs)
print(f"formula {by_formula:,}, counted {models.count_parameters(body):,}")


# %% [markdown]
# ### Exercise · `map_size`
#
# ★☆☆ · 4 minutes · 1 point
#
# Convolutions with padding keep the size, and each pooling halves it. A row or column without a partner is dropped: 23 becomes 11.
# How high is a map, as a whole number, after so many `poolings` of a picture that is `image_size` high?


# %% tags=["exercise"]
def map_size(image_size, poolings):
    # your code here, in place of the dots
    ...


check.map_size(map_size)


# %% tags=["solution"] jupyter={"source_hidden": true}
# Solution: open it after your own try.
def map_size_solution(image_size, poolings):
    return image_size // 2**poolings


check.map_size(map_size_solution, remember=False)

# %% [markdown]
# ## Head one: fully connected
#
# The body gives maps, and we want logits. The oldest head **flattens** all maps into one row of numbers and puts a perceptron
# behind it. Our data will be textures of ten kinds, 32 × 32 pixels large, so the maps are 8 × 8.
#
# **Predict:** how many parameters has this head, and is that more or less than the 23,408 of the body?

# %%
fc_net = models.fc_net(10, image_size=32)
print(fc_net[1])
print(
    f"head {models.count_parameters(fc_net[1]):,} + body {models.count_parameters(fc_net[0]):,} = {models.count_parameters(fc_net):,}"
)


# %% [markdown]
# 64 maps of 8 × 8 are 4,096 numbers, and $(4096 + 1) \cdot 10 = 40{,}970$. Nearly two thirds of the network lie in its last layer.

# %% [markdown]
# ### Exercise · `head_parameters`
#
# ★★☆ · 4 minutes · 1 point
#
# How many parameters has an `nn.Linear` behind flattened maps? There are `channels` maps of `height` × `width`, and `classes` outputs.


# %% tags=["exercise"]
def head_parameters(channels, height, width, classes):
    # your code here, in place of the dots
    ...


check.head_parameters(head_parameters)


# %% tags=["solution"] jupyter={"source_hidden": true}
# Solution: open it after your own try.
def head_parameters_solution(channels, height, width, classes):
    return (channels * height * width + 1) * classes


check.head_parameters(head_parameters_solution, remember=False)

# %% [markdown]
# ### It takes one size only
#
# The body takes any size. **Predict:** what will the whole network say to a picture of 48 × 48? Try to write the four numbers of
# the message down before you run it.

# %%
try:
    fc_net(torch.rand(1, 1, 48, 48))
except RuntimeError as error:
    print(error)

# %% [markdown]
# - **1**: one picture.
# - **9216** = 64 · 12 · 12: what the flattened maps of a 48 × 48 picture hold.
# - **4096** = 64 · 8 · 8: what the weights were made for.
# - **10**: the classes.
#
# The convolutions did their work without complaint. It is the head that fails.
#
# Is that a toy's problem? VGG-16 is a famous network of 2014, and the hero of lesson 03. `models.create_on_meta` builds it
# without its weights, so nothing is downloaded.

# %%
vgg = models.create_on_meta("vgg16")
first = models.count_parameters(vgg.classifier[0])
print(vgg.classifier[0])
print(f"{first:,} of {models.count_parameters(vgg):,} parameters: {first / models.count_parameters(vgg):.0%}")

# %% [markdown]
# 512 maps of 7 × 7, flattened, to 4,096 neurons. Three quarters of VGG-16 are this one layer.

# %% [markdown]
# ## Head two: global average pooling
#
# What if the head did not ask *where* on a map something was found, and only *how much* of it there is? Then one number a map is
# enough, its **mean**. That is **global average pooling**, GAP (Lin, Chen and Yan, *Network in Network*, 2014).
#
# **Predict:** which shape have the means of 4 pictures of 32 × 32? And of 48 × 48?

# %%
maps = body(splits.train.cropped(32).images[:4])
pooled = maps.mean(dim=(2, 3))
larger = body(splits.train.cropped(48).images[:4]).mean(dim=(2, 3))
print(tuple(maps.shape), "->", tuple(pooled.shape), "- from larger pictures:", tuple(larger.shape))

# %% [markdown]
# Four pictures, 64 numbers each, whatever the size. PyTorch has a layer for it. Its argument is the size that should be left, 1 × 1.

# %%
layer = nn.AdaptiveAvgPool2d(1)
print(tuple(layer(maps).shape), "- the same numbers:", torch.allclose(layer(maps).flatten(1), pooled, atol=1e-6))


# %% [markdown]
# ### Exercise · `gap_logits`
#
# ★★☆ · 7 minutes · 2 points
#
# Write the whole second head: global average pooling, then a linear layer. `maps` has shape `(N, C, H, W)`, `weight` has shape
# `(K, C)`, `bias` has shape `(K,)`. Give back the logits, shape `(N, K)`.


# %% tags=["exercise"]
def gap_logits(maps, weight, bias):
    # your code here, in place of the dots
    ...


check.gap_logits(gap_logits)


# %% tags=["solution"] jupyter={"source_hidden": true}
# Solution: open it after your own try.
def gap_logits_solution(maps, weight, bias):
    return maps.mean(dim=(2, 3)) @ weight.T + bias


check.gap_logits(gap_logits_solution, remember=False)

# %% [markdown]
# `models.gap_net` is the same body with this head. **Predict** its number of parameters, and whether it takes a wide banner.

# %%
gap_net = models.gap_net(10)
print(f"formula {by_formula + linear_parameters(64, 10):,}, counted {models.count_parameters(gap_net):,}")
for height, width in ((32, 32), (48, 48), (40, 170)):
    print(f"{height} × {width} ->", tuple(gap_net(torch.rand(1, 1, height, width)).shape))

# %% [markdown]
# 650 in the head instead of 40,970, and ten logits for every shape: even for a banner more than four times as wide as high.
#
# ### What it forgets
#
# Nothing is for free. We shuffle the 64 places of the four pictures' maps, all maps in the same way. **Predict:** which of the two
# heads notices?

# %%
with runtime.seeded(0):
    order = torch.randperm(64)
shuffled = maps.flatten(2)[..., order].reshape(maps.shape)
for name, head in (("fully connected", fc_net[1]), ("pooling", gap_net[1])):
    print(f"{name}: same logits {torch.allclose(head(maps), head(shuffled), atol=1e-5)}")

# %% [markdown]
# Pooling does not see the difference: a mean has no order. (The convolutions before it *do* see neighbourhoods.) For a logo that may
# be anywhere, and for textures, that is just right. For "is the sky above or below?" it would not do.

# %% [markdown]
# ## ▶ Shapes through both heads
#
# The picture and its maps on the left; on the right what arrives at the last layer, beside what it has weights for.
# **Before you drag:** the network is built for 32. At which other sizes will the flattening head fit? Which slider changes the
# number that *pooling* expects?

# %%
explorer = widgets.head_explorer()
display(explorer)
print(explorer.drive(size=48))
print(explorer.drive(size=128, built_for=128))

# %% [markdown]
# At none: it fits only where *picture size* and *built for size* are the same. (Between the steps of the slider, 33 to 35 would fit
# as well. Why?) A head built for 128 costs 655,370 parameters, 16 times the one for 32, while pooling stays at 650. Only *maps*
# changes that. **Try by hand:** find a network whose fully connected head has less than 3,000 parameters.

# %% [markdown]
# ## Train both
#
# Fewer parameters, and blind to places: does that cost accuracy? We take patches of ten real photographs. We shall need some
# pixels in reserve, so we train on the middle 32 × 32 of each 64 × 64.

# %%
small = splits.cropped(32)
one_each = [int((small.train.labels == label).nonzero()[0]) for label in range(10)]
plt.figure(figsize=(9, 1.2))
plots.image_grid(small.train.images[one_each], titles=small.classes)
print(len(small.train), "pictures to train on,", len(small.val), "to validate,", tuple(small.train.images.shape[1:]))

# %% [markdown]
# Ten kinds of stripes, grains and spots. Some photographs are darker than others, which should not decide. So both networks
# begin with `InstanceNorm2d`, which gives every picture mean 0 and standard deviation 1. It has no parameters and takes any size.
# (`eps` keeps nearly black pictures from being blown up.)
#
# Both start from the same seed. **Predict:** do their bodies start with the same weights?


# %%
def started(network, **options):
    with runtime.seeded(0):
        return nn.Sequential(nn.InstanceNorm2d(1, eps=1e-3), *network(10, **options))


fc, gap = started(models.fc_net, image_size=32), started(models.gap_net)
same = all(torch.equal(a, b) for a, b in zip(fc[1].parameters(), gap[1].parameters(), strict=True))
print(f"same body: {same} - parameters: {models.count_parameters(fc):,} and {models.count_parameters(gap):,}")

# %% [markdown]
# They do, since the body is drawn first. Only the heads differ. Now train them, six epochs and then three with a tenth of the
# learning rate. (Lesson 08 says why that helps. `Adam` is a variant of gradient descent with its own step for each weight.)

# %%
loaders = data.make_loaders(small)


def train(model):
    for lr, epochs in ((0.003, 6), (0.0003, 3)):
        optimizer = torch.optim.Adam(model.parameters(), lr=lr)
        training.fit(model, loaders, epochs=epochs, optimizer=optimizer, progress=False)


train(fc)

# %% [markdown]
# And the same for the other, on the same batches in the same order.

# %%
train(gap)


# %% [markdown]
# **Predict:** which has the higher accuracy on the pictures it was *trained* on? Which on the others?


# %%
def accuracy(model, pictures):
    model.eval()
    with torch.no_grad():
        return (model(pictures.images).argmax(dim=1) == pictures.labels).float().mean().item()


seen, val = ({"fc": accuracy(fc, part), "gap": accuracy(gap, part)} for part in (small.train, small.val))
print("train: both at least 0.95:", min(seen.values()) >= 0.95)
print("val: fc at least 0.80:", val["fc"] >= 0.80, "- gap at least 0.90:", val["gap"] >= 0.90)
print("val: gap at least 0.02 better than fc:", val["gap"] - val["fc"] >= 0.02)

# %% [markdown]
# Both know their training pictures nearly by heart. On new ones the pooling head is better, with little more than a third of the parameters.
# The other head has 4,096 weights for each class and 100 pictures to learn them from. It can learn that brick is what has a light line
# *just here*, which may be true of those 100 and of no others. Pooling can hardly express that.
#
# That is one run, on textures, where places mean nothing. It is no law for every task.

# %% [markdown]
# ## Half the size, double the size
#
# The pooling network takes pictures of any size. Is it also *right*? There are two ways to get another size, and they are not the same:
#
# - **crop** more or less of the photograph: more or fewer letters of a page, each as large as before;
# - **resize** the 32 × 32 crop: the same letters, each larger or smaller.
#
# Here are both at 16, 32 and 64 pixels, drawn true to size.

# %%
one = splits.val.select(["page"])
views = [one.cropped(s).images[0] for s in (16, 32, 64)] + [one.cropped(32).resized(s).images[0] for s in (16, 32, 64)]
framed = [functional.pad(view, [(64 - view.shape[-1]) // 2] * 4, value=1.0) for view in views]
plt.figure(figsize=(9, 1.9))
plots.image_grid(framed, titles=[f"{kind} {s}" for kind in ("crop", "resize") for s in (16, 32, 64)])
print([tuple(view.shape[1:]) for view in views])

# %% [markdown]
# Look at the strokes of the letters. In the crops of 32 and 64 they are equally thick; the crop of 16 has caught no letter at all, only
# a thin line. In the resized pictures they are half as thick, and twice as thick.
#
# **Predict** the two curves from 16 to 64 pixels, for the network that was trained at 32. The fully connected one is a single
# point: elsewhere it cannot be asked.

# %% tags=["nbval-ignore-output"]
sizes = range(16, 65, 8)
crop = [accuracy(gap, splits.val.cropped(size)) for size in sizes]
resize = [accuracy(gap, small.val.resized(size)) for size in sizes]
point = [val["fc"] if size == 32 else float("nan") for size in sizes]
plt.figure(figsize=(6, 3.2))
curves = {"pooling, cropped": crop, "pooling, resized": resize, "fully connected": point}
plots.lines(sizes, curves, xlabel="picture size in pixels", ylabel="val accuracy", ylim=(0, 1.05))
print(len(sizes), "sizes, trained at 32")

# %% [markdown]
# (Each point moves a little from processor to processor, as trainings do. What stays is this.)

# %%
at = {size: (crop[index], resize[index]) for index, size in enumerate(sizes)}
print("crop: 64 px at least as good as 32, within 0.02:", at[64][0] >= at[32][0] - 0.02)
print("crop: 64 px at least 0.10 better than 16:", at[64][0] - at[16][0] >= 0.10)
print("resize: 64 px below 0.50:", at[64][1] < 0.50, "- 16 px at least 0.10 below 32:", at[32][1] - at[16][1] >= 0.10)

# %% [markdown]
# Two different stories.
#
# **Cropped** (blue): the curve rises, and stays high. A larger crop is the same texture at more places, and a mean over more places is
# steadier. A small crop may show nothing typical. And at 16 pixels there are only 4 × 4 places, 12 of them on the rim, where the zeros of the padding are part of what they see.
#
# **Resized** (orange): it falls on *both* sides of 32, and at double the size it is wrong more often than right. The kernels have
# learned strokes of a certain width, and a resized texture has others.
#
# So: *a network that takes every size need not be right at every size*. What counts is the scale at which things appear. Feed it pictures at
# the scale it was trained at, or train it at several scales. You will meet this again as the resize policies of lesson 07, and as
# resolution in lesson 06.

# %% [markdown]
# ## Where was it? A map for free
#
# A poster gets 0.93 for *logo*. Where is it? A network with a pooling head can say, without being trained for it. Its logit for
# class $k$ is a weighted sum of means, and sums may change places. With $A_c(i, j)$ for map $c$ at row $i$ and column $j$, of
# $H \times W$ places:
#
# $$z_k = b_k + \sum_c w_{kc} \underbrace{\frac{1}{HW}\sum_{i,j} A_c(i, j)}_{\text{mean of map } c}
# = b_k + \frac{1}{HW}\sum_{i,j} \underbrace{\sum_c w_{kc}\, A_c(i, j)}_{M_k(i,\, j)}$$
#
# $M_k$ is the **class activation map**, CAM (Zhou et al., CVPR 2016): what each place says for or against class $k$. The logit is
# its mean, plus the bias.


# %% [markdown]
# ### Exercise · `class_activation_map`
#
# ★★★ · 7 minutes · 2 points
#
# Write $M_k$ for one picture. `maps` has shape `(C, H, W)`, `weight` has shape `(K, C)`, `label` is the class $k$. Give back a
# tensor of shape `(H, W)`.


# %% tags=["exercise"]
def class_activation_map(maps, weight, label):
    # your code here, in place of the dots
    ...


check.class_activation_map(class_activation_map)


# %% tags=["solution"] jupyter={"source_hidden": true}
# Solution: open it after your own try.
def class_activation_map_solution(maps, weight, label):
    return (weight[label][:, None, None] * maps).sum(dim=0)


check.class_activation_map(class_activation_map_solution, remember=False)

# %% [markdown]
# ### A picture with a known answer
#
# Is the map right? We make pictures of which we know: the left half is page, the right half is grass. `einsum` computes the maps of
# all classes at once.

# %%
left, right = (splits.val.select([name]).images for name in ("page", "grass"))
mixed = torch.cat([left[..., :32], right[..., 32:]], dim=3)
with torch.no_grad():
    maps = gap[1](gap[0](mixed))
    cam = torch.einsum("kc,nchw->nkhw", gap[2][-1].weight, maps)
print("pictures", tuple(mixed.shape), "maps", tuple(maps.shape), "CAM", tuple(cam.shape))

# %% [markdown]
# 30 pictures, 10 classes, a map of 16 × 16 for each. First the proof: is its mean over the places, plus the bias, the logit?

# %%
with torch.no_grad():
    logits = gap(mixed)
print("mean + bias = logit:", torch.allclose(cam.mean(dim=(2, 3)) + gap[2][-1].bias, logits, atol=1e-3))

# %% [markdown]
# For every picture and every class. **Predict:** what will the maps of *page* and of *grass* look like?

# %% tags=["nbval-ignore-output"]
page, grass = (splits.classes.index(name) for name in ("page", "grass"))
shown = cam[[3, 18]][:, [page, grass]]
figure, axes = plt.subplots(1, 2, figsize=(6, 4), width_ratios=(1, 2.1), gridspec_kw={"wspace": 0.1})
plots.image_grid(mixed[[3, 18]], titles=["picture"] * 2, columns=1, ax=axes[0])
plots.image_grid(shown.flatten(0, 1), titles=["CAM of page", "CAM of grass"] * 2, columns=2, signed=True, ax=axes[1])
print(tuple(shown.shape), "- two pictures, two classes, 16 × 16 places")

# %% [markdown]
# Purple speaks for the class, orange against it. The maps of *page* are purple on the left, and follow the letters; blank
# paper says little. The maps of *grass* are purple on the right. Two pictures may be luck, so we count over all 30: at how many places of each half is the right map the higher one?

# %%
higher = cam[:, page] > cam[:, grass]
share_left = higher[..., :8].float().mean().item()
share_right = (~higher[..., 8:]).float().mean().item()
print("left half: page is higher at 80 % of the places or more:", share_left >= 0.80)
print("right half: grass is higher at 80 % of the places or more:", share_right >= 0.80)

# %% [markdown]
# Nobody ever showed this network *where* anything is. It was trained with one label a picture, and the places came along.
# Lesson 11 makes such maps for networks with other heads (Grad-CAM).
#
# A mean has a weakness, too. If the logo fills 2 % of the poster's places, 98 % of the mean is about something else. That is why
# the network for small logos in lesson 07 takes the *maximum* of each map instead.

# %% [markdown]
# ## The final report
#
# By validation accuracy we choose the pooling network, at 64 × 64 pixels. Once, the test pictures:

# %%
test = accuracy(gap, splits.test)
print(len(splits.test), "test pictures, accuracy at least 0.85:", test >= 0.85)

# %% [markdown]
# ## Summary
#
# - A fully connected layer has $(n_\text{in} + 1) \cdot n_\text{out}$ parameters. Behind flattened maps $n_\text{in}$ is
#   $C \cdot H \cdot W$: it grows with the picture and fits one size only.
# - A convolution has the same few weights at every place, so the body takes any size.
# - **Global average pooling** leaves one number of each map. The head has $(C + 1) \cdot K$ parameters and fits every size. It
#   forgets where things are. For textures that is right, and it was the more accurate of the two.
# - Any size goes in, but not any *scale*: more texture at the same scale did no harm, resized texture did.
# - With pooling and one linear layer, the **class activation map** shows what each place contributed. Its mean plus the bias is the
#   logit.
#
# ## To go further
#
# - M. Lin, Q. Chen, S. Yan, *Network In Network*, ICLR 2014, section 3.2: where global average pooling comes from. There each class
#   has a map of its own, without a linear layer behind it.
# - B. Zhou, A. Khosla, A. Lapedriza, A. Oliva, A. Torralba, *Learning Deep Features for Discriminative Localization*, CVPR 2016:
#   class activation maps.
# - H. Touvron, A. Vedaldi, M. Douze, H. Jégou, *Fixing the train-test resolution discrepancy*, NeurIPS 2019: what a change of
#   scale between training and test costs, and how to win by it.
#
# **Next:** lesson 03. The body had kernels of 3 × 3. Why so small, and how far does a stack of them see?
