from __future__ import annotations

import pytest

from flashyard.contract.faults import Code
from flashyard.flash.running.denied import check, is_critical, reason
from support.faults import refused


@pytest.mark.parametrize(
    "partition",
    [
        *("bootloader", "aboot", "abl", "abl_a", "sbl1", "xbl", "XBL_config_b", "preloader", "lk"),
        *("tz", "hyp", "rpm", "gpt", "pgpt", "partition", "persist", "modemst1", "fsg", "fsc"),
        *("xloader", "fastboot", "splloader", "boot0", "toc1", "mmc0boot1", "BCT", "mb1_b"),
        *("nvme", "miscdata", "l_fixnv1_a", "prodnv"),
        *("efs", "nvram", "nvdata", "protect1", "sec1", "devinfo", "frp", "calibration"),
    ],
)
def test_what_a_device_may_not_survive_is_denied_and_the_reason_told(partition: str) -> None:
    with refused(Code.PARTITION_DENIED) as refusal:
        check(partition)
    why = reason(partition)
    assert why
    assert why in refusal.fault.sentence
    assert partition in refusal.fault.sentence


@pytest.mark.parametrize(
    "partition",
    [
        *("boot", "init_boot", "vendor_boot_b", "vendor_kernel_boot", "recovery", "dtbo", "vbmeta"),
        *("vbmeta_system_a", "system", "system_ext", "vendor", "product", "odm", "vendor_dlkm"),
        *("userdata", "cache", "metadata", "misc", "super", "logo", "splash", "modem", "radio"),
        *("disk", "oem", "cust", "pvmfw", "system_other"),
    ],
)
def test_what_every_image_brings_is_not(partition: str) -> None:
    check(partition)


def test_an_operator_adds_to_the_list_with_patterns() -> None:
    for name in ("modem", "modem_a", "MODEM_b"):
        with refused(Code.PARTITION_DENIED) as refusal:
            check(name, ("logo", "modem*"))
        assert "operator" in refusal.fault.sentence
    check("boot", ("logo", "modem*"))


def test_the_boot_chain_is_what_a_bootloader_may_lock_for_itself() -> None:
    assert is_critical("abl_a")
    assert is_critical("gpt")
    assert not is_critical("persist")
    assert not is_critical("boot")
