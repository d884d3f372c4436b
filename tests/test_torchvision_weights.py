"""`weights="imagenet"` against a server on this computer: torchvision's own download and verification."""

import hashlib
import io
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
import torch
import torchvision
from cases import case

from imgcls_course import models
from imgcls_course.errors import ModelError

ARCH = "shufflenet_v2_x0_5"
ENTRY = torchvision.models.ShuffleNet_V2_X0_5_Weights.DEFAULT


class Server:
    """Serves one file at any address, and remembers what it was asked for."""

    def __init__(self, content: bytes):
        self.content, self.status, self.asked = content, 200, []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                outer.asked.append(self.path)
                body = outer.content if outer.status == 200 else b""
                self.send_response(outer.status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *args):
                """Say nothing."""

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"


@pytest.fixture(scope="module")
def network():
    """A network of torchvision with random weights, in the place of the pretrained one."""
    torch.manual_seed(7)
    return torchvision.models.get_model(ARCH, weights=None)


@pytest.fixture
def server(network, tmp_path, monkeypatch):
    """A server that has its state dict, torchvision told to ask there, and an empty cache."""
    buffer = io.BytesIO()
    torch.save(network.state_dict(), buffer)
    running = Server(buffer.getvalue())
    start = hashlib.sha256(running.content).hexdigest()[:8]  # by which torch verifies the file
    monkeypatch.setattr(ENTRY.value, "url", f"{running.url}/{ARCH}-{start}.pth")
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    monkeypatch.setattr(torch.hub, "_hub_dir", None)
    thread = threading.Thread(target=running.server.serve_forever, daemon=True)
    thread.start()
    yield running
    running.server.shutdown()
    running.server.server_close()
    thread.join()


def _cached(tmp_path):
    return [path for path in (tmp_path / "torch").rglob("*") if path.is_file()]


def test_the_download_is_verified_kept_and_used_again(server, network, tmp_path):
    """The body must be the served one, and the second time nobody is asked."""
    for _time in range(2):
        model = models.create(ARCH, num_classes=3, weights="imagenet")
        assert torch.equal(model.conv5[0].weight, network.conv5[0].weight)
        assert model.fc.weight.shape[0] == 3
    assert len(server.asked) == 1
    assert [path.name for path in _cached(tmp_path)] == [ENTRY.url.rsplit("/", 1)[1]]


def test_a_changed_file_is_refused(server, tmp_path):
    """What arrives is not what was published: nothing of it is kept or loaded."""
    server.content = server.content[:-1] + b"?"
    with pytest.raises(ModelError, match="invalid hash value") as caught:
        models.create(ARCH, num_classes=3, weights="imagenet")
    assert "\n" not in str(caught.value)
    assert _cached(tmp_path) == []


def test_out_of_reach_is_one_line_with_a_way_out(server, tmp_path, monkeypatch):
    """No file, or no server: the address, the place for a copy by hand, and the weights that are always there."""
    for gone in ["status", "server"]:
        with case(gone):
            if gone == "status":
                server.status = 404
            else:
                monkeypatch.setattr(ENTRY.value, "url", ENTRY.url.replace(server.url, "http://127.0.0.1:9"))
            with pytest.raises(ModelError) as caught:
                models.create(ARCH, num_classes=3, weights="imagenet")
            line = str(caught.value)
            assert "\n" not in line
            for part in (
                ENTRY.url,
                str(tmp_path / "torch" / "hub" / "checkpoints" / ENTRY.url.rsplit("/", 1)[1]),
                '"course"',
            ):
                assert part in line


def test_a_copy_by_hand_is_found(server, network, tmp_path):
    """The place that the line names must be the place where torchvision looks."""
    server.status = 404
    place = tmp_path / "torch" / "hub" / "checkpoints" / ENTRY.url.rsplit("/", 1)[1]
    place.parent.mkdir(parents=True)
    place.write_bytes(server.content)
    model = models.create(ARCH, num_classes=1000, weights="imagenet")
    assert torch.equal(model.fc.weight, network.fc.weight)
    assert server.asked == []


def test_a_copy_by_hand_that_is_another_file_is_refused(server, network, tmp_path):
    """Torch reads what lies in its cache without a look at it, and what is in it may be code."""
    models.create(ARCH, num_classes=3, weights="imagenet")
    (copy,) = _cached(tmp_path)
    copy.write_bytes(copy.read_bytes()[:-1])
    with pytest.raises(ModelError, match="is damaged, or another file of that name") as caught:
        models.create(ARCH, num_classes=3, weights="imagenet")
    assert str(copy) in str(caught.value)
