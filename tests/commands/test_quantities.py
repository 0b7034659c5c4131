"""Frequencies, voltages and counts on the command line: units, lists, and what is refused."""

from __future__ import annotations

import pytest

from finevh.commands.quantities import counts_of, entries, frequencies_of, tile_counts, voltage_of, voltages_of
from finevh.errors import InputError


def test_lists_are_by_comma_or_by_repetition_or_both() -> None:
    assert frequencies_of(("250MHz,300MHz", "310 MHz", "0.25GHz")) == [250.0, 300.0, 310.0]
    assert voltages_of(("100mV, 0.2", "0.2V"), "--delta-vdd") == [0.1, 0.2]
    assert counts_of(("1,9", "25", "9"), "--tiles") == [1, 9, 25]
    assert entries(("INV*,NAND*", "DFF*"), "--cell") == ["INV*", "NAND*", "DFF*"]
    assert voltages_of(None, "--vdd") == voltages_of((), "--vdd") == []


@pytest.mark.parametrize(
    ("text", "mend"),
    [("250", "250MHz"), ("1.2", "1.2GHz"), ("250000", "250000kHz"), ("2.5e8", "2.5e8Hz"), ("5", "5MHz")],
)
def test_a_bare_frequency_is_refused_with_the_unit_that_fits(text: str, mend: str) -> None:
    with pytest.raises(InputError, match=f"--freq {text}: a frequency needs its unit; write {mend}$"):
        frequencies_of(("310MHz", text))


@pytest.mark.parametrize("text", ["100mV", "0.1V", "0.1", "1e-1", "100 mV"])
def test_a_voltage_is_bare_volts_or_has_a_unit(text: str) -> None:
    assert voltage_of(text, "--delta-vdd") == pytest.approx(0.1, abs=1e-15)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("100", "a bare number is in volts; write 100mV"),
        ("0", "a voltage must be above zero"),
        ("-100mV", "a voltage must be above zero"),
        ("100MHz", "is not a unit of voltage"),
        ("nan", "is not a voltage"),
        ("1e-300V", "finer than the finest step"),
        ("0.5mV", "finer than the finest step"),
        ("1_0", "is not a voltage"),
        ("", "an entry is empty"),
        ("0.1,,0.2", "an entry is empty"),
    ],
)
def test_what_is_no_voltage_is_refused_by_name(text: str, message: str) -> None:
    with pytest.raises(InputError) as caught:
        voltages_of(text, "--vdd")
    assert str(caught.value).startswith(f"--vdd {text}: ")
    assert message in str(caught.value)


def test_one_voltage_is_one() -> None:
    with pytest.raises(InputError, match="give one voltage"):
        voltage_of("0.1,0.2", "--delta-vdd")


@pytest.mark.parametrize("text", ["0MHz", "-1MHz", "1V", "fast", "inf"])
def test_what_is_no_frequency_is_refused_by_name(text: str) -> None:
    with pytest.raises(InputError, match=f"--freq {text}: "):
        frequencies_of(text)


@pytest.mark.parametrize("text", ["2.5", "nine", "1__0"])
def test_what_is_no_count_is_refused_by_name(text: str) -> None:
    with pytest.raises(InputError, match="is not a whole number"):
        counts_of(text, "--tiles")


def test_tile_counts_are_those_of_square_meshes() -> None:
    assert tile_counts(None) == ()
    assert tile_counts("1, 9,25") == (1, 9, 25)
    for text in ("8", "1,x", "0", "9,"):
        with pytest.raises(InputError, match=f"--tiles {text}: .* is not the count of a square mesh"):
            tile_counts(text)
