"""Read files of weights without running any code in them; if a file is of another kind, the error says which."""

import codecs
import io
import json
import pickletools
import tarfile
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import safetensors.torch
import torch
from PIL import Image

from ..errors import ModelError
from ..i18n import _

LEGACY = b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19."  # how torch.save began a file before it wrote zip archives
MAX_HEADER = 100_000_000  # bytes; safetensors' own limit
STATE_DICT_MODULES = ("collections", "torch", "torch._utils", "torch._tensor", "torch.storage", "_codecs")


def read_file(path: Path) -> object:
    """Read a safetensors file, or tensors, numbers, strings and containers of them that `torch.save` wrote.

    The content of the file decides, not the ending of its name.

    Raises
    ------
    ModelError
        If there is no such file, it is cut short or of another kind, or reading it would run code.
    """
    if not path.is_file():
        raise ModelError(_('There are no weights \'{path}\': neither a file nor "course" nor "imagenet".', path=path))
    try:
        reason = _unreadable(path)
        if not reason:
            return _content(path)
    except OSError as error:
        reason = _("it cannot be opened ({reason})", reason=error.strerror or error)
    except Exception:  # the readers raise errors of any kind, depending on what is in the file
        reason = _why_refused(path)
    raise ModelError(_("{path} cannot be read as weights: {reason}.", path=path, reason=reason))


def _content(path: Path) -> object:
    if _safetensors_size(path) is not None:
        return safetensors.torch.load_file(path)
    with path.open("rb") as stream:  # given a path, torch decides by the ending
        return torch.load(stream, map_location="cpu", weights_only=True)  # never runs what is in the file


def _unreadable(path: Path) -> str:
    """Return why a file cannot be weights (another kind of file, or cut short); empty if it can be."""
    start, size = _start(path), path.stat().st_size
    needed = _safetensors_size(path)
    if needed is not None:
        return "" if size >= needed else _cut_short(size, needed)
    if start.startswith(b"PK\x03\x04"):
        return _other_zip(path) if zipfile.is_zipfile(path) else _cut_short(size)
    return "" if start.startswith(LEGACY) else _other_kind(path, start)


def _start(path: Path, count: int = 512) -> bytes:
    with path.open("rb") as stream:
        return stream.read(count)


def _safetensors_size(path: Path) -> int | None:
    """Return the size in bytes that a safetensors file has by its own header; None if it is another kind of file."""
    with path.open("rb") as stream:
        length = int.from_bytes(stream.read(8), "little")
        if not 2 <= length <= MAX_HEADER or not (header := stream.read(length)).startswith(b'{"'):
            return None
    if len(header) < length:
        return 8 + length
    try:
        ends = [entry["data_offsets"][1] for name, entry in json.loads(header).items() if name != "__metadata__"]
        return 8 + length + max(ends, default=0)
    except (ValueError, TypeError, KeyError, IndexError, AttributeError, RecursionError):
        return None


def _cut_short(size: int, needed: int | None = None) -> str:
    if needed is None:
        return _("it is cut short, its end is missing; download or copy it again")
    return _("it is cut short ({size:,} of {needed:,} bytes); download or copy it again", size=size, needed=needed)


def _other_zip(path: Path) -> str:
    """Return what kind of zip archive this is; empty if `torch.save` wrote it."""
    with zipfile.ZipFile(path) as archive:
        names = archive.namelist()
    last = {name.rsplit("/", 1)[-1] for name in names}
    if "constants.pkl" in last:
        return _("it is a TorchScript program; save the model's state dict instead: torch.save(model.state_dict(), …)")
    if "data.pkl" in last:
        return ""
    if "model.weights.h5" in last:
        return _("it is a Keras model, and these networks are PyTorch's")
    if names and all(name.endswith(".npy") for name in names):
        return _("it is a file of NumPy arrays (.npz)")
    return _("it is a zip archive of {n} files, such as {name!r}; unpack it", n=len(names), name=min(names, default=""))


