"""Checksums: what each data file must hold. A sum is the SHA-256 of a file, or of an array's bytes in C order."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Expected:
    """The shape, the dtype and the sum that an array must have."""

    shape: tuple[int, ...]
    dtype: str
    sha256: str


TABLES = {
    "houses.csv": "c789db5577b107de5bf1a215dd9640b9179982edc3f5553599d3089adf74ad7f",
    "tumors.csv": "e9e97040c801ba3a19b580f205ccf8edc7384c2dcb24314e860a46164620dcd4",
}
"""The SHA-256 of each table's file. Source: data/make_tables.py."""

ARCHIVES = {
    "mnist.npz": {
        "x_train": Expected(
            (60000, 28, 28), "uint8", "741c988805d008ac6e4c904b69001ba184c24b2c540a4ef403f4c71b676cf757"
        ),
        "y_train": Expected((60000,), "uint8", "1feba77c54802fa5339a11837ea4b2866434b83314ec45192930f1df69120c13"),
        "x_test": Expected(
            (10000, 28, 28), "uint8", "6d87418db22cc8025d05968bec9bd5c3932904b23485740db143a061a2c9d161"
        ),
        "y_test": Expected((10000,), "uint8", "ddeff807876a9661a1110d45c266c86239a3a1b7d37da0c3716a7a683c852ff5"),
    },
    "cifar10.npz": {
        "x_train": Expected(
            (50000, 32, 32, 3), "uint8", "47af8b02cfcfb6cdf3dbbd1969ad7f1b70f4413f6f80f437b020ee4e5bc8304a"
        ),
        "y_train": Expected((50000,), "uint8", "2b7cd2f24487317614016b72ffd53071c3062f592f0eb300c18a770d41ae1253"),
        "x_test": Expected(
            (10000, 32, 32, 3), "uint8", "f9b1e2130bab680db56eb06d886f7f1ad0f1183907ceff4659d1735c890f5b04"
        ),
        "y_test": Expected((10000,), "uint8", "cec8a24a1e92aa2ecaa0bbd3dbfa86bf6cd8759fbd209a832824c8cf0afca9d5"),
    },
    "california_housing.npz": {
        "data": Expected((20640, 8), "float64", "c8f43774aa27b7ec034e60db31b6124e12b4a0d42b55b0c8eb1320089e2ebc37"),
        "target": Expected((20640,), "float64", "ae80bb98487c04d7383ed8aecda8e207583dfd3e66f6679fded97597c3f6c87e"),
    },
}
"""The arrays of each archive. Source: data/SOURCES.md."""
