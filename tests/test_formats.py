"""Whatever Pillow can open, by ending or by content; the rest is named with what can be done about it."""

import os

import damage
import numpy as np
import pytest
from cases import each_case
from commands import imgcls
from damage import fill
from PIL import Image, features

from imgcls_course import data, training
from imgcls_course.data.decode import ImageError, read_image
from imgcls_course.data.depth import bits_used
from imgcls_course.data.formats import EXCLUDED, formats, is_image, remedies, remedy
from imgcls_course.data.layouts.find import find_layout

HEIC = b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(200)
NAMES = {  # name: Pillow's name of what is in it
    "a.jfif": "JPEG",
    "a.jpe": "JPEG",
    "a.JPG": "JPEG",
    "a.Jpeg": "JPEG",
    "a.gif": "GIF",
    "a.tif": "TIFF",
    "a.tga": "TGA",
    "a.pcx": "PCX",
    "no ending": "JPEG",
    "a.12": "PNG",
    "a.jpg?w=640": "JPEG",
    "a.jpg?w=6.40&h=4": "WEBP",
    "a.jpg_large": "JPEG",
    "a.download": "PNG",
    "a.bin": "BMP",
    "a.heic": "JPEG",  # so some messengers name what they have converted
}
NAMES |= {"a.avif": "AVIF"} if features.check("avif") else {}
NAMES |= {"a.jp2": "JPEG2000"} if features.check("jpg_2000") else {}


