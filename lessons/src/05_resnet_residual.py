# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 5 · ResNet: learning the residual
#
# *About 40 minutes · after lesson 03 · all cells together run in about 50 s*
#
# Deeper networks see more of the picture and combine more. So why not simply stack more layers, until every poster with our logo
# is found? People tried, and got *worse* networks. In 2015 a small change made depth usable: 152 layers instead of 20, and the
# lowest error of that year's ILSVRC. The change is one plus sign. In this lesson you see what goes wrong without it, by
# training twelve networks yourself.
#
# **After this lesson you can**
#
# - measure how the gradient changes on its way through a deep network, and say what cures it;
# - explain the *degradation* problem, and show that it is not overfitting;
# - build a residual block, with its shortcut where shapes stay and where they change;
# - say what an experiment of your own shows, and what it does not.
#
# **You need** lesson 03: convolutions stacked on convolutions, and global average pooling from lesson 02.

# %%
import matplotlib.pyplot as plt
import torch
from torch import nn
from torch.nn import functional

from imgcls_course import check, data, literature, models, paths, plots, runtime, widgets
from imgcls_course.experiments import degradation

# %% [markdown]
# ## 2015: depth
#
# VGG had 19 layers, GoogLeNet 22. A year later:

# %%
errors = literature.table("ilsvrc")
for row in errors.rows[4:7]:
    print(f"{row['year']}  {row['entry']:<10} top-5 error {row['top5_error']:.2%}")
print(errors.source.split(";")[2].strip())

# %% [markdown]
# 3.57 % was reached by several **ResNets** together. The family has five sizes. torchvision has them all, and counting needs no
# download.
#
# **Predict:** ResNet-50 has 50 layers with weights, VGG-16 has 16. Which one needs more multiply-adds for a picture?

# %%
for name in ("vgg16", "resnet18", "resnet34", "resnet50", "resnet101", "resnet152"):
    model = models.create_on_meta(name)
    millions, billions = models.count_parameters(model) / 1e6, models.count_multiply_adds(model, 224) / 1e9
    print(f"{name:<10}{millions:6.1f} million parameters {billions:6.1f} billion multiply-adds")

# %% [markdown]
# VGG-16, nearly four times as many as ResNet-50. Even with 152 layers ResNet is cheaper than VGG-16: it halves the size of the maps
# early, and ends in global average pooling. ResNet-50 is the usual choice to this day.
#
# ## What depth does to the gradient
#
# Layers learn from gradients, and a gradient reaches the first layer through all the others. Each of them multiplies it by
# something. Multiply 20 times by 0.4 and nearly nothing is left: the gradient **vanishes**. Multiply 20 times by 2 and it
# **explodes**.
#
# We measure it: the size (norm) of the gradient of every convolution, for one batch, before any training.


# %%
def gradient_norms(model, images, labels):
    model.zero_grad()
    functional.cross_entropy(model(images), labels).backward()
    convolutions = [module for module in model.modules() if isinstance(module, nn.Conv2d)]
    return [convolution.weight.grad.norm().item() for convolution in convolutions]


# %% [markdown]
# The data are ten textures, as patches of 20 × 20 pixels, with grey values from −1 to 1.

# %%
splits = data.load("textures").cropped(20)
preset = data.transforms.eval_preset(20, normalization="symmetric")
loaders = data.make_loaders(splits, eval_preset=preset, batch_size=32)
with runtime.seeded(0):
    images, labels = next(iter(loaders.train))
tuple(images.shape), round(images.min().item()), round(images.max().item())

# %% [markdown]
# Three networks of 20 convolutions with 16 channels, each with a ReLU: one with PyTorch's usual random weights, one with the same
# weights four times as large, one with a batch norm behind each convolution.


# %%
def stack(norm, gain=1.0):
    with runtime.seeded(0):
        body = models.conv_stack(1, 16, convs=20, kernel_size=3, norm=norm)
        net = nn.Sequential(body, models.gap_head(16, 10))
    for convolution in body[:: 3 if norm else 2]:
        convolution.weight.data *= gain
    return gradient_norms(net, images, labels)


norms = {"usual weights": stack(False), "four times as large": stack(False, gain=4.0), "with batch norm": stack(True)}

