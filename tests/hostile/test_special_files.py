"""A pipe that nobody writes to and a device without end, in place of every file that a verb reads: one message, at once."""

from __future__ import annotations

import os
import shutil
import signal
import threading
from pathlib import Path
from types import FrameType

import pytest

from finevh.base.files import read_input, read_input_text
from finevh.base.packed import open_bytes
from oracles.tiny_design import FREQUENCY, command, finished_run, write_design
from tests.fuzz import cli_cases
from tests.technology.platform import test_platform as kit

REPOSITORY = Path(__file__).resolve().parents[2]
TECHNOLOGY = REPOSITORY / "libs" / "finevh45"
KINDS = ("pipe", "device")
PATIENCE = 100  # s of the clock; a reader that waits would wait for ever


def asked(*words: str) -> tuple[int, str]:
    """Run a command line that may wait for nothing; status and what stderr says."""

    def late(number: int, frame: FrameType | None) -> None:
        raise TimeoutError("waits for a pipe or reads a device without end")

    before = signal.signal(signal.SIGALRM, late)
    signal.alarm(PATIENCE)
    try:
        status, _, said = command(*words)
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)
    assert "waits for" not in said, words
    assert "a defect of finevh" not in said, words
    return status, said


def put(path: Path, kind: str) -> None:
    """A pipe or a device, in place of a file."""
    path.unlink(missing_ok=True)
    if kind == "pipe":
        os.mkfifo(path)
    else:
        path.symlink_to("/dev/zero")


def refused(*words: str) -> None:
    status, said = asked(*words)
    assert status == 2, (words, said)
    assert said.count("finevh: ") + said.count("Error: ") == 1


@pytest.mark.parametrize("kind", KINDS)
def test_as_an_input_of_every_verb(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    monkeypatch.chdir(tmp_path)
    put(Path("x"), kind)
    for name, text in (("n.v", cli_cases.NETLIST), ("m.csv", cli_cases.MAP), ("c.sdc", cli_cases.SDC)):
        Path(name).write_text(text, encoding="utf-8")
    liberty = str(TECHNOLOGY / "liberty" / "finevh45_0v60.lib.gz")
    sta = {
        "--netlist": "n.v",
        "--top": "top",
        "--liberty": liberty,
        "--sdc": "c.sdc",
        "--spef": "x",
        "--voltages": "m.csv",
    }
    leakage = {"--netlist": "n.v", "--top": "top", "--technology": str(TECHNOLOGY), "--voltages": "m.csv"}
    bias = {"--netlist": "n.v", "--top": "top", "--technology": str(TECHNOLOGY), "--sdc": "c.sdc", "-o": "out.v"}
    for verb, given in (
        ("sta", sta),
        ("leakage", leakage | {"--probabilities": "x"}),
        ("bias", bias | {"--spef": "x"}),
    ):
        for option in given:
            if option not in ("--top", "-o"):
                words = [word for pair in (given | {option: "x"}).items() for word in pair]
                refused(verb, *words)
    refused("run", "x")
    refused("sweep", "x", "--tiles", "1", "--delta-vdd", "0.1")
    refused("tcl", "x", "-o", "out")
    refused("characterize", "x", "-o", "out")
    refused("init", "made", "--rtl", "x")
    refused("init", "made", "-f", "x")
    refused("import", "x")
    refused("platform", "add", "x")
    for verb in ("emulate", "report", "signoff", "metrics"):
        refused(verb, "x", *(["--freq", FREQUENCY] if verb == "emulate" else []))
    assert not Path("out").exists()


@pytest.mark.parametrize("kind", KINDS)
def test_in_a_folder_that_a_verb_reads(tmp_path: Path, kind: str) -> None:
    platform = tmp_path / "platform"
    kit.write_platform(platform, "std_typ_1p20V_25C.lib", kit.NAMES)
    kit.write_library(platform / "lib", "std_typ_1p20V_25C.lib", 1.2, 25, kit.CELLS)
    whole = [path for path in sorted(platform.rglob("*")) if path.is_file()]
    for path in whole:
        data = path.read_bytes()
        put(path, kind)
        status, said = asked("platform", "add", str(platform), "-o", str(tmp_path / "technology"))
        assert status in (0, 2), said  # what is no file may not be missed
        path.unlink()
        path.write_bytes(data)
    placed = tmp_path / "placed"
    placed.mkdir()
    for name in ("tiny.def", "tiny.v", "tiny.sdc"):
        shutil.copyfile(finished_run() / "out" / name, placed / name)
    for name in ("tiny.def", "tiny.v", "tiny.sdc"):
        data = (placed / name).read_bytes()
        put(placed / name, kind)
        refused("import", str(placed), "--technology", str(TECHNOLOGY), "-o", str(tmp_path / "flow.toml"))
        (placed / name).unlink()
        (placed / name).write_bytes(data)
    refused_flow = write_design(tmp_path)
    put(tmp_path / "tiny.v", kind)
    refused("run", str(refused_flow), "-o", str(tmp_path / "run"))


@pytest.mark.parametrize("kind", KINDS)
def test_in_a_run_directory_from_elsewhere(tmp_path: Path, kind: str) -> None:
    run = tmp_path / "run"
    shutil.copytree(finished_run(), run, copy_function=os.link)
    emulate, metrics, report = ["emulate", str(run), "--freq", FREQUENCY], ["metrics", str(run)], ["report", str(run)]
    for name, *verbs in (
        ("flow.toml", metrics),
        ("metrics.json", metrics),
        ("checks.json", metrics),
        ("provenance.json", metrics, emulate),
        ("05-optimize/stage.json", emulate),
        ("06-activity/log.txt", emulate),
        ("operating_points.csv", ["report", str(run), str(run), "-o", str(tmp_path / "page.html")]),
        ("tables/timing.csv", report),
    ):
        data = (run / name).read_bytes() if (run / name).exists() else b""
        put(run / name, kind)
        for verb in verbs:
            status, said = asked(*verb)
            assert status in (0, 2), (name, verb, said)
        (run / name).unlink()
        (run / name).write_bytes(data)


def test_a_pipe_that_somebody_writes_to_is_read(tmp_path: Path) -> None:
    """As a shell makes it of ``<(...)``: the writer is there when the reader comes."""
    receiver, sender = os.pipe()
    writer = threading.Thread(target=lambda: (os.write(sender, b"a\r\nb\n"), os.close(sender)))
    writer.start()
    assert read_input_text(Path(f"/dev/fd/{receiver}")) == "a\nb\n"
    writer.join()
    os.close(receiver)


def test_a_recording_is_a_file_that_can_be_read_again(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "x")
    for path, read in ((tmp_path / "x", open_bytes), (Path("/dev/zero"), open_bytes), (Path("/dev/zero"), read_input)):
        with pytest.raises(OSError, match="not a file"):
            read(path)
