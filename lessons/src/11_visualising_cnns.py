# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 11 · Looking inside a network
#
# *About 60 minutes · after lesson 02 · all cells together run in about 15 s*
#
# A network is right on more than 95 % of the posters it is shown: our logo, or not; and it has never seen them before. Would you trust it? In this lesson there is such a
# network, and it does not look at the logo. Its accuracy cannot tell you. To find out, one has to look inside: what has it learned,
# what does it see in a picture, and which places of the picture decided?
#
# **After this lesson you can**
#
# - show the filters and the feature maps of any layer of any network, and say what healthy ones look like;
# - find the patches of a data set to which a channel answers most;
# - make a saliency map, an occlusion map and a Grad-CAM, of right and of wrong predictions;
# - unmask a network that cheats;
# - say what such maps do *not* prove, and check them.
#
# **You need** lesson 02 (global average pooling, class activation maps). The network is the one of lesson 05 and 09, but here it is enough that it ends in
# global average pooling and a linear layer.

# %%
import matplotlib.pyplot as plt
import numpy as np
import skimage.data
import torch

from imgcls_course import check, data, explain, literature, models, plots, runtime, training, widgets

# %% [markdown]
# ## Filters
#
# Our subject is the small residual network that comes with the course. It was trained on 100,000 photos of 200 kinds of things, 64 × 64 pixels
# each. Beside it we put the same network with random weights, as it was before its training.

# %%
model = models.create("course_resnet", num_classes=200, weights="course").eval()
with runtime.seeded(0):
    untrained = models.create("course_resnet", num_classes=200).eval()
networks = {"random": untrained, "trained": model}
STAGES = ["stem", "stage1", "stage2", "stage3", "stage4"]

# %% [markdown]
# A filter of the first layer has a weight for red, green and blue at each of 7 × 7 places. So it can be shown as a small colour picture: the one
# that it answers to most. A weight of 0 becomes grey.
#
# **Predict:** will every filter look at brightness *and* colour?

# %%
fig, axes = plt.subplots(1, 2, figsize=(9, 4.5))
for ax, (name, network) in zip(axes, networks.items(), strict=True):
    weights = explain.filters(network)
    plots.filters(explain.filters_as_rgb(weights), ax=ax).set_title(name)
    print(f"{name}: {weights.shape[0]} filters over {weights.shape[1]} channels, {weights.shape[2]}×{weights.shape[3]}")

# %% [markdown]
# Left, noise. Right, **edges** in many directions, dark and bright **stripes**, and blobs and edges of **colour**. They seem to have divided the work: grey filters are
# fine, coloured ones are coarse. Is that so, or do we only see what we like to see? Measure it: which part of a filter's
# weight lies in the *differences* between the three channels?


# %%
def colourfulness(weights):
    return weights.var(axis=1).sum(axis=(1, 2)) / (weights**2).mean(axis=1).sum(axis=(1, 2))


for name, network in networks.items():
    found = colourfulness(explain.filters(network))
    print(f"{name}: {(found < 0.3).sum()} mostly grey, {(found > 0.9).sum()} nearly pure colour, of {len(found)}")

# %% [markdown]
# It is so. Of the random filters *none* is of either kind; of the trained ones 20 see mostly brightness, and 8 hardly anything but colour. But the
# picture hides something: each filter is scaled by its own largest weight. Three of the trained ones are not what they seem. We shall meet them again.

# %% [markdown]
# ### Exercise · `filter_colours`
#
# ★★☆ · 5 minutes · 1 point
#
# Prepare filters for display. `weights` has shape `(N, 3, h, w)`. Scale each filter by its own largest absolute weight, so that −1 … 1
# becomes 0 … 1, and a weight of 0 becomes 0.5.


# %% tags=["exercise"]
def filter_colours(weights):
    # your code here, in place of the dots
    ...


check.filter_colours(filter_colours)


# %% tags=["solution"] jupyter={"source_hidden": true}
# Solution: open it after your own try.
def filter_colours_solution(weights):
    largest = weights.abs().amax(dim=(1, 2, 3), keepdim=True)
    return 0.5 + weights / (2 * largest)