# %%
fig, ax = plt.subplots(figsize=(6, 3))
plots.lines(range(1, 21), norms, xlabel="convolution", ylabel="gradient norm", log="y", ax=ax)
ax.set_xticks([1, 5, 10, 15, 20])
for name, values in norms.items():
    print(f"{name:<20} first convolution below 1e-5: {values[0] < 1e-5}, above 100: {values[0] > 100}")

# %% [markdown]
# With the usual weights (blue) the gradient shrinks from the last convolution to the first, and the first one gets less than a
# hundred-thousandth: a step of training would not move it. With four times the weights (orange) all gradients are above 100: the
# first step would throw the network anywhere. With batch norm (green) the gradients of all 20 layers are of like size.
#
# Two cures were known in 2015: random weights of the right size (He et al., ICCV 2015), and **batch normalisation** (Ioffe and
# Szegedy, ICML 2015). With them, networks of some twenty layers train. So is depth free now?

# %% [markdown]
# ## The degradation problem
#
# Take a network of 20 layers that works, and one of 56. The deep one *cannot* be worse, one would think: let its first 20 layers do
# what the shallow one does, and the other 36 hand on what they get. That is a solution with the same error.
#
# But somebody has to *find* it. He, Zhang, Ren and Sun (2016) trained both on CIFAR-10. The deep one had the higher error, and
# not on new pictures only: **on the training pictures themselves**. They called it **degradation**.
#
# **Predict:** is that overfitting?

# %% [markdown]
# It is the opposite. An overfitted network is *too good* on its training pictures. This one cannot even learn those. And in
# their networks the gradients had not vanished, thanks to batch norm. Many layers in a row are simply bad at doing nothing: an
# **identity** is hard to build out of convolutions and ReLUs.
#
# ## The plus sign
#
# So do not let them build it. Hand the input on by a **shortcut**, and let the layers learn only what to *add* to it, the
# **residual** $F$:
#
# $$y = \mathrm{ReLU}\big(F(x, W) + x\big)$$
#
# $F$ is two 3×3 convolutions with batch norms. To do nothing, it only has to become zero, and small weights are easy to learn.

# %%
with runtime.seeded(0):
    F = nn.Sequential(
        nn.Conv2d(16, 16, 3, padding=1, bias=False),
        nn.BatchNorm2d(16),
        nn.ReLU(),
        nn.Conv2d(16, 16, 3, padding=1, bias=False),
        nn.BatchNorm2d(16),
    )
x = torch.rand(1, 16, 24, 24)
y = torch.relu(F(x) + x)
y.shape

# %% [markdown]
# Now we set the last norm's weights to zero, so that $F(x) = 0$. **Predict:** what is $y$? And what would it be without the
# plus sign?

# %%
nn.init.zeros_(F[-1].weight)
print("with the shortcut, y is x:", torch.equal(torch.relu(F(x) + x), x))
print("without it, y is zero:", torch.relu(F(x)).abs().max().item() == 0)

# %% [markdown]
# With the shortcut a block of zeros is harmless. Without it, it is the end of all information. The library's
# `models.BasicBlock` is this block.


# %% [markdown]
# ### Exercise · `residual_output`
#
# ★☆☆ · 4 minutes · 1 point
#
# Given the input `x` of a block and what its convolutions made of it, `fx`, write the output of the residual block. Both have the
# same shape.


# %% tags=["exercise"]
def residual_output(x, fx):
    # your code here, in place of the dots
    ...


check.residual_output(residual_output)


# %% tags=["solution"] jupyter={"source_hidden": true}
# Solution: open it after your own try.
def residual_output_solution(x, fx):
    return torch.relu(fx + x)


check.residual_output(residual_output_solution, remember=False)

# %% [markdown]
# ### Where shapes change
#
# Now and then a block halves the size of the maps and has more channels. Then $x$ does not fit to be added. Two ways out:
#
# - **padding**: every second row and column of $x$, and zeros for the further channels. No parameters.
# - **projection**: a 1×1 convolution with stride 2 on the shortcut, and a norm behind it.

# %%
for shortcut in ("pad", "projection"):
    block = models.BasicBlock(16, 32, stride=2, shortcut=shortcut)
    print(f"{shortcut:<12}{tuple(block(x).shape)}  {models.count_parameters(block):,} parameters")

# %% [markdown]
# The same shape. The projection costs 16 · 32 = 512 weights and the 2 · 32 of its norm. torchvision's ResNets use it. We take padding for the
# experiment: then plain and residual networks have *exactly* the same parameters.


