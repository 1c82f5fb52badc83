"""The first of the mutants that `tests.fuzz.costs` tries, and that it would not let one pass."""

import pytest

from tests.fuzz import costs

pytestmark = pytest.mark.long


@pytest.mark.parametrize("name", costs.FORMATS)
def test_no_mutant_of_a_small_capture_costs_a_second_or_60_megabytes(name):
    costs.most(name, 60, costs.seconds_of)  # each is looked at
    costs.most_megabytes(name, 60)


@pytest.mark.parametrize(
    ("limit", "most"),
    [
        ("SECONDS", lambda: costs.most("pcap", 1, costs.seconds_of)),
        ("MEGABYTES", lambda: costs.most_megabytes("pcap", 1)),
    ],
)
def test_a_mutant_that_costs_too_much_is_kept(limit, most, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(costs, limit, 0)
    with pytest.raises(costs.CostError):
        most()
    assert [path.name for path in tmp_path.iterdir()] == ["cost-pcap-20120904-0"]
