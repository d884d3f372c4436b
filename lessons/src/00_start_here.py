# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 0 · Start here
#
# *About 30 minutes · the first lesson · all cells together run in about 5 s*
#
# Every day many pictures are uploaded to a website. Some are promotional posters that carry our logo, and somebody has to
# find them. In this course you build the program that does it: a **classifier**, which takes a picture and returns a
# probability for *logo* and for *others*. You build it piece by piece, on data that is already on your computer.
#
# **After this lesson you can**
#
# - run a notebook, and repair it when something is stuck;
# - do an exercise and read what its check tells you;
# - say what a data set, a split and a picture are in this course;
# - find the lesson you need on the map.
#
# **You need** a little Python: variables, functions, lists. No mathematics yet.

# %% [markdown]
# ## Running cells
#
# A notebook is a list of *cells*: text like this one, and code like the next one. Click into the next cell, then press
# **Shift + Enter**. It runs, its result appears below, and the next cell is selected.

# %%
6 * 7

# %% [markdown]
# The last line of a cell is shown by itself. That was `42`. Everything else has to be printed.
#
# Cells share one memory. The next cell puts something into it.

# %%
pictures_a_day = 1_200

# %% [markdown]
# Nothing was shown: an assignment has no result. But the value is there for every cell that runs *later*.
#
# **Predict:** with 1,200 pictures a day, does a month of 30 days have more or fewer than 50,000?

# %%
pictures_a_day * 30

# %% [markdown]
# Fewer: 36,000. And here is the one trap of notebooks: what counts is the order in which *you ran* the cells, not the order
# on the page. When results look strange, choose **Kernel ▸ Restart Kernel and Run All Cells…**. When a cell runs forever,
# choose **Kernel ▸ Interrupt Kernel**. Neither can break anything.

# %% [markdown]
# ## Is everything here?
#
# The course brings its own examination. Every line should begin with ✔. A line with ✗ names what is missing, and the arrow
# below it says what to do. What you see depends on your computer, so it may differ from what was stored here.

# %% tags=["nbval-ignore-output"]
from imgcls_course import doctor

diagnosis = doctor.diagnose()
diagnosis

# %% [markdown]
# The same examination runs in a terminal: `imgcls doctor`. One line sums it up:

# %%
print("The course can run here:", "yes" if diagnosis.can_run else "no")

# %% [markdown]
# A GPU is welcome and never needed. Every lesson is made so that a plain laptop runs it in under a minute.

# %% [markdown]
# ## The map
#
# The lessons build on each other, but not all on all. The map says which ones come before, and about how long each takes
# you, exercises included.

# %%
from imgcls_course import course

print(course.overview())

# %% [markdown]
# If you are in a hurry to look inside a network, 00, 01, 02 and then 11 is a way. The straight way is never wrong.

# %% [markdown]
# ## Pictures to learn from
#
# Some data sets are on your computer already. `data.list_datasets()` lists them.

# %%
from imgcls_course import data

data.list_datasets()

# %% [markdown]
# We start with the smallest, handwritten digits. Each data set has a **card**: what it holds, and where it comes from.

# %%
splits = data.load("digits")
print(splits.card)

# %% [markdown]
# They were written by people and scanned, more than a quarter of a century ago. Nothing in this course is invented data.
#
# ### Three splits
#
# The pictures are divided in three, and no picture is in two of them. We **learn** from `train`, **choose** between models
# on `val` (validation), and touch `test` **once**, for the final report. Whoever chooses by the test pictures has nothing
# left to test with.

# %%
{"val": len(splits.val), "test": len(splits.test)}

# %% [markdown]
# 360 pictures to choose by, and 180 to report on. How many are there to learn from? That is your first exercise.

# %% [markdown]
# ### Exercise · `training_pictures`
#
# ★☆☆ · 2 minutes · 1 point
#
# Replace the three dots in the next cell, then run it. The check answers with one of three signs:
#
# - ○ you have not tried yet,
# - ✗ something is wrong, with a hint,
# - ✔ passed.
#
# Nothing bad happens when it is wrong. Try a wrong number first, to see what a hint looks like: 1797, say.

# %% tags=["exercise"]
from imgcls_course import check

training_pictures = ...  # how many pictures are there in splits.train?

check.training_pictures(training_pictures)

# %% tags=["solution"] jupyter={"source_hidden": true}
# Solution: open it after your own try.
check.training_pictures(len(splits.train), remember=False)

# %% [markdown]
# Below every exercise there is a collapsed cell like the one above: a click on its three dots shows a solution. It is there
# for comparing, not for skipping: only your own answers count as passed.

# %% [markdown]
# ## What a picture is
#
# To a computer a picture is a block of numbers. PyTorch calls it a **tensor**. The order of its sides is always the same:
# channels, height, width.

# %%
picture = splits.train.images[0]
picture.shape

# %% [markdown]
# One channel (grey), 8 pixels high, 8 wide. Let us see the numbers. The scanner gave whole numbers from 0 to 16, and the
# course keeps pixels as fractions in [0, 1], so we multiply by 16 to see them as they were.

# %%
(picture[0] * 16).int()