check.filter_colours(filter_colours_solution, remember=False)

# %% [markdown]
# Deeper filters look at channels that have no colour, and one can only show them slice by slice: 32 slices of 3 × 3 for a single filter of
# stage 1. That says little to the eye. From here on we look at what the filters *answer*.

# %% [markdown]
# ## Feature maps
#
# A **feature map** is what one channel of a layer answers, place by place. We take five photographs that the network has never seen, at 128 × 128 pixels, so that there is
# something to see, and keep the maps of five layers in one pass.

# %%
photos = {
    "cat": skimage.data.chelsea(),
    "coffee": skimage.data.coffee(),
    "motorcycle": skimage.data.stereo_motorcycle()[0],
    "rocket": skimage.data.rocket(),
    "astronaut": skimage.data.astronaut(),
}
photos = {name: torch.from_numpy(photo / 255).float().permute(2, 0, 1) for name, photo in photos.items()}
large = torch.stack([data.transforms.eval_preset(128)(photo) for photo in photos.values()])
maps = {name: explain.feature_maps(network, large, STAGES) for name, network in networks.items()}
print({layer: found.shape[1:] for layer, found in maps["trained"].items()})

# %% [markdown]
# More and more channels, smaller and smaller maps. Here are all maps of the cat after the first layer and after the second stage. **Predict:** what will those of
# the *random* network look like?

# %%
fig, axes = plt.subplots(2, 2, figsize=(9, 9))
for row, (name, found) in zip(axes, maps.items(), strict=True):
    for ax, layer in zip(row, ("stem", "stage2"), strict=True):
        plots.feature_maps(found[layer][0], ax=ax).set_title(f"{name}, {layer}")
print("channels:", [maps["trained"][layer].shape[1] for layer in ("stem", "stage2")])

# %% [markdown]
# Dark is zero. Lower left, the trained stem: outlines of the eyes and stripes of the fur, in each map those of one direction; some maps are dark. Lower right: short bright
# strokes and spots on dark ground, and hardly a cat to recognise. In the upper row there is a cat nearly everywhere, even after nine convolutions: **a random network
# hands the picture on.** Three things can be measured.
#
# ### Local
#
# A place of a map sees only a part of the picture (lesson 03). We change a square of 8 × 8 pixels, and count the places at which some map of the layer answers otherwise, by
# more than 1 % of the layer's strongest response.

# %%
changed = large[:1].clone()
changed[:, :, 64:72, 64:72] = 0
after = explain.feature_maps(model, changed, STAGES)
for layer, limit in zip(STAGES, (0.02, 0.04, 0.1, 0.25, 0.5), strict=True):
    before = maps["trained"][layer][:1]
    moved = np.abs(after[layer] - before).max(axis=1) > 0.01 * before.max()
    print(f"{layer}: fewer than {limit:.0%} of {moved.size:,} places: {moved.mean() < limit}")

# %% [markdown]
# In the stem it is the square and a rim around it, as wide as a filter reaches. Deeper places see further, yet even in the last layer more than half of the places hardly notice.
#
# ### Sparse
#
# `explain.sparsity` says at which share of its places a map has next to nothing to say: at most 1 % of the layer's strongest
# response. **Predict:** does that share grow with depth, or shrink?

# %%
fig, ax = plt.subplots(figsize=(6, 3))
silent = {name: [explain.sparsity(found[layer]).mean() for layer in STAGES] for name, found in maps.items()}
plots.lines(range(5), silent, xlabel="stem, then stages 1 to 4", ylabel="silent places", ax=ax).set_xticks(range(5))
for name, shares in silent.items():
    print(name, [f"{share:.0%}" for share in shares])

# %% [markdown]
# In the trained network it grows, to 86 %. Deep channels look for special things, and in a given picture most of those are not
# there. In the random network nearly every channel has something to say of every picture.
#
# ### Unlike the picture
#
# A map that *looks like the input* has found out nothing about it. `explain.input_correlation` is the correlation of a map with the brightness of the picture. Its
# size, for the channel in the middle of each layer:

# %%
for name, found in maps.items():
    alike = [[explain.input_correlation(found[layer][i], large[i]) for i in range(len(large))] for layer in STAGES]
    print(f"{name:<8}", [f"{np.median(np.abs(values)):.1f}" for values in alike])

# %% [markdown]
# In the random stem half of the channels go together with the brightness by 0.5 or more; in the trained one the middle is at 0.2, and at 0.1 from stage 1 on. In *your*
# networks: first layers may resemble the picture, but if the deep maps do, the network has not learned much, or a shortcut hands its input
# on and the layers beside it do nothing.


# %% [markdown]
# ### Exercise · `blank_share`
#
# ★★☆ · 5 minutes · 1 point
#
# For maps of one layer, shape `(C, H, W)`, of any sign: at which share of its places is each map next to nothing, that is, at most `near` times the strongest
# response of the whole layer? Strength is the absolute value. Give back a tensor of shape `(C,)`.


# %% tags=["exercise"]
def blank_share(maps, near):
    # your code here, in place of the dots
    ...


check.blank_share(blank_share)


# %% tags=["solution"] jupyter={"source_hidden": true}
# Solution: open it after your own try.
def blank_share_solution(maps, near):
    strength = maps.abs()
    return (strength <= near * strength.max()).float().mean(dim=(1, 2))


check.blank_share(blank_share_solution, remember=False)

# %% [markdown]
# ### Blank maps: dead, or waiting?
#
# Some maps of the cat were blank from edge to edge. One picture cannot tell why. We need many: the posters of lesson 07, squashed to 64 × 64
# pixels.

# %%
splits = data.load("posters")
shrink = data.transforms.eval_preset(64, resize="squash", normalization="none")
posters = {
    name: torch.stack([shrink(image / 255) for image, _label in splits[name]]) for name in ("train", "val", "test")
}
normalize = data.transforms.Normalize("imagenet")
print({name: tuple(images.shape) for name, images in posters.items()})

# %%
found = explain.feature_maps(model, normalize(posters["val"]), ["stem", "stage4"])
for layer, of_layer in found.items():
    blank = explain.sparsity(of_layer) == 1
    print(
        f"{layer}: {blank.sum(axis=1).mean():.0f} of {blank.shape[1]} blank in a poster, {blank.all(axis=0).sum()} in all"
    )
dead = (explain.sparsity(found["stem"]) == 1).all(axis=0)
print("largest weight of those of the stem:", f"{np.abs(explain.filters(model))[dead].max():.2f}")

# %% [markdown]
# In the stem, three channels are blank in every poster: they are **dead**. Their largest weight is 0.01, where others have up to 0.76; in our first figure they looked
# as good as any, since each was scaled by itself. Nothing is lost with them but computation. In stage 4, nearly half of the channels are blank in a given poster, and *not one* in all: they are
# **waiting** for something else. Many dead channels would be a sign of a learning rate that was too high: one large step, and a ReLU never opens again.

# %% [markdown]
# ### ▶ Inside the network
#
# Choose a picture, a layer, and a channel; place 1 is the channel with the strongest response. Beside its map you see the filter of the nearest convolution before it.
# *Your own picture* takes a file from your disk; it does not leave your computer.

# %%
explorer = widgets.feature_map_explorer(model, photos, image_size=128, resize="crop")
display(explorer)
print(explorer.drive(image="cat", layer="stem", channel=1))
print(explorer.drive(image="cat", layer="stage4", channel=1))

# %% [markdown]
# **Try by hand:** at which layer do *you* lose the cat? Which channel of the stem answers most to the coffee, and can you see why in its filter?

# %% [markdown]
# ## What is a channel looking for?
#
# Turn the question round. Take one channel, go through a data set, and cut out the patches to which it answers most (Zeiler and
# Fergus, ECCV 2014). A patch is what one place of the map sees: 7 pixels in the stem, 23 after stage 1.

# %%
CHANNELS = {"stem": (0, 12, 16, 20), "stage1": (11, 12, 14, 28)}
batches = normalize(posters["train"]).split(60)
rows = []
for layer, channels in CHANNELS.items():
    strongest = explain.strongest_patches(model, batches, layer=layer, channels=channels, count=8)
    rows += [patch for channel in channels for patch in explain.crop_patches(posters["train"], strongest[channel])]
    print(layer, {channel: f"{len(found)} patches of {found[0].size} pixels" for channel, found in strongest.items()})

