"""Fixtures of the synthesis room."""

from __future__ import annotations

from pathlib import Path

import pytest

from finevh.synthesis import Options, Rtl, SynthesisPlan, SynthesisResult, plan_synthesis, run_synthesis
from tests.synthesis.library import liberty_text

REPOSITORY = Path(__file__).resolve().parents[2]
QUICK = REPOSITORY / "rtl" / "quick"


@pytest.fixture(scope="session")
def tiny_liberty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("tiny") / "tiny.lib"
    path.write_text(liberty_text(), encoding="utf-8")
    return path


@pytest.fixture(scope="session")
def quick_rtl() -> Rtl:
    return Rtl(files=(QUICK / "quick_clock_gate.sv", QUICK / "quick.sv"), top="quick")


@pytest.fixture(scope="session")
def quick_plan(quick_rtl: Rtl, tiny_liberty: Path) -> SynthesisPlan:
    return plan_synthesis(quick_rtl, [tiny_liberty], Options(period=2000.0))


@pytest.fixture(scope="session")
def quick_result(quick_plan: SynthesisPlan, tmp_path_factory: pytest.TempPathFactory) -> SynthesisResult:
    return run_synthesis(quick_plan, tmp_path_factory.mktemp("quick"))
