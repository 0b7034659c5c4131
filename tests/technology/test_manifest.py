from __future__ import annotations

import pytest

from finevh.errors import InputError
from finevh.technology.manifest import read_manifest, vdd_label

GOOD = """\
name = "tiny"

[views]
liberty = "{variant}_{vdd}.lib"
vdd = [0.8, 1.0]

[roles]
buffer = ["BUF_X1"]

[[variants]]
name = "PB0"

[[variants]]
name = "PB4"
group = ["pb"]
"""


def write(folder, text):
    path = folder / "technology.toml"
    path.write_text(text)
    return path


def test_suffixes_are_the_names_of_all_variants_but_the_first(tmp_path):
    manifest = read_manifest(write(tmp_path, GOOD))
    assert [manifest.suffix(v.name) for v in manifest.variants] == ["", "_PB4"]
    assert manifest.vdds() == (0.8, 1.0)


def test_a_folder_stands_for_its_technology_file(tmp_path):
    write(tmp_path, GOOD)
    assert read_manifest(tmp_path).name == "tiny"


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("liberty =", "libery =", "technology.toml:4: unknown key 'views.libery'; did you mean 'liberty'?"),
        ('name = "tiny"', 'nam = "tiny"', "technology.toml:1: unknown key 'nam'; did you mean 'name'?"),
        ("buffer =", "bufer =", "technology.toml:8: unknown role 'bufer'; did you mean 'buffer'?"),
        ('group = ["pb"]', "groups = []", "technology.toml:15: unknown key 'variants.1.groups'; did you mean 'group'?"),
        ("vdd = [0.8, 1.0]", 'vdd = ["high"]', "technology.toml:5: views.vdd.0: "),
        ('name = "PB4"', 'name = "PB0"', "technology.toml: two variants have the name 'PB0'"),
        ("[views]", "[views", "technology.toml: not valid TOML: "),
        ('name = "tiny"\n', "", "technology.toml: key 'name' is missing; add it"),
    ],
)
def test_a_mistake_is_named_with_file_line_and_key(tmp_path, old, new, message):
    path = write(tmp_path, GOOD.replace(old, new, 1))
    with pytest.raises(InputError) as error:
        read_manifest(path)
    assert message in str(error.value)
    assert str(error.value).startswith(str(tmp_path))


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(InputError, match=r"give a technology\.toml or its folder"):
        read_manifest(tmp_path / "none.toml")


@pytest.mark.parametrize(("vdd", "label"), [(0.8, "0v80"), (1.0, "1v00"), (0.625, "0v625"), (1.35, "1v35")])
def test_voltages_have_file_names(vdd, label):
    assert vdd_label(vdd) == label