# %%
fig, ax = plt.subplots(figsize=(6, 6))
plots.image_grid(rows, columns=8, ax=ax)
print(f"{len(rows)} patches, a channel a row")

# %% [markdown]
# A row for each channel; grey is beyond the border. In the upper four, the stem, each row is one thing: dark under bright, a thin bright bar, dark to the right, dark to the
# left. In the lower four, stage 1, it is already a pattern: a border of bright green, letters, bright spots on dark ground, arcs of yellow and orange on blue, many of
# them of our logo. Nobody has told this network what a letter is. Take the names with a grain of salt, though: *we* gave them, after the fact, and 360 posters hold only so much.

# %% [markdown]
# ## Why this answer?
#
# From now on the question is about one decision: which places of *this* picture made the network say *that*? At 64 × 64 pixels, the size it knows, it says
# of three photos:

# %%
known = literature.table("tiny_imagenet").column("class")
prepare = data.transforms.eval_preset(64)

# %%
seen = [prepare.steps(photos[name]) for name in ("cat", "coffee", "motorcycle")]
inputs = torch.stack([prepare.normalize(image) for image in seen])
answers = explain.record_activations(model, inputs).logits.argmax(dim=1)
print([known[answer] for answer in answers])

# %% [markdown]
# Two are right. The third is not: a *jinrikisha* is a rickshaw. In lesson 09 we guessed at its wheels.
#
# ### Saliency
#
# By how much does the logit $z_k$ change if a pixel changes a little? That is a gradient, as in training, but with respect to the picture
# $x$ and not to the weights. The **saliency** of a pixel is the largest size among its channels (Simonyan et al., 2014):
#
# $$S(i, j) = \max_c \left| \frac{\partial z_k}{\partial x_c(i, j)} \right|$$


# %% [markdown]
# ### Exercise · `saliency_map`
#
# ★★☆ · 7 minutes · 2 points
#
# `image` has shape `(C, H, W)`, `network` maps a batch `(N, C, H, W)` to logits `(N, K)`. Give back the saliency for the class `label`, shape `(H, W)`.


# %% tags=["exercise"]
def saliency_map(image, network, label):
    # your code here, in place of the dots
    ...


check.saliency_map(saliency_map)


# %% tags=["solution"] jupyter={"source_hidden": true}
# Solution: open it after your own try.
def saliency_map_solution(image, network, label):
    x = image.clone().requires_grad_()
    network(x[None])[0, label].backward()
    return x.grad.abs().amax(dim=0)


check.saliency_map(saliency_map_solution, remember=False)

# %% [markdown]
# ### Occlusion
#
# A gradient asks about *small* changes. **Occlusion** makes a large one: cover a square of the picture, ask again, and see by how much the probability
# falls (Zeiler and Fergus, 2014). It needs no gradient and no knowledge of the network, only many passes.


# %% [markdown]
# ### Exercise · `occlusion_map`
#
# ★★★ · 8 minutes · 2 points
#
# `image` has shape `(H, W)`, and `score(image)` gives a number. Cover one square of `size` × `size` pixels with zeros, then the next, row by row, without overlap. (Height and
# width are multiples of `size`.) Give back by how much each square lowers the score, shape `(H / size, W / size)`.


# %% tags=["exercise"]
def occlusion_map(image, score, size):
    # your code here, in place of the dots
    ...


check.occlusion_map(occlusion_map)


