# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 1 · Perceptron and softmax
#
# *About 55 minutes · after lesson 00 · all cells together run in about 10 s*
#
# Is our logo on this poster, yes or no? Which digit is this, 0 to 9? Both are questions of **classification**, and the oldest
# machine that learns to answer them is a single layer of artificial neurons. It fits into one line of PyTorch. In this lesson
# you take that line apart, until you could write every piece of it yourself.
#
# **After this lesson you can**
#
# - write down what a neuron computes, and say what its weights and its bias do;
# - turn scores into probabilities with softmax, without overflow;
# - compute the cross-entropy loss and its gradient by hand, and check them against autograd;
# - train a perceptron and a multilayer perceptron, and read their learned weights.
#
# **You need** lesson 00, and what a vector, a sum and a logarithm are.

# %%
import matplotlib.pyplot as plt
import torch
from torch import nn

from imgcls_course import check, data, models, plots, runtime, training, widgets

# %% [markdown]
# ## A picture is a vector
#
# We use the handwritten digits again. A neuron knows nothing of rows and columns. It takes a list of numbers
# $x = (x_1, \dots, x_n)$, so the picture is *flattened*: row after row, into one long vector.
#
# **Predict:** how many numbers is a picture of 8 × 8?

# %%
splits = data.load("digits")
picture, label = splits.train[0]
x = picture.flatten()
x.shape

# %% [markdown]
# It is 64. Flattening loses nothing but the neighbourhood: pixel 8 lies right below pixel 0, and the vector does not say so. The
# convolutions of later lessons bring that back.

# %% [markdown]
# ## A neuron
#
# A neuron multiplies each input by a **weight**, adds everything up, and adds a **bias**. Then it may pass the result through
# an **activation** function $\delta$:
#
# $$y = \delta\Big(\sum_i w_i x_i + b\Big)$$
#
# To see one at work we give it just two inputs. Take the digits 0 and 1, and measure two things: how much ink there is in the
# two *middle* columns, and how much in the *left* half.

# %%
pair = splits.train.select(["0", "1"])
middle = pair.images[:, 0, :, 3:5].mean(dim=(1, 2))
left = pair.images[:, 0, :, :4].mean(dim=(1, 2))
points = torch.stack([middle, left], dim=1)
points.shape

# %% [markdown]
# 251 pictures, two numbers each. A one is a stroke in the middle, and a zero has a hole there. So a large weight on *middle*
# should speak for a one. Let us compute it for the first picture, which is a zero.

# %%
w = torch.tensor([1.0, 0.0])
b = torch.tensor(-0.5)
score = (w * points[0]).sum() + b
print(f"middle {points[0, 0]:.2f}, left {points[0, 1]:.2f} -> score {score:.2f}")

# %% [markdown]
# The score is negative: "not a one", and that is right. The border of this neuron, where its score is 0, lies at
# middle = 0.5. But not every zero has so little ink in the middle, as you will see in a moment.
#
# The oldest activation is the **step**: 1 if the score is positive, else 0. A smooth one is the **sigmoid**,
# $\sigma(s) = 1 / (1 + e^{-s})$. It says not only which side, but how surely.

# %%
scores = torch.tensor([-4.0, -1.0, 0.0, 1.0, 4.0])
print("step    ", (scores > 0).int().tolist())
print("sigmoid ", [f"{value:.2f}" for value in scores.sigmoid().tolist()])


# %% [markdown]
# At score 0 the step has to jump, while the sigmoid says 0.50: it cannot decide. Remember the sigmoid. It is the answer to
# every yes/no question in this course, *logo or not* among them.

# %% [markdown]
# ### Exercise · `neuron`
#
# ★☆☆ · 3 minutes · 1 point
#
# Write the score of a neuron, before any activation. `x` and `w` are vectors of the same length, `b` is a single number.


# %% tags=["exercise"]
def neuron(x, w, b):
    # your code here, in place of the dots
    ...


check.neuron(neuron)


# %% tags=["solution"] jupyter={"source_hidden": true}
# Solution: open it after your own try.
def neuron_solution(x, w, b):
    return (w * x).sum() + b


check.neuron(neuron_solution, remember=False)

