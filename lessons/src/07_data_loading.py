# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 7 · Data loading
#
# *About 55 minutes · after lesson 01 · all cells together run in about 50 s*
#
# A network takes a block of numbers of one size. A folder of uploads has photos of a camera, banners six times as wide as
# high, a web page that somebody saved as `.jpg`, and the same poster three times. Between the two lies the work of this
# lesson. It is the least admired part of image classification, and the one that most often decides the result.
#
# **After this lesson you can**
#
# - turn a picture file into the tensor a network wants, and back into something an eye can see;
# - read the two common layouts of labelled pictures, and split them without leaks;
# - audit a folder you have never seen, before you train on it;
# - choose a resize policy, knowing what it loses, and augment only what should be augmented;
# - say where the time goes when pictures are loaded.
#
# **You need** lesson 01, and how to work with files in Python.

# %%
import csv
import shutil
import tempfile
import time
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import LabelEncoder
from torch.utils.data import Dataset

from imgcls_course import check, data, models, paths, plots, runtime, training, widgets

# %% [markdown]
# ## A picture is a tensor
#
# A single number is a *scalar*. Numbers in a row are a *vector*, rows of them a *matrix*, and anything with more dimensions is
# simply a *tensor*. The course has 600 posters with and without our logo. Here is one of them.

# %%
posters = paths.datasets() / "posters"
picture = Image.open(posters / "train/logo/00294.jpg")
print(picture.size, picture.mode)
picture

# %% [markdown]
# The logo is the round mark with three curved blades. Pillow says *width* first: this poster is 174 pixels wide and 239
# high. As an array it is the other way round.
#
# **Predict:** which shape will the array have, and which type?

# %%
array = np.asarray(picture)
print(array.shape, array.dtype, "from", array.min(), "to", array.max())

# %% [markdown]
# Height, width, channels: **HWC**, and each number a byte, from 0 to 255. That is how files and screens like it. PyTorch wants
# the channels first, **CHW**, and floats. Each channel by itself is a grey picture: how much red, green and blue there is.

# %%
image = torch.from_numpy(array.copy()).permute(2, 0, 1) / 255
plots.image_grid([image, *image], titles=["all", "red", "green", "blue"])
print(tuple(image.shape), image.dtype)


# %% [markdown]
# Look for a colour that is bright in one channel and dark in another. Where all three are bright there is white.

# %% [markdown]
# ### Exercise · `to_tensor`
#
# ★☆☆ · 5 minutes · 1 point
#
# Write the step from a file's bytes to a network's floats. `array` is a uint8 tensor of shape `(H, W, 3)`; give back float32 in
# [0, 1] of shape `(3, H, W)`.


# %% tags=["exercise"]
def to_tensor(array):
    # your code here, in place of the dots
    ...


check.to_tensor(to_tensor)


# %% tags=["solution"] jupyter={"source_hidden": true}
# Solution: open it after your own try.
def to_tensor_solution(array):
    return array.permute(2, 0, 1) / 255


check.to_tensor(to_tensor_solution, remember=False)

# %% [markdown]
# ## Normalise, and undo it to look
#
# Networks learn more easily from numbers around 0. So each channel loses its mean and is divided by its standard deviation,
# $z = (x - \mu) / \sigma$. For photographs everybody uses the values of ImageNet's 1.3 million pictures, because pretrained
# networks have seen nothing else.

# %%
z = data.transforms.normalize(image)
back = data.transforms.denormalize(z)
print(data.transforms.NORMALIZATIONS["imagenet"])
print("the way back is exact:", torch.allclose(back, image, atol=1e-6), "- values beyond [0, 1]:", bool((z < 0).any()))

# %% [markdown]
# Whoever plots $z$ itself sees wrong colours, because a screen cuts off what is below 0 and above 1. Before you look, undo
# it. The picture on the left is what the network gets, cut off; the one on the right is what is in it.

# %%
plots.image_grid([z.clamp(0, 1), back], titles=["normalised", "undone"], columns=2)
print(f"cut off on the left: {((z < 0) | (z > 1)).float().mean():.0%} of the numbers")

# %% [markdown]
# There is a second convention, to [-1, 1]: mean and standard deviation 0.5 for all channels. The *AdvProp* weights of EfficientNet
# want it (Xie et al., 2020). Mixing the two up costs accuracy and gives no error, so a preset should carry the name of its own.

# %%
symmetric = data.transforms.normalize(torch.tensor([0.0, 0.5, 1.0]).expand(3, 1, 3), "symmetric")
symmetric[0, 0].tolist()


