"""The comparison of lesson 09: each way trains what it says, on the pictures it says."""

import pytest
from typer.testing import CliRunner

from imgcls_course import cli, data, models
from imgcls_course.errors import TrainingError
from imgcls_course.experiments import transfer


@pytest.fixture(scope="module")
def rows():
    """All four ways on five textures a class, three epochs each."""
    return transfer.run(
        data.load("textures").cropped(32), per_class=(5,), seeds=(0,), epochs=3, image_size=None, progress=False
    )


def test_each_way_trains_its_part(rows):
    """Counted from the network itself: everything, the classifier, the last stage with it, everything."""
    model = models.create("course_resnet", num_classes=10)
    whole, head = models.count_parameters(model), models.count_parameters(model.head)
    last = models.count_parameters(model.stage4) + head
    assert {row["strategy"]: row["trainable"] for row in rows} == {
        "scratch": whole,
        "frozen": head,
        "part": last,
        "full": whole,
    }
    assert {row["images"] for row in rows} == {50}


def test_features_of_the_backbone_are_worth_more_than_none(rows):
    """After three epochs on fifty pictures, the pretrained network must be far ahead of the one from scratch."""
    found = transfer.final_scores(rows)
    assert found["frozen", 5][0] > found["scratch", 5][0] + 0.2


def test_an_unknown_way_is_named():
    """A typing error must be said before hours of training."""
    with pytest.raises(TrainingError, match="Did you mean 'frozen'"):
        transfer.run(None, strategies=("frosen",))


def test_the_command_writes_its_log(tmp_path):
    """One line for each way, and the log with a row for each training."""
    options = ["--data", "textures", "--out", tmp_path, "--per-class", "2,0", "--seeds", "1", "--epochs", "1"]
    result = CliRunner().invoke(cli.app, ["experiment", "transfer", *map(str, options), "--strategies", "frozen"])
    assert result.exit_code == 0, result.output
    assert "frozen      2 a class: accuracy" in result.output
    assert "frozen    all a class: accuracy" in result.output
    assert [row["images"] for row in transfer.read_log(tmp_path / transfer.LOG)] == [20, 1000]