# %% [markdown]
# ## ▶ Move the border
#
# With two inputs the border $w_1 x_1 + w_2 x_2 + b = 0$ is a straight line. On the tinted side the neuron says "one".
#
# **Before you drag:** what does each of the three sliders do to the line? Does any of them bend it?

# %%
explorer = widgets.boundary_explorer(
    points, pair.labels, classes=["digit 0", "digit 1"], features=["ink in the middle", "ink in the left half"]
)
display(explorer)
print(explorer.drive(w1=7.0, w2=-10.0, b=-0.9))

# %% [markdown]
# It started with *middle* alone: a vertical line, with 210 of 251 on the right side, and no place for it is good. With a negative weight on *left* it
# does much better: 248 of 251. The weights turn the line, the bias shifts it, and nothing bends it. **Beat 248 by hand.**

# %% [markdown]
# ## One neuron for each class
#
# For ten digits we take ten neurons side by side. Each looks at all 64 pixels and gives one score, for its own digit. This
# layer is the **perceptron**, and PyTorch calls it `nn.Linear`.
#
# **Predict:** how many weights and how many biases does it have?

# %%
with runtime.seeded(0):
    layer = nn.Linear(in_features=64, out_features=10)
{name: tuple(parameter.shape) for name, parameter in layer.named_parameters()}

# %% [markdown]
# 10 × 64 = 640 weights and 10 biases, 650 **parameters** in all. In matrix form the layer is $z = Wx + b$. It agrees with your
# neuron: the fourth score is the fourth row of $W$ times $x$, plus the fourth bias.

# %%
z = layer(x)
by_hand = (layer.weight[3] * x).sum() + layer.bias[3]
print("shape", tuple(z.shape), "- same as by hand:", torch.allclose(z[3], by_hand))

# %% [markdown]
# The ten scores are called **logits**. They can be any numbers, and nobody can read them yet.

# %% [markdown]
# ## From scores to probabilities: softmax
#
# Probabilities are positive and sum to 1. **Softmax** makes them out of any scores: take the exponential, which makes
# everything positive, then divide by the sum.
#
# $$p_j = \frac{e^{z_j}}{\sum_i e^{z_i}}$$
#
# Suppose a network gives the digits 3, 5 and 8 the scores 2, 1 and −1.

# %%
scores = torch.tensor([2.0, 1.0, -1.0])
exponentials = scores.exp()
probabilities = exponentials / exponentials.sum()
print([f"{p:.3f}" for p in probabilities.tolist()], "sum", f"{probabilities.sum():.3f}")

# %% [markdown]
# They sum to 1, and they keep the order of the scores: the largest score has the largest probability. What matters are
# *differences* of scores. Whoever is ahead by 1 gets $e \approx 2.7$ times the probability.
#
# **Predict:** what happens if we add 100 to every score?

# %%
shifted = (scores + 100).softmax(dim=0)
print("the same probabilities:", torch.allclose(shifted, probabilities))

# %% [markdown]
# Nothing. A factor $e^{100}$ appears above and below the fraction line, and cancels. This harmless fact is about to save us.

# %% [markdown]
# ### When exp overflows
#
# A float32 ends near $3 \times 10^{38}$, and $e^{89}$ is larger than that. Logits above 89 do occur. **Predict** what comes
# out of the formula for the scores 1000 and 0, then run it.

# %%
large = torch.tensor([1000.0, 0.0])
print("exp", large.exp().tolist())
print("naive softmax", (large.exp() / large.exp().sum()).tolist())

# %% [markdown]
# Infinity divided by infinity is `nan`, *not a number*, and one `nan` spoils a whole training run. The cure is the fact from
# above: subtract the largest score first. Then the largest exponent is 0, and nothing can overflow.

# %%
safe = (large - large.max()).exp()
print("with the max trick", (safe / safe.sum()).tolist())


# %% [markdown]
# ### Exercise · `softmax`
#
# ★★☆ · 8 minutes · 2 points
#
# Write softmax over the **last** dimension, with the max trick. `z` has shape `(K,)` for one picture or `(N, K)` for a batch,
# where every row is one picture. Use `exp`, `sum` and `max` only; `keepdim=True` is your friend.


# %% tags=["exercise"]
def softmax(z):
    # your code here, in place of the dots
    ...


check.softmax(softmax)


