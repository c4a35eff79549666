"""Raises exceptions whose words are half characters, endless, or not words at all."""


class Odd(Exception):
    def __str__(self):
        return "\udc80\ud800" * 1000 + "\0"


class NoText(Exception):
    def __str__(self):
        return 5


def make_layer():
    raise Odd


def count_weights(layer, inputs):
    raise NoText
