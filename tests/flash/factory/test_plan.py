from __future__ import annotations

from pathlib import Path

import pytest

from flashyard.contract.faults import Code, FaultError
from flashyard.flash.factory.bundle import opened
from flashyard.flash.factory.plan import Choice, FactoryPlan, plan
from support.factory_images import FASTBOOT_INFO, images, noise, vendors, written

PHONE = {
    **images(),
    "fastboot-info.txt": FASTBOOT_INFO,
    "super_empty.img": noise(4096, "super"),
    "system_other.img": noise(4096, "other"),
}


def planned(tmp_path: Path, files: dict[str, bytes], **choice: object) -> FactoryPlan:
    with opened(written(tmp_path / "out", files)) as bundle:
        return plan(bundle, Choice(**choice))  # type: ignore[arg-type]


def order(made: FactoryPlan) -> list[str]:
    return [
        " ".join(filter(None, (step.before, step.method, step.partition, step.slot)))
        for step in made.steps
    ]


def test_a_bundle_without_a_script_is_written_in_aosps_order(tmp_path: Path) -> None:
    files = {**images(), "super_empty.img": b"1", "system_other.img": b"1", "dt.img": b"1"}
    made = planned(tmp_path, files)
    assert made.order == "in AOSP's order"
    assert order(made) == [
        "flash boot",
        "flash dtbo",
        "flash dts",
        "flash vbmeta",
        "reboot-fastboot update-super super",
        "flash system",
        "flash system other",
        "flash vendor",
    ]
    assert [each.variable for each in made.requirements] == ["product"]
    assert made.notes == ()


def test_a_bundle_is_written_as_its_script_says(tmp_path: Path) -> None:
    made = planned(tmp_path, PHONE)
    assert made.order == "as fastboot-info.txt says"
    assert order(made) == [
        "flash boot",
        "flash vbmeta",
        "reboot-fastboot update-super super",
        "flash system",
        "flash system other",
    ]
    assert [note.split()[0] for note in made.notes] == ["dtbo.img", "vendor.img"]


def test_without_a_layout_the_restart_still_comes_before_the_next_image(tmp_path: Path) -> None:
    made = planned(tmp_path, PHONE, skip=frozenset({"super"}))
    assert order(made)[2] == "reboot-fastboot flash system"


def test_what_is_skipped_is_neither_written_nor_missed(tmp_path: Path) -> None:
    files = {**PHONE}
    del files["system.img"], files["system_other.img"]
    with pytest.raises(FaultError) as refusal:
        planned(tmp_path, files)
    assert (
        refusal.value.fault.sentence == "The bundle has no system.img, which it needs for system."
    )
    made = planned(tmp_path, files, skip=frozenset({"system"}))
    assert [step.partition for step in made.steps] == ["boot", "vbmeta", "super"]
    made = planned(tmp_path, files, only=frozenset({"vbmeta"}))
    assert order(made) == ["flash vbmeta"]


@pytest.mark.parametrize("choice", [{"skip": {"misc"}}, {"only": {"misc"}}, {"skip": {"vendor"}}])
def test_a_choice_of_what_the_bundle_does_not_write_is_refused(
    choice: dict[str, set[str]], tmp_path: Path
) -> None:
    with pytest.raises(FaultError) as refusal:
        planned(tmp_path, PHONE, **choice)
    assert refusal.value.fault.code is Code.INVALID_REQUEST
    assert refusal.value.fault.hint == "It writes boot, super, system, vbmeta."


def test_an_empty_choice_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FaultError) as refusal:
        planned(tmp_path, PHONE, skip=frozenset({"boot", "super", "system", "vbmeta"}))
    assert refusal.value.fault.sentence == "Nothing of the bundle is left to write."


def test_an_image_the_device_is_asked_about_has_to_be_there(tmp_path: Path) -> None:
    info = b"require partition-exists=product\n"
    with pytest.raises(FaultError) as refusal:
        planned(tmp_path, {**images(), "android-info.txt": info})
    assert refusal.value.fault.code is Code.IMAGE_CORRUPT
    assert "product.img" in refusal.value.fault.sentence


def test_a_partition_is_written_once(tmp_path: Path) -> None:
    files = {**images(), "fastboot-info.txt": b"flash boot\nflash boot dtbo.img\n"}
    with pytest.raises(FaultError) as refusal:
        planned(tmp_path, files)
    assert refusal.value.fault.sentence == "The bundle writes boot twice."


def test_the_slot_that_is_kept_is_not_written(tmp_path: Path) -> None:
    made = planned(tmp_path, PHONE, slot="inactive")
    assert order(made)[-1] == "flash system"
    assert any("slot that is kept" in note for note in made.notes)


def test_what_only_a_wipe_does_is_done_with_one(tmp_path: Path) -> None:
    script = b"flash boot\nif-wipe erase userdata\nif-wipe flash vbmeta\n"
    files = {**images(), "fastboot-info.txt": script}
    assert order(planned(tmp_path, files)) == ["flash boot"]
    assert order(planned(tmp_path, files, wipe=True)) == ["flash boot", "flash vbmeta"]
    files["fastboot-info.txt"] = b"flash boot\nif-wipe erase frp\n"
    with pytest.raises(FaultError) as refusal:
        planned(tmp_path, files, wipe=True)
    assert refusal.value.fault.code is Code.NOT_SUPPORTED


def the_vendors(tmp_path: Path, **choice: object) -> FactoryPlan:
    info = b"require version-bootloader=1.2\nrequire version-baseband=g5300\nboard=phone\n"
    path = tmp_path / "phone.zip"
    path.write_bytes(vendors({**images(), "android-info.txt": info}))
    with opened(path) as bundle:
        return plan(bundle, Choice(**choice))  # type: ignore[arg-type]


def test_a_vendors_firmware_is_left_out_and_told(tmp_path: Path) -> None:
    made = the_vendors(tmp_path)
    assert order(made)[0] == "flash boot"
    assert made.notes == (
        "bootloader-phone-1.2.img is not written: that needs --allow-dangerous.",
        "flash-all.bat is not run.",
        "flash-all.sh is not run.",
        "radio-phone-g5300.img is not written: that needs --allow-dangerous.",
    )
    assert len(made.requirements) == 3


def test_a_vendors_firmware_comes_first_where_it_is_allowed(tmp_path: Path) -> None:
    made = the_vendors(tmp_path, allow_dangerous=True)
    assert order(made)[:3] == [
        "flash bootloader",
        "reboot-bootloader flash radio",
        "reboot-bootloader flash boot",
    ]
    assert [each.variable for each in made.requirements] == ["product"]
    assert "version-bootloader is not asked for: the job itself changes it." in made.notes


def test_firmware_that_is_skipped_costs_no_restart(tmp_path: Path) -> None:
    skip = frozenset({"bootloader", "radio"})
    made = the_vendors(tmp_path, allow_dangerous=True, skip=skip)
    assert order(made)[0] == "flash boot"
    assert len(made.requirements) == 3


def test_who_asks_nothing_is_told_of(tmp_path: Path) -> None:
    files = images()
    del files["android-info.txt"]
    assert planned(tmp_path, files).notes == (
        "Nothing is asked of the device: there is no android-info.txt.",
    )


def test_not_every_file_of_a_full_folder_is_told_of(tmp_path: Path) -> None:
    more = {f"more{number:02}.img": b"1" for number in range(40)}
    notes = planned(tmp_path, {**images(), **more}).notes
    assert len(notes) == 31
    assert notes[-1] == "10 more files are left alone."
