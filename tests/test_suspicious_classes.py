"""Folders in popular shapes that are no classes: each is refused, or mentioned, or skipped and counted."""

from cases import each_case
from damage import fill
from test_folders import refused

from imgcls_course import data
from imgcls_course.data.layouts.problems import notes, problem
from imgcls_course.data.layouts.scan import scan_layout


def test_a_copy_of_the_data_inside_is_no_class(tmp_path):
    """Archives that hold everything twice: the third class would be both of the others once more."""
    for name, wrapped in (("brain_tumor_dataset", "brain_tumor_dataset"), ("all", "all/images")):
        line = refused(fill(tmp_path / name, "yes/*4", "no/*4", f"{wrapped.split('/')[0]}/yes/*4", f"{name}/no/*4"))
        assert f"Class '{name}' has folders in it that are named like classes beside it: no, yes." in line
    split = fill(tmp_path / "split", *(f"{s}/{c}/*3" for s in ("train", "val") for c in ("a", "b", "c/a", "c/b")))
    assert "Class 'c'" in refused(split)
    one = scan_layout(fill(tmp_path / "one", "cat/*4", "dog/*4", "dog/cat/*1"))
    assert problem(one) == ""
    assert "Class 'dog' has folders in it" in notes(one)[0]
    assert notes(scan_layout(fill(tmp_path / "own", "cat/cat/*4", "dog/dog/*4"))) == []


@each_case(
    ("names", "said"),
    [
        (
            [f"{s}/{p}/{c}" for s in ("setA", "setB") for p in ("train", "val") for c in ("cat", "dog")],
            "Each of setA, setB holds splits with the same folders, cat, dog.",
        ),
        (
            [f"{s}/images/{c}" for s in ("amazon", "dslr", "webcam") for c in ("cat", "dog")],
            "Each class holds the same folders, cat, dog.",
        ),
        ([f"{c}/{p}" for c in ("cat", "dog") for p in ("train", "val")], ""),
        (["cat/images/indoor", "cat/images/outdoor", "dog/images/city"], ""),
        ([f"train/n{n}/images" for n in range(3)], ""),
    ],
)
def test_sets_side_by_side_are_mentioned(tmp_path, names, said):
    """Domains, or two data sets, look like classes; the folders inside give them away."""
    found = notes(scan_layout(fill(tmp_path, *(f"{name}/*3" for name in names))))
    assert len(found) == bool(said)
    assert said in "".join(found)


def test_masks_beside_their_images_are_left_aside(tmp_path):
    """As in BUSI: a network would learn to tell masks, and they would be in all splits."""
    masks = [f"benign/{name}.png" for name in ("1_mask", "2-seg", "3_GT", "4_mask_1", "(5)_mask", "0.mask")]
    root = fill(tmp_path / "busi", "normal/*6", "benign/*5", "benign/(5).png", *masks)
    layout = scan_layout(root)
    assert (len(layout.samples), len(layout.skipped_files), layout.masks) == (12, 6, {root / mask for mask in masks})
    assert "Masks of images beside them: 6." in str(layout)
    assert len(scan_layout(fill(tmp_path / "faces", "with_mask/1_mask.jpg", "without_mask/1.jpg")).samples) == 2
    flat = scan_layout(fill(tmp_path / "flat", "1.jpg", "1_mask.jpg"), pattern=r"\d+(?P<label>.*)")
    assert flat.classes == ("", "_mask")


def test_folders_of_a_camera_are_no_classes(tmp_path):
    """A memory card as it is. Bank notes are classes, and a single odd folder is mentioned."""
    for names in (["100CANON", "101CANON"], ["100APPLE", "101APPLE"], ["101MSDCF", "102MSDCF"], ["100_PANA", "DCIM"]):
        line = refused(fill(tmp_path / names[0], *(f"{name}/*3" for name in names)))
        assert f"such as {names[0]} are named by a camera" in line
    assert "named by a camera" in refused(fill(tmp_path / "DCIM", "100ABCDE/*3", "101ABCDE/*3"))
    assert problem(scan_layout(fill(tmp_path / "notes", "100EUROS/*3", "200EUROS/*3"))) == ""
    data.load(fill(tmp_path / "odd", "cat/*3", "100CANON/*3"))
    assert notes(scan_layout(tmp_path / "odd")) == ["Classes named like the folders of a camera: 100CANON."]


def test_tiny_imagenet_as_it_is_downloaded(tmp_path):
    """The names in val and test are no labels, although they are called like their folders."""
    root = fill(
        tmp_path, *(f"train/n0{n}/images/n0{n}_*4" for n in range(3)), "val/images/val_*12", "test/images/test_*9"
    )
    fill(root, "val/val_annotations.txt", content=b"val_0.JPEG\tn00\n")
    layout = scan_layout(root)
    assert (layout.classes, layout.splits) == (("n00", "n01", "n02"), {"train": 12})
    assert "Skipped folders: test (9 images without labels), val (12 images without labels)." in str(layout)
    assert len(data.load(root).train) > 0
