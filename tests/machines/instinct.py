"""Servers with Instinct boards, as they are when nothing is wrong."""

from __future__ import annotations

from dataclasses import replace

from machines import hosts, models
from machines.values import Gpu, Machine, Model, PciDevice

# Location and unique id of each board of real servers.
MI300X_BOARDS = (
    (1280, 16404946649897475633),
    (9984, 2472748907779728154),
    (18176, 15565237874008425757),
    (25856, 12035684874187068538),
    (34048, 15304831566906821053),
    (42752, 13644590235195043050),
    (50944, 13326531576914550249),
    (58624, 15931900197903628278),
)
_MI300X_HIVE = 15188982192727901047
_MI308X_BOARDS = (
    (0, 2560, 598046273873802902),
    (0, 32768, 11803749423592941193),
    (0, 41984, 10187445671099294242),
    (0, 51200, 9604994527082705072),
    (1, 2816, 17466021589395472075),
    (1, 33024, 1044926823201815193),
    (1, 42240, 13372828617950681944),
    (1, 51456, 6576958293045616595),
)
_MI210_CARDS = (
    (25344, 1801979520617338022),
    (17152, 5847760019078012339),
    (768, 10645161697164847644),
    (9728, 4847253685048710349),
    (58112, 12585367064092601175),
    (49920, 11779194899033552202),
    (33536, 17888023871577450191),
    (41728, 14073402507705256557),
)
_MI210_HIVES = (12609507387757274807, 18091350218769748594)
# The captured server numbers its nodes in this order of buses; two GCDs beside each other are one board.
_MI250X_BUSES = (
    0x2F,
    0x32,
    0x26,
    0x29,
    0x63,
    0x66,
    0x43,
    0x46,
    0xA3,
    0xA6,
    0x83,
    0x86,
    0xE3,
    0xE6,
    0xC3,
    0xC6,
)
_MI300A_IDS = (7843934696581995200, 11940228331418201223, 7304659965365223271, 6885922256455814113)

BMC = PciDevice("0000:c4:00.0", 0x1A03, 0x2000, 0x030000, 0x52, "ast", drm=True, connectors=("VGA-1",))


def mi300x_gpus(model: Model = models.MI300X, compute: str = "SPX", memory: str = "NPS1") -> tuple[Gpu, ...]:
    """Eight boards in one mode."""
    slices = {"SPX": 1, "DPX": 2, "QPX": 4, "CPX": model.properties["num_xcc"]}[compute]
    # A capture of CPX has another value here than one of SPX.
    properties = {"capability": 2893521536} if compute == "CPX" else {}
    return tuple(
        Gpu(
            model,
            location,
            unique_id,
            hive=_MI300X_HIVE,
            numa_node=index // 4,
            slices=slices,
            compute=compute,
            memory=memory,
            properties=properties,
        )
        for index, (location, unique_id) in enumerate(MI300X_BOARDS)
    )


def mi300x_spx() -> Machine:
    """8 devices; 64 cards beside the BMC's."""
    return Machine(hosts.GENOA, mi300x_gpus(), (BMC,))


def mi300x_dpx() -> Machine:
    """16 devices of 4 XCCs."""
    return Machine(hosts.GENOA, mi300x_gpus(compute="DPX"), (BMC,))


def mi300x_qpx_nps4() -> Machine:
    """32 devices of 2 XCCs."""
    return Machine(hosts.GENOA, mi300x_gpus(compute="QPX", memory="NPS4"), (BMC,))


def mi300x_cpx_nps4(new_slices: bool = False) -> Machine:
    """64 devices of one XCC; a newer driver gives each its own unique id and counts them in bits 31:28."""
    gpus = mi300x_gpus(compute="CPX", memory="NPS4")
    name = "amdgpu_xcp.{}" if new_slices else "amdgpu_xcp_{}"
    return Machine(hosts.GENOA, gpus, (BMC,), new_slices=new_slices, xcp_name=name)


def mi325x() -> Machine:
    return Machine(hosts.GENOA, mi300x_gpus(models.MI325X), (BMC,))


def mi350x() -> Machine:
    return Machine(hosts.TURIN, mi300x_gpus(models.MI350X), (BMC,), driver="6.14.14")


def mi355x() -> Machine:
    return Machine(hosts.TURIN, mi300x_gpus(models.MI355X), (BMC,), driver="6.14.14")


def mi308x_cpx() -> Machine:
    """32 devices, in two PCI domains; the banks of a board are a little more than sysfs says it has."""
    whole = 4 * 51539607552
    gpus = [replace(gpu, slices=4, compute="CPX", bank_bytes=whole) for gpu in mi308x_spx().gpus]
    return replace(mi308x_spx(), gpus=tuple(gpus))


def mi308x_spx() -> Machine:
    gpus = tuple(
        Gpu(
            models.MI308X,
            location,
            unique_id,
            domain,
            2095653680343411291,
            index // 4,
            compute="SPX",
            memory="NPS1",
        )
        for index, (domain, location, unique_id) in enumerate(_MI308X_BOARDS)
    )
    return Machine(hosts.SAPPHIRE_RAPIDS, gpus, (BMC,))


def mi210() -> Machine:
    """8 devices in two hives, whose order is not that of their addresses."""
    gpus = tuple(
        Gpu(models.MI210, location, unique_id, hive=_MI210_HIVES[index // 4], numa_node=index // 4)
        for index, (location, unique_id) in enumerate(_MI210_CARDS)
    )
    return Machine(hosts.MILAN, gpus, (BMC,), driver="6.8.5")


def mi250x() -> Machine:
    """8 boards, 16 devices: each GCD is a PCI device with an id of its own."""
    gpus = tuple(
        Gpu(
            models.MI250X_GCD,
            bus << 8,
            0x9F31_0000_5A00_0000 + bus,
            hive=_MI210_HIVES[0],
            numa_node=index // 8,
        )
        for index, bus in enumerate(_MI250X_BUSES)
    )
    return Machine(hosts.MILAN, gpus, (BMC,), driver="6.8.5")


def mi300a(tpx: bool = False, tiny: bool = False) -> Machine:
    """4 APUs in 4 PCI domains; sysfs has no total of their memory, or a tiny one."""
    names = ("mem_info_vram_total", "mem_info_vram_used", "mem_info_vis_vram_total", "mem_info_vis_vram_used")
    gpus = tuple(
        Gpu(
            models.MI300A,
            512,
            unique_id,
            domain,
            9034655720432782706,
            domain,
            slices=3 if tpx else 1,
            compute="TPX" if tpx else "SPX",
            memory="NPS1",
            bank_bytes=128 * 1024**3,
            memory_busy_percent=None,
            files={} if tiny else dict.fromkeys(names),
        )
        for domain, unique_id in enumerate(_MI300A_IDS)
    )
    return Machine(hosts.MI300A_HOST, gpus, xcp_name="amdgpu_xcp.{}")
