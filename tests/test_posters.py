"""Posters: the same from the same seed, every shape, the logo where the table says, splits that share nothing."""

import csv
import hashlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from imgcls_course import data, paths
from imgcls_course.data.bundled import logos, poster_parts, posters
from imgcls_course.errors import DataError

BUNDLED = paths.datasets() / "posters"


@pytest.fixture(scope="module")
def drawn():
    """Three hundred posters, as drawn."""
    return [posters.draw(index, seed=3) for index in range(300)]


@pytest.fixture(scope="module")
def table():
    """The table of the bundled posters."""
    return _rows(BUNDLED)


def _rows(folder: Path) -> list[dict]:
    with (folder / "index.csv").open(encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


def _digest(folder: Path) -> str:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return hashlib.sha256(
        b"".join(file.relative_to(folder).as_posix().encode() + file.read_bytes() for file in files)
    ).hexdigest()


def test_the_same_seed_gives_the_same_bytes(tmp_path):
    """An instructor who draws the set again must get the set of the class, to the byte; another seed gives another."""
    for name, seed in (("a", 5), ("b", 5), ("c", 6)):
        posters.make(tmp_path / name, count=12, seed=seed, max_megapixels=0.06, progress=False)
    assert _digest(tmp_path / "a") == _digest(tmp_path / "b") != _digest(tmp_path / "c")


def test_a_poster_does_not_depend_on_how_many_there_are():
    """More posters of a seed must contain the first ones unchanged."""
    first, again = (np.asarray(posters.draw(7, seed=1).image) for _time in range(2))
    assert (first == again).all()


def test_the_bundled_posters_are_drawn_by_this_code(table):
    """What is committed must be what the command makes; another version of Pillow may round a little differently."""
    for row in table[::60]:
        file = row["file"]
        poster = posters.draw(int(Path(file).stem), seed=posters.SEED, split=file.split("/")[0])
        stored = np.asarray(Image.open(BUNDLED / file)).astype(int)
        assert stored.shape[:2] == poster.image.size[::-1], file
        assert abs(stored - np.asarray(poster.image)).mean() < 8, file  # JPEG
        assert poster.label == file.split("/")[1]


def test_the_bundled_posters_are_a_few_megabytes(table):
    """They are part of every checkout."""
    files = list(BUNDLED.rglob("*.jpg"))
    assert len(files) == len(table) == posters.COUNT
    assert sum(file.stat().st_size for file in files) < 6_000_000


def test_the_bundled_posters_load():
    """Given splits, both classes in each, half of each with the logo."""
    splits = data.load("posters")
    assert splits.classes == ("logo", "others")
    assert [len(splits[name]) for name in ("train", "val", "test")] == [360, 120, 120]
    assert all(splits[name].labels.float().mean() == 0.5 for name in ("train", "val", "test"))
    assert splits.card is data.CARDS["posters"]
    assert splits.card.count == 600


def test_every_shape_from_1_6_to_6_1(drawn):
    """Very wide and very tall posters are what the resize policies are about."""
    shapes = np.array([poster.image.width / poster.image.height for poster in drawn])
    assert shapes.min() > 1 / 6.3
    assert shapes.max() < 6.3
    for low, high in ((1 / 6.3, 1 / 4), (1 / 4, 1 / 2), (1 / 2, 2), (2, 4), (4, 6.3)):
        assert ((shapes > low) & (shapes < high)).sum() > 15


def test_several_megapixels_on_demand():
    """A folder of one's own has photos of a camera in it; so has what is made on demand."""
    sizes = [np.prod(poster_parts.draw_size(np.random.default_rng(i), max_megapixels=4.0)) for i in range(500)]
    assert 2_000_000 < max(sizes) <= 4_010_000
    assert min(sizes) < 100_000


def test_the_logo_lies_inside_and_has_any_size(drawn):
    """From 3 % to 60 % of the shorter side, at any place, never cut by the edge."""
    marks = [(poster.image.size, poster.logo_circle) for poster in drawn if poster.kind == "logo"]
    shares = np.array([diameter / min(size) for size, (_x, _y, diameter) in marks])
    assert 0.03 <= shares.min() < 0.1 < 0.5 < shares.max() <= 0.6
    for (width, height), (x, y, diameter) in marks:
        assert diameter / 2 <= x <= width - diameter / 2
        assert diameter / 2 <= y <= height - diameter / 2


def test_others_are_of_three_kinds(drawn):
    """Plain posters, hard negatives with a look-alike, and photographs, in the stated shares."""
    kinds = [poster.kind for poster in drawn if poster.label == "others"]
    for kind, share in posters.OTHERS.items():
        assert abs(kinds.count(kind) / len(kinds) - share) < 0.1
    assert all((poster.logo_circle is not None) == (poster.kind in ("logo", "look-alike")) for poster in drawn)


def test_no_look_alike_is_the_logo():
    """A hard negative must be told apart by its pattern alone: at no tilt may it be the logo."""
    white, black = (255, 255, 255), (0, 0, 0)
    tilts = np.linspace(0, 2 * np.pi, 60)
    logo = np.asarray(logos.draw_logo("iris", 60, colours=(white, black)).convert("L")).astype(float)
    for name in logos.LOOK_ALIKES:
        marks = (logos.draw_logo(name, 60, colours=(white, black), tilt=tilt) for tilt in tilts)
        assert min(abs(np.asarray(mark.convert("L")) - logo).mean() for mark in marks) > 20, name


def test_both_classes_have_the_same_grounds(drawn):
    """If one class were larger, wider or brighter, a network could tell them apart without ever seeing the logo."""
    posters_only = [poster for poster in drawn if poster.kind != "photo"]
    for measure in (lambda p: np.log(p.image.width / p.image.height), lambda p: np.asarray(p.image).mean() / 255):
        one, two = ([measure(p) for p in posters_only if p.label == label] for label in ("logo", "others"))
        assert abs(np.mean(one) - np.mean(two)) < 4 * np.hypot(
            np.std(one) / len(one) ** 0.5, np.std(two) / len(two) ** 0.5
        )


def test_splits_share_no_pixel_of_a_photograph(monkeypatch):
    """A photo whose parts are in train and test would be recognised, and not classified."""
    stripes = np.zeros((50, 100, 3), np.uint8)  # the pixel's column is its colour: 0…99
    stripes[..., 0] = np.arange(100)
    monkeypatch.setattr(poster_parts, "_photo", lambda name: stripes)
    columns = {}
    for split in ("train", "val", "test"):
        crops = [poster_parts.crop(np.random.default_rng(i), (20, 30), split=split) for i in range(60)]
        columns[split] = (
            min(np.asarray(c)[..., 0].min() for c in crops),
            max(np.asarray(c)[..., 0].max() for c in crops),
        )
    assert columns["train"][1] < 60 <= columns["val"][0]
    assert columns["val"][1] < 80 <= columns["test"][0]


def test_photographs_have_something_on_them():
    """A black corner of a photograph is no picture of anything."""
    photos = [posters.draw(index, seed=9, kind="photo").image for index in range(200)]
    assert min(np.ptp(np.asarray(photo)) for photo in photos) > 50


def test_the_table_says_what_is_on_each_poster(tmp_path):
    """Lesson 07 asks of each poster whether a crop still shows the logo."""
    folder = posters.make(tmp_path / "new", count=20, seed=2, max_megapixels=0.06, progress=False)
    rows = _rows(folder)
    assert {row["file"] for row in rows} == {path.relative_to(folder).as_posix() for path in folder.rglob("*.jpg")}
    assert all((row["kind"] == "logo") == ("/logo/" in row["file"]) for row in rows)
    assert all(Image.open(folder / row["file"]).size == (int(row["width"]), int(row["height"])) for row in rows)


def test_a_folder_with_something_in_it_is_refused(tmp_path):
    """Nothing of the user's may be overwritten or mixed with what is drawn."""
    (tmp_path / "mine.txt").write_text("precious", encoding="utf-8")
    with pytest.raises(DataError, match="not empty"):
        posters.make(tmp_path, count=10)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_numbers_that_make_no_sense_are_refused(tmp_path):
    """One line, before a file is written."""
    for options in ({"count": 3}, {"count": 2.5}, {"max_megapixels": 0}):
        with pytest.raises(DataError, match=next(iter(options))):
            posters.make(tmp_path / "new", **options)
        assert not (tmp_path / "new").exists(), options
