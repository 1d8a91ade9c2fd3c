"""What lies on disk after a flash, whatever was sent."""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flashyard.flash.emulator import EmulatedDevice, Profile
from flashyard.flash.emulator.media import Media
from flashyard.flash.emulator.staged import Staged
from support.fastboot_host import TcpHost, ask, download, eventually, flash
from support.sparse_images import (
    DONT_CARE,
    FILL,
    RAW,
    Piece,
    apply_sparse,
    build,
    damaged_copies,
    sparse_images,
)

FREE = ("127.0.0.1", 0)
BLOCK = 4096


@pytest.fixture(params=[False, True], ids=["kept", "discarded"])
def device(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[EmulatedDevice]:
    profile = Profile(
        serial="MEDIA_1", discard=request.param, partitions={"boot": 8 << 20, "tiny": BLOCK}
    )
    with EmulatedDevice(profile, tmp_path, tcp=FREE) as device:
        yield device


@pytest.fixture
def kept(tmp_path: Path) -> Iterator[EmulatedDevice]:
    with EmulatedDevice(Profile(serial="MEDIA_2"), tmp_path, tcp=FREE) as device:
        yield device


def test_nothing_is_made_before_a_flash(kept: EmulatedDevice, tmp_path: Path) -> None:
    with TcpHost(kept.tcp_address) as host:
        ask(host, "getvar:all")
        assert list(tmp_path.iterdir()) == []


def test_a_discarding_device_makes_nothing_at_all(tmp_path: Path) -> None:
    profile = Profile(serial="MEDIA_3", discard=True)
    with EmulatedDevice(profile, tmp_path, tcp=FREE) as device, TcpHost(device.tcp_address) as host:
        assert flash(host, "boot", b"raw") == b"OKAY"
        assert flash(host, "boot", build(BLOCK, [Piece(RAW, 1, bytes(BLOCK))])) == b"OKAY"
        assert ask(host, "erase:boot") == b"OKAY"
        with pytest.raises(LookupError):
            device.partition_file("boot")
    assert list(tmp_path.iterdir()) == []


def test_no_file_stays_open_after_a_flash(kept: EmulatedDevice) -> None:
    with TcpHost(kept.tcp_address) as host:
        assert flash(host, "boot", b"raw") == b"OKAY"
        assert flash(host, "boot", build(BLOCK, [Piece(RAW, 1, bytes(BLOCK))])) == b"OKAY"
        assert eventually(lambda: not open_below(kept.partition_file("boot").parent))


def test_a_raw_flash_replaces_the_file(kept: EmulatedDevice) -> None:
    with TcpHost(kept.tcp_address) as host:
        assert flash(host, "boot", b"x" * 10_000) == b"OKAY"
        assert flash(host, "boot", b"y" * 100) == b"OKAY"
    assert kept.partition_file("boot").read_bytes() == b"y" * 100 + bytes(BLOCK - 100)


def test_a_sparse_flash_keeps_what_it_does_not_care_about(kept: EmulatedDevice) -> None:
    image = build(
        BLOCK, [Piece(DONT_CARE, 1, b""), Piece(FILL, 1, bytes(4)), Piece(FILL, 1, b"abcd")]
    )
    with TcpHost(kept.tcp_address) as host:
        assert flash(host, "boot", b"x" * BLOCK * 9) == b"OKAY"
        assert flash(host, "boot", image) == b"OKAY"
        assert kept.partition_file("boot").read_bytes() == (
            b"x" * BLOCK + bytes(BLOCK) + b"abcd" * (BLOCK // 4)
        )


def test_zeros_beyond_the_old_end_take_no_disk(kept: EmulatedDevice) -> None:
    with TcpHost(kept.tcp_address) as host:
        assert flash(host, "system", build(BLOCK, [Piece(FILL, 1 << 20, bytes(4))])) == b"OKAY"
    file = kept.partition_file("system").stat()
    assert (file.st_size, file.st_blocks < 64) == (1 << 32, True)


@settings(max_examples=60, deadline=None)
@given(st.lists(sparse_images(), min_size=1, max_size=3))
def test_any_sparse_images_in_a_row_leave_what_they_describe(
    tmp_path_factory: pytest.TempPathFactory, images: list[bytes]
) -> None:
    media = Media(tmp_path_factory.mktemp("media"))
    expected = bytearray()
    for image in images:
        staged = stage(media, image)
        assert staged.weight.damage is None
        media.flash("boot", staged)
        staged.close()
        total, blk_sz = struct.unpack_from("<12xII", image)[::-1]
        del expected[total * blk_sz :]
        expected.extend(bytes(total * blk_sz - len(expected)))
        apply_sparse(image, expected)
    assert media.path("boot").read_bytes() == expected


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_a_damaged_image_is_refused_or_harmless(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    """A kept and a discarding device agree, and neither writes beyond what was announced."""
    image = data.draw(damaged_copies(data.draw(sparse_images())))
    keeping = Media(tmp_path_factory.mktemp("media"))
    for media in (keeping, Media(None)):
        staged = stage(media, image)
        verdict = (staged.weight.damage, staged.weight.expanded_size)
        if media is keeping:
            first = verdict
            if staged.weight.damage is None and staged.weight.expanded_size < 1 << 30:
                media.flash("boot", staged)
                assert media.path("boot").stat().st_size >= staged.weight.expanded_size
        staged.close()
        assert verdict == first


def test_a_sparse_image_is_held_to_its_partition_by_its_expanded_size(
    device: EmulatedDevice,
) -> None:
    large = build(BLOCK, [Piece(FILL, 2, bytes(4))])
    with TcpHost(device.tcp_address) as host:
        assert flash(host, "tiny", large) == b"FAILimage larger than partition tiny"
        assert flash(host, "boot", large) == b"OKAY"


def test_a_damaged_sparse_image_is_refused_at_the_flash(device: EmulatedDevice) -> None:
    image = build(BLOCK, [Piece(RAW, 2, bytes(2 * BLOCK)), Piece(FILL, 1, bytes(4))])
    with TcpHost(device.tcp_address) as host:
        for damaged in (image[:40], image[:-1], image[:27], image[:28] + b"\xff" * 12 + image[40:]):
            assert download(host, damaged) == b"OKAY"
            assert ask(host, "flash:boot").startswith(b"FAILinvalid sparse image: ")
        assert flash(host, "boot", image) == b"OKAY"


def test_a_missing_last_dont_care_is_forgiven(device: EmulatedDevice) -> None:
    """AOSP's client leaves it out where a raw file is no whole number of blocks."""
    image = build(BLOCK, [Piece(RAW, 1, b"x" * BLOCK), Piece(DONT_CARE, 3, b"")])[:-12]
    with TcpHost(device.tcp_address) as host:
        assert flash(host, "boot", image) == b"OKAY"
        if not device.profile.discard:
            assert device.partition_file("boot").stat().st_size == 4 * BLOCK


def test_a_full_disk_fails_the_flash_and_the_next_one_works(
    kept: EmulatedDevice, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = os.write
    with TcpHost(kept.tcp_address) as host:
        monkeypatch.setattr(os, "write", no_space)
        assert download(host, b"lost") == b"OKAY"
        assert ask(host, "flash:boot").startswith(b"FAILthe download could not be stored: ")
        monkeypatch.setattr(os, "write", real)
        assert flash(host, "boot", b"kept") == b"OKAY"


def test_what_a_killed_process_left_is_cleaned_up(tmp_path: Path) -> None:
    left = tmp_path / "MEDIA_4" / ".staging-1-1"
    left.parent.mkdir()
    left.write_bytes(b"half")
    with EmulatedDevice(Profile(serial="MEDIA_4"), tmp_path, tcp=FREE):
        assert not left.exists()


def no_space(_file: int, _data: memoryview) -> int:
    raise OSError(28, "No space left on device")


def stage(media: Media, data: bytes) -> Staged:
    staged = media.stage()
    staged.open()
    half = len(data) // 2
    staged.take(memoryview(data)[:half])
    staged.take(memoryview(data)[half:])
    staged.weight.finish()
    return staged


def open_below(directory: Path) -> list[str]:
    found = []
    for link in Path("/proc/self/fd").iterdir():
        try:
            found.append(str(link.readlink()))
        except FileNotFoundError:
            continue
    return [path for path in found if path.startswith(str(directory))]
