"""Grade a class of generated submissions as `imgcls grade` does, and say what one costs.

`python -m benchmarks.grading --count 300` writes the exercises of lesson 02, right and wrong at random and every tenth
hostile or damaged, grades them, and holds every result against the points that are due.
"""

import random
import resource
import sys
import tempfile
import time
from pathlib import Path

import nbformat
import typer

from imgcls_course import console
from imgcls_course.grading import classroom
from imgcls_course.grading.release import release

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "grading"))
import submissions

POINTS = {"map_size": 1, "head_parameters": 1, "gap_logits": 2, "class_activation_map": 2}
ODD = ("exit-in-answer", "deletes", "patches", "not-json", "damaged", "split", "reordered", "metadata-lost", "copied")


def main(
    count: int = typer.Option(300, help="Submissions."),
    workers: int = typer.Option(None, help="At a time; as many as processors unless told otherwise."),
    out: Path = typer.Option(None, help="Keep the course here; the same folder again goes on where it stopped."),
) -> None:
    """Grade generated submissions and print how long it took."""
    with tempfile.TemporaryDirectory() as name:
        course = out or Path(name) / "course"
        if not (course / "gradebook.db").exists():
            release(course, lessons=["02"])
        due = write(course, count)
        start, wrong = time.perf_counter(), []
        for each in classroom.grade(course, submissions.ASSIGNMENT, workers=workers):
            wrong.append(each.points != due[each.student])
            print(each, f"BUT {due[each.student]:g} ARE DUE" if wrong[-1] else "", flush=True)
        seconds = time.perf_counter() - start
    used = [resource.getrusage(who) for who in (resource.RUSAGE_CHILDREN, resource.RUSAGE_SELF)]
    processor = sum(each.ru_utime + each.ru_stime for each in used)
    each = processor / max(len(wrong), 1)
    print(f"{len(wrong)} graded in {seconds:.0f} s, {each:.1f} s of processor each, {sum(wrong)} with wrong points")


def write(course: Path, count: int) -> dict[str, float]:
    """Write the submissions that are not there yet; return student -> points due, the same at every call."""
    path = course / "release" / submissions.ASSIGNMENT / f"{submissions.ASSIGNMENT}.ipynb"
    small = submissions.short(nbformat.read(path, as_version=4))
    odd, rng = submissions.handed_in(small), random.Random(0)
    texts = {}
    for n in range(count):
        right = {name: code for name, code in submissions.RIGHT.items() if rng.random() < 0.7}
        notebook = submissions.answered(small, {**submissions.WRONG, **right})
        plain = nbformat.writes(notebook), sum(POINTS[name] for name in right)
        texts[f"s{n:03d}"] = odd[ODD[n // 10 % len(ODD)]] if n % 10 == 9 else plain
    submissions.write(course, {s: text for s, text in texts.items() if not (course / "submitted" / s).exists()})
    return {student: points for student, (_text, points) in texts.items()}


if __name__ == "__main__":
    console.configure()
    typer.run(main)