# %% tags=["solution"] jupyter={"source_hidden": true}
# Solution: open it after your own try.
def softmax_solution(z):
    exponentials = (z - z.max(dim=-1, keepdim=True).values).exp()
    return exponentials / exponentials.sum(dim=-1, keepdim=True)


check.softmax(softmax_solution, remember=False)

# %% [markdown]
# ## ▶ Logits and temperature
#
# Dividing all logits by a **temperature** $T$ before the softmax changes how decided the answer is. **Predict:** which way
# does $T = 5$ go, towards 1, 0, 0 or towards a third each?

# %%
explorer = widgets.softmax_explorer({"3": 2.0, "5": 1.0, "8": -1.0})
display(explorer)
print(explorer.drive(temperature=5.0))

# %% [markdown]
# Towards a third each: a high temperature shrinks the differences. A low one makes the winner take all, and the order never
# changes. **Try by hand:** can you find a temperature at which 8 wins?

# %% [markdown]
# ### Two classes: sigmoid again
#
# Is there a logo: yes or no? With two classes only the *difference* of the two scores matters, so one neuron is enough.
# Softmax over the scores $(s, 0)$ is exactly the sigmoid of $s$.

# %%
s = torch.tensor([-2.0, 0.5, 3.0])
two_classes = torch.stack([s, torch.zeros(3)], dim=1).softmax(dim=1)
print("same as sigmoid:", torch.allclose(two_classes[:, 0], s.sigmoid()))

# %% [markdown]
# ## How wrong? Cross-entropy
#
# To learn, the machine needs one number that says how bad its answer was. We look at the probability that it gave to the
# **true** class, and take minus its logarithm: the **cross-entropy** loss.

# %%
for p in (0.99, 0.5, 0.1, 0.001):
    print(f"true class got {p:5.3f} -> loss {-torch.tensor(p).log():.2f}")

# %% [markdown]
# Sure and right costs nearly nothing. An even bet costs 0.69, and sure and wrong costs a lot. A classifier of ten classes that
# knows nothing gives 0.1 to each, and pays 2.30: a useful number, for it is where every training should start.
#
# The loss of a batch is the **mean** over its pictures. PyTorch computes it straight from logits, with the max trick inside.

# %%
images, labels = splits.train.images, splits.train.labels
logits = layer(images.flatten(start_dim=1))
loss = nn.functional.cross_entropy(logits, labels)
print(tuple(logits.shape), "- close to 2.30:", abs(loss.item() - 2.30) < 0.1)


# %% [markdown]
# ### Exercise · `cross_entropy`
#
# ★★☆ · 8 minutes · 2 points
#
# Write the mean cross-entropy of a batch. `logits` has shape `(N, K)`, `labels` has shape `(N,)`. You may use
# `logits.log_softmax(dim=1)`, the logarithm of softmax in one safe step; not `nn.functional.cross_entropy`.


# %% tags=["exercise"]
def cross_entropy(logits, labels):
    # your code here, in place of the dots
    ...


check.cross_entropy(cross_entropy)


# %% tags=["solution"] jupyter={"source_hidden": true}
# Solution: open it after your own try.
def cross_entropy_solution(logits, labels):
    log_probabilities = logits.log_softmax(dim=1)
    return -log_probabilities[torch.arange(len(labels)), labels].mean()


check.cross_entropy(cross_entropy_solution, remember=False)

# %% [markdown]
# ## One step downhill, by hand
#
# Which way should the weights move, to make the loss smaller? The **gradient** points uphill, and we go the other way. For
# softmax followed by cross-entropy it is surprisingly simple. With $y$ = 1 for the true class and 0 for all others,
#
# $$\frac{\partial L}{\partial z} = p - y, \qquad \frac{\partial L}{\partial W} = (p - y)\,x^\top$$
#
# "What you said, minus what you should have said." A short derivation is in Bishop (2006), section 4.3.4. We compute it for
# one picture ...

# %%
with torch.no_grad():
    p = layer(x).softmax(dim=0)
    y = nn.functional.one_hot(torch.tensor(label), num_classes=10)
    gradient = torch.outer(p - y, x)
gradient.shape

# %% [markdown]
# ... as large as $W$, one number for every weight. Now PyTorch's **autograd** has to agree. It records every operation, and
# `backward` runs through the record from end to start.

