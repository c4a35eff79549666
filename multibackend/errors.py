"""Mistakes a user can fix: each is one line that says what, where, got, expected, and the cure."""


class MultibackendError(Exception):
    """A mistake of the user or of the machine; its message is one line and is shown without a traceback."""


class DataUnavailable(MultibackendError):
    """Data that can't be had here (no network, no file); experiments that need it are *not run*."""


class Unsupported(MultibackendError):
    """A Keras feature that the engines don't follow exactly, and so refuse by name."""


class RecordError(MultibackendError):
    """A record that is missing, truncated, foreign, or doesn't belong with the others."""
