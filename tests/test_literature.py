"""Figures of the literature: each with its source, each in the form that it says."""

import pytest
import torchvision
from cases import case

from imgcls_course import literature
from imgcls_course.errors import DataError

TABLES = ("ilsvrc", "human", "vgg", "resnet_imagenet", "resnet_cifar10", "efficientnet", "tiny_imagenet")
NAMES = ("tiny_imagenet",)  # tables without figures
FRACTIONS = ("top5_error", "test_error", "plain", "residual", "top1", "top5")

each = pytest.mark.parametrize("name", TABLES)


def test_the_known_tables_are_these():
    """A table that is not listed here would not be looked at below."""
    with pytest.raises(DataError) as caught:
        literature.table("nothing")
    assert str(caught.value).split("Known: ")[1] == f"{', '.join(TABLES)}."


def test_a_table_has_a_source_and_rows():
    """A figure without a source must not be quoted; every row must have the same columns."""
    for name in TABLES:
        with case(name):
            table = literature.table(name)
            assert table.description.strip()
            assert any(str(year) in table.source for year in range(2010, 2026))
            assert table.rows
            assert len({tuple(row) for row in table.rows}) == 1


def test_errors_and_accuracies_are_fractions():
    """78.4 in one place and 0.784 in another is how mistakes are made."""
    for name in [name for name in TABLES if name not in NAMES]:
        with case(name):
            table = literature.table(name)
            columns = [column for column in FRACTIONS if column in table.rows[0]]
            assert columns
            for column in columns:
                assert all(isinstance(value, float) and 0 < value < 1 for value in table.column(column))


def test_a_column_is_one_figure_of_every_row():
    """In the order of the rows."""
    for name in TABLES:
        with case(name):
            table = literature.table(name)
            for column in table.rows[0]:
                assert table.column(column) == [row[column] for row in table.rows]


def test_the_error_of_ilsvrc_falls_from_year_to_year():
    """A slip of the keyboard in one of the figures would show."""
    rows = literature.table("ilsvrc").rows
    assert [row["year"] for row in rows] == sorted(row["year"] for row in rows)
    assert {row["year"] for row in rows} == set(range(2010, 2018))
    errors = literature.table("ilsvrc").column("top5_error")
    assert errors == sorted(errors, reverse=True)


def test_an_unknown_table_is_one_clear_line():
    """The nearest name has to be in it."""
    with pytest.raises(DataError, match=r"'vgg16' is not a table of the literature\. Did you mean 'vgg'\?") as caught:
        literature.table("vgg16")
    assert "\n" not in str(caught.value)


def test_the_classes_of_tiny_imagenet_are_classes_of_imagenet():
    """The bundled weights have a logit for each, in this order, which is the order of ImageNet's classes, too."""
    known = torchvision.models.ResNet18_Weights.DEFAULT.meta["categories"]
    places = []
    for name in literature.table("tiny_imagenet").column("class"):
        places.append(known.index(name, places[-1] + 1 if places else 0))
    assert len(places) == 200
