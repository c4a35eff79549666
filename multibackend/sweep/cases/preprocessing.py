"""Preprocessing: resizing and scaling with gradients, augmentation and encoding forward, as documented for them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from multibackend.sweep.case import Case, Make
from multibackend.sweep.inputs import Array

IMAGES = Array("image", (2, 8, 9, 3))
INTERPOLATIONS = ("nearest", "bilinear", "bicubic", "lanczos3", "lanczos5")
FILLS = ("constant", "nearest", "wrap", "reflect")
ADJUSTED: tuple[tuple[str, dict[str, Any]], ...] = (
    ("AutoContrast", {}),
    ("AugMix", {}),
    ("ContrastLimitedAdaptiveHistogramEqualization", {"tile_grid_size": (2, 2)}),
    ("CutMix", {}),
    ("Equalization", {}),
    ("MixUp", {}),
    ("RandAugment", {}),
    ("RandomBrightness", {"factor": 0.3}),
    ("RandomColorDegeneration", {"factor": 0.3}),
    (
        "RandomColorJitter",
        {"brightness_factor": 0.2, "contrast_factor": 0.2, "saturation_factor": 0.2, "hue_factor": 0.2},
    ),
    ("RandomContrast", {"factor": 0.3}),
    ("RandomCrop", {"height": 5, "width": 6}),
    ("RandomElasticTransform", {}),
    ("RandomErasing", {}),
    ("RandomFlip", {}),
    ("RandomGaussianBlur", {}),
    ("RandomGrayscale", {"factor": 0.5}),
    ("RandomHue", {"factor": 0.3}),
    ("RandomInvert", {"factor": 0.5}),
    ("RandomPerspective", {}),
    ("RandomPosterization", {"factor": 4}),
    ("RandomSaturation", {"factor": 0.3}),
    ("RandomSharpness", {"factor": 0.3}),
    ("Solarization", {"addition_factor": 0.3, "threshold_factor": 0.5}),
)
UNSEEDED = ("AutoContrast", "ContrastLimitedAdaptiveHistogramEqualization", "Equalization")
MOVED: tuple[tuple[str, dict[str, Any]], ...] = (
    ("RandomRotation", {"factor": 0.3}),
    ("RandomShear", {"x_factor": 0.3, "y_factor": 0.2}),
    ("RandomTranslation", {"height_factor": 0.3, "width_factor": 0.2}),
    ("RandomZoom", {"height_factor": 0.3, "width_factor": 0.2}),
)


def _resizing() -> Iterator[Case]:
    for interpolation in INTERPOLATIONS:
        for height, width in ((4, 5), (11, 13), (8, 18)):
            for antialias in (False, True):
                config = {"height": height, "width": width, "interpolation": interpolation, "antialias": antialias}
                yield Case("layers.Resizing", config, (Array("normal", (2, 8, 9, 3)),))
    for name in ("crop_to_aspect_ratio", "pad_to_aspect_ratio"):
        yield Case("layers.Resizing", {"height": 4, "width": 7, name: True}, (Array("normal", (2, 8, 9, 3)),))
    yield Case(
        "layers.Resizing", {"height": 4, "width": 7, "data_format": "channels_first"}, (Array("normal", (2, 3, 8, 9)),)
    )
    for kind in ("normal", "offset"):
        yield Case("layers.CenterCrop", {"height": 3, "width": 4}, (Array(kind, (2, 8, 9, 3)),))
        yield Case("layers.Rescaling", {"scale": 1 / 255, "offset": -0.5}, (Array(kind, (2, 3)),))
        for invert in (False, True):
            config = {"mean": [1.0, 2.0, 1e4], "variance": [1.0, 0.0, 4.0], "invert": invert}
            yield Case("layers.Normalization", config, (Array(kind, (2, 3)),))
    yield Case("layers.CenterCrop", {"height": 10, "width": 12}, (Array("normal", (2, 8, 9, 3)),))


def _augmentation() -> Iterator[Case]:
    call = {"training": True}
    for name, config in ADJUSTED:
        made = config if name in UNSEEDED else {**config, "seed": 3}
        yield Case(f"layers.{name}", made, (IMAGES,), call, how="forward")
    for name, config in MOVED:
        for interpolation in ("nearest", "bilinear"):
            for fill in FILLS:
                made = {**config, "interpolation": interpolation, "fill_mode": fill, "seed": 3}
                yield Case(f"layers.{name}", made, (IMAGES,), call, how="forward")
    yield Case("layers.RandomPerspective", {"interpolation": "nearest", "seed": 3}, (IMAGES,), call, how="forward")
    layers = [Make("layers.RandomFlip", {"seed": 3}), Make("layers.RandomContrast", {"factor": 0.3, "seed": 4})]
    yield Case("layers.Pipeline", {"layers": layers}, (IMAGES,), call, how="forward")


def _encoding() -> Iterator[Case]:
    ids, weights = Array("ints", (3, 4), high=5), Array("unit", (3, 4))
    for mode in ("multi_hot", "count", "one_hot"):
        array = Array("ints", (3,), high=5) if mode == "one_hot" else ids
        yield Case("layers.CategoryEncoding", {"num_tokens": 5, "output_mode": mode}, (array,), how="forward")
    yield Case(
        "layers.CategoryEncoding",
        {"num_tokens": 5, "output_mode": "count"},
        (ids,),
        {"count_weights": weights},
        how="forward",
    )
    for mode in ("int", "multi_hot", "count", "one_hot"):
        for array in (Array("normal", (6, 1)), Array("ties", (6, 1))):
            yield Case(
                "layers.Discretization",
                {"bin_boundaries": [-1.0, 0.0, 1.0], "output_mode": mode},
                (array,),
                how="forward",
            )
    for mode in ("int", "multi_hot", "count"):
        yield Case("layers.IntegerLookup", {"vocabulary": [1, 2, 4], "output_mode": mode}, (ids,), how="forward")
    boxes = {"boxes": Array("unit", (2, 3, 4)), "labels": Array("ints", (2, 3))}
    yield Case("layers.MaxNumBoundingBoxes", {"max_number": 5}, (), {"bounding_boxes": boxes}, how="forward")


def _spectra() -> Iterator[Case]:
    signal = Array("normal", (2, 64))
    for mode in ("log", "magnitude", "psd", "real", "imag", "angle", "stft"):
        made: dict[str, Any] = {"mode": mode, "frame_length": 16, "frame_step": 8, "fft_length": 16}
        yield Case("layers.STFTSpectrogram", made, (Array("normal", (2, 64, 1)),))
    yield Case(
        "layers.STFTSpectrogram",
        {"mode": "magnitude", "frame_length": 16, "padding": "same", "scaling": "spectrum"},
        (Array("normal", (2, 60, 2)),),
    )
    base: dict[str, Any] = {"fft_length": 16, "sequence_stride": 8, "sampling_rate": 100, "num_mel_bins": 6}
    options: tuple[dict[str, Any], ...] = ({}, {"power_to_db": False}, {"window": "hamming", "mag_exp": 1.0})
    for option in options:
        yield Case("layers.MelSpectrogram", {**base, **option}, (signal,))
    yield Case("layers.MelSpectrogram", base, (Array("zeros", (2, 64)),))


CASES = (*_resizing(), *_augmentation(), *_encoding(), *_spectra())
