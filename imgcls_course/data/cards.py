"""The data sets of the course: where each comes from, its licence, its classes and its size."""

from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Archive:
    """A file to download, and how to verify it.

    Parameters
    ----------
    url : str
        Where to download it.
    size : int
        Bytes to download.
    sha256 : str
        Of the file, as 64 hexadecimal digits; `datasets/README.md` says who states it.
    inside : str
        The folder in the archive whose content is used; empty for all of it.
    into : str
        The folder, below that of the data set, for the content; empty for that of the data set itself.
    """

    url: str
    size: int
    sha256: str
    inside: str = ""
    into: str = ""

    @property
    def file(self) -> str:
        """The file name, at the end of the URL."""
        return self.url.rsplit("/", 1)[-1]


@dataclass(frozen=True)
class DatasetCard:
    """The description of a data set.

    Parameters
    ----------
    name : str
        What `data.load` takes.
    title : str
        A name in words.
    source : str
        Where the images come from.
    licence : str
        Under which they may be used.
    classes : tuple of str
        In the order of the labels 0, 1, ….
    shape : tuple of int, or None
        Of one image: (channels, height, width) in pixels; None for images of many sizes.
    count : int
        Images in all splits together.
    note : str
        What else to know.
    archives : tuple of Archive
        What to download; empty for data that come with the course.
    unpacked : int
        Bytes that the unpacked files take up, rounded up.
    folder : str
        Where the files are kept, if not under `name`: two data sets can share one copy.
    stand_in : str
        A bundled data set to use where there is no internet.
    """

    name: str
    title: str
    source: str
    licence: str
    classes: tuple[str, ...]
    shape: tuple[int, int, int] | None
    count: int
    note: str = ""
    archives: tuple[Archive, ...] = ()
    unpacked: int = 0
    folder: str = ""
    stand_in: str = ""

    def __str__(self) -> str:
        size = f"{self.shape[1]}×{self.shape[2]}" if self.shape else "many sizes"
        return f"{self.title}: {self.count:,} images of {size}, {len(self.classes)} classes. {self.source}."

    @property
    def bundled(self) -> bool:
        """Whether the data set comes with the course."""
        return not self.archives

    @property
    def download_size(self) -> int:
        """Bytes to download; 0 for bundled data sets."""
        return sum(archive.size for archive in self.archives)


_BREEDS = (
    "Abyssinian, American Bulldog, American Pit Bull Terrier, Basset Hound, Beagle, Bengal, Birman, Bombay, "
    "Boxer, British Shorthair, Chihuahua, Egyptian Mau, English Cocker Spaniel, English Setter, German "
    "Shorthaired, Great Pyrenees, Havanese, Japanese Chin, Keeshond, Leonberger, Maine Coon, Miniature Pinscher, "
    "Newfoundland, Persian, Pomeranian, Pug, Ragdoll, Russian Blue, Saint Bernard, Samoyed, Scottish Terrier, "
    "Shiba Inu, Siamese, Sphynx, Staffordshire Bull Terrier, Wheaten Terrier, Yorkshire Terrier"
)
_CLOTHES = "T-shirt/top, Trouser, Pullover, Dress, Coat, Sandal, Shirt, Sneaker, Bag, Ankle boot"
_IMAGENETTE = (
    "tench, English springer, cassette player, chain saw, church, French horn, garbage truck, gas pump, golf ball, "
    "parachute"
)
_PETS = DatasetCard(  # what the two views of the Oxford pets have in common: one copy on disk serves both
    name="",
    title="",
    classes=(),
    source="O. M. Parkhi, A. Vedaldi, A. Zisserman and C. V. Jawahar, Cats and Dogs, CVPR 2012 (Oxford-IIIT Pet)",
    licence="CC BY-SA 4.0 (the data set; the photographs belong to those who took them)",
    shape=None,
    count=7349,
    archives=(
        Archive(
            url="https://www.robots.ox.ac.uk/~vgg/data/pets/data/images.tar.gz",
            size=791_918_971,
            sha256="67195c5e1c01f1ab5f9b6a5d22b8c27a580d896ece458917e61d459337fa318d",
        ),
        Archive(
            url="https://www.robots.ox.ac.uk/~vgg/data/pets/data/annotations.tar.gz",
            size=19_173_078,
            sha256="52425fb6de5c424942b7626b428656fcbd798db970a937df61750c0f1d358e91",
        ),
    ),
    unpacked=900_000_000,
    folder="oxford_iiit_pet",
)
_FASHION = "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/"
_FASHION_FILES = (
    ("train-images-idx3-ubyte.gz", 26_421_880, "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84"),
    ("train-labels-idx1-ubyte.gz", 29_515, "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845"),
    ("t10k-images-idx3-ubyte.gz", 4_422_102, "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073"),
    ("t10k-labels-idx1-ubyte.gz", 5_148, "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5"),
)

