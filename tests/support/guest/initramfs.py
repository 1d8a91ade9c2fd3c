"""What the guest starts from: busybox, the kernel's modules and one script, as a cpio archive.

The archive is in the "new ASCII" format of the kernel's early userspace (Linux documentation,
"initramfs buffer format").
"""

from __future__ import annotations

import shlex
from pathlib import Path
from string import Template

from support.guest.kernel import Kernel

HOST_TAG = "host"
SHARE_TAG = "share"
BELL = "/dev/ttyS1"
ORDERS = "/run/forks"

_DIRECTORIES = ("proc", "sys", "dev", "modules", "lower", "upper", "full")
_FILE, _DIRECTORY = 0o100755, 0o040755

# Busybox and nothing else: the host's tools are there from `chroot` on.
_INIT = Template("""\
#!/busybox sh
/busybox mount -t proc proc /proc
/busybox mount -t sysfs sysfs /sys
/busybox mount -t devtmpfs devtmpfs /dev
for module in /modules/*; do
    case $$module in
        *-dummy_hcd.ko) /busybox insmod $$module is_super_speed=1 num=$controllers ;;
        *) /busybox insmod $$module ;;
    esac
done
nine=trans=virtio,version=9p2000.L,msize=512000
/busybox mount -t 9p -o ro,cache=loose,$$nine $host /lower
/busybox mount -t tmpfs -o size=75% tmpfs /upper
/busybox mkdir /upper/files /upper/work
/busybox mount -t overlay -o lowerdir=/lower,upperdir=/upper/files,workdir=/upper/work overlay /full
for kept in proc sys dev; do /busybox mount --move /$$kept /full/$$kept; done
/busybox mkdir -p /full/dev/pts /full/dev/shm
/busybox mount -t devpts devpts /full/dev/pts
/busybox mount -t tmpfs -o size=90% tmpfs /full/dev/shm
/busybox mount -t tmpfs tmpfs /full/run
/busybox mount -t configfs configfs /full/sys/kernel/config
/busybox mount -t 9p -o $$nine $share /full$at
/busybox ifconfig lo 127.0.0.1 up
exec /busybox chroot /full /bin/sh -c $life
""")

# One line on the bell: `run N`, `fork N`, `term N`, `kill N`, `off`; back come `ready` and
# `N STATUS`, of a fork from whoever reads the orders.
_LIFE = Template("""\
cd $at
stty -F $bell raw -echo
exec 3<>$bell
for daemon in /lib/systemd/systemd-udevd /usr/lib/systemd/systemd-udevd; do
    if [ -x $$daemon ]; then $$daemon --daemon; break; fi
done
echo ready >&3
while read -r verb number <&3; do
    case $$verb in
        run) (
            setsid sh -c 'echo $$$$ >$$0/pid; exec sh $$0/command' $$number \\
                >$$number/out 2>&1 </dev/null 3>&-
            echo $$number $$? >&3
        ) & ;;
        fork) echo $at/$$number >$orders ;;
        term|kill) kill -s $$verb -- -$$(cat $$number/pid) ;;
        off) break ;;
    esac
done
echo o >/proc/sysrq-trigger
sleep 60
""")


def initramfs(kernel: Kernel, share: Path, controllers: int) -> bytes:
    """Make the archive for a guest that finds ``share`` at the same path as the host.

    Args:
        kernel: whose modules it loads and whose busybox it runs.
        share: absolute path of the folder both write to.
        controllers: how many gadgets can be plugged in at once.
    """
    at = shlex.quote(str(share))
    life = _LIFE.substitute(at=at, bell=BELL, orders=ORDERS)
    init = _INIT.substitute(
        host=HOST_TAG, share=SHARE_TAG, at=at, life=shlex.quote(life), controllers=controllers
    )
    entries = [_entry(name, _DIRECTORY) for name in _DIRECTORIES]
    entries += [_entry("busybox", _FILE, kernel.busybox.read_bytes())]
    entries += [_entry("init", _FILE, init.encode())]
    entries += [_entry(f"modules/{path.name}", _FILE, path.read_bytes()) for path in kernel.modules]
    return b"".join([*entries, _entry("TRAILER!!!", 0)])


def _entry(name: str, mode: int, content: bytes = b"") -> bytes:
    """Encode one file: thirteen numbers of eight hex digits, name, content, each padded to four."""
    path = name.encode() + b"\0"
    fields = (0, mode, 0, 0, 1, 0, len(content), 0, 0, 0, 0, len(path), 0)
    head = b"070701" + b"".join(b"%08x" % field for field in fields) + path
    return _padded(head) + _padded(content)


def _padded(part: bytes) -> bytes:
    return part + bytes(-len(part) % 4)
