"""Take the pictures of the course that the README shows: `python -m tools.screenshots`."""

import shutil
import tempfile
from pathlib import Path

import typer
from playwright.sync_api import expect

from imgcls_course import console
from tools import pairs
from tools.lab import BROWSER_VARIABLE, OpenLesson, browser, chromium, lab, open_lesson

LESSON = pairs.LESSONS / "01_perceptron_and_softmax.ipynb"
SLIDER, STEPS = "temperature", 15  # steps to the right of where the lesson leaves it
OUT = typer.Argument(pairs.ROOT / "docs" / "screenshots", help="The folder to write to.")


def main(out: Path = OUT) -> None:
    """Open lesson 01 in JupyterLab, run it, move a slider by hand, and save what the window shows."""
    executable = chromium()
    if executable is None:
        raise typer.BadParameter(f"there is no Chromium on this computer (or set {BROWSER_VARIABLE}).")
    with tempfile.TemporaryDirectory(prefix="imgcls-shots-") as folder:
        shutil.copy(LESSON, folder)
        with browser(executable) as context, lab(Path(folder)) as server:
            lesson = open_lesson(context, server, name=LESSON.name)
            lesson.run_all()
            move_temperature(lesson)
            lesson.page.screenshot(path=out / "lesson_01_explorer.png")


def move_temperature(lesson: OpenLesson) -> None:
    """Move the temperature of the softmax explorer and scroll the explorer into the middle of the window."""
    [explorer] = [explorer for explorer in lesson.explorers() if explorer.slider(SLIDER).count()]
    explorer.press(times=STEPS, label=SLIDER)
    temperature = float(explorer.slider(SLIDER).locator(".widget-readout").inner_text())
    expect(explorer.caption).to_contain_text(f"{SLIDER} {temperature:.1f}:")  # the kernel has drawn the last step
    explorer.box.evaluate("box => box.scrollIntoView({block: 'center'})")


if __name__ == "__main__":
    console.configure()
    typer.run(main)
