"""The texts of the history, packed: a record is short, and says much that all the others say.

So zlib is given these words beforehand, which halves what is left. What was packed names the
words by their checksum: they are never changed, and newer ones stand beside them.
"""

from __future__ import annotations

import zlib

_LEVEL = 6  # of 9; higher ones save next to nothing on texts of this length
_NAMES_WORDS = 0x20  # a bit of the second byte, before the checksum; RFC 1950, section 2.2

# What is common stands last: the nearer the shorter.
_FIRST = (
    b'"requested":"cancel","lost":true,"position":1,"notBefore":17"bandwidthLimit":"retryOf":"'
    b'job_17"slot":"inactive""plan":""erase":true,"reboot":false,"allowDangerous":true,'
    b'"waitForDevice":true"erasing""syncing""rolling_back""cancelled""none""transport""readbac'
    b'k""booted""last-good""rollback":{"kind":"slot","outcome":"restored"},'
    b'"deviceState":"The device ","hint":"Check cable and port, then retry.",'
    b'"details":""options":{"imageSize":67108864,"verify":"image","wipe":true}'
    b'{"at":1700000000000,"text":"(bootloader) "}\n{"at":1700000000000,'
    b'"text":"Writing 1/1 (MiB"}\n"mishaps":[{"at":1700000000000,"phase":"writing",'
    b'"code":"device_silent","error":"The device has not answered for 15 s."},'
    b'{"at":17"phase":"identifying","code":"link_lost","error":"The connection to the device b'
    b'roke.","code":"usb_unplugged","error":"The device was unplugged.""status":"failed",'
    b'"phase":"failed","stage":"Failed","progress":0.0,"verification":"none",'
    b'"error":"The device refused: ","code":"device_refused"},"mishaps":[],"log":[]}'
    b'{"type":"job_record","jobId":"job_1700000000_","deviceId":"","hubId":"",'
    b'"timestamp":1700000000000,"seq":9,"job":{"jobId":"job_17","deviceId":"",'
    b'"deviceName":"","hubId":"","partition":"system","steps":[{"partition":"boot_a",'
    b'"status":"completed","bytes":67108864,"image":""},{"partition":"vendor",'
    b'"status":"completed","bytes":0,"image":"","place":"vendor_b"}],"status":"completed",'
    b'"phase":"completed","stage":"Completed","progress":100.0,'
    b'"bytesTransferred":17"totalBytes":17"transferSpeed":0,"averageSpeed":17"estimatedTimeRem'
    b'aining":0,"priority":5,"queuedAt":17"startedAt":1700000000000,'
    b'"finishedAt":1700000000000,"attempt":1,"image":{"sha256":"","name":".img",'
    b'"size":67108864},"verification":"image"},"port":"usb:pci-0000:00:14.0-usb-0:1.",'
    b'"serial":"","product":"","emulated":false,"version":"1.0","askedBy":{"identity":"",'
    b'"user":"","address":"127.0.0.1","agent":"flashyard/1.0","onBehalf":"batch_17"},'
    b'"spans":[{"phase":"preparing","partition":"system","at":1700000000000,"durationMs":0},'
    b'{"phase":"identifying","partition":"system","at":1700000000000,"durationMs":0},'
    b'{"phase":"writing","partition":"system","at":17"durationMs":0},{"phase":"verifying",'
    b'"partition":"system","at":1700000000000,"durationMs":0},{"phase":"activating",'
    b'"partition":"system","at":1700000000000,"durationMs":0},{"phase":"finishing",'
    b'"partition":"system","at":1700000000000,"durationMs":0}],"mishaps":[],"log":[]}'
)
_WORDS = {zlib.adler32(words): words for words in (_FIRST,)}
_NEWEST = _FIRST


def pack(text: bytes) -> bytes:
    """Make a text short."""
    packing = zlib.compressobj(_LEVEL, zdict=_NEWEST)
    return packing.compress(text) + packing.flush()


def unpack(packed: bytes) -> bytes:
    """Make it what it was.

    Raises:
        zlib.error: it is damaged.
        KeyError: a newer flashyard has packed it.
    """
    if not packed[1] & _NAMES_WORDS:
        return zlib.decompress(packed)
    unpacking = zlib.decompressobj(zdict=_WORDS[int.from_bytes(packed[2:6])])
    return unpacking.decompress(packed) + unpacking.flush()