# %% [markdown]
# ### Exercise · `pad_shortcut`
#
# ★★★ · 8 minutes · 2 points
#
# Write the shortcut by padding: from `x` of shape `(N, C, H, W)` to `(N, C + more, H / 2, W / 2)`. Keep every second row and
# column, starting with the first; put `more` maps of zeros behind.


# %% tags=["exercise"]
def pad_shortcut(x, more):
    # your code here, in place of the dots
    ...


check.pad_shortcut(pad_shortcut)


# %% tags=["solution"] jupyter={"source_hidden": true}
# Solution: open it after your own try.
def pad_shortcut_solution(x, more):
    kept = x[:, :, ::2, ::2]
    zeros = torch.zeros(len(x), more, *kept.shape[2:])
    return torch.cat([kept, zeros], dim=1)


check.pad_shortcut(pad_shortcut_solution, remember=False)

# %% [markdown]
# ## Two families of networks
#
# The networks of the paper's CIFAR-10 experiment are built from one rule: a 3×3 convolution, three groups of $n$ basic blocks,
# global average pooling, a linear layer. Each group after the first halves the size and doubles the channels.
#
# Between two maps of $a$ and $b$ channels stand $9ab$ weights, and a norm has $2b$ numbers. With the widths $w_1, w_2, w_3$:
#
# $$9 w_0 w_1 + 2 w_1 + \sum_{g=1}^{3} \Big( 9\, w_{g-1}' w_g + 9\,(2n-1)\, w_g^2 + 4n\, w_g \Big) + (w_3 + 1)\,K$$
#
# where $w_0$ is the number of channels of the picture, $w'$ the width of the group before ($w_1$ for the first), $K$ the classes.


# %%
def formula(n, w0, w, classes):
    total = 9 * w0 * w[0] + 2 * w[0] + (w[-1] + 1) * classes
    for before, width in [(w[0], w[0]), (w[0], w[1]), (w[1], w[2])]:
        total += 9 * before * width + 9 * (2 * n - 1) * width**2 + 4 * n * width
    return total


widths = (8, 16, 32)
for n in (3, 9):
    print(f"n = {n}: the formula gives {formula(n, 1, widths, 10):,} parameters")
    for shortcut in ("none", "pad"):
        net = models.cifar_resnet(6 * n + 2, num_classes=10, shortcut=shortcut, in_channels=1, widths=widths)
        print(f"  {6 * n + 2} layers, shortcut {shortcut:<5} {models.count_parameters(net):,}")


# %% [markdown]
# The formula is right, and plain and residual have the same number. The only difference is the plus sign.

# %% [markdown]
# ### Exercise · `stack_depth`
#
# ★☆☆ · 3 minutes · 1 point
#
# How many layers with weights does such a network have on its way from picture to logits, with $n$ blocks in each of the three
# groups? (Norms are not counted.)


# %% tags=["exercise"]
def stack_depth(n):
    # your code here, in place of the dots
    ...


check.stack_depth(stack_depth)


# %% tags=["solution"] jupyter={"source_hidden": true}
# Solution: open it after your own try.
def stack_depth_solution(n):
    return 1 + 3 * n * 2 + 1


check.stack_depth(stack_depth_solution, remember=False)

# %% [markdown]
# ## The experiment, live
#
# Four networks: plain and residual, of 20 and of 56 layers. Three times each, from other random weights. All get the same batches in the same
# order, four epochs on 1,000 patches, and the same recipe: SGD with momentum, and a learning rate that is divided by ten at
# half and at three quarters. `degradation.run` does nothing else than `training.run_epoch`, over and over.
#
# **Predict**, and write it down: which of the four has the lowest *training* error at the end, and which the highest?

# %%
rows = degradation.run(loaders, depths=(20, 56), seeds=(0, 1, 2), epochs=4, lr=0.02, widths=(8, 16, 32))
len(rows)

# %% [markdown]
# 48 rows: 12 networks, 4 epochs. Here is the training error of each epoch, the mean of three seeds. (From computer to computer the
# second digit differs, and the picture does not.)

