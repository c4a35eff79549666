"""Words, findings and studies as no record of ours would have them."""

from __future__ import annotations

from itertools import combinations, cycle, product

from hypothesis import strategies as st

from multibackend import BACKENDS
from multibackend.compare import PRECISIONS, STAGES, Absence, Comparison, Finding
from multibackend.compare.equivalence import Criterion, Equivalence
from multibackend.compare.findings import KnownEffect, Origin
from multibackend.compare.studies import LOSSES, Study
from multibackend.compare.tost import Tost
from multibackend.records.record import Run
from multibackend.sweep import judge, known, report

NASTY = (
    "<script>alert(1)</script>", "</testcase><testcase name='x'/>", "]]>", "<!--", "<br>", "&#0;", "&lt;b&gt;", "<a\n",
    "[link](javascript:alert(1))", "![i](http://x)", "[ref]: http://x", "`", "```", "|", "| - |", "***", "___", "~~~",
    "# ", "- ", "1. ", "12) ", "+ ", "> ", "===", "---", "\\", "\\|", "$x$", "$\\frac{", "\\input{/etc/passwd}", "_{",
    "http://x.org", "www.x.org", "a@b.org", "@all", "#1", "[red]", "[/]", "[/red]", "[link=http://x]", ":skull:",
    "\x1b[31m", "\x1b[2J", "\x1b]8;;http://x\x1b\\", "\x1b]0;t\x07", "\x1bP", "\x9b2J", "\x1b", "\n", "\r", "\r\n",
    "\t", "\x00", "\x07", "\x08", "\x0b", "\x0c", "\x7f", "\x85", "\u2028", "\u2029", "\u202e", "\u200b", "\ufeff",
    "\ufffe", "\ud800", "\udfff", "層", "é", "e\u0301", "../", "/", "..", ":", ".py:", "@", "%s", "{0}", "{{",
    "PASSED: 1 experiment", "x" * 300,
)  # fmt: skip

words = st.lists(
    st.one_of(st.sampled_from(NASTY), st.text(st.characters(codec=None), max_size=12)), min_size=1, max_size=4
).map("".join)
"""Any text: lone surrogates, control characters, markup of every kind."""

numbers = st.one_of(st.none(), st.floats(), st.just(0.0))
statuses = st.sampled_from(
    ["pass", "drift", "known", "diverged as meant", "fail", "consequence", "not judged", "not run"]
)
pairs = st.sampled_from(list(combinations(BACKENDS, 2)))


@st.composite
def comparisons(draw: st.DrawFn) -> Comparison:
    """Comparisons of every stage of all pairs of one or two experiments, in which all that can be foreign is."""
    pool = draw(st.lists(words, min_size=2, max_size=5, unique=True))
    word, experiments = st.sampled_from(pool), pool[: draw(st.integers(1, 2))]
    judged = draw(st.lists(st.tuples(statuses, numbers, numbers, word), min_size=1, max_size=7))
    chosen = draw(st.sampled_from([PRECISIONS, PRECISIONS[:1], PRECISIONS[1:]]))
    places = product(experiments, chosen, combinations(BACKENDS, 2), STAGES)
    findings = [Finding(*place, *judgement) for place, judgement in zip(places, cycle(judged), strict=False)]
    name, precision = st.sampled_from(experiments), st.sampled_from(PRECISIONS)
    run = st.builds(Run, name, st.sampled_from(BACKENDS), precision, st.just("quick"), st.just(0), st.integers(0, 2))
    absence = st.builds(Absence, run, st.sampled_from(["failed", "no record", "not-run"]), word)
    some = st.lists(name, min_size=1, max_size=6).map(tuple)
    effect = st.builds(KnownEffect, word, word, word, st.just("in effect"), word, word, word, word, some)
    kinds = st.sampled_from(["output", "between layers", "loss", "gradient", "optimizer", "nowhere"])
    origin = st.builds(Origin, name, precision, pairs, kinds, word, word)
    value = st.one_of(word, st.integers(), st.floats(), st.none(), st.lists(word, max_size=2))
    packages = st.one_of(word, st.dictionaries(word, value, max_size=3))
    row = st.fixed_dictionaries({"backend": word, "packages": packages, "device": value}, optional={pool[0]: value})
    return Comparison(
        findings=tuple(findings),
        failed=tuple(draw(st.lists(absence, max_size=2))),
        not_run=tuple(draw(st.lists(absence, max_size=2))),
        known=tuple(draw(st.lists(effect, max_size=1))),
        origins=tuple(draw(st.lists(origin, max_size=1))),
        parameters=draw(st.dictionaries(name, st.integers(0, 10**30), max_size=1)),
        environments=tuple(draw(st.lists(row, max_size=1))),
        drawn=draw(st.dictionaries(name, word, max_size=1)),
    )


@st.composite
def studies(draw: st.DrawFn) -> Study:
    """Studies of equivalence."""
    word = st.sampled_from(draw(st.lists(words, min_size=2, max_size=4, unique=True)))
    test = Tost(5, 0.01, 0.1, 0.05, 0.05, (-0.1, 0.1), 1e-4, 0.2, 0.3)
    status = st.sampled_from(["equivalent", "known", "different", "not shown", "not judged"])
    losses = st.sampled_from([((1.0, float("nan")), (float("inf"), 0.0)), ()])
    result = st.builds(
        Equivalence, word, st.sampled_from(PRECISIONS), pairs, st.sampled_from(list(LOSSES)), status, word, losses,
        st.just("ratio"), st.just(test), st.just(0.5), st.just(0.1),
    )  # fmt: skip
    left = draw(st.dictionaries(word, word, max_size=2))
    return Study(Criterion(0.05, 0.05), (0, 1, 2, 3, 4), tuple(draw(st.lists(result, max_size=3))), left)


@st.composite
def sweeps(draw: st.DrawFn) -> report.Sweep:
    """Sweeps with findings in any words."""
    word = st.sampled_from(draw(st.lists(words, min_size=2, max_size=5, unique=True)))
    size = st.one_of(st.none(), st.floats(0, 1e9))
    finding = st.builds(judge.Finding, word, st.sampled_from(PRECISIONS), word, word, pairs, size, st.just(0.5), word)
    group = st.builds(known.Group, st.tuples(finding), st.one_of(st.just(""), word))
    groups = draw(st.lists(group, max_size=3))
    verdicts = tuple(judge.Verdict(g.first.case, g.first.precision, g.findings) for g in groups)
    stale, packages = draw(st.lists(word, max_size=2)), draw(st.dictionaries(word, st.just({"keras": "3"}), max_size=2))
    return report.Sweep(verdicts, tuple(groups), tuple(stale), (), packages, 1.0)