def _other_kind(path: Path, start: bytes) -> str:
    """Return what kind of file this is, judging by its first bytes."""
    if not start:
        return _("it is empty")
    if start.startswith(b"version https://git-lfs"):
        return _("it only points to a file in Git LFS; fetch that with: git lfs pull")
    if start.lstrip().lower().startswith((b"<!doctype", b"<html", b"<head")):
        return _("it is a web page, so the download went wrong; download it again")
    if start.startswith(b"\x89HDF"):
        return _("it is an HDF5 file, as Keras writes it, and these networks are PyTorch's")
    if path.suffix in (".onnx", ".pb", ".tflite") or (start[:1] == b"\x08" and start[2:3] in (b"\x12", b":", b"B")):
        return _("it is a model of ONNX or TensorFlow, and these networks are PyTorch's")
    if start.startswith((b"\x1f\x8b", b"BZh", b"7z\xbc\xaf", b"Rar!", b"\xfd7zXZ")) or tarfile.is_tarfile(path):
        return _("it is an archive; unpack it")
    if start.startswith(b"\x93NUMPY"):
        return _("it is a NumPy array")
    if start[:1] == b"\x80" and start[1:2] in (b"\x02", b"\x03", b"\x04", b"\x05"):
        return _("it is a Python pickle, which could run code; save the state dict by torch.save or safetensors")
    return _image(path) or _text(start) or _("it is neither a safetensors file nor one that torch.save wrote")


def _image(path: Path) -> str:
    try:
        with Image.open(path) as image:
            return _("it is an image ({format})", format=image.format)
    except Exception:  # Pillow raises errors of any kind if it is not an image
        return ""


def _text(start: bytes) -> str:
    try:
        beginning = codecs.getincrementaldecoder("utf-8")().decode(start)  # the last character may be cut in two
    except UnicodeDecodeError:
        return ""
    if not beginning.replace("\n", " ").replace("\r", " ").replace("\t", " ").isprintable():
        return ""
    kind = _("JSON") if beginning.lstrip()[:1] in "{[" else _("text")
    return _("it is {kind}, and begins with {start!r}", kind=kind, start=" ".join(beginning.split())[:30])


def _why_refused(path: Path) -> str:
    """Return why a file of the right kind could not be read: foreign objects, or damage."""
    try:
        foreign = sorted(name for name in _globals(path) if name.rpartition(".")[0] not in STATE_DICT_MODULES)
    except Exception:  # the pickle is damaged as well
        foreign = []
    how = _("where it was made, save the state dict: torch.save(model.state_dict(), …)")
    if any(name.startswith("torch.nn.modules.") for name in foreign):
        return _("it holds a whole model, and reading that would run code; {how}", how=how)
    if foreign:
        what = ", ".join(foreign[:3]) + (", …" if len(foreign) > 3 else "")
        return _("besides tensors it holds {what}, and reading that could run code; {how}", what=what, how=how)
    return _("it is damaged; download or copy it again")


def _globals(path: Path) -> set[str]:
    """Return the classes and functions that unpickling a file of `torch.save` would import, without unpickling it."""
    return {name for stream in _pickles(path) for name in _imports(stream)}


def _pickles(path: Path) -> Iterator[IO[bytes]]:
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            name = next(name for name in archive.namelist() if name.rsplit("/", 1)[-1] == "data.pkl")
            yield io.BytesIO(archive.read(name))
        return
    with path.open("rb") as stream:
        for _part in range(4):  # magic number, version, sizes of integers, content
            yield stream


def _imports(stream: IO[bytes]) -> Iterator[str]:
    texts: list[str] = []
    for operation, argument, _position in pickletools.genops(stream):
        if operation.name == "GLOBAL":
            yield str(argument).replace(" ", ".")
        elif operation.name == "STACK_GLOBAL":
            yield ".".join(texts[-2:])
        elif isinstance(argument, str):
            texts.append(argument)