# %% tags=["nbval-ignore-output"]
fig, ax = plt.subplots(figsize=(6, 3.2))
curves = degradation.error_curves(rows)
plots.lines(range(1, 1 + rows[-1]["epoch"]), curves, xlabel="epoch", ylabel="training error", ylim=(0, 1), ax=ax)
print({name: f"{values[-1]:.2f}" for name, values in curves.items()})

# %% [markdown]
# The plain network of 56 layers lies above all others; it hardly learns. Both residual ones lie below both plain ones. But a
# mean can hide a lot, so we ask every seed.

# %%
final = {network: torch.tensor(errors) for network, errors in degradation.final_errors(rows).items()}
plain20, plain56, residual56 = final["plain", 20], final["plain", 56], final["residual", 56]
print("plain-56 above plain-20, by seed:", (plain56 > plain20).tolist())
print("residual-56 below both, by seed: ", (residual56 < torch.minimum(plain20, plain56)).tolist())
print("plain-56 wrong on more than half:", (plain56 > 0.5).tolist())

# %% [markdown]
# In each of the three, without exception. The deep plain network, with *more* freedom, is wrong on more than half of the pictures it
# was trained on. Is that overfitting? Then its error on new pictures would have to be higher than on the training pictures, and the latter low. The
# latter is the highest of all.
#
# **What this does not show.** Four epochs are few: the deep plain network may be only slow. And here residual-56 is not better than
# residual-20; 1,000 patches of ten textures do not need 56 layers. The shortcut repaired what depth had broken. That depth
# then *helps* takes more data, as in the paper.

# %% [markdown]
# ## Gradients again
#
# Batch norm cured the gradient of 20 plain layers. Does it do so for 56? The same measurement, on the four networks before
# training.

# %%
norms = {}
for depth in (20, 56):
    for kind, shortcut in degradation.KINDS.items():
        with runtime.seeded(0):
            net = models.cifar_resnet(depth, num_classes=10, shortcut=shortcut, in_channels=1, widths=(8, 16, 32))
        norms[f"{kind}-{depth}"] = gradient_norms(net, images, labels)

# %%
fig, ax = plt.subplots(figsize=(6, 3))
ax.set_prop_cycle(color=plots.style.CYCLE)
for name, values in norms.items():
    ax.semilogy(torch.linspace(0, 1, len(values)), values, label=name)
ax.set(xlabel="place in the network: 0 first, 1 last", ylabel="gradient norm")
ax.legend(loc="upper left", bbox_to_anchor=(1.02, 1), frameon=False)
print("first over last, more than 100: ", {name: values[0] / values[-1] > 100 for name, values in norms.items()})

# %% [markdown]
# The green line is the deep plain network: there, and only there, the first convolution has a gradient more than a hundred times
# that of the last. With batch norm, depth makes the gradient *explode* towards the first layers, before training starts. (Yang et al., ICLR 2019, derive this; He et al. had judged the
# gradients of their plain networks healthy.) With shortcuts it stays level through 56 layers: $y = F(x) + x$ has the derivative
# $F'(x) + 1$, and the 1 hands the gradient on as it is.

# %% [markdown]
# ## The bottleneck
#
# ResNet-50 and deeper use a cheaper block. Two 3×3 convolutions on 256 channels cost much. So reduce first, as in lesson 04: 1×1 from
# 256 to 64 channels, 3×3 on 64, 1×1 back to 256.

# %%
basic = models.BasicBlock(256, 256)
bottleneck = models.Bottleneck(256, 64)
for name, block in (("basic", basic), ("bottleneck", bottleneck)):
    weights = sum(module.weight.numel() for module in block.modules() if isinstance(module, nn.Conv2d))
    print(f"{name:<12}{weights:>10,} weights, {models.output_shape(block, 14)}")

# %% [markdown]
# 17 times fewer, for the same shape. That is how 50 layers can be cheaper than VGG's 16.


# %% [markdown]
# ### Exercise · `bottleneck_weights`
#
# ★★☆ · 6 minutes · 2 points
#
# How many weights do the three convolutions of a bottleneck have together, from `channels` to `middle` and back? No biases, no
# norms.


# %% tags=["exercise"]
def bottleneck_weights(channels, middle):
    # your code here, in place of the dots
    ...


check.bottleneck_weights(bottleneck_weights)


# %% tags=["solution"] jupyter={"source_hidden": true}
# Solution: open it after your own try.
def bottleneck_weights_solution(channels, middle):
    return channels * middle + 9 * middle * middle + middle * channels


