"""Which profiles a processor can run, by what /proc/cpuinfo or the user calls it."""

from __future__ import annotations

import pytest

from aim_runtime.hardware import cpu
from aim_runtime.hardware.accelerator import Accelerator
from aim_runtime.hardware.epyc import KINDS, PROCESSORS, generation, models, number
from aim_runtime.vocabulary import AcceleratorType, Precision

ZEN4, ZEN5, OWN = ("EPYC_ZEN4", "CPU"), ("EPYC_ZEN5", "CPU"), ("EPYC_9965", "EPYC_ZEN5", "CPU")


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("AMD EPYC 9965 192-Core Processor", OWN),
        ("AMD EPYC 9755 128-Core Processor", ZEN5),
        ("AMD EPYC 9575F 64-Core Processor", ZEN5),
        ("AMD EPYC 9R45", ZEN5),
        ("AMD EPYC 9654 96-Core Processor", ZEN4),
        ("AMD EPYC 9684X 96-Core Processor", ZEN4),
        ("AMD EPYC 9754 128-Core Processor", ZEN4),
        ("AMD EPYC 9V74 80-Core Processor", ZEN4),
        ("AMD EPYC 9R14", ZEN4),
        ("AMD EPYC 9535 64-Core Processor", ZEN5),
        ("AMD EPYC 9475F 48-Core Processor", ZEN5),
        ("AMD EPYC 9455 48-Core Processor", ZEN5),
        ("AMD EPYC 9455P 48-Core Processor", ZEN5),
        ("AMD EPYC 9015 8-Core Processor", ZEN5),
        ("AMD EPYC 9V45 96-Core Processor", ZEN5),
        ("AMD EPYC 9474F 48-Core Processor", ZEN4),
        ("AMD EPYC 9B14", ZEN4),
        ("AMD EPYC 9J14 96-Core Processor", ZEN4),
        ("AMD EPYC 8534P 64-Core Processor", ZEN4),
        ("AMD EPYC 8324PN 32-Core Processor", ZEN4),
        ("AMD EPYC 72F3 8-Core Processor", ("CPU",)),
        ("AMD EPYC 7551 32-Core Processor", ("CPU",)),
        ("AMD EPYC 7R13 Processor", ("CPU",)),
        ("AMD EPYC 7502P 32-Core Processor", ("CPU",)),
        ("AMD EPYC 4124P 4-Core Processor", ("CPU",)),
        ("AMD EPYC Processor (with IBPB)", ("CPU",)),
        ("AMD EPYC-Milan Processor", ("CPU",)),
        ("AMD Ryzen Threadripper PRO 9995WX 96-Cores", ("CPU",)),
        ("AMD Eng Sample: 100-000000053-04_32/20_N", ("CPU",)),
        ("AMD EPYC 4585PX 16-Core Processor", ("CPU",)),
        ("AMD EPYC", ("CPU",)),
        ("EPYC_9965", OWN),
        ("epyc_zen5", ZEN5),
        ("EPYC_ZEN4", ZEN4),
        ("AMD EPYC 7763 64-Core Processor", ("CPU",)),
        ("AMD EPYC 4564P 16-Core Processor", ("CPU",)),
        ("AMD EPYC-Genoa Processor", ("CPU",)),
        ("AMD Ryzen 9 9955HX", ("CPU",)),
        ("Intel(R) Xeon(R) Platinum 8480+", ("CPU",)),
        ("", ("CPU",)),
    ],
)
def test_kinds(name: str, expected: tuple[str, ...]) -> None:
    assert models(name, "CPU") == expected


SEEN = Accelerator(AcceleratorType.CPU, 0, "EPYC_9965", "AMD EPYC 9965", 64, 8, 32, ("EPYC_ZEN5", "CPU"))


@pytest.mark.parametrize("text", ["CPU", "cpu", "EPYC_9965", "epyc_9965", "9965", "EPYC 9965", "EPYC_ZEN5"])
def test_what_this_machine_is_keeps_its_facts(text: str) -> None:
    assert cpu.declared(text, SEEN) is SEEN


@pytest.mark.parametrize(
    ("text", "models"),
    [("EPYC_ZEN4", ZEN4), ("9654", ZEN4), ("EPYC 9654", ZEN4), ("9684x", ZEN4), ("8324PN", ZEN4)],
)
def test_of_another_kind_nothing_else_is_known(text: str, models: tuple[str, ...]) -> None:
    found = cpu.declared(text, SEEN)
    assert found is not None
    assert (found.models, found.memory_bytes, found.free_bytes) == (models, None, None)


@pytest.mark.parametrize("text", ["MI300X", "74a1", "0x74a5", "Xeon", "", "9999"])
def test_what_is_not_a_cpu(text: str) -> None:
    assert cpu.declared(text, SEEN) is None


@pytest.mark.parametrize(
    ("name", "expected", "series"),
    [
        ("AMD EPYC 9965 192-Core Processor", "9965", "Zen 5"),
        ("AMD EPYC 9475F 48-Core Processor", "9475F", "Zen 5"),
        ("AMD EPYC 9654 96-Core Processor", "9654", "Zen 4"),
        ("AMD EPYC 8534P 64-Core Processor", "8534P", "Zen 4"),
        ("AMD EPYC 4564P 16-Core Processor", "4564P", "Zen 4"),
        ("AMD EPYC 7763 64-Core Processor", "7763", "Zen 3"),
        ("AMD EPYC 8324PN 32-Core Processor", "8324PN", "Zen 4"),
        ("AMD EPYC 4585PX 16-Core Processor", "4585PX", "Zen 5"),
        ("AMD EPYC 9R45", "9R45", "Zen 5"),
        ("amd epyc 9v74", "9V74", "Zen 4"),
        ("EPYC_9965", "9965", "Zen 5"),
        ("AMD EPYC 72F3 8-Core Processor", "72F3", "Zen 3"),
        ("AMD EPYC 7H12 64-Core Processor", "7H12", "Zen 2"),
        ("AMD EPYC 7601 32-Core Processor", "7601", "Zen"),
        ("AMD EPYC", "", ""),
        ("AMD Ryzen 9 7950X 16-Core Processor", "", ""),
        ("Intel(R) Xeon(R) Platinum 8480+", "", ""),
    ],
)
def test_number_and_generation(name: str, expected: str, series: str) -> None:
    assert (number(name), generation(name)) == (expected, series)


def test_every_kind_is_a_row_of_the_same_kind_as_a_gpus() -> None:
    rows = {each.model: each for each in PROCESSORS}
    assert rows.keys() == KINDS.keys()
    assert {name: row.gfx for name, row in rows.items()} == {
        "EPYC_9965": "znver5",
        "EPYC_ZEN5": "znver5",
        "EPYC_ZEN4": "znver4",
    }
    for row in rows.values():
        assert row.ids == ()
        assert Precision.BF16 in row.precisions
        assert 400 < row.bandwidth_gb_per_s < 700
    assert all(kind in rows for also in KINDS.values() for kind in also)