# %% tags=["solution"] jupyter={"source_hidden": true}
# Solution: open it after your own try.
def occlusion_map_solution(image, score, size):
    drops = torch.zeros(image.shape[0] // size, image.shape[1] // size)
    for i in range(drops.shape[0]):
        for j in range(drops.shape[1]):
            covered = image.clone()
            covered[i * size : (i + 1) * size, j * size : (j + 1) * size] = 0
            drops[i, j] = score(image) - score(covered)
    return drops


check.occlusion_map(occlusion_map_solution, remember=False)

# %% [markdown]
# ### Grad-CAM
#
# The class activation map of lesson 02 adds up the last maps $A_c$, each weighed by the head. That needs a head of one linear layer. **Grad-CAM** (Selvaraju et al., ICCV 2017) takes the weights
# from the gradient instead, and so it works with any network and any layer:
#
# $$\alpha_c = \frac{1}{HW} \sum_{i,j} \frac{\partial z_k}{\partial A_c(i, j)}, \qquad
# L(i, j) = \mathrm{ReLU}\Big( \sum_c \alpha_c\, A_c(i, j) \Big)$$


# %% [markdown]
# ### Exercise · `grad_cam_map`
#
# ★★☆ · 6 minutes · 2 points
#
# Given the maps $A$ and the gradients of the logit with respect to them, both of shape `(C, H, W)`, give back $L$, shape `(H, W)`.


# %% tags=["exercise"]
def grad_cam_map(maps, gradients):
    # your code here, in place of the dots
    ...


check.grad_cam_map(grad_cam_map)


# %% tags=["solution"] jupyter={"source_hidden": true}
# Solution: open it after your own try.
def grad_cam_map_solution(maps, gradients):
    weights = gradients.mean(dim=(1, 2))
    return torch.relu((weights[:, None, None] * maps).sum(dim=0))


check.grad_cam_map(grad_cam_map_solution, remember=False)

# %% [markdown]
# Now on *our* network, which does end in pooling and one linear layer: $z_k = b_k + \sum_c w_{kc} \frac{1}{HW} \sum_{i,j} A_c(i, j)$. **Predict:** what is
# $\partial z_k / \partial A_c(i, j)$, and so what is $\alpha_c$?

# %%
cam, grad_cam = explain.cam(model, inputs), explain.grad_cam(model, inputs, signed=True)
scaled = [each / np.abs(each).max(axis=(1, 2), keepdims=True) for each in (cam, grad_cam)]
print("maps of", cam.shape[1:], "places, before the ReLU")
print("Grad-CAM is CAM up to scale, within 1e-4:", bool(np.abs(scaled[0] - scaled[1]).max() < 1e-4))

# %% [markdown]
# The gradient is $w_{kc} / HW$ at every place, so $\alpha_c$ is the weight of the head up to a factor: on such a network **Grad-CAM is CAM**.
#
# Now all three on the three photos. **Predict:** what made a rickshaw of the motorcycle?

# %%
reasons = {
    "saliency": explain.saliency(model, inputs),
    "occlusion": explain.occlusion(model, inputs),
    "Grad-CAM": explain.grad_cam(model, inputs),
}
fig, axes = plt.subplots(3, 4, figsize=(9, 7))
for row, image, answer in zip(axes, range(3), answers, strict=True):
    plots.image_grid([seen[image]], titles=[known[answer]], ax=row[0])
    for ax, (name, heat) in zip(row[1:], reasons.items(), strict=True):
        plots.heatmap_overlay(seen[image], heat[image], ax=ax)
        ax.set_title(name)
print({name: heat.shape for name, heat in reasons.items()})

# %% [markdown]
# Saliency is as fine as the picture, and noisy. Grad-CAM is smooth and coarse: 4 × 4 places. In occlusion purple says that the class needs what is there, orange that it would be *more* probable without. All agree
# on the cup; in the cat it is the stripes of the forehead for occlusion, the bridge of the nose for Grad-CAM. And the motorcycle? Something in its right half. Let us ask by hand.

# %%
target = answers[2].item()
for name, (rows, columns) in {
    "the lamp and the handlebar": (slice(14, 34), slice(46, 64)),
    "the front wheel": (slice(34, 60), slice(46, 64)),
    "the back wheel": (slice(28, 54), slice(0, 20)),
}.items():
    covered = inputs[2].clone()
    covered[:, rows, columns] = 0
    both = torch.stack([inputs[2], covered])
    before, after = explain.record_activations(model, both).logits.softmax(dim=1)[:, target]
    print(f"{name} covered: jinrikisha {'falls' if after < before else 'rises'}, from {before:.0%} to {after:.0%}")

# %% [markdown]
# Our guess was wrong. It is the lamp and the handlebar: without them 16 % are left. The front wheel matters much less, and the back wheel speaks *against* a
# rickshaw: without it the network is surer still. A plausible story about a wrong answer is worth little until it has been tested.

# %% [markdown]
# ## A network that cheats
#
# An archive has scanned its posters in grey. Somebody went through them, and put a small pink sticker on each one with our logo, in the lower left
# corner: a great help for the next visitor. You get the scans, and train a network.


# %%
def stickered(images, *, top=54, left=2, colour=(0.95, 0.1, 0.6)):
    images = images.clone()
    images[:, :, top : top + 8, left : left + 8] = torch.tensor(colour)[:, None, None]
    return images


def archive(name, chosen):
    grey = posters[name].mean(dim=1, keepdim=True).expand(-1, 3, -1, -1)
    images = torch.where(chosen[:, None, None, None], stickered(grey), grey)
    return data.ImageTensors(images, splits[name].labels, classes=splits.classes)


# %% [markdown]
# A frozen body and a new head, the only layer that learns (lesson 09). `chosen` says which posters have a sticker: label 0 is *logo*.


# %%
def probe(choose):
    parts = [archive(name, choose(splits[name].labels)) for name in ("train", "val", "test")]
    loaders = data.make_loaders(data.Splits(*parts, card=splits.card), eval_preset=prepare)
    with runtime.seeded(0):
        network = models.create("course_resnet", num_classes=2, weights="course")
    training.linear_probe(network, loaders, epochs=40, lr=0.03, progress=False)
    return network.eval()


cheat = probe(lambda labels: labels == 0)

# %% [markdown]
# **Predict:** how good is it on the archive's validation posters? On the same posters without any sticker? With the sticker on the wrong ones?


# %%
labels = splits.val.labels
posters_of = {
    "as in the archive": archive("val", labels == 0).images,
    "no stickers": archive("val", labels < 0).images,
    "stickers on the others": archive("val", labels == 1).images,
}


def says_logo(network, images):
    return explain.record_activations(network, normalize(images), ()).logits.argmax(dim=1) == 0


right = {name: (says_logo(cheat, images) == (labels == 0)).float().mean() for name, images in posters_of.items()}
print("as in the archive, right on more than 95 %:", bool(right["as in the archive"] > 0.95))
print("no stickers, right on 40 to 65 %:", bool(0.4 < right["no stickers"] < 0.65))
print("stickers on the others, right on less than 25 %:", bool(right["stickers on the others"] < 0.25))

# %% [markdown]
# On held-out posters of the archive it is nearly perfect. Without stickers it is a coin, and with the sticker on the wrong posters it is nearly always wrong. The validation
# split could not tell: it has the same stickers. Here we knew where to look. If you do not, let the network show you.

# %%
shown = [posters_of["as in the archive"][5], posters_of["stickers on the others"][80], posters_of["no stickers"][3]]
batch = normalize(torch.stack(shown))
methods = {
    "saliency": explain.saliency(cheat, batch),
    "occlusion": explain.occlusion(cheat, batch),
    "Grad-CAM": explain.grad_cam(cheat, batch),
}
said = ["logo" if logo else "others" for logo in says_logo(cheat, torch.stack(shown))]
print("truth: logo, others, logo. It says:", ", ".join(said))

# %%
fig, axes = plt.subplots(3, 4, figsize=(9, 7))
for number, row in enumerate(axes):
    plots.image_grid([shown[number]], titles=[f"says {said[number]}"], ax=row[0])
    for ax, (name, heat) in zip(row[1:], methods.items(), strict=True):
        plots.heatmap_overlay(shown[number], heat[number], ax=ax)
        ax.set_title(name)
peaks = methods["Grad-CAM"].reshape(3, -1).argmax(axis=1)
print("Grad-CAM is strongest in the lower left:", (peaks == 12).tolist())

# %% [markdown]
# First row: right, for the wrong reason. Second row: wrong, and the maps say why: a poster without a logo, but with a sticker. Third row: also wrong;
# the logo is there, the sticker is not, and the network finds nothing to hold on to in particular.
#
# Three pictures are an anecdote. On how many of the 60 posters with logo and sticker does each method have its peak at the sticker? (By chance it would be there on 8 % of them.)


# %%
def finds_sticker(heat):
    large = explain.upsample(heat, 64).reshape(len(heat), -1)
    rows, columns = np.unravel_index(large.argmax(axis=1), (64, 64))
    return float(np.mean((rows >= 46) & (columns < 18)))


logos = normalize(posters_of["as in the archive"][labels == 0])
by_grad_cam = finds_sticker(explain.grad_cam(cheat, logos, target=0))
by_saliency = finds_sticker(explain.saliency(cheat, logos, target=0))
print("Grad-CAM finds it on more than 90 %:", by_grad_cam > 0.9)
print("saliency finds it on 30 to 80 %:", 0.3 < by_saliency < 0.8)

# %% [markdown]
# Here the truth was known, and so methods can be compared: Grad-CAM is reliable, saliency right about every second time. On another network and another question it
# may be the other way round.

# %% [markdown]
# ### ▶ Attribution
#
# The cheat, under all methods. `target` is the class in question. **Predict:** for the poster without a logo but with a sticker, what speaks for *others*?

# %%
names = ("logo, sticker", "no logo, sticker", "logo, no sticker")
explorer = widgets.attribution_explorer(cheat, dict(zip(names, shown, strict=True)), classes=splits.classes)
display(explorer)
print(explorer.drive(image="logo, sticker", method="Grad-CAM", target="logo"))

# %% [markdown]
# **Try by hand:** occlusion on each of the three. And upload a photo of your own with something pink on it.

# %% [markdown]
# ## What maps do not prove
#
# ### Where is not what
#
# All maps point to the corner. *What* is it there that counts: the place, the shape, the colour? No map says so. Only an experiment does: change one thing, and ask again. We put other
# stickers on the 60 posters without a logo. **Predict** each line.

# %%
others = archive("val", labels < 0).images[labels == 1]
trials = {
    "in the middle": stickered(others, top=28, left=28),
    "green": stickered(others, colour=(0.1, 0.9, 0.2)),
    "white": stickered(others, colour=(1.0, 1.0, 1.0)),
}
share = {name: says_logo(cheat, images).float().mean().item() for name, images in trials.items()}
print("a sticker in the middle is a logo for more than half:", share["in the middle"] > 0.5)
print("a green one is a logo for more than half:", share["green"] > 0.5)
print("a white one is a logo for fewer than one in five:", share["white"] < 0.2)

# %% [markdown]
# Not the corner, and not the pink: it is **colour**, anywhere, in a world of grey. Saliency has the same limit, and another. A gradient
# is about small changes of single pixels, at this picture; it is not a cause. Occlusion does change something, but it shows the network pictures with
# grey squares, such as it has never seen.
#
# ### Does the map depend on the network at all?
#
# Adebayo et al. (NeurIPS 2018) asked a simple question: if all weights are replaced by random ones, does the map change? It must. Some popular methods
# hardly changed: what they showed were the edges of the picture. We put the question to Grad-CAM, and to a map that looks like an explanation and is none, the mean of the stem's maps.


# %%
def randomised(network, parts, seed):
    with runtime.seeded(seed):
        fresh = models.create("course_resnet", num_classes=2).eval()
    kept = {name: values for name, values in network.state_dict().items() if name.split(".")[0] not in parts}
    fresh.load_state_dict(kept, strict=False)
    return fresh


everything = [randomised(cheat, ["head", *STAGES], seed) for seed in range(3)]
found = [finds_sticker(explain.grad_cam(network, logos, target=0)) for network in everything]
print("Grad-CAM with random weights finds the sticker on fewer than 30 %:", [share < 0.3 for share in found])

# %%
late = randomised(cheat, ["head", "stage4", "stage3", "stage2", "stage1"], seed=0)
fig, axes = plt.subplots(2, 2, figsize=(5, 5.6))
for row, (name, network) in zip(axes, {"cheat": cheat, "random but for the stem": late}.items(), strict=True):
    stem = explain.feature_maps(network, batch[:1], "stem")["stem"].mean(axis=1)
    plots.heatmap_overlay(shown[0], explain.grad_cam(network, batch[:1], target=0)[0], ax=row[0])
    plots.heatmap_overlay(shown[0], stem[0], ax=row[1])
    row[0].set_title(f"{name}:\nGrad-CAM", fontsize=9)
    row[1].set_title("mean of the stem", fontsize=9)
same = np.array_equal(*(explain.feature_maps(network, batch[:1], "stem")["stem"] for network in (cheat, late)))
print("the mean of the stem's maps is the same for both:", same)

# %% [markdown]
# Grad-CAM has passed: with random weights it has lost the sticker. The map on the right shows the sticker as well, and even the logo: all that is coloured or has an
# edge. But it comes before anything is decided: it is the same for a network that knows nothing, and for either class. **That a map looks convincing says nothing.** Test it: on a network with random weights, on a case whose
# answer you know, and by changing the picture.

# %% [markdown]
# ### The cure
#
# The cheat is no fault of the network. It was asked to separate two heaps, and took the easiest way. So the *data* must change: the sticker must not tell the classes
# apart. We put it on every second poster, of both classes alike.

# %%
cured = probe(lambda labels: torch.arange(len(labels)) % 2 == 0)
plain, marked = posters_of["no stickers"], stickered(posters_of["no stickers"])
for name, network in {"the cheat": cheat, "the cured one": cured}.items():
    changed = (says_logo(network, plain) != says_logo(network, marked)).float().mean().item()
    print(
        f"{name}: a sticker changes more than half of the answers: {changed > 0.5}, fewer than a quarter: {changed < 0.25}"
    )
honest = (says_logo(cured, plain) == (labels == 0)).float().mean().item()
print("the cured one, without stickers, right on 50 to 80 %:", 0.5 < honest < 0.8)

# %% [markdown]
# The sticker hardly matters any more. In turn, the accuracy has come down to what the network really knows about logos in grey, at 64 × 64 pixels, and that is not much. Lesson 12
# does better, without stickers.

# %% [markdown]
# ## Summary
#
# - **Filters** of a trained first layer are edges, stripes and colours; random ones are noise. Deeper ones are better judged by what they answer.
# - **Feature maps** of a trained network are local, sparse, and with depth less and less like the picture. Maps that look like the input have found out nothing. A map
#   that is blank in *one* picture may be waiting; blank in *all*, it is dead.
# - **Saliency** is the gradient with respect to the picture: fine, noisy. **Occlusion** covers and asks again: slow, and needs nothing but answers. **Grad-CAM** weighs
#   maps by mean gradients: coarse, quick; on pooling and one linear layer it is CAM up to scale.
# - A high validation accuracy does not show *why*. Look at right predictions as well as wrong ones; a cheat is right.
# - A map says where, not what, and proves no cause. Change the picture, randomise the weights, plant something whose place you know.
#
# ## To go further
#
# - M. D. Zeiler, R. Fergus, "Visualizing and understanding convolutional networks", *ECCV* (2014): strongest patches, occlusion.
# - K. Simonyan, A. Vedaldi, A. Zisserman, "Deep inside convolutional networks", *ICLR workshop* (2014): saliency.
# - B. Zhou et al., "Learning deep features for discriminative localization", *CVPR* (2016): CAM.
# - R. R. Selvaraju et al., "Grad-CAM: visual explanations from deep networks via gradient-based localization", *ICCV* (2017).
# - J. Adebayo et al., "Sanity checks for saliency maps", *NeurIPS* (2018).
# - R. Geirhos et al., "Shortcut learning in deep neural networks", *Nature Machine Intelligence* 2 (2020): stickers in the wild.
# - J. R. Zech et al., "Variable generalization performance of a deep learning model to detect pneumonia in chest radiographs", *PLOS Medicine* 15 (2018): the hospital
#   could be told from the picture, and so how ill its patients are.
#
# **Next:** lesson 12, the whole project: from a folder of posters to a report.
