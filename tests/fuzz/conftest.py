"""Fuzzing: 300 cases of each promise in every run, the same ones each time; `nox -s fuzz` tries 10,000 new ones."""

from hypothesis import HealthCheck, Phase, settings

SLOW = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.function_scoped_fixture]

settings.register_profile(
    "ci",
    max_examples=300,
    phases=[Phase.explicit, Phase.generate],  # shrinking takes minutes, and a failing case is printed without it
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=SLOW,
)
settings.register_profile("weekly", max_examples=10_000, deadline=None, print_blob=True, suppress_health_check=SLOW)
settings.load_profile("ci")
