"""`imgcls release`: what students get and what the instructor keeps, for every lesson there is."""

import dataclasses
import importlib.util
import json
import sys

import nbformat
import pytest
from cases import each_case
from commands import imgcls

from imgcls_course import check
from imgcls_course.checking.graded import write_summary_lines
from imgcls_course.errors import GradingError, NotPassedError
from tools import build_lessons, pairs

pytest.importorskip("nbgrader")
release = pytest.importorskip("imgcls_course.grading.release")

lessons = each_case("path", pairs.notebooks(), ids=lambda path: path.stem)


def _marks(notebook, kind):
    """Return name -> cell of the cells that nbgrader knows as `kind`, "solution" or "grade"."""
    marked = [cell for cell in notebook.cells if cell.metadata.get("nbgrader", {}).get(kind)]
    return {cell.metadata.nbgrader["grade_id"]: cell for cell in marked}


def _exercises(path):
    return [each for each in check.EXERCISES.values() if each.lesson == path.stem[:2]]


@pytest.fixture(scope="module")
def sources():
    """Turn every lesson into an instructor's notebook."""
    return {path: release.source(pairs.read(path)) for path in pairs.notebooks()}


@lessons
def test_every_exercise_has_an_answer_and_a_graded_cell(path, sources):
    """An exercise that is not in the release, or has other points there, would be graded for nobody."""
    graded = _marks(sources[path], "grade")
    assert list(_marks(sources[path], "solution")) == [each.name for each in _exercises(path)]
    points = {f"{each.name}-check": each.points for each in _exercises(path) if each.points}
    assert {name: cell.metadata.nbgrader.points for name, cell in graded.items()} == points
    assert all(cell.metadata.nbgrader.locked for cell in graded.values())


@lessons
def test_the_students_copy_holds_no_solution(path, sources):
    """Were a solution left anywhere, in a cell or in an output, the exercise would be a copying exercise."""
    released = _strip(sources[path])
    text = "\n".join(cell.source for cell in released.cells)
    for name, code in release._solutions(pairs.read(path)).items():
        assert code not in text, name
        starter = _marks(released, "solution")[name].source
        assert "..." in starter
        assert starter.endswith(f"check.{name}({name})")
    assert "remember=False" not in text
    assert "_solution" not in text
    assert not any(cell.get("outputs") for cell in released.cells)


def _strip(notebook):
    """Strip solutions with nbgrader's own preprocessor, under the settings that a release has."""
    from nbgrader.preprocessors import ClearSolutions

    stripper = ClearSolutions(code_stub={"python": ""})
    return stripper.preprocess(nbformat.from_dict(json.loads(json.dumps(notebook))), {})[0]


@lessons
def test_solutions_pass_and_starters_do_not(path, sources):
    """The drift test of the exercises: an answer cell as released is open, with its solution in it passes."""
    for name, cell in _marks(sources[path], "solution").items():
        starter, rest = cell.source.split("### BEGIN SOLUTION\n")
        solution = rest.split("### END SOLUTION\n")[0]
        space = _before_answers(path)
        exec(starter, space)
        with pytest.raises(NotPassedError, match="not attempted"):
            check.grade(name, space[name])
        exec(solution, space)
        assert check.grade(name, space[name]).passed


def _before_answers(path) -> dict:
    """Return what an answer may rest on: the imports of its lesson, and the digits of lesson 00."""
    from imgcls_course import data

    space = {"splits": data.load("digits")}
    cells = [cell for cell in pairs.read(path).cells if cell.cell_type == "code"]
    imports = [line for cell in cells for line in cell.source.splitlines() if line.startswith(("import ", "from "))]
    exec("\n".join(line for line in imports if not line.endswith("(")), space)
    return space


def test_the_released_starter_is_the_lessons_own(sources):
    """What students start from must be what the lesson shows, to the blank line."""
    for path, source in sources.items():
        ours = [cell.source for cell in pairs.read(path).cells if "exercise" in cell.metadata.get("tags", ())]
        assert [cell.source for cell in _marks(_strip(source), "solution").values()] == ours


def test_an_exercise_can_be_left_out():
    """An instructor who turns an exercise off wants neither its text nor its cells in the students' copy."""
    lesson = pairs.read(pairs.notebooks()[1])
    source = release.source(lesson, without=["softmax"])
    assert "softmax" not in _marks(source, "solution")
    assert not any("Exercise · `softmax`" in cell.source for cell in source.cells)
    assert len(_marks(source, "grade")) == len(_marks(release.source(lesson), "grade")) - 1


