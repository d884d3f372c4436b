"""Errors are one line that helps, and every text can be translated."""

import os
import subprocess
import sys

import pytest
from cases import each_case

from imgcls_course import check, data, errors, i18n, training
from imgcls_course.errors import CourseError, DataError, ExerciseError, ModelError, TrainingError, unknown

KINDS = [DataError, ModelError, TrainingError, ExerciseError, errors.ExplorerError]


@each_case("kind", KINDS)
def test_every_error_is_one_of_the_course(kind):
    """`except CourseError` must catch them all, and each must show as one line in a notebook."""
    error = kind("what, where, what to do")
    assert isinstance(error, CourseError)
    assert error._render_traceback_() == [f"{kind.__name__}: what, where, what to do"]


@each_case(
    ("kind", "builtin"),
    [(DataError, ValueError), (ModelError, ValueError), (TrainingError, RuntimeError), (ExerciseError, AttributeError)],
)
def test_errors_are_pythons_kinds_too(kind, builtin):
    """Code that knows nothing of the course must be able to catch them by Python's own names."""
    with pytest.raises(builtin):
        raise kind("x")


def test_a_notebook_shows_one_line(tmp_path):
    """IPython must print the message and none of the frames that led to it."""
    code = "from imgcls_course.errors import DataError; raise DataError('no such picture')"
    env = {**os.environ, "IPYTHONDIR": str(tmp_path)}
    command = [sys.executable, "-m", "IPython", "--no-banner", "--colors=NoColor", "-c", code]
    result = subprocess.run(command, env=env, capture_output=True, text=True, check=False, timeout=120)
    lines = [line for line in (result.stdout + result.stderr).splitlines() if line.strip()]
    assert lines == ["DataError: no such picture"]


def test_a_misspelt_name_gets_the_nearest():
    """What, what instead, and all that is possible."""
    text = unknown("tset", "a split", ["train", "val", "test"])
    assert text == "'tset' is not a split. Did you mean 'test'? Known: train, val, test."


@each_case("name", ["zzz", 7, None, ""])
def test_a_name_like_no_other_gets_no_guess(name):
    """A guess that is far off would mislead; whatever the name is, the answer must be a line."""
    text = unknown(name, "a split", ["train", "val", "test"])
    assert "Did you mean" not in text
    assert text.startswith(f"'{name}' is not a split.")
    assert text.endswith("Known: train, val, test.")


def test_the_history_of_one_error_is_not_anothers():
    """An error without a history must have an empty one, whatever another error holds."""
    one, other = TrainingError("a"), TrainingError("b")
    one.history = training.History([{"epoch": 1}])
    assert list(other.history) == []


def test_english_without_a_catalogue(monkeypatch):
    """In a language that has no catalogue the text must be the English one, with its values filled in."""
    monkeypatch.setenv("LANGUAGE", "tlh")
    i18n._catalogue.cache_clear()
    assert i18n._("{n} pictures", n=3) == "3 pictures"
    assert i18n._("braces {stay} without values") == "braces {stay} without values"
    i18n._catalogue.cache_clear()


def test_a_translation_reaches_an_error(translate):
    """A catalogue must change what the reader sees, with names and values filled in after the translation."""
    translate(
        {
            "'{name}' is not {kind}.{hint} Known: {known}.": "“{name}”不是{kind}。{hint}可用:{known}。",
            " Did you mean '{near}'?": "您是指“{near}”吗?",
            "a data set of the course": "课程数据集",
        }
    )
    with pytest.raises(DataError) as caught:
        data.load("textuers")
    names = ", ".join(data.list_datasets())
    assert str(caught.value) == f"“textuers”不是课程数据集。您是指“textures”吗?可用:{names}。"


def test_a_translation_reaches_a_verdict(translate, capsys):
    """Verdict, typical mistake and hint must all be translated, with the call and the result filled in."""
    mistake = check.EXERCISES["neuron"].mistakes[0]
    translate(
        {
            mistake.message: "{call} 得到 {got}:缺少偏置。",
            mistake.hint: "输入全为零时呢?",
            "Hint": "提示",
            "passed": "通过",
        }
    )
    verdict = check.neuron(lambda x, w, b: (w * x).sum(), remember=False)
    assert "得到 tensor(-2.5):缺少偏置。" in str(verdict)
    assert "提示: 输入全为零时呢?" in capsys.readouterr().out
    assert "通过" in str(check.neuron(lambda x, w, b: (w * x).sum() + b, remember=False))


@pytest.mark.usefixtures("unrehearsed")
def test_every_text_of_an_exercise_can_be_translated(translate):
    """A first hint, a hint or a mistake that bypasses the catalogue would stay English in a Chinese edition."""
    texts = {name: _texts(exercise) for name, exercise in check.EXERCISES.items()}
    everything = dict.fromkeys(text for of_one in texts.values() for text in of_one)
    translated = {text: f"译{number:05d}" for number, text in enumerate(everything)}
    translate(translated)
    for name, exercise in check.EXERCISES.items():
        value = object() if callable(exercise.reference) else "no number"
        answers = [..., value, *(mistake.answer for mistake in exercise.mistakes)]
        verdicts = [str(exercise.judge(answer, seed=0)) for answer in answers]
        assert [text for text in texts[name] if any(text in verdict for verdict in verdicts)] == [], name
        assert all("译" in verdict for verdict in verdicts), name


def _texts(exercise) -> list[str]:
    """Return all hints of an exercise, and what it says of each mistake."""
    mistakes = exercise.mistakes
    return [exercise.first_hint, exercise.hint, *(m.message for m in mistakes), *(m.hint for m in mistakes)]


def test_a_text_without_translation_stays_english(translate):
    """A catalogue that lacks a sentence must not lose it."""
    translate({"something else": "别的"})
    assert i18n._("{n} pictures", n=3) == "3 pictures"
