"""The list of the files of each split: a run's split stays when files come and go and the folder moves."""

import csv
import shutil

import damage
import pytest
from cases import each_case
from commands import imgcls

from imgcls_course import data, evaluation, training
from imgcls_course.data.layouts import split_list
from imgcls_course.data.layouts.find import find_layout
from imgcls_course.errors import DataError

SPLITS = ("train", "val", "test")
SMALL = ("--image-size", 32, "--batch-size", 8, "--precision", "float32", "--device", "cpu")


@pytest.fixture
def photos(tmp_path):
    """Two classes of twelve images each, without splits."""
    for label, name in enumerate(("ants", "bées")):
        (tmp_path / "photos" / name).mkdir(parents=True)
        for seed in range(12):
            damage.photo((40 + seed, 40), seed=100 * label + seed).save(tmp_path / "photos" / name / f"{seed}.jpg")
    return tmp_path / "photos"


def _paths(splits, root) -> dict[str, list[str]]:
    return {name: [path.relative_to(root).as_posix() for path in splits[name].paths] for name in SPLITS}


def _listed(folder, run):
    """The splits of a folder as the list of a run has them."""
    return data.load(folder, splitter=data.SplitList.from_run(run).apply)


def test_the_list_gives_the_same_splits(photos, tmp_path):
    """Read again, of the folder written in another way or moved, each file must be where it was."""
    splits = data.load(photos, seed=3, fractions=(0.6, 0.2, 0.2))
    assert split_list.write_split_list(splits, tmp_path / "run") == tmp_path / "run" / "splits.csv"
    before = _paths(splits, photos)
    assert _paths(_listed(f"{photos}/", tmp_path / "run"), photos) == before
    moved = photos.rename(tmp_path / "elsewhere")
    assert _paths(_listed(moved, tmp_path / "run"), moved) == before


