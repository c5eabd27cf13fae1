"""What the benchmarks say of the code is still so."""

from benchmarks.sampling import STEPS
from tests.environment import ROOT

OURS = [one for place in ("manage_api", "syteops") for one in (ROOT / place).rglob("*.py")]


def test_every_step_that_a_profile_names_is_a_function_that_is_there() -> None:
    for (file, function), step in STEPS.items():
        places = [one for one in OURS if one.as_posix().endswith(f"/{file}")]
        assert any(f"def {function}(" in one.read_text() for one in places), step
