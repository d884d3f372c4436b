"""Kernel ▸ Interrupt, in a real kernel."""

import time

import pytest
from jupyter_client.manager import KernelManager

SET_UP = """
from imgcls_course import data, models, training
loaders = data.make_loaders(data.load("digits"))
model = models.perceptron(in_features=64, num_classes=10)
training.fit(model, loaders, epochs=1)
"""
TRAIN = """
def tell(history):
    print("epoch", len(history), "ends")
history = training.fit(model, loaders, epochs=100_000, on_epoch_end=tell)
"""
AFTER = """
again = training.run_epoch(model, loaders.val).accuracy
print(len(history) > 0, "interrupted" in history.stopped, again == history.best["val_accuracy"])
"""


@pytest.fixture
def kernel():
    """A fresh kernel of this environment."""
    manager = KernelManager(kernel_name="python3")
    manager.start_kernel()
    client = manager.client()
    client.start_channels()
    client.wait_for_ready(timeout=60)
    yield manager, client
    client.stop_channels()
    manager.shutdown_kernel(now=True)


def printed(client, message_id, *, until="", timeout_s=60):
    """Collect what a cell prints, until it is done or has printed `until`."""
    text, end = "", time.monotonic() + timeout_s
    while time.monotonic() < end:
        message = client.get_iopub_msg(timeout=timeout_s)
        if message["parent_header"].get("msg_id") != message_id:
            continue
        text += message["content"].get("text", "") + "\n".join(message["content"].get("traceback", []))
        done = message["content"].get("execution_state") == "idle"
        if done or (until and until in text):
            return text
    raise TimeoutError(text)


def test_interrupting_the_kernel_leaves_history_and_best_model(kernel):
    """A student who stops a long training must not lose what was learned, nor see a traceback."""
    manager, client = kernel
    printed(client, client.execute(SET_UP))
    training = client.execute(TRAIN)
    printed(client, training, until="epoch 3 ends")
    manager.interrupt_kernel()
    said = printed(client, training)
    assert "Training stopped (interrupted" in said
    assert "Traceback" not in said
    assert printed(client, client.execute(AFTER)).split() == ["True", "True", "True"]