# %% [markdown]
# ### Exercise · `denormalize`
#
# ★★☆ · 6 minutes · 2 points
#
# Undo the normalisation. `image` has shape `(3, H, W)`; `mean` and `std` have shape `(3,)`, one number for each channel.


# %% tags=["exercise"]
def denormalize(image, mean, std):
    # your code here, in place of the dots
    ...


check.denormalize(denormalize)


# %% tags=["solution"] jupyter={"source_hidden": true}
# Solution: open it after your own try.
def denormalize_solution(image, mean, std):
    return image * std[:, None, None] + mean[:, None, None]


check.denormalize(denormalize_solution, remember=False)

# %% [markdown]
# ## Where the labels are
#
# Most data sets are **a folder per class**, often below `train`, `val` and `test`. torchvision's `ImageFolder` reads that, and
# so does `data.load`, which takes the path of any folder and says what it found.

# %%
splits = data.load(posters)
splits.train

# %% [markdown]
# The posters are split already, so these splits are kept. The `.csv` that was skipped is a table of what is on each poster; we
# shall need it. An item of a split is a picture as it lies in its file, and its label.
#
# The other layout has the **labels in the file names**, as in the famous cats and dogs: `cat.9586.jpg`. We rename some posters
# like that, and write a `Dataset` for them.

# %%
folder = Path(tempfile.mkdtemp())
named = folder / "named"
named.mkdir()
for path in sorted(posters.glob("train/*/*.jpg"))[::20]:
    shutil.copy(path, named / f"{path.parent.name}.{path.stem}.jpg")
print([path.name for path in sorted(named.iterdir())][:3])


# %% [markdown]
# A `Dataset` has two methods: how many items there are, and item number `index`. Files are opened only when they are asked for.
# scikit-learn's `LabelEncoder` turns the names into 0, 1, …, in alphabetical order.


# %%
class NamedPictures(Dataset):
    def __init__(self, folder):
        self.paths = sorted(folder.glob("*.jpg"))
        self.encoder = LabelEncoder()
        self.labels = self.encoder.fit_transform([path.name.split(".")[0] for path in self.paths])

    def __len__(self):
        return len(self.paths)

    def __getitem__(self, index):
        return data.read_image(self.paths[index]), int(self.labels[index])


# %%
pictures = NamedPictures(named)
print(len(pictures), "pictures, classes", pictures.encoder.classes_.tolist())
print("item 0:", pictures[0][0].shape, "label", pictures[0][1])


# %% [markdown]
# From now on the library does this: `data.load(named)` finds the labels in the names by itself.

# %% [markdown]
# ### Exercise · `label_of`
#
# ★☆☆ · 3 minutes · 1 point
#
# Find the label in a file name such as `"cat.9586.jpg"` or `"guinea pig.3.jpeg"`.


# %% tags=["exercise"]
def label_of(name):
    # your code here, in place of the dots
    ...


check.label_of(label_of)


# %% tags=["solution"] jupyter={"source_hidden": true}
# Solution: open it after your own try.
def label_of_solution(name):
    return name.split(".")[0]


check.label_of(label_of_solution, remember=False)

# %% [markdown]
# ## Three splits, and no leak between them
#
# We learn on **train**, choose on **val**, and report once on **test**. Usual shares are 70/20/10, or 4:1 without a test split
# where another test set exists. Rare classes need care. Suppose 1 picture in 20 shows a logo.
#
# **Predict:** in a random fifth of 200 pictures, how many logos will there be? Always 2?

# %%
labels = np.repeat([1, 0], [10, 190])
for seed in range(4):
    by_chance = train_test_split(labels, test_size=0.2, random_state=seed)[1].sum()
    stratified = train_test_split(labels, test_size=0.2, stratify=labels, random_state=seed)[1].sum()
    print(f"seed {seed}: by chance {by_chance} logos, stratified {stratified}")

# %% [markdown]
# By chance it is 1, 3 or 4; **stratified** it is always 2, because each class is split by itself. The seed makes a split
# repeatable. A result on another split is another result.
#
# A **leak** is a picture that is in two splits, perhaps shrunk or saved again. The network recognises it, and validation praises
# a memory. Nobody copies pictures on purpose. They come in twice: from two crawls, from the frames of one film, from a
# student's "cleaned" copy.

# %% [markdown]
# ### Exercise · `leaked`
#
# ★★☆ · 5 minutes · 1 point
#
# `train` and `test` are lists of fingerprints, one for each file. Give back the **set** of those that are in both.