# %%
loss = nn.functional.cross_entropy(layer(x)[None], torch.tensor([label]))
loss.backward()
print("autograd agrees:", torch.allclose(layer.weight.grad, gradient, atol=1e-6))


# %% [markdown]
# ### Exercise · `logit_gradient`
#
# ★★★ · 8 minutes · 2 points
#
# For a **batch**, what is the gradient of the mean cross-entropy with respect to the logits? `logits` has shape `(N, K)`,
# `labels` has shape `(N,)`, and the result is as large as `logits`. No autograd; one line is enough.


# %% tags=["exercise"]
def logit_gradient(logits, labels):
    # your code here, in place of the dots
    ...


check.logit_gradient(logit_gradient)


# %% tags=["solution"] jupyter={"source_hidden": true}
# Solution: open it after your own try.
def logit_gradient_solution(logits, labels):
    target = nn.functional.one_hot(labels, logits.shape[1])
    return (logits.softmax(dim=1) - target) / len(labels)


check.logit_gradient(logit_gradient_solution, remember=False)

# %% [markdown]
# ### The step
#
# Now move the weights a little downhill. How far is the **learning rate**, here 0.1. **Predict:** will the loss for this
# picture be larger, smaller or the same afterwards?

# %%
with torch.no_grad():
    layer.weight -= 0.1 * gradient
    layer.bias -= 0.1 * (p - y)
    after = nn.functional.cross_entropy(layer(x)[None], torch.tensor([label]))
print("smaller:", (after < loss).item())

# %% [markdown]
# Smaller. All of training is this step, over and over, with other pictures each time.

# %% [markdown]
# ## Training: two digits
#
# One pass over all training pictures is an **epoch**. `training.fit` does a few of them, and looks at the validation pictures
# after each. You will write its loop yourself in lesson 08. First the easy task: 0 against 1, with all 64 pixels.

# %%
two = splits.select(["0", "1"])
with runtime.seeded(0):
    model = models.perceptron(in_features=64, num_classes=2)
history = training.fit(model, data.make_loaders(two), epochs=5)
print("validation accuracy at least 0.98:", history.best["val_accuracy"] >= 0.98)

# %% [markdown]
# By hand, with two inputs, we had 248 of 251. With all 64 pixels the line has become a *hyperplane*, and at most one
# validation picture in fifty lies on its wrong side.
#
# ## Training: ten digits
#
# Now all ten. `models.perceptron` is the layer from above, with a `Flatten` before it.

# %%
with runtime.seeded(0):
    perceptron = models.perceptron(in_features=64, num_classes=10)
loaders = data.make_loaders(splits)
history_perceptron = training.fit(perceptron, loaders, epochs=15)
print("validation accuracy at least 0.90:", history_perceptron.best["val_accuracy"] >= 0.90)

# %% [markdown]
# ## Several layers: the multilayer perceptron
#
# One layer draws straight borders only. Two layers can do more, if something not straight stands between them: without an
# activation, two linear layers are just one, $W_2(W_1 x) = (W_2 W_1)x$. The usual choice is **ReLU**, $\max(0, s)$. The layer
# in the middle is called *hidden*.

# %%
with runtime.seeded(0):
    mlp = nn.Sequential(nn.Flatten(), nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 10))
history_mlp = training.fit(mlp, loaders, epochs=15)
print("validation accuracy at least 0.95:", history_mlp.best["val_accuracy"] >= 0.95)

# %% [markdown]
# Let us hold the two against each other. Look at the solid lines, the validation pictures.

# %%
figure, axes = plt.subplots(1, 2, figsize=(9, 3.2))
for ax, metric in zip(axes, ("loss", "accuracy"), strict=True):
    plots.curves(history_perceptron, metric=metric, label="perceptron", ax=ax)
    plots.curves(history_mlp, metric=metric, label="MLP", ax=ax)
ratio = history_mlp.best["val_loss"] / history_perceptron.best["val_loss"]
print("validation loss of the MLP less than 0.75 of the perceptron's:", ratio < 0.75)


# %% [markdown]
# The accuracies lie close together: of 360 pictures, two more or fewer are luck. The loss tells the two apart. The MLP (orange)
# starts higher and ends clearly lower: when it is right it is surer, and when it is wrong it is less sure. Its training loss
# goes on falling while its validation loss hardly does, the first sign of *overfitting*, which lesson 08 is about.