def test_without_points_an_exercise_is_practice(monkeypatch):
    """An exercise of no points keeps its cells, and has nothing graded."""
    practice = dataclasses.replace(check.EXERCISES["softmax"], points=0)
    monkeypatch.setitem(check.EXERCISES, "softmax", practice)
    source = release.source(pairs.read(pairs.notebooks()[1]))
    assert "softmax" in _marks(source, "solution")
    assert "softmax-check" not in _marks(source, "grade")


def test_points_are_changed_in_one_place(monkeypatch, tmp_path):
    """Changed in the table, points must change in the lesson's text and in the text and graded cell of a release."""
    monkeypatch.setitem(check.EXERCISES, "softmax", dataclasses.replace(check.EXERCISES["softmax"], points=7))
    text = tmp_path / "01_lesson.py"
    text.write_text(pairs.sources()[1].read_text("utf-8"), "utf-8")
    build_lessons._write_summary_lines(text)
    assert "# ### Exercise · `softmax`\n#\n# ★★☆ · 8 minutes · 7 points\n" in text.read_text("utf-8")
    source = release.source(pairs.read(pairs.notebooks()[1]))
    assert _marks(source, "grade")["softmax-check"].metadata.nbgrader.points == 7
    assert any("`softmax`\n\n★★☆ · 8 minutes · 7 points" in cell.source for cell in source.cells)


def test_texts_that_agree_with_the_tables_stay_as_they_are():
    """Bringing figures up to date must not touch a lesson whose figures are right."""
    for source in pairs.sources():
        text = source.read_text("utf-8")
        assert write_summary_lines(text, exercises=check.EXERCISES) == text


def test_a_tolerance_belongs_to_its_exercise():
    """A coarser tolerance of one exercise must let its near answers pass, and those of no other."""
    coarse = dataclasses.replace(check.EXERCISES["brightness"], rtol=0.1)
    near = lambda image: image.mean() * 1.05  # noqa: E731
    assert coarse.judge(near).passed
    assert not check.EXERCISES["brightness"].judge(near).passed
    assert not coarse.judge(lambda image: image.mean() * 1.2).passed


def test_hidden_inputs_are_the_same_for_all_and_unknown():
    """A hidden check must be between nbgrader's marks, with a seed that differs from release to release."""
    one, other = (release.graded_code("softmax", hidden=True) for _ in range(2))
    shown, hidden = one.split("### BEGIN HIDDEN TESTS\n")
    assert shown == 'check.grade("softmax", softmax)\n'
    assert hidden.endswith(")\n### END HIDDEN TESTS")
    assert "seed=" in hidden
    assert one != other


@each_case(
    "arguments, part",
    [
        ({"lessons": ["77"]}, "'77' is not a lesson"),
        ({"without": ["softmix"]}, "Did you mean 'softmax'?"),
    ],
)
def test_wrong_names_are_one_line(tmp_path, arguments, part):
    """A lesson or an exercise that does not exist must not leave half a course behind."""
    with pytest.raises(GradingError, match=part):
        release.release(tmp_path / "course", **arguments)
    assert not (tmp_path / "course").exists()


def test_a_release_is_not_written_over(tmp_path):
    """What an instructor has changed in source/ must survive a second `imgcls release`."""
    slug = pairs.notebooks()[0].stem
    (tmp_path / "source" / slug).mkdir(parents=True)
    with pytest.raises(GradingError, match="--force"):
        release.release(tmp_path, lessons=["00"])


def test_no_lessons_is_one_line(tmp_path):
    """From an installed wheel there are no lessons: say what to do instead of releasing nothing."""
    with pytest.raises(GradingError, match="checkout"):
        release.release(tmp_path / "course", folder=tmp_path)


def test_without_nbgrader_one_line_says_what_to_install(tmp_path, monkeypatch):
    """Without the extra, the command must end in a line with the command to run, before it imports anything of it."""
    found = importlib.util.find_spec
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None if name == "nbgrader" else found(name))
    with pytest.raises(GradingError, match=r"nbgrader is not installed.*\.\[instructor\]"):
        imgcls("release", tmp_path)
    with pytest.raises(GradingError, match="nbgrader is not installed"):
        imgcls("grade", tmp_path, "01")


def test_a_graded_cell_raises_one_line_and_returns_the_verdict(capsys):
    """An error is taken by nbgrader for no points, anything else for all: wrong must raise, right must not."""
    with pytest.raises(NotPassedError, match="✗ softmax"):
        check.grade("softmax", lambda z: z)
    with pytest.raises(NotPassedError, match="○ softmax: not attempted"):
        check.grade("softmax", ...)
    assert check.grade("softmax", lambda z: z.softmax(dim=-1)).passed
    assert "✔ softmax" in capsys.readouterr().out
    assert sys.exc_info() == (None, None, None)