CARDS = {
    card.name: card
    for card in (
        DatasetCard(
            name="digits",
            title="Handwritten digits",
            source="Alpaydin and Kaynak, Optical Recognition of Handwritten Digits, UCI 1998, from scikit-learn",
            licence="CC BY 4.0",
            classes=tuple("0123456789"),
            shape=(1, 8, 8),
            count=1797,
            note="Written by 13 people, scanned, and counted down to 8×8 pixels of 17 grey levels.",
        ),
        DatasetCard(
            name="faces",
            title="Faces and other patches of photos",
            source="A part of Labeled Faces in the Wild (Huang et al., 2007), from scikit-image",
            licence="No known copyright restrictions",
            classes=("face", "other"),
            shape=(1, 25, 25),
            count=200,
            note="100 faces and 100 patches of photos without a face. 200 images are few: expect a wide spread.",
        ),
        DatasetCard(
            name="textures",
            title="Patches of ten photos",
            source="Cut from ten images that scikit-image brings along",
            licence="CC0 (brick, grass, gravel, retina), public domain or no known copyright restrictions (the others)",
            classes=("brick", "cells", "coins", "grass", "gravel", "moon", "page", "retina", "stars", "text"),
            shape=(1, 64, 64),
            count=1600,
            note="Each class is one photo. Its splits come from three strips that share no pixel; patches of one split "
            "may overlap.",
        ),
        DatasetCard(
            name="posters",
            title="Posters with and without our logo",
            source="Drawn by imgcls_course/data/bundled/posters.py, some with parts of photographs from scikit-image",
            licence="CC0 or public domain",
            classes=("logo", "others"),
            shape=None,
            count=600,
            note="Every shape from 1:6 to 6:1. Our logo is an iris of three blades, of any size, colour and tilt, at "
            "any place. Some of the others have a look-alike.",
        ),
        DatasetCard(
            name="hymenoptera",
            title="Ants and bees",
            source="Photographs of ImageNet (Deng et al., 2009), chosen for PyTorch's tutorial on transfer learning",
            licence="None stated; images of ImageNet, for non-commercial research and education",
            classes=("ants", "bees"),
            shape=None,
            count=397,
            note="244 photographs to learn from, 153 to choose on, none kept for a test; some of several megapixels. "
            "train/ants/imageNotFound.gif is not a photograph, and is skipped.",
            archives=(
                Archive(
                    url="https://download.pytorch.org/tutorial/hymenoptera_data.zip",
                    size=47_286_322,
                    sha256="fbc41b31d544714d18dd1230b1e2b455e1557766e13e67f9f5a7a23af7c02209",
                    inside="hymenoptera_data",
                ),
            ),
            unpacked=50_000_000,
            stand_in="posters",
        ),
        replace(
            _PETS,
            name="cats_dogs",
            title="Cats and dogs",
            classes=("cat", "dog"),
            note="2,371 cats and 4,978 dogs of 37 breeds. The same photographs as `pet_breeds`.",
            stand_in="posters",
        ),
        replace(
            _PETS,
            name="pet_breeds",
            title="37 breeds of cats and dogs",
            classes=tuple(_BREEDS.split(", ")),
            note="About 200 photographs of each of 12 breeds of cats and 25 of dogs.",
            stand_in="textures",
        ),
        DatasetCard(
            name="cifar10",
            title="Small photographs of ten kinds of things",
            source="A. Krizhevsky, Learning Multiple Layers of Features from Tiny Images, 2009 (CIFAR-10)",
            licence="None stated; its author asks to cite the report",
            classes=("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"),
            shape=(3, 32, 32),
            count=60_000,
            archives=(
                Archive(
                    url="https://www.cs.toronto.edu/~kriz/cifar-10-python.tar.gz",
                    size=170_498_071,
                    sha256="6d958be074577803d12ecdefd02955f39262c83c16fe9348329d7fe0b5c001ce",
                ),
            ),
            unpacked=190_000_000,
            stand_in="textures",
        ),
        DatasetCard(
            name="fashion_mnist",
            title="Pieces of clothing",
            source="H. Xiao, K. Rasul and R. Vollgraf, Fashion-MNIST, 2017 (Zalando Research)",
            licence="MIT",
            classes=tuple(_CLOTHES.split(", ")),
            shape=(1, 28, 28),
            count=70_000,
            archives=tuple(  # where torchvision looks for them
                Archive(url=_FASHION + file, size=size, sha256=sha256, into="FashionMNIST/raw")
                for file, size, sha256 in _FASHION_FILES
            ),
            unpacked=55_000_000,
            stand_in="digits",
        ),
        DatasetCard(
            name="imagenette",
            title="Ten classes of ImageNet that are easy to tell apart",
            source="J. Howard, Imagenette (fast.ai), 160 pixels version; photographs of ImageNet (Deng et al., 2009)",
            licence="Apache-2.0 (the collection); images of ImageNet, for non-commercial research and education",
            classes=tuple(_IMAGENETTE.split(", ")),
            shape=None,
            count=13_394,
            note="The shorter side has 160 pixels. 9,469 to learn from, 3,925 to choose on, none kept for a test.",
            archives=(
                Archive(
                    url="https://s3.amazonaws.com/fast-ai-imageclas/imagenette2-160.tgz",
                    size=99_003_388,
                    sha256="64d0c4859f35a461889e0147755a999a48b49bf38a7e0f9bd27003f10db02fe5",
                    inside="imagenette2-160",
                ),
            ),
            unpacked=130_000_000,
            stand_in="textures",
        ),
    )
}