# %% tags=["exercise"]
def leaked(train, test):
    # your code here, in place of the dots
    ...


check.leaked(leaked)


# %% tags=["solution"] jupyter={"source_hidden": true}
# Solution: open it after your own try.
def leaked_solution(train, test):
    return set(train) & set(test)


check.leaked(leaked_solution, remember=False)

# %% [markdown]
# ## Know your data: the audit
#
# We take a copy of the posters and make it as dirty as real folders are: a poster of train copied to val, one that is saved again
# at half its size, one cut off in the middle, a web page called `.jpg`.

# %%
dirty = shutil.copytree(posters, folder / "dirty")
shutil.copy(dirty / "train/logo/00294.jpg", dirty / "val/logo/copy.jpg")
half = Image.open(dirty / "train/others/00017.jpg").reduce(2)
half.save(dirty / "test/others/half.jpg", quality=60)
cut = (dirty / "train/logo/00020.jpg").read_bytes()
(dirty / "train/logo/00020.jpg").write_bytes(cut[: len(cut) // 2])
_ = (dirty / "train/others/page.jpg").write_text("<html>404</html>", encoding="utf-8")

# %% [markdown]
# `data.audit` opens every file, and compares every picture with all others by a small fingerprint that survives resizing and
# re-encoding. **Predict** what it will find; is there more wrong than what we planted?

# %%
report = data.audit(dirty)
print(report.counts)

# %% [markdown]
# The two broken files and the two leaks that we planted are found. The rest was there before: a table that is no picture, 69 posters
# longer than 5:1, and two crops of one photograph that are nearly the same. They lie in the same split, so nothing leaks, but one of
# them could go. Here are the leaks.

# %%
plots.audit_gallery(report, "leakage")
print("stop before training:", report.failed)

# %% [markdown]
# Both leaks are there, the copy and the shrunk one. In the terminal the same is `imgcls data audit FOLDER`; its exit status is 1
# where something leaks or cannot be read, so that a script stops there.
#
# And if you train all the same? `data.make_loaders` leaves out what cannot be read, and a warning counts and names it, so that no epoch
# ends with an error at two in the morning. With `strict=True` it refuses before training starts.

# %% [markdown]
# ## Every picture the same size: three ways
#
# Pictures of one batch must have one size. Of a poster six times as wide as high, three policies make three different things.
#
# - **crop**: the shorter side to `image_size`, then the middle square;
# - **squash**: both sides to `image_size`, whatever the shape;
# - **letterbox**: the longer side to `image_size`, and grey bars above and below.
#
# **Predict:** which keep the logo, and which keep it round?

# %%
wide = data.posters.draw(4, aspect_ratios=(5, 6), logo_sizes=(0.5, 0.6))
banner = torch.from_numpy(np.array(wide.image)).permute(2, 0, 1)
views = [
    data.transforms.eval_preset(96, resize=policy).preview(banner, count=1)[0]
    for policy in ("crop", "squash", "letterbox")
]
plots.image_grid([banner, *views], titles=["poster", "crop", "squash", "letterbox"], columns=4)
print(wide.image.size, "- middle of the logo at x =", round(wide.logo_circle[0]))

# %% [markdown]
# The logo is at the right end, at x = 406 of 454. The crop shows the middle and has lost it: to the network this is a poster *without* a
# logo that is labelled "logo". Squashing keeps it, as a narrow ellipse. The letterbox keeps it round, and makes it small.

# %% [markdown]
# ### Exercise · `letterbox_size`
#
# ★★★ · 8 minutes · 2 points
#
# A picture of `height` × `width` goes into a square of `size`, undistorted and as large as possible. Give back its new height and
# width, as whole numbers of at least 1.


# %% tags=["exercise"]
def letterbox_size(height, width, size):
    # your code here, in place of the dots
    ...


check.letterbox_size(letterbox_size)


# %% tags=["solution"] jupyter={"source_hidden": true}
# Solution: open it after your own try.
def letterbox_size_solution(height, width, size):
    scale = size / max(height, width)
    return max(1, round(height * scale)), max(1, round(width * scale))


check.letterbox_size(letterbox_size_solution, remember=False)

# %% [markdown]
# ### How many logos does the crop lose?
#
# The table beside the posters knows where each logo is. We count those that lie wholly in the middle square.


# %%
def in_the_middle(row):
    x, y, diameter, width, height = (float(row[key]) for key in ("x", "y", "diameter", "width", "height"))
    side = min(width, height)
    return max(abs(x - width / 2), abs(y - height / 2)) + diameter / 2 <= side / 2


rows = [row for row in csv.DictReader((posters / "index.csv").open(encoding="utf-8")) if row["kind"] == "logo"]
print(f"{sum(map(in_the_middle, rows))} of {len(rows)} logos are wholly in the middle square")

# %% [markdown]
# Not even two in five. A network that is trained on crops is told "logo" for each of them, and of most it sees a part of the logo or nothing.

# %% [markdown]
# ## Measured: what does a network find after each policy?
#
# Enough of looking. We draw 900 wide posters whose logo is large enough to be seen, and train the same small network three
# times: same start, same epochs, only the policy differs. (What is inside `models.convnet` is the matter of the next lessons. It
# looks for small patterns anywhere in the picture.)

# %%
drawn = data.posters.make(
    folder / "wide", count=900, seed=1, max_megapixels=0.06, aspect_ratios=(2, 6), logo_sizes=(0.35, 0.6)
)
wide_splits = data.load(drawn)


# %%
def train_with(policy):
    loaders = data.make_loaders(wide_splits, eval_preset=data.transforms.eval_preset(96, resize=policy))
    with runtime.seeded(0):
        model = models.convnet(num_classes=2)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    training.fit(model, loaders, epochs=7, optimizer=optimizer)
    with torch.no_grad():
        return torch.cat([model.eval()(images).argmax(dim=1) for images, _ in loaders.test])


answers = {policy: train_with(policy) for policy in ("crop", "squash", "letterbox")}

# %% [markdown]
# Three networks, each asked about the same 180 test posters that it has never seen. **Predict** the order of the three.

# %%
right = wide_splits.test.labels
accuracy = {policy: (answer == right).float().mean().item() for policy, answer in answers.items()}
gain = min(accuracy["squash"], accuracy["letterbox"]) - accuracy["crop"]
print("squash and letterbox are both at least 0.08 better than crop:", gain >= 0.08)

# %% [markdown]
# Same posters, same network, same number of steps. The policy alone makes the difference. To see that it is the lost logos, we look
# at the posters with a logo only, and ask of each whether the logo lies wholly in the middle square.

# %%
table = {row["file"]: row for row in csv.DictReader((drawn / "index.csv").open(encoding="utf-8"))}
files = [path.relative_to(drawn).as_posix() for path in wide_splits.test.paths]
with_logo = right == 0
middle = torch.tensor(
    [name in table and with_logo[i].item() and in_the_middle(table[name]) for i, name in enumerate(files)]
)
elsewhere = with_logo & ~middle
print(f"{int(middle.sum())} logos in the middle, {int(elsewhere.sum())} elsewhere")

# %% tags=["nbval-ignore-output"]
found = {p: [(a[where] == 0).float().mean().item() for where in (middle, elsewhere)] for p, a in answers.items()}
plots.bars(found, groups=["logo in the middle", "logo elsewhere"], ylabel="share of logos found")
print({policy: [round(share, 2) for share in shares] for policy, shares in found.items()})

# %% [markdown]
# (The exact shares differ from processor to processor, as trainings do.) Where the logo is in the middle, all three find most of
# them. Where it is not, the network trained on crops has nothing to see and can only guess; the two others hardly mind.
#
# So is squashing best? *Here*, where the posters are large in their short side and the network is small. A squashed logo is no
# longer round, and a network pretrained on undistorted photographs may mind that. With more pixels the letterbox wins back what it loses
# to smallness. Measure it on your data, as you did here.

# %% [markdown]
# ## Augmentation: for training only
#
# A flipped poster is still a poster with our logo. So each time a picture is used for **training**, it may be flipped, cropped or
# turned a little, at random: the network sees more variety than there is. **Validation** and test pictures are never varied,
# or one could not compare two epochs. The two presets say so.

# %%
print(data.transforms.train_preset(96, resize="crop"))
print(data.transforms.eval_preset(96, resize="crop"))

# %% [markdown]
# `RandomResizedCrop` takes a random part of the picture, down to 8 % of its area: the standard for photographs, where any part
# of a dog is still a dog. Is any part of a poster still "logo"?

# %% [markdown]
# ## ▶ Augmentation playground
#
# Eight views of one poster, as training would see them, and above each whether the middle of the logo is still in it. **Before
# you drag:** which of the controls can lose the logo, and which cannot?

# %%
poster = data.posters.draw(4, aspect_ratios=(1.5, 2), logo_sizes=(0.3, 0.4))
shown = torch.from_numpy(np.array(poster.image)).permute(2, 0, 1)
explorer = widgets.augmentation_explorer(shown, logo=poster.logo_circle)
display(explorer)
print(explorer.drive(resize="letterbox", degrees=30.0))
print(explorer.drive(resize="crop", degrees=0.0))

# %% [markdown]
# The crop lost the logo in nearly all views; every lost one would be a picture with a wrong label. Flips, turns and letterboxing lose
# nothing. **Try by hand:** how large must the smallest part be, before the crop keeps the logo in all eight views?

# %% [markdown]
# ## From files to batches
#
# A `DataLoader` draws items in random order, stacks them into batches, and can let **worker** processes prepare the next batch
# while the network computes on this one. `pin_memory` puts batches where a GPU can fetch them faster; without a GPU it does nothing.

# %%
preset = data.transforms.train_preset(96, resize="letterbox")
loaders = data.make_loaders(splits, train_preset=preset, batch_size=64)
images, batch_labels = next(iter(loaders.train))
print(tuple(images.shape), images.dtype, batch_labels[:8].shape, "-", len(loaders.train), "batches an epoch")

# %% [markdown]
# The last batch is smaller: 360 is no multiple of 64. That is why losses and accuracies have to be weighed by pictures.
#
# Where does the time go? We measure the four steps for one photo of 1.5 megapixels. **Predict** the slowest.

# %%
large = folder / "large.jpg"
data.posters.draw(6, max_megapixels=0.06).image.resize((1500, 1000)).save(large)
steps = {"read and decode": lambda: data.read_image(large)}
pixels = torch.from_numpy(data.read_image(large)).permute(2, 0, 1)
preset = data.transforms.train_preset(96)
small = preset.steps(pixels)
steps |= {"crop, resize, flip": lambda: preset.steps(pixels), "normalise": lambda: preset.normalize(small)}


# %%
def seconds(step, times=20):
    start = time.perf_counter()
    for _ in range(times):
        step()
    return (time.perf_counter() - start) / times


spent = {name: seconds(step) for name, step in steps.items()}
print("slowest:", max(spent, key=spent.get), "- fastest:", min(spent, key=spent.get))

# %% [markdown]
# Decoding the file is the slowest by far, and it gives the same bytes every time. So `data.make_loaders` decodes each picture **once**,
# keeps it at little more than the size that training needs, and augments from that. It is told when a file changes.
#
# **Predict:** how much faster is the second pass over the posters than the first?

# %% tags=["nbval-ignore-output"]
preset = data.transforms.train_preset(96, resize="letterbox")
loaders = data.make_loaders(splits, train_preset=preset, batch_size=64)
for name in ("first", "second", "third"):
    start = time.perf_counter()
    count = sum(len(batch_labels) for _images, batch_labels in loaders.train)
    print(f"{name} pass: {count / (time.perf_counter() - start):5.0f} pictures a second")

# %% [markdown]
# How much you gained depends on your computer and on the size of the files. For photos of half a megapixel at 224 pixels it is four to
# five times against `ImageFolder` with the usual transforms; `benchmarks/loading.py` measures it. More `workers` help when the
# processor has cores to spare: the network needs some, too.
#
# Last, we put away what this lesson made.

# %%
shutil.rmtree(folder)
print("left over:", folder.exists())

# %% [markdown]
# ## Summary
#
# - A picture file is bytes in HWC; a network takes floats in CHW, normalised. Undo the normalisation before you look.
# - Labels stand in folder names or in file names. Given splits stay; others are made stratified, with a seed.
# - Audit first: broken files cost an epoch, and leaks cost the truth of every number that follows.
# - Crop, squash and letterbox each lose something: the ends, the shape, the size. On wide posters the crop loses the logo, and a
#   network trained on crops finds little more than chance where the logo is not in the middle.
# - Augment what you train on, never what you measure on; and only in ways that keep the label true.
# - Decoding is what takes the time. Do it once.
#
# ## To go further
#
# - Q. Xie et al., *Adversarial Examples Improve Image Recognition*, CVPR 2020: AdvProp, and why its weights want [-1, 1].
# - C. Szegedy et al., *Going Deeper with Convolutions*, CVPR 2015, section 6: where the random resized crop comes from.
# - H. Touvron et al., *Fixing the train-test resolution discrepancy*, NeurIPS 2019: what a crop does to the apparent size of things.
# - B. Barz and J. Denzler, *Do We Train on Test Data?*, Journal of Imaging 2020: near duplicates between the splits of CIFAR.
# - Your own pictures: `data.load("FOLDER")`, and `imgcls data list` for sets that can be downloaded.
