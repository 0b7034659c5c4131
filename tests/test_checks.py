import pytest

from finevh.checks import Checks, Severity
from finevh.errors import InputError


def test_a_clean_design_prints_one_line():
    assert Checks().lines() == ["checks: nothing to report"]
    assert Checks().as_dict() == {}


def test_findings_of_a_kind_add_up_and_keep_ten_examples():
    checks = Checks()
    checks.add("floating_inputs", [f"u{k}/A" for k in range(8)])
    other = Checks()
    other.add("floating_inputs", [f"w{k}/A" for k in range(8)], count=100)
    checks.merge(other)
    found = checks["floating_inputs"]
    assert found.count == 108
    assert len(found.examples) == 10
    assert checks.lines()[0].endswith("w1/A and 98 more")


def test_nothing_is_booked_for_none():
    checks = Checks()
    checks.add("loops_cut", [])
    assert "loops_cut" not in checks


def test_an_error_refuses_and_allow_turns_it_into_a_warning():
    checks = Checks()
    checks.add("unclocked_registers", ["r1"], severity=Severity.ERROR)
    with pytest.raises(InputError, match=r"registers that no clock reaches: r1.*--allow unclocked_registers"):
        checks.refuse()
    checks.refuse(["unclocked_registers"])
    assert checks["unclocked_registers"].severity == Severity.WARNING


def test_allow_names_an_existing_kind():
    with pytest.raises(InputError, match="no such kind"):
        Checks().refuse(["nonsense"])


def test_the_gravest_comes_first_and_the_account_reads_back():
    checks = Checks()
    checks.add("sdc_ignored", ["set_dont_touch"])
    checks.add("period_mismatch", ["10 ns, 20 ns"])
    assert list(checks.as_dict()) == ["period_mismatch", "sdc_ignored"]
    assert Checks.from_dict(checks.as_dict()).as_dict() == checks.as_dict()
    with pytest.raises(InputError, match="'what' is not a finding"):
        Checks.from_dict({"what": {}})