check.bottleneck_weights(bottleneck_weights_solution, remember=False)

# %% [markdown]
# ## A longer run, recorded
#
# Textures are few. The course's authors ran the same experiment on CIFAR-10, 40,000 photos for training, with the widths of the
# paper, one seed, on two cores. This is a **recording**: the log lies in `docs/recorded`, with the command that made it. Nothing is
# trained in the next cells.

# %%
folder = paths.recorded() / "degradation_cifar10"
recorded = degradation.read_log(folder / degradation.LOG)
minutes = sum(row["seconds"] for row in recorded) / 60
print(f"{degradation.complete_epochs(recorded)} epochs of each network, {minutes:.0f} minutes in all")
train, val = (degradation.final_errors(recorded, split=split) for split in ("train", "val"))
for kind, depth in train:
    print(f"{kind}-{depth}: training error {train[kind, depth][0]:.3f}, validation error {val[kind, depth][0]:.3f}")

# %% [markdown]
# After six epochs the plain network of 56 layers is wrong on 68 % of its training photos, the one of 20 layers on 29 %:
# degradation again, now on real photos. With shortcuts the 56 layers come down to 36 %.
#
# But read on: 36 % is still *above* both networks of 20 layers. So what held in our live run, that residual-56 beats plain-20, does not
# hold here. Six epochs are a small part of the paper's 164. The shortcut has repaired most of the damage, and depth has not paid yet. And one seed
# is no repetition.
#
# Training and validation errors are nearly the same. Nothing here is overfitting.

# %% [markdown]
# ### ▶ Depth, shortcuts, and the training curve
#
# The curve of one network among the others, and what it scored. **Predict** before you look: does residual-56 have a lower
# *validation* error than residual-20 after so few epochs?

# %%
explorer = widgets.depth_explorer(recorded)
display(explorer)
print(explorer.drive(depth=56, shortcuts="with", split="validation"))

# %% [markdown]
# No: 0.87 after the first epoch, 0.35 after the sixth, and place 3 of 4. But its curve still falls. **Try by hand:** compare how fast
# plain-56 and residual-56 learn. In which epoch does residual-56 get below what plain-56 has at the end?

# %% [markdown]
# ### And with patience
#
# The paper trained for 164 epochs, and on ImageNet, too. These are its figures, not ours:

# %%
cifar, imagenet = literature.table("resnet_cifar10"), literature.table("resnet_imagenet")
print("CIFAR-10, residual:", {row["layers"]: f"{row['test_error']:.2%}" for row in cifar.rows})
for row in imagenet.rows:
    print(f"ImageNet, {row['layers']} layers: plain {row['plain']:.2%}, residual {row['residual']:.2%}")
print(imagenet.source)

# %% [markdown]
# There depth pays: from 20 to 110 layers the test error falls at each step. On ImageNet the plain network gets worse from 18 to 34
# layers, the residual one better. At 18 layers the two are alike: the shortcut matters where it is deep.

# %% [markdown]
# ## Summary
#
# - Through many layers a gradient vanishes or explodes. Weights of the right size and batch norm cure that for some twenty layers.
# - Plain stacks still **degrade**: the deeper one has the higher error *on the training pictures*. In our run it did so in three
#   of three seeds, and in the recorded one on CIFAR-10. It is not overfitting.
# - A **residual block** adds its input to what its layers compute, $y = \mathrm{ReLU}(F(x) + x)$. To do nothing, $F$ only has to be zero.
# - Where shapes change, the shortcut pads with zeros, or projects with a 1×1 convolution. The **bottleneck** makes 50 and
#   more layers affordable.
# - An experiment has limits: few epochs, easy data, three seeds. Say them with the result.
#
# ## To go further
#
# - K. He, X. Zhang, S. Ren, J. Sun, "Deep residual learning for image recognition", *CVPR* (2016): the paper; section 4.2 is the
#   experiment of this lesson.
# - K. He et al., "Delving deep into rectifiers", *ICCV* (2015): random weights of the right size for ReLUs.
# - S. Ioffe, C. Szegedy, "Batch normalization", *ICML* (2015).
# - G. Yang et al., "A mean field theory of batch normalization", *ICLR* (2019): why norms alone make gradients explode with depth.
#
# **Next:** lesson 06. Deeper, wider, or larger pictures: what is the best way to spend more computation?
