"""Make `houses.csv` and `tumors.csv`: `python data/make_tables.py [folder]`, by default this script's own folder.

The tables are synthetic. Running the script again gives the same files byte for byte: the numbers come
from `numpy.random.RandomState`, whose streams NumPy has promised never to change (NEP 19), and are rounded
far more coarsely than two machines' mathematics libraries can differ.
"""

import sys
from pathlib import Path

import numpy as np

SEED = 20240917


def make_houses(rows: int = 200) -> str:
    """Text of the houses' table: size in m2, number of rooms, price in Guinean francs (some 9,500 to the euro).

    The price is linear in both columns, with noise of 250 million francs, so that a good fit leaves an error of that
    size. The currency is part of the lesson: its large numbers make a training on raw columns overflow float32.
    """
    rng = np.random.RandomState(SEED)
    size = np.rint(rng.uniform(20, 250, rows)).astype(int)
    nb_rooms = np.clip(np.rint(size / 28 + rng.normal(0, 0.8, rows)), 1, 9).astype(int)
    millions = np.rint(300 + 25 * size + 80 * nb_rooms + rng.normal(0, 250, rows)).astype(int)
    lines = (f"{s},{n},{m}000000" for s, n, m in zip(size, nb_rooms, millions, strict=True))
    return "\n".join(["size,nb_rooms,price", *lines]) + "\n"


def make_tumors(rows: int = 320) -> str:
    """Text of the tumours' table: size in mm, concentration of p53 (arbitrary unit), 1 where malignant.

    Half of the rows are malignant. The two classes overlap: no rule separates them without a mistake.
    """
    rng = np.random.RandomState(SEED + 1)
    is_malignant = rng.permutation(np.arange(rows) % 2)
    size = np.where(is_malignant, rng.normal(27, 7, rows), rng.normal(17, 6, rows)).clip(2, 60)
    p53_concentration = np.where(is_malignant, rng.normal(1.1, 0.4, rows), rng.normal(1.9, 0.5, rows)).clip(0.05, 4)
    lines = (f"{s:.1f},{p:.2f},{m}" for s, p, m in zip(size, p53_concentration, is_malignant, strict=True))
    return "\n".join(["size,p53_concentration,is_malignant", *lines]) + "\n"


def main(folder: Path) -> None:
    """Write both tables into `folder`."""
    for name, text in (("houses.csv", make_houses()), ("tumors.csv", make_tumors())):
        (folder / name).write_text(text, encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent)
