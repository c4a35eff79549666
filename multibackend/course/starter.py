"""Starter: the file that a student begins with, and the solution as it is shown, both made from the reference.

A starter keeps the reference's imports and everything that the exercise gives. Each function and class that is to be
written keeps its head, with the task as docstring, and loses its body. Names with an underscore belong to the solution
alone, and are left out.
"""

from __future__ import annotations

import ast
import textwrap
from collections.abc import Iterator

from multibackend.course.exercise import Exercise
from multibackend.course.words import Language, Words, messages

WIDTH = 110
Definition = ast.FunctionDef | ast.ClassDef


def make_starter(exercise: Exercise, language: Language) -> str:
    """Make the file that a student fills in."""
    words = exercise.words(language)
    return _rewrite(exercise, words, _introduce(exercise, words, language), messages(language)["your_turn"])


def make_solution(exercise: Exercise, language: Language) -> str:
    """Make the reference solution, explained in the student's language."""
    words = exercise.words(language)
    return _rewrite(exercise, words, f"{exercise.id}. {words.title}\n\n{words.answer}".strip(), "")


def _introduce(exercise: Exercise, words: Words, language: Language) -> str:
    lines = [f"{exercise.id}. {words.title}", words.statement, words.note]
    lines.append(messages(language)["how_to_check"].format(id=exercise.id, file=exercise.filename))
    return "\n\n".join(line for line in lines if line)


def _rewrite(exercise: Exercise, words: Words, introduction: str, blank: str) -> str:
    """Rewrite the source with another introduction and docstrings; bodies become `blank`, unless that is empty."""
    source = exercise.source
    lines, tree = source.splitlines(), ast.parse(source)
    out = [*_docstring(introduction, 0)]
    end = tree.body[0].end_lineno or 0  # the module's own docstring
    for node in tree.body[1:]:
        start = _first_line(node)
        between, end_before = lines[end : start - 1], end
        end = node.end_lineno or start
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)) and node.name in words.tasks:
            out += between + list(_define(node, lines, words.tasks[node.name], blank))
        elif blank and isinstance(node, (ast.FunctionDef, ast.ClassDef)) and node.name.startswith("_"):
            continue
        else:
            out += lines[end_before:end]
    return "\n".join(out).rstrip() + "\n"


def _define(node: Definition, lines: list[str], task: str, blank: str) -> Iterator[str]:
    body = node.body[1:] if ast.get_docstring(node) is not None else node.body
    yield from lines[_first_line(node) - 1 : node.body[0].lineno - 1]
    indent = node.body[0].col_offset
    yield from _docstring(task, indent)
    if isinstance(node, ast.ClassDef):
        for member in body:
            if isinstance(member, ast.FunctionDef) and blank:
                yield ""
                yield from lines[_first_line(member) - 1 : member.body[0].lineno - 1]
                yield from _blank(blank, member.body[0].col_offset)
            else:
                yield ""
                yield from lines[_first_line(member) - 1 : member.end_lineno]
    elif blank:
        yield from _blank(blank, indent)
    else:
        yield from lines[node.body[0].end_lineno or 0 : node.end_lineno]


def _blank(text: str, indent: int) -> Iterator[str]:
    yield " " * indent + f'raise NotImplementedError("{text}")'


def _first_line(node: ast.stmt) -> int:
    decorators = getattr(node, "decorator_list", [])
    return min(node.lineno, *(int(decorator.lineno) for decorator in decorators), node.lineno)


def _docstring(text: str, indent: int) -> Iterator[str]:
    """Write a text as a docstring, with its paragraphs wrapped; indented lines stay as they are."""
    space = " " * indent
    paragraphs: list[str] = []
    for paragraph in text.replace("\\", "\\\\").replace('"""', "'''").split("\n\n"):
        kept = any(line.startswith((" ", "- ", "|")) for line in paragraph.splitlines())
        paragraphs.append(paragraph if kept else textwrap.fill(" ".join(paragraph.split()), WIDTH - indent))
    joined = ('"""' + "\n\n".join(paragraphs)).splitlines()
    if len(joined) == 1:
        yield space + joined[0] + '"""'
        return
    yield from ((space + line).rstrip() for line in joined)
    yield space + '"""'
