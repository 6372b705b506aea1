"""What is detected on each of the machines, value by value, and which probe is believed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from aim_runtime.errors import HardwareError, InvalidValue
from aim_runtime.hardware import PROBES, amd, cpu, declared, detect, kfd
from aim_runtime.hardware.accelerator import Accelerator, Gpu, Hardware
from aim_runtime.hardware.found import Found, Probe
from aim_runtime.vocabulary import AcceleratorType, Vendor
from machines import MACHINES, as_nobody, busy, mi300x_spx, mixed_mi300x_mi325x, owning, write

GIB = 1024**3


Tree = Callable[[str], Path]


def look(root: Path) -> Hardware:
    """What is detected below a root."""
    return detect(None, None, None, root=root)


def kinds(hardware: Hardware) -> dict[str, int]:
    """How many of which model and mode."""
    found: dict[str, int] = {}
    for gpu in hardware.gpus:
        kind = f"{gpu.model or gpu.name}{f' {gpu.partition.mode}' if gpu.partition else ''}"
        found[kind] = found.get(kind, 0) + 1
    return found


# Machine, what is there, architecture, GiB and compute units of the first one (None: not told).
ANSWERS: list[tuple[str, Mapping[str, int], str, float, int | None]] = [
    ("8 MI300X SPX", {"MI300X": 8}, "gfx942", 206141652992 / GIB, 304),
    ("8 MI300X DPX", {"MI300X DPX/NPS1": 16}, "gfx942", 206141652992 / 2 / GIB, 152),
    ("8 MI300X QPX/NPS4", {"MI300X QPX/NPS4": 32}, "gfx942", 206141652992 / 4 / GIB, 76),
    ("8 MI300X CPX/NPS4", {"MI300X CPX/NPS4": 64}, "gfx942", 206141652992 / 8 / GIB, 38),
    ("8 MI300X CPX/NPS4, newer driver", {"MI300X CPX/NPS4": 64}, "gfx942", 206141652992 / 8 / GIB, 38),
    ("8 MI308X SPX", {"MI308X": 8}, "gfx942", 192, 80),
    ("8 MI308X CPX", {"MI308X CPX/NPS1": 32}, "gfx942", 48, 20),
    ("8 MI325X", {"MI325X": 8}, "gfx942", 274861129728 / GIB, 304),
    ("8 MI350X", {"MI350X": 8}, "gfx950", 288, 256),
    ("8 MI355X", {"MI355X": 8}, "gfx950", 309220868096 / GIB, 256),
    ("8 MI210", {"MI210": 8}, "gfx90a", 64, 104),
    ("8 MI250X", {"MI250X": 16}, "gfx90a", 64, 110),
    ("4 MI300A", {"MI300A": 4}, "gfx942", 128, 228),
    ("4 MI300A, tiny", {"MI300A": 4}, "gfx942", 128, 228),
    ("4 MI300A TPX", {"MI300A TPX/NPS1": 12}, "gfx942", 128 / 3, 76),
    ("W7900 beside an iGPU", {"W7900": 1, "AMD Radeon 610M": 1}, "gfx1100", 48, 96),
    ("W7900 beside an iGPU with lent memory", {"W7900": 1, "AMD Radeon 610M": 1}, "gfx1100", 48, 96),
    ("Strix Halo", {"STRIX_HALO": 1}, "gfx1151", 112, 40),
    ("Strix Halo, old kernel", {"STRIX_HALO": 1}, "gfx1151", 112, 40),
    ("4 MI300X and 4 MI325X", {"MI300X": 4, "MI325X": 4}, "gfx942", 206141652992 / GIB, 304),
    ("8 MI300X VF", {"MI300X": 8}, "gfx942", 206141652992 / GIB, 304),
    ("1 MI300X VF with modes", {"MI300X": 1}, "gfx942", 206141652992 / GIB, 304),
]


@pytest.mark.parametrize(
    ("name", "there", "architecture", "gib", "units"), ANSWERS, ids=[name for name, *_ in ANSWERS]
)
def test_each_machine_gives_the_documented_answer(
    name: str, there: Mapping[str, int], architecture: str, gib: float, units: int | None, tree: Tree
) -> None:
    found = look(tree(name))
    assert kinds(found) == there
    assert (found.source, found.problems, found.hidden) == (kfd.SOURCE, (), ())
    first = found.gpus[0]
    assert first.gpu is not None
    assert first.memory_bytes == pytest.approx(gib * GIB, rel=0.001)
    assert (first.gpu.architecture, first.gpu.compute_units) == (architecture, units)
    assert [gpu.index for gpu in found.gpus] == list(range(len(found.gpus)))
    assert all(gpu.free_bytes is not None and gpu.free_bytes > 0.99 * GIB for gpu in found.gpus)


@pytest.mark.parametrize("name", ["no GPU", "2 H100"])
def test_a_machine_without_a_driver_that_is_read_here_has_only_its_cpu(name: str, tree: Tree) -> None:
    found = look(tree(name))
    assert (found.gpus, found.source) == ((), cpu.SOURCE)
    assert (found.problems != ()) == (name == "2 H100")


def test_gpus_that_no_driver_shows_are_a_problem_and_not_silence(tree: Tree) -> None:
    found = look(tree("8 MI300X without a driver"))
    assert found.problems == ("8 x MI300X on the PCI bus, and no driver shows them",)
    assert found.gpus == ()


def test_all_that_is_known_of_a_board(tree: Tree) -> None:
    gpus = look(tree("8 MI300X SPX")).gpus
    (first, last) = (gpus[0].gpu, gpus[7].gpu)
    assert first is not None
    assert last is not None
    assert first == Gpu(
        Vendor.AMD,
        architecture="gfx942",
        pci_id=0x74A1,
        revision=0,
        address="0000:05:00.0",
        board="0000:05:00.0",
        unique_id="e3aa140f9a5f9e31",
        compute_units=304,
        firmware=177,
        numa_node=0,
        hive=15188982192727901047,
        render_minor=128,
        node=2,
        gpu_id=24248,
        busy_percent=0,
        memory_busy_percent=0,
    )
    assert (last.address, last.unique_id, last.render_minor) == ("0000:e5:00.0", "dd197ad1b50577f6", 184)
    assert (last.node, last.numa_node) == (9, 1)


@pytest.mark.parametrize("name", ["8 MI300X CPX/NPS4", "8 MI300X CPX/NPS4, newer driver"])
def test_the_slices_of_a_board_know_their_place_and_their_board(name: str, tree: Tree) -> None:
    gpus = look(tree(name)).gpus
    slices = [gpu.partition for gpu in gpus[8:16]]
    assert [each.number for each in slices if each] == list(range(8))
    assert {gpu.gpu.board for gpu in gpus[8:16] if gpu.gpu} == {"0000:27:00.0"}


def test_what_is_used_of_a_slice_is_its_own(place: Path) -> None:
    machine = busy(MACHINES["8 MI300X CPX/NPS4"](), {9: 20 * GIB})
    gpus = detect(None, None, None, root=write(machine, place)).gpus
    free = [gpu.free_bytes for gpu in gpus]
    assert free[9] == pytest.approx((206141652992 / 8) - 20 * GIB, abs=GIB / 10)
    assert all(each and each > 23.5 * GIB for index, each in enumerate(free) if index != 9)


def test_without_the_out_of_tree_driver_a_busy_boards_slices_are_not_guessed(place: Path) -> None:
    machine = replace(busy(MACHINES["8 MI300X CPX/NPS4"](), {9: 20 * GIB}), driver=None)
    free = [gpu.free_bytes for gpu in detect(None, None, None, root=write(machine, place)).gpus]
    assert free[8:16] == [None] * 8
    assert None not in free[:8]


def test_use_is_that_of_the_last_moments(tree: Tree) -> None:
    gpus = look(tree("8 MI300X, two busy")).gpus
    assert [gpu.gpu.busy_percent for gpu in gpus if gpu.gpu] == [98, 0, 0, 0, 0, 98, 0, 0]
    assert gpus[0].free_bytes == 206141652992 - 150 * GIB


@pytest.mark.parametrize("name", ["8 MI300X VF", "1 MI300X VF with modes"])
def test_a_virtual_function_says_so_and_its_mode_is_not_believed(name: str, tree: Tree) -> None:
    gpus = look(tree(name)).gpus
    assert all(gpu.gpu and gpu.gpu.virtual and gpu.partition is None for gpu in gpus)
    assert {gpu.gpu.busy_percent for gpu in gpus if gpu.gpu} == {None}


@pytest.mark.parametrize("name", ["W7900 beside an iGPU", "W7900 behind an iGPU"])
def test_integrated_graphics_are_told_from_a_board(name: str, tree: Tree) -> None:
    gpus = look(tree(name)).gpus
    assert {gpu.model: gpu.gpu.integrated for gpu in gpus if gpu.gpu} == {"W7900": False, None: True}


def test_one_gpu_of_eight_is_ours(place: Path) -> None:
    root = write(MACHINES["one MI300X of 8"](), place)
    found = as_nobody(look, root)
    assert (kinds(found), found.problems) == ({"MI300X": 1}, ())
    assert found.gpus[0].gpu is not None
    assert found.gpus[0].gpu.address == "0000:65:00.0"


def test_one_slice_of_a_board_is_still_a_slice(place: Path) -> None:
    found = as_nobody(look, write(MACHINES["one CPX slice of 64"](), place))
    assert kinds(found) == {"MI300X CPX/NPS4": 1}


def test_gpus_that_are_not_given_to_us_are_a_problem(place: Path) -> None:
    machine = mi300x_spx()
    none = replace(machine, gpus=tuple(replace(gpu, mine=()) for gpu in machine.gpus))
    found = as_nobody(look, write(none, place))
    assert found.gpus == ()
    assert found.problems == (
        "8 AMD GPUs of this machine are not given to this process: the device cgroup refuses",
    )


def test_nodes_that_cannot_be_read_are_a_problem_and_the_others_stay(place: Path) -> None:
    root = write(mi300x_spx(), place)
    node = root / kfd.NODES / "4/properties"
    node.unlink()
    node.mkdir()
    found = look(root)
    assert kinds(found) == {"MI300X": 7}
    assert found.problems == ("KFD node 4 cannot be read: Is a directory",)
    assert [gpu.index for gpu in found.gpus] == list(range(7))


@pytest.mark.parametrize("device_id", [0x7FFF, 0])
def test_an_unknown_device_is_listed_by_its_id(device_id: int, place: Path) -> None:
    root = write(MACHINES["8 MI210"](), place)
    node = root / kfd.NODES / "2/properties"
    node.write_text(node.read_text().replace("device_id 29711", f"device_id {device_id}"))
    first = look(root).gpus[0]
    assert (first.model, first.name) == (None, f"AMD GPU {device_id:#06x}")


def gpus(count: int, model: str | None = "MI300X", integrated: bool = False) -> Found:
    gpu = Gpu(Vendor.AMD, integrated=integrated)
    devices = (Accelerator(AcceleratorType.GPU, n, model, "x", 64 * GIB, gpu=gpu) for n in range(count))
    return Found(tuple(devices), f"{count} by a probe")


def probes(*answers: Found | None) -> tuple[Probe, ...]:
    """Probes in order, each giving its answer."""
    return tuple(lambda _, answer=answer: answer for answer in answers)


IGPU = gpus(1, None, integrated=True)


@pytest.mark.parametrize(
    ("answers", "source", "count"),
    [
        ((gpus(8), gpus(4)), "8 by a probe", 8),
        ((None, gpus(4)), "4 by a probe", 4),
        ((Found((), "x"), gpus(4)), "4 by a probe", 4),
        ((IGPU, gpus(4)), "4 by a probe", 4),
        ((IGPU, None), "1 by a probe", 1),
        ((None, Found((), "x")), cpu.SOURCE, 0),
        ((), cpu.SOURCE, 0),
    ],
    ids=[
        *("the first", "the next where one cannot look", "the next where one sees none"),
        *("integrated graphics wait", "integrated graphics at last", "none", "no probes"),
    ],
)
def test_probes_are_asked_in_order(answers: tuple[Found | None, ...], source: str, count: int) -> None:
    found = detect(None, None, None, probes=probes(*answers))
    assert (found.source, len(found.gpus)) == (source, count)


def test_problems_of_every_probe_are_kept() -> None:
    found = detect(
        None, None, None, probes=probes(Found((), "x", ("no",)), replace(gpus(1), problems=("but",)))
    )
    assert (found.problems, len(found.gpus)) == (("no", "but"), 1)


def test_amds_driver_is_the_first_probe() -> None:
    assert PROBES[0] is amd.probe


@pytest.mark.parametrize(("type_", "model"), [(AcceleratorType.CPU, None), (None, "CPU"), (None, "cpu")])
def test_the_cpu_may_be_asked_for(type_: AcceleratorType | None, model: str | None) -> None:
    found = detect(type_, model, None, probes=probes(gpus(8)))
    assert (found.gpus, found.source) == ((), declared.SOURCE if model else cpu.SOURCE)


def test_a_kind_of_cpu_may_be_declared() -> None:
    found = detect(None, "epyc_zen5", None, probes=probes(gpus(8)))
    assert (found.gpus, found.source) == ((), declared.SOURCE)
    assert found.cpu.models == ("EPYC_ZEN5", "CPU")


@pytest.mark.parametrize(
    ("count", "answer", "expected", "source"),
    [
        (None, gpus(4, "MI325X"), 4, declared.SOURCE),
        (None, gpus(4), 4, f"{declared.SOURCE}; 4 by a probe"),
        (2, gpus(4), 4, f"{declared.SOURCE}; 4 by a probe"),
        (8, gpus(4), 8, declared.SOURCE),
        (None, None, 8, declared.SOURCE),
    ],
    ids=[
        "another model: the probe counts",
        "it is here",
        "fewer than here",
        "more than here",
        "nobody counts",
    ],
)
def test_a_declared_model_is_believed(
    count: int | None, answer: Found | None, expected: int, source: str
) -> None:
    found = detect(None, "MI300X", count, probes=probes(answer))
    assert [gpu.model for gpu in found.gpus] == ["MI300X"] * expected
    assert found.source == source


def test_a_declared_model_takes_its_own_of_a_mixed_machine(place: Path) -> None:
    root = write(mixed_mi300x_mi325x(), place)
    found = detect(None, "0x74a5", None, root=root)
    assert [gpu.index for gpu in found.gpus] == [4, 5, 6, 7]
    assert found.gpus[0].memory_bytes == 274861129728


def test_0x74a1_is_planned_as_mi300x(tree: Tree) -> None:
    found = detect(None, "0x74a1", None, root=tree("no GPU"))
    assert [gpu.model for gpu in found.gpus] == ["MI300X"] * 8


@pytest.mark.parametrize(
    ("model", "error", "words"),
    [
        ("MI300XX", InvalidValue, "did you mean MI300X"),
        ("EPYC_ZEN6", InvalidValue, "did you mean EPYC_ZEN5"),
        ("0xffff", HardwareError, "no accelerator with this PCI id is known"),
    ],
)
@pytest.mark.parametrize("type_", [None, *AcceleratorType])
def test_a_declared_model_must_be_known(
    model: str, error: type[Exception], words: str, type_: AcceleratorType | None
) -> None:
    with pytest.raises(error, match=words):
        detect(type_, model, None, probes=())


def test_owning_and_visibility_go_together(place: Path) -> None:
    """A container with one of eight numbers it 0, whatever the host calls it."""
    root = write(owning(mi300x_spx(), 6), place)
    found = as_nobody(_look_with_hip, root)
    assert [gpu.index for gpu in found.gpus] == [0]


def _look_with_hip(root: Path) -> Hardware:
    return detect(None, None, None, root=root, environment={"HIP_VISIBLE_DEVICES": "0,6"})