# %% [markdown]
# ### Exercise · `count_parameters`
#
# ★★☆ · 5 minutes · 1 point
#
# What does the lower loss cost? Write a function that takes the sizes of all layers, such as `[64, 32, 10]` for our MLP, and
# returns the number of weights and biases together, as a whole number.


# %% tags=["exercise"]
def count_parameters(sizes):
    # your code here, in place of the dots
    ...


check.count_parameters(count_parameters)


# %% tags=["solution"] jupyter={"source_hidden": true}
# Solution: open it after your own try.
def count_parameters_solution(sizes):
    return sum((sizes[i] + 1) * sizes[i + 1] for i in range(len(sizes) - 1))


check.count_parameters(count_parameters_solution, remember=False)

# %% [markdown]
# PyTorch counts for both networks:

# %%
{name: sum(p.numel() for p in net.parameters()) for name, net in (("perceptron", perceptron), ("MLP", mlp))}

# %% [markdown]
# 650 against 2,410. Not all of it is put to use, as lesson 02 will show with much larger layers.

# %% [markdown]
# ## What has it learned?
#
# Each neuron of the perceptron has 64 weights, one for each pixel: they can be shown as a picture. Purple pixels speak *for*
# the digit, orange ones *against* it, white ones do not matter.
#
# **Predict:** what does the neuron for 0 look like in its centre?

# %%
weights = perceptron[1].weight.detach().reshape(10, 8, 8)
plt.figure(figsize=(9, 1.4))
plots.image_grid(weights, titles=splits.classes, signed=True)
centre = weights[0, 3:5, 3:5].mean()
print("ink in the centre speaks against a zero:", (centre < 0).item())

# %% [markdown]
# The zero has a dark orange hole: ink there speaks against it. Nobody told the neuron so. The others are harder to read,
# because a perceptron does not describe a digit. It only has to tell it from the other nine.

# %% [markdown]
# ## Where it is wrong
#
# Numbers hide what pictures show. Which validation pictures does the MLP get wrong?

# %% tags=["nbval-ignore-output"]
with torch.no_grad():
    predicted = mlp(splits.val.images).argmax(dim=1)
wrong = (predicted != splits.val.labels).nonzero().flatten()
titles = [f"{splits.val.labels[i]}, not {predicted[i]}" for i in wrong[:6]]
plt.figure(figsize=(8, 1.8))
plots.image_grid(splits.val.images[wrong[:6]], titles=titles, columns=6)
print(len(wrong), "of", len(splits.val), "are wrong; the first ones:")

# %% [markdown]
# Most of them would make a person hesitate, too. (Which pictures are wrong depends on the last digits of the processor's
# arithmetic, so you may see others.)

# %% [markdown]
# ## The final report
#
# We have chosen the MLP by its validation accuracy. Now, once, the test pictures.

# %%
test = training.run_epoch(mlp, loaders.test)
print(test.samples, "test pictures, accuracy at least 0.93:", test.accuracy >= 0.93)

# %% [markdown]
# ## Summary
#
# - A neuron computes $w \cdot x + b$. With two inputs its border is a line: weights turn it, the bias shifts it.
# - One neuron per class gives **logits**. **Softmax** makes probabilities of them: positive, summing to 1, in the same order.
#   Subtracting the maximum keeps it from overflowing. With two classes it is the **sigmoid**.
# - **Cross-entropy** is minus the logarithm of the true class's probability, and its gradient for the logits is $p - y$.
# - A **multilayer perceptron** needs an activation between its layers. On these digits it is surer than the perceptron, and
#   hardly more often right, at four times the parameters.
#
# ## To go further
#
# - F. Rosenblatt, "The perceptron: a probabilistic model for information storage and organization in the brain",
#   *Psychological Review* 65 (1958): where it began.
# - C. M. Bishop, *Pattern Recognition and Machine Learning*, Springer (2006), section 4.3: logistic regression and softmax.
# - I. Goodfellow, Y. Bengio, A. Courville, *Deep Learning*, MIT Press (2016), chapter 6: multilayer perceptrons; section 4.1:
#   overflow and underflow.
#
# **Next:** lesson 02. What happens to all these parameters when the picture has 128 × 128 pixels, and how can they be avoided?
