"""Answers with lists and dictionaries that contain themselves."""

endless = []
endless.append(endless)
table = {}
table["a"] = table


def make_layer():
    return endless


def count_weights(layer, inputs):
    return table
