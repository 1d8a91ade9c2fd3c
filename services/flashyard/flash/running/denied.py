"""Partitions that are not written unless somebody insists, and what a device would lose with them.

By name alone: what makers call them, gathered from the layouts of their devices.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from fnmatch import fnmatchcase

from flashyard.contract.faults import Code, refuse
from flashyard.flash.slots import bare

_STARTS = "the device starts with it, and may not start again, not even into its bootloader"
_TABLE = "it says where all other partitions are"
_UNIT = "it holds what was measured or written for this very device, and exists nowhere else"
_LOCK = "it holds the state of the device's locks and keys"

_PATTERNS: Mapping[str, str] = {
    _STARTS: """
        bootloader* aboot abl* sbl* xbl* preloader* pbl lk lk2 lk_* u-boot uboot* spl tpl fsbl* bl1
        bl2* bl31 bl33 fip* loader* trust tz* tee* hyp* rpm* sdi pmic* cmnlib* keymaster* km41
        devcfg* qupfw* aop* uefi* imagefv* shrm* cpucp* multiimg* scp* sspm* mcupm* dpm* spmfw*
        ldfw* el3_mon* epbl* gsa* harx* cm4 sboot* up_param param xloader* fastboot* fw_lpm3*
        splloader* sml* boot0 boot1 toc0 toc1 mmc*boot* bct* ebt* mb1* mb2*
    """,
    _TABLE: "gpt* pgpt* sgpt* mbr ebr* partition pit",
    _UNIT: """
        persist* modemst* fsg* fsc* efs* nvram* nvdata* nvcfg* protect* proinfo calibration* cal
        cal_* wlan_cal* prodinfo* product_info factory* tunning oppodycnvbk oppostanvbk opporeserve*
        ocdt dip deviceinfo hwid* misc_efs cpefs mfgdata sutinfo nvme miscdata prodnv
        *fixnv* *runtimenv*
    """,
    _LOCK: "frp devinfo sec* keystore* rpmb ssd oeminfo oemlock* steady",
}
_OWN = "the hub's operator put it on the list"

# Of the list, what a bootloader may lock for itself, beside its lock of everything else.
_CRITICAL = frozenset({_STARTS, _TABLE})


def reason(partition: str, own: Collection[str] = ()) -> str | None:
    """Say why a partition is denied; None: it is not. ``own``: more patterns, as of file names."""
    name = bare(partition.lower())
    for why, patterns in _PATTERNS.items():
        if any(fnmatchcase(name, pattern) for pattern in patterns.split()):
            return why
    names = {name, partition.lower()}
    is_own = any(fnmatchcase(one, pattern.lower()) for pattern in own for one in names)
    return _OWN if is_own else None


def check(partition: str, own: Collection[str] = ()) -> None:
    """Raise `partition_denied` where a partition is on the list."""
    why = reason(partition, own)
    if why is not None:
        raise refuse(
            Code.PARTITION_DENIED,
            f"The partition {partition} is not written unless you allow it: {why}.",
            details=partition,
        )


def is_critical(partition: str) -> bool:
    """Is it of the boot chain, which some bootloaders lock separately?"""
    return reason(partition) in _CRITICAL