def deep(path, *, highest: int, low: int = 0, mode=np.uint16):
    """Write a 16-bit file that goes from `low` to `highest`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.linspace(low, highest, 1200).round().astype(mode).reshape(30, 40)).save(path)
    return path


def test_images_are_recognised_by_ending_or_content(tmp_path):
    """What a browser, a phone or a scanner calls a file must not keep it out of the data."""
    for name, kind in NAMES.items():
        fill(tmp_path, f"cat/{name}", f"dog/{name}", content=damage.encoded(damage.photo(), kind))
    layout = find_layout(tmp_path)
    assert {sample.path.name for sample in layout.samples} == set(NAMES)
    assert layout.skipped_files == ()
    for sample in layout.samples:
        assert read_image(sample.path).shape == (30, 40, 3)
    assert data.audit(tmp_path, progress=False).issues_of("unreadable") == ()


def test_labels_are_found_in_names_of_any_ending(tmp_path):
    """The ending is no part of the label, also where a browser has put a size behind it."""
    names = ["cat.12.jpg?w=640", "cat.7", "dog.3.JFIF", "dog_4.jpg?w=6.40", "dog 5"]
    assert find_layout(fill(tmp_path, *names)).classes == ("cat", "dog")


def test_what_is_no_photo_is_not_opened(tmp_path):
    """An EPS would start Ghostscript, whatever its name is; and what is a text by its name stays one."""
    others = {"a.eps": "EPS", "a.pdf": "PDF", "a.ico": "ICO", "b": "EPS", "note.txt": "JPEG", "a.json": "PNG"}
    for name, kind in others.items():
        fill(tmp_path, name, content=damage.encoded(damage.photo(), kind))
    fill(tmp_path, "a.cr2", content=damage.encoded(damage.photo(), "TIFF"))
    fill(tmp_path, "weights.pt", "c.npy", content=bytes(5000))
    assert [path.name for path in tmp_path.iterdir() if is_image(path)] == []
    hidden = fill(tmp_path, "a.png", content=damage.encoded(damage.photo(), "EPS")) / "a.png"
    with pytest.raises(ImageError, match="is not an image"):
        read_image(hidden)
    assert not EXCLUDED & set(formats())


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no named pipes here")
def test_a_pipe_without_an_ending_is_not_read(tmp_path):
    """Looking at its first bytes would wait for ever."""
    os.mkfifo(tmp_path / "pipe")
    assert not is_image(tmp_path / "pipe")
    assert remedy(tmp_path / "pipe") == ""


def test_heic_is_named_with_the_remedy(tmp_path, no_heif):
    """Half of all phones store HEIC; left aside in silence, a class would be gone."""
    fill(tmp_path, "a/1.jpg", "b/1.jpg", "a/note.txt")
    fill(tmp_path, "a/1.HEIC", "a/2.heif", "b/as.jpg", "b/bare", content=HEIC)
    layout = find_layout(tmp_path)
    said = "HEIC, which needs `pip install pillow-heif`"
    assert remedies(layout.skipped_files) == f"3 × {said}"
    assert f"4 other files (.heic, .heif, .txt, bare). Of them 3 × {said}." in str(layout)
    report = data.audit(tmp_path, progress=False)
    found = {report.short_name(each.path): (each.severity, each.detail) for each in report.issues}
    assert found["a/1.HEIC"] == found["b/bare"] == ("warning", f"is {said}")
    assert found["b/as.jpg"] == ("error", f"is {said}")
    with pytest.raises(data.ImageError, match="pillow-heif"):
        read_image(tmp_path / "b" / "as.jpg")


def test_heic_is_read_where_the_plugin_is_installed(tmp_path):
    """Nothing but `pip install` may be asked of the reader."""
    import pillow_heif

    fill(tmp_path, "a/1.jpg", "b/1.jpg")
    pillow_heif.from_pillow(damage.photo((64, 48))).save(tmp_path / "a" / "1.heic")
    (tmp_path / "b" / "bare").write_bytes((tmp_path / "a" / "1.heic").read_bytes())
    layout = find_layout(tmp_path)
    assert (len(layout.samples), layout.skipped_files) == (4, ())
    assert read_image(tmp_path / "b" / "bare").shape == (48, 64, 3)


# 16 bits


@each_case(
    ("highest", "bits"), [(200, 8), (255, 8), (1000, 10), (4095, 12), (9000, 14), (16383, 14), (40000, 16), (65535, 16)]
)
def test_the_bits_that_a_data_set_uses(tmp_path, highest, bits):
    """The brightest image decides for all of them."""
    paths = [deep(tmp_path / "1.png", highest=highest), deep(tmp_path / "2.tif", highest=highest // 9)]
    assert bits_used(paths) == bits
    layout = find_layout(fill(tmp_path, "a/x.jpg", "b/x.jpg"))
    assert layout.bits == 16


def test_no_16_bit_image_and_no_readable_one(tmp_path):
    """Ordinary photos, black images and broken files say nothing of the depth."""
    fill(tmp_path, "a.jpg")
    fill(tmp_path, "b.png", content=b"broken")
    assert bits_used([tmp_path / "a.jpg", tmp_path / "b.png", deep(tmp_path / "c.png", highest=0)]) == 16
    assert bits_used([]) == 16


def test_a_dark_image_stays_darker_than_a_bright_one(tmp_path, capsys):
    """A microscope of 12 bits: white is white, half is half, and the same value is the same grey in every image."""
    for label in ("a", "b"):
        for n in range(8):
            deep(tmp_path / "set" / label / f"{n}.tif", highest=4095 if n % 2 else 500)
    splits = data.load(tmp_path / "set")
    assert "The 16-bit images use 12 bits: 4095 is taken as white" in capsys.readouterr().out
    assert "use 12 bits" in str(data.audit(tmp_path / "set", progress=False))
    brightest = {image.max().item() for image, _label in splits.train}
    assert brightest == {255, 500 // 16}
    preset = data.transforms.eval_preset(32, resize="squash", normalization="none")
    kept = data.make_loaders(splits, eval_preset=preset).train
    assert max(images.max().item() for images, _labels in kept) > 0.95
    assert read_image(tmp_path / "set" / "a" / "1.tif").max() == 15


def test_a_network_is_asked_as_it_was_trained(tmp_path):
    """A single new image does not say how deep the set was that the network learned from; the checkpoint does."""
    for split in ("train", "val"):
        for label, low in (("a", 0), ("b", 2000)):
            for n in range(4):
                deep(tmp_path / "set" / split / label / f"{n}.png", highest=3000 + n, low=low)
    small = ("--epochs", 1, "--image-size", 32, "--device", "cpu", "--augment", "none")
    imgcls("train", "--data", tmp_path / "set", "--out", tmp_path / "run", *small)
    card = training.read_checkpoint_card(tmp_path / "run" / "best.json")
    assert card.transforms["bits"] == 12
    images = data.ImageFiles([deep(tmp_path / "new.png", highest=300)], [0], classes=card.classes)
    ((image, _label),) = data.make_eval_loader(images, transforms={**card.transforms, "normalization": "none"})
    assert 250 / 4095 < image.max().item() < 310 / 4095
