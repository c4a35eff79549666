"""Suspects: the participants that a set of differing pairs points at, and the words for them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from multibackend.compare.participants import Pair


def find_suspects(pairs: Iterable[Pair]) -> tuple[str, ...]:
    """List the participants that are in all differing pairs; where none is, all that the pairs name. Sorted.

    One pair alone accuses both of its participants; no pair accuses nobody.
    """
    differing = set(pairs)
    named = {name for pair in differing for name in pair}
    shared = {name for name in named if all(name in pair for pair in differing)}
    return tuple(sorted(shared or named))


def describe_suspects(suspects: Sequence[str], participants: Collection[str]) -> str:
    """Say who differs: "torch differs", "jax and torch differ", or "all 4 differ" where nobody agrees with anybody."""
    return f"{name_suspects(suspects, participants)} {'differs' if len(suspects) == 1 else 'differ'}"


def name_suspects(suspects: Sequence[str], participants: Collection[str]) -> str:
    """Name the suspects, or say "all 4" where they are all participants, and more than a pair."""
    everybody = len(suspects) > 2 and set(suspects) == set(participants)
    return f"all {len(suspects)}" if everybody else join_words(suspects)


def join_words(words: Sequence[str]) -> str:
    """Join words into a list in a sentence: "a", "a and b", "a, b and c"."""
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)
