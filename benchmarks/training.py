"""How fast `fit`, reduced precision and features computed once are, beside a plain loop in float32.

`python -m benchmarks.training fit`, `… precision` and `… frozen --photos FOLDER`, where FOLDER has train and val with a
folder per class. What is compared runs in turns, so that a busy moment of the computer meets both.
"""

import statistics
import time
from pathlib import Path
from types import SimpleNamespace

import torch
import typer
from torch import nn
from torch.utils.data import DataLoader
from torchvision import transforms
from torchvision.datasets import ImageFolder

from benchmarks.loading import plain
from imgcls_course import data, models, runtime, training

app = typer.Typer(help=__doc__)


def plain_epoch(model, batches, *, optimizer=None) -> tuple[float, float]:
    """Pass once over the batches, as a beginner's loop does: the mean loss, and the accuracy."""
    model.train(optimizer is not None)
    loss_sum = correct = count = 0
    with torch.set_grad_enabled(optimizer is not None):
        for images, labels in batches:
            logits = model(images)
            loss = nn.functional.cross_entropy(logits, labels)
            if optimizer is not None:
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
            loss_sum += loss.item() * len(labels)
            correct += (logits.argmax(dim=1) == labels).sum().item()
            count += len(labels)
    return loss_sum / count, correct / count


def plain_val(folder: Path) -> DataLoader:
    """Make what most tutorials make for validation."""
    steps = [
        transforms.Resize(256),
        transforms.CenterCrop(224),
        transforms.ToTensor(),
        transforms.Normalize([0.485, 0.456, 0.406], [0.229, 0.224, 0.225]),
    ]
    return DataLoader(ImageFolder(folder, transforms.Compose(steps)), batch_size=32)


def plain_fit(model, loaders, *, epochs: int, lr: float) -> list[tuple[float, float]]:
    """Train with SGD, and look at val after each epoch."""
    learning = [parameter for parameter in model.parameters() if parameter.requires_grad]
    optimizer = torch.optim.SGD(learning, lr=lr, momentum=0.9)
    found = []
    for _epoch in range(epochs):
        plain_epoch(model, loaders.train, optimizer=optimizer)
        found.append(plain_epoch(model, loaders.val))
    return found


@app.command()
def fit(pairs: int = typer.Option(9, help="How often each runs, in turns."), epochs: int = 2) -> None:
    """`training.fit` beside the plain loop: the same network, pictures and settings."""
    loaders = data.loaders(data.load("textures"), batch_size=32)

    def timed(run) -> float:
        torch.manual_seed(0)
        model = models.create("convnet", num_classes=10, in_channels=1)
        start = time.perf_counter()
        run(model, loaders, epochs=epochs, lr=0.01)
        return time.perf_counter() - start

    def course(model, loaders, **options):
        training.fit(model, loaders, device="cpu", progress=False, **options)

    timed(course)
    measured = [(timed(course), timed(plain_fit)) for _pair in range(pairs)]
    ratios = sorted(ours / theirs for ours, theirs in measured)
    ours, theirs = (statistics.median(column) for column in zip(*measured, strict=True))
    print(f"fit {ours:.2f} s, plain loop {theirs:.2f} s, median ratio {statistics.median(ratios):.3f}", end="")
    print(f" ({ratios[0]:.3f} to {ratios[-1]:.3f}) of {pairs} pairs, each {epochs} epochs of 1,000 textures")


@app.command()
def precision(pairs: int = typer.Option(5, help="How often each runs, in turns."), steps: int = 4) -> None:
    """`precision="auto"` beside float32: training of ResNet-18 at 224 px, batches of 32."""
    images, labels = torch.randn(32, 3, 224, 224), torch.randint(0, 2, (32,))
    batches = [(images, labels)] * steps

    def speed(course: bool) -> float:
        model = models.create("resnet18", num_classes=2)
        optimizer = torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.9)
        if course:
            model.to(memory_format=runtime.memory_format("auto"))

        def once(batches) -> None:
            if course:
                training.run_epoch(model, batches, optimizer=optimizer, precision=runtime.autocast("auto"))
            else:
                plain_epoch(model, batches, optimizer=optimizer)

        once(batches[:1])  # the first step chooses and prepares its operations
        start = time.perf_counter()
        once(batches)
        return 32 * steps / (time.perf_counter() - start)

    measured = [(speed(True), speed(False)) for _pair in range(pairs)]
    ratios = sorted(ours / theirs for ours, theirs in measured)
    ours, theirs = (statistics.median(column) for column in zip(*measured, strict=True))
    print(f"{runtime.precision()} {ours:.0f} pictures/s, plain float32 {theirs:.0f} pictures/s, ", end="")
    print(f"median ratio {statistics.median(ratios):.2f} ({ratios[0]:.2f} to {ratios[-1]:.2f}) of {pairs} pairs")


@app.command()
def frozen(
    photos: Path = typer.Option(help="A folder with train and val, such as hymenoptera."),
    epochs: int = typer.Option(10, help="Epochs of each."),
    arch: str = typer.Option("resnet18", help="Architecture."),
    weights: str = typer.Option("none", help="What it starts from: none, course, imagenet or a file."),
) -> None:
    """A linear probe on features computed once, beside a plain loop with ImageFolder and a frozen body, at 224 px."""
    splits = data.load(photos)

    def model() -> nn.Module:
        torch.manual_seed(0)
        start = None if weights == "none" else weights
        return training.freeze(models.create(arch, num_classes=len(splits.classes), weights=start))

    def loaders(augment: bool) -> data.Loaders:
        return data.loaders(splits, image_size=224, batch_size=32, augment=augment)

    start = time.perf_counter()
    plain_loaders = SimpleNamespace(train=plain(photos / "train", workers=0), val=plain_val(photos / "val"))
    found = plain_fit(model(), plain_loaders, epochs=epochs, lr=0.01)
    slow = time.perf_counter() - start
    print(f"plain loop {slow:.1f} s for {epochs} epochs, best accuracy {max(accuracy for _l, accuracy in found):.3f}")
    for views, augment in ((1, False), (4, True)):
        start = time.perf_counter()
        options = {"epochs": epochs, "lr": 0.01, "precision": "auto", "progress": False, "device": "cpu"}
        history = training.linear_probe(model(), loaders(augment), views=views, **options)
        seconds = time.perf_counter() - start
        print(f"features once, {views} view(s): {seconds:.1f} s, {slow / seconds:.1f} times as fast, ", end="")
        print(f"best accuracy {history.best['val_accuracy']:.3f}")


if __name__ == "__main__":
    app()