# %% [markdown]
# **Predict:** which digit is it? Trace the large numbers with a finger, then run the next cell.

# %%
from imgcls_course import plots

labels = splits.train.labels[:10].tolist()
plots.image_grid(splits.train.images[:10], titles=labels)
print(labels)


# %% [markdown]
# The first one is a zero: a ring of large numbers with a hole in the middle. The number above each picture is its **label**,
# the answer that a person gave. The printed line says the same as the titles. Most figures of the course have such a line
# beside them, so that you can check what you see.

# %% [markdown]
# ### Exercise · `brightness`
#
# ★☆☆ · 5 minutes · 1 point
#
# Write a function that takes a picture, a tensor of any shape, and returns the **mean** of all its pixels as a tensor with a
# single number. A black picture has 0, a white one 1.


# %% tags=["exercise"]
def brightness(image):
    # your code here, in place of the dots
    ...


check.brightness(brightness)


# %% tags=["solution"] jupyter={"source_hidden": true}
# Solution: open it after your own try.
def brightness_solution(image):
    return image.mean()


check.brightness(brightness_solution, remember=False)


# %% [markdown]
# ### Exercise · `to_unit_range`
#
# ★☆☆ · 5 minutes · 1 point
#
# A photo from a camera has *bytes* for pixels: whole numbers from 0 (black) to 255 (white), of type `uint8`. Write a function
# that turns such a tensor into fractions from 0 to 1, of a floating-point type.


# %% tags=["exercise"]
def to_unit_range(pixels):
    # your code here, in place of the dots
    ...


check.to_unit_range(to_unit_range)


# %% tags=["solution"] jupyter={"source_hidden": true}
# Solution: open it after your own try.
def to_unit_range_solution(pixels):
    return pixels.float() / 255


check.to_unit_range(to_unit_range_solution, remember=False)

# %% [markdown]
# ## ▶ An explorer
#
# Some cells show sliders and menus. They are there to be played with: choose another class, drag the slider, and the pictures
# follow. Under the pictures a line says in words what is shown.
#
# Each explorer is also moved once by code, with `drive`, which prints that line. So even a reader on paper sees that it works.

# %%
from imgcls_course import widgets

explorer = widgets.image_explorer(splits.train)
display(explorer)
print(explorer.drive(name="3", start=21))

# %% [markdown]
# The menu now says 3, and the slider stands at 21. **Find out by hand:** which digit do people write in the most different
# ways? Look at the ones and the sevens.

# %% [markdown]
# ## When something is wrong
#
# The course's own errors are one line: what is wrong, and what to do. **Predict:** what will the next cell say about the
# misspelt name?

# %%
from imgcls_course.errors import DataError

try:
    data.load("digit")
except DataError as error:
    print(error)

# %% [markdown]
# It knows the name that was meant, and lists all others. If you meet an error that does not help, that is a fault of the
# course: tell your instructor.

# %% [markdown]
# ## A first classifier
#
# Here is where you are going. The next cell makes a classifier, shows it the training pictures ten times over, and keeps the
# best of the ten rounds. You need not understand it yet: lesson 01 takes it apart, and you will write its pieces yourself.

# %%
from imgcls_course import models, runtime, training

with runtime.seeded(0):
    model = models.perceptron(in_features=64, num_classes=10)
history = training.fit(model, data.make_loaders(splits), epochs=10)

# %% [markdown]
# The bar counts batches of 32 pictures. (Unless you run the cell, it stands at 0 %.) How good is it? **Accuracy** is the part of the pictures that got the right label.
# Guessing would be right once in ten times.

# %%
accuracy = history.best["val_accuracy"]
print("right for more than 9 in 10 validation pictures:", "yes" if accuracy > 0.9 else "no")

# %% [markdown]
# In about a second it has learned to read. The curve shows how: each round is one step to the right.

# %%
import matplotlib.pyplot as plt

plt.figure(figsize=(5, 3))
plots.curves(history)
print(len(history), "rounds, the last one better than the first:", history[-1]["val_loss"] < history[0]["val_loss"])

# %% [markdown]
# Most of the learning happens in the first round. The solid line, validation, is the one to believe: those pictures were
# never learned from.

# %% [markdown]
# ## Your progress
#
# Passed exercises are remembered on this computer, and only there.

# %%
print(check.progress())

# %% [markdown]
# After solving an exercise, run the cell above again: its ○ has become ✔.

# %% [markdown]
# ## Summary
#
# - **Shift + Enter** runs a cell. What counts is the order in which cells were run; *Restart and Run All* puts it right.
# - A check answers ○, ✗ with a hint, or ✔. Wrong answers cost nothing.
# - A picture is a tensor of shape (channels, height, width) with pixels in [0, 1], and it has a label.
# - We learn on `train`, choose on `val`, and report once on `test`.
#
# ## To go further
#
# - JupyterLab's own documentation, *Notebooks* and *Keyboard shortcuts*: the menu **Help** leads there.
# - E. Alpaydin and C. Kaynak, *Optical Recognition of Handwritten Digits*, UCI Machine Learning Repository, 1998: where the
#   digits come from.
#
# **Next:** lesson 01, where a single neuron learns to tell two digits apart.