def test_the_list_is_a_table_for_people(photos, tmp_path):
    """Split, label, path and size, in a form that spreadsheets open."""
    split_list.write_split_list(data.load(photos), tmp_path)
    with (tmp_path / "splits.csv").open(encoding="utf-8-sig", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert len(rows) == 24
    assert all((photos / row["path"]).stat().st_size == int(row["bytes"]) for row in rows)
    assert {row["label"] for row in rows} == {"ants", "bées"}


def test_files_that_are_gone_or_new_are_said(photos, tmp_path, capsys):
    """What is gone is left out of its split; what is new is in none, since nobody knows where it belongs."""
    before = _paths(data.load(photos), photos)
    split_list.write_split_list(data.load(photos), tmp_path)
    gone = [before[name][0] for name in SPLITS]
    for name in gone:
        (photos / name).unlink()
    damage.photo(seed=99).save(photos / "ants" / "new.jpg")
    (photos / "wasps").mkdir()
    damage.photo(seed=98).save(photos / "wasps" / "1.jpg")
    after = _listed(photos, tmp_path)
    said = capsys.readouterr().out
    assert _paths(after, photos) == {name: before[name][1:] for name in SPLITS}
    assert "Files that have gone since: 3." in said
    assert "New files, which are in no split and left out: 2." in said
    assert after.classes == ("ants", "bées")


def test_a_new_file_in_a_given_test_split_is_test(tmp_path, capsys):
    """A test folder that is added after training is what the run is examined on; new files to train on are left out."""
    folder = damage.labelled(tmp_path / "photos", train=4, val=2)
    split_list.write_split_list(data.load(folder), tmp_path)
    damage.labelled(folder, test=3)
    damage.photo(seed=99).save(folder / "train" / "ants" / "new.jpg")
    splits = _listed(folder, tmp_path)
    assert [len(splits[name]) for name in SPLITS] == [8, 4, 6]
    assert "New files in test: 6." in capsys.readouterr().out


def test_another_folder_is_not_mistaken_for_it(photos, tmp_path):
    """Numbered files have the same names everywhere: their sizes tell that they are others."""
    split_list.write_split_list(data.load(photos), tmp_path)
    other = shutil.copytree(photos, tmp_path / "other")
    for number, path in enumerate(sorted(other.rglob("*.jpg"))):
        damage.photo((50, 60 + number), seed=500 + number).save(path)
    listed = data.SplitList.from_run(tmp_path)
    assert listed.matches(find_layout(photos))
    assert not listed.matches(find_layout(other))
    with pytest.raises(DataError, match="is not the data of this run"):
        _listed(other, tmp_path)


@pytest.mark.parametrize("left", [0.1, 0.6])
def test_a_folder_is_known_after_much_was_deleted_or_added(photos, tmp_path, left):
    """All that is left is of the run, or all of the run is there: it is the same folder."""
    split_list.write_split_list(data.load(photos), tmp_path)
    listed, files = data.SplitList.from_run(tmp_path), sorted(photos.rglob("*.jpg"))
    for seed in range(60):
        damage.photo(seed=700 + seed).save(photos / "ants" / f"new{seed}.jpg")
    assert listed.matches(find_layout(photos, least_classes=1))
    for path in [*photos.rglob("new*.jpg"), *files[int(left * 24) :]]:
        path.unlink()
    assert listed.matches(find_layout(photos, least_classes=1))


def test_a_corrected_label_is_said(photos, tmp_path, capsys):
    """Labels from a table may be corrected; the file stays in its split."""
    rows = [f"{path.name},{path.parent.name}" for path in (photos / "ants").iterdir()]
    (photos / "ants" / "labels.csv").write_text(
        "\n".join(["file,label", *rows]).replace("1.jpg,ants", "1.jpg,fly"), encoding="utf-8"
    )
    options = {"labels": photos / "ants" / "labels.csv"}
    split_list.write_split_list(data.load(photos / "ants", **options), tmp_path)
    text = options["labels"].read_text(encoding="utf-8")
    options["labels"].write_text(text.replace("2.jpg,ants", "2.jpg,fly"), encoding="utf-8")
    data.load(photos / "ants", **options, splitter=data.SplitList.from_run(tmp_path).apply)
    assert "Files with another label than before: 1." in capsys.readouterr().out


def test_odd_names_come_back(tmp_path):
    """Names that a spreadsheet would compute, with commas and quotes, and in another alphabet."""
    for name in ("=1+1", 'a, "b"', "蚂蚁"):
        (tmp_path / "photos" / name).mkdir(parents=True)
        for seed in range(3):
            damage.photo(seed=seed).save(tmp_path / "photos" / name / f"-{seed};.jpg")
    splits = data.load(tmp_path / "photos")
    split_list.write_split_list(splits, tmp_path)
    root = tmp_path / "photos"
    assert _paths(_listed(root, tmp_path), root) == _paths(splits, root)


def test_images_in_memory_need_no_list(digits, tmp_path):
    """The course's sets are split the same for ever."""
    assert split_list.write_split_list(digits, tmp_path) is None
    assert split_list.write_split_list(data.load("posters"), tmp_path) is None
    assert list(tmp_path.iterdir()) == []
    assert data.SplitList.from_run(tmp_path) is None


def test_a_damaged_list_is_one_line(tmp_path):
    """It is an ordinary file that somebody may have edited."""
    old = "split,label,path,bytes\ntrain,ants,1.jpg,5\n"
    (tmp_path / "splits.csv").write_text(old, encoding="utf-8")
    assert data.SplitList.from_run(tmp_path).checksums == {}  # without checksums, as they were
    for text in ("", "a,b\n", "split,label,path,bytes\ntrain,ants,1.jpg\n", "split,label,path,bytes\nx,a,1.jpg,3\n"):
        (tmp_path / "splits.csv").write_text(text, encoding="utf-8")
        with pytest.raises(DataError, match="not a list of the files") as caught:
            data.SplitList.from_run(tmp_path)
        assert "\n" not in str(caught.value)


def test_train_evaluate_and_resume_keep_the_split(photos, tmp_path):
    """After the audit's advice, to delete copies, nothing that is examined may have been learned from."""
    run = tmp_path / "run"
    imgcls("train", "--data", photos, "--out", run, "--epochs", 2, *SMALL, "--fractions", "60,20,20")
    assert training.read_checkpoint_card(run / "last.json").epoch == 2
    before = {name: list(paths) for name, paths in _paths(_listed(photos, run), photos).items()}
    (photos / before["train"][0]).unlink()
    (photos / before["test"][0]).unlink()
    printed = imgcls("evaluate", "--checkpoint", run, "--data", photos, "--predictions", tmp_path / "found.csv")
    assert "Files that have gone since: 2." in printed
    assert list(evaluation.read_predictions(tmp_path / "found.csv").paths) == [
        str(photos / name) for name in before["test"][1:]
    ]
    listed = (run / "splits.csv").read_bytes()
    again = imgcls("train", "--data", photos, "--out", run, "--epochs", 2, *SMALL, "--resume")
    assert "Files that have gone since: 2." in again
    assert (run / "splits.csv").read_bytes() == listed
    other = damage.labelled(tmp_path / "other", train=4, val=4)
    with pytest.raises(DataError, match="is not the data of this run"):
        imgcls("train", "--data", other, "--out", run, "--epochs", 2, *SMALL, "--resume")


def test_resume_goes_on_with_the_same_files(photos, tmp_path):
    """A file that was added after the first epoch must not change the second."""
    for name in ("whole", "stopped"):
        epochs = 2 if name == "whole" else 1
        options = ("--data", photos, "--out", tmp_path / name, *SMALL, "--schedule", "constant")
        imgcls("train", *options, "--epochs", epochs)
    assert (tmp_path / "whole" / "splits.csv").read_bytes() == (tmp_path / "stopped" / "splits.csv").read_bytes()
    whole, stopped = (data.SplitList.from_run(tmp_path / name) for name in ("whole", "stopped"))
    damage.photo(seed=99).save(photos / "ants" / "new.jpg")
    splits = stopped.apply(find_layout(photos))
    assert _paths(splits, photos) == _paths(whole.apply(find_layout(photos)), photos)
    assert "new.jpg" not in {path.name for name in SPLITS for path in splits[name].paths}


def test_a_run_without_a_list_gets_one(photos, tmp_path):
    """Runs of before there were lists go on; that files may have changed sides is said, and how to examine them."""
    run, options = tmp_path / "run", ("--data", photos, "--out", tmp_path / "run", "--epochs", 1, *SMALL)
    imgcls("train", *options)
    listed = (run / "splits.csv").read_bytes()
    (run / "splits.csv").unlink()
    assert "The run kept no list of its training images" in imgcls("evaluate", "--checkpoint", run, "--data", photos)
    assert "This run had no splits.csv" in imgcls("train", *options, "--resume")
    assert (run / "splits.csv").read_bytes() == listed


@each_case("text", ["a,b", "", "0.7;0.x", "0.9,0.9"])
def test_fractions_that_are_none(photos, tmp_path, text):
    """On the command line they come as a text."""
    with pytest.raises(DataError, match="fractions"):
        imgcls("train", "--data", photos, "--out", tmp_path / "run", *SMALL, f"--fractions={text}")
    assert not (tmp_path / "run").exists()


def _evaluation(folder, run, capsys, **options):
    """The splits for an evaluation, and what was said."""
    capsys.readouterr()
    listed = data.SplitList.from_run(run)
    splits = data.load(folder, splitter=lambda layout: split_list.for_evaluation(layout, listed=listed, **options))
    return splits, capsys.readouterr().out


def test_training_images_in_other_places_are_said(photos, tmp_path, capsys):
    """Moved, below another folder, smaller or with another ending: they are no fresh images, and scores too good."""
    trained = len(data.load(photos).train)
    split_list.write_split_list(data.load(photos), tmp_path)
    for name in ("moved/ants", "moved/bées"):
        shutil.copytree(photos / name[6:], tmp_path / "moved" / "train" / name[6:])
    for kind in ("smaller", "png"):
        for path in photos.rglob("*.jpg"):
            new = tmp_path / kind / path.parent.name / path.name
            new.parent.mkdir(parents=True, exist_ok=True)
            image = damage.Image.open(path)
            image.resize((20, 20)).save(new) if kind == "smaller" else image.save(new.with_suffix(".png"))
    (shutil.copytree(photos, tmp_path / "renamed") / "ants" / "0.jpg").rename(tmp_path / "renamed" / "ants" / "x.jpg")
    for name in ("moved", "smaller", "png"):
        said = _evaluation(tmp_path / name, tmp_path, capsys)[1]
        sure = "are training" if name == "moved" else "have the names of training"
        assert f"{trained} of these images {sure} images of this run (" in said
        assert "the scores are too good. Leave them out" in said
    assert "are too good" not in _evaluation(tmp_path / "renamed", tmp_path, capsys)[1]  # still the folder of the run
    for name in ("fresh/ants/0.jpg", "fresh/bées/0.jpg"):
        (tmp_path / name).parent.mkdir(parents=True)
        damage.photo(seed=len(name)).save(tmp_path / name.replace("0", "fresh"))
    assert "too good" not in _evaluation(tmp_path / "fresh", tmp_path, capsys)[1]
    with pytest.raises(DataError, match="have another content than then"):
        _listed(tmp_path / "smaller", tmp_path)


def test_new_images_of_the_same_size_are_another_folder(tmp_path):
    """Uncompressed files all have the same size: their contents tell."""
    for name, seed in (("old", 0), ("new", 500)):
        for label in ("ants", "bees"):
            (tmp_path / name / label).mkdir(parents=True)
            for number in range(6):
                seed += 1
                damage.photo(seed=seed).save(tmp_path / name / label / f"{number:04}.bmp")
    split_list.write_split_list(data.load(tmp_path / "old"), tmp_path)
    listed = data.SplitList.from_run(tmp_path)
    assert len(listed.checksums) == 12
    assert listed.matches(find_layout(tmp_path / "old"))
    assert not listed.matches(find_layout(tmp_path / "new"))


def test_checksums_of_large_sets_are_of_some_files(photos, tmp_path, monkeypatch):
    """Reading a hundred thousand files takes minutes; those with a checksum speak for the others."""
    monkeypatch.setattr(split_list, "SUMMED", 5)
    split_list.write_split_list(data.load(photos), tmp_path)
    listed = data.SplitList.from_run(tmp_path)
    assert 3 <= len(listed.checksums) <= 5
    assert len(listed.sizes) == 24
    assert listed.matches(find_layout(photos))
    shutil.copytree(photos, tmp_path / "above" / "train")
    assert len(listed.training_images_in(find_layout(tmp_path / "above"))[0]) == len(data.load(photos).train)


@pytest.mark.parametrize("more", [0, 8])
def test_a_class_with_another_name_is_said(photos, tmp_path, capsys, more):
    """Half of the images would be left out as new, and the score be that of the others."""
    for seed in range(more):  # then most of the files are of the class
        damage.photo(seed=800 + seed).save(photos / "ants" / f"more{seed}.jpg")
    split_list.write_split_list(data.load(photos), tmp_path)
    (photos / "ants").rename(photos / "Ant")
    with pytest.raises(DataError, match="'Ant' is not a class of this network: did you mean 'ants'"):
        _listed(photos, tmp_path)
    if not more:
        (photos / "Ant").rename(photos / "Käfer")
        with pytest.raises(DataError, match="did you mean 'ants'"):
            _evaluation(photos, tmp_path, capsys)
