"""Where on this host's USB a DFU device is, be it in DFU mode or still running its firmware."""

from __future__ import annotations

from flashyard.flash.dfu.functional import LEAST, Functional
from flashyard.flash.dfu.spots import Spots
from flashyard.flash.dfu.target import DfuTarget, described
from flashyard.flash.dfu.usb_pipe import UsbPipe
from flashyard.flash.ports.modes import DFU
from flashyard.flash.ports.plugged import Plugged
from flashyard.flash.source import MAX_DOWNLOAD
from flashyard.flash.target import Description, Tell
from flashyard.flash.usb.place import UsbPlace


class DfuAddress(UsbPlace):
    """What a device becomes when it goes into DFU mode may go by another serial, or by none."""

    def open(self, tell: Tell) -> DfuTarget:
        """Open it, brought into DFU mode where it is not.

        Raises:
            FaultError: `usb_unplugged`, `device_mismatch`, and what :meth:`DfuTarget.open` raises.
        """
        self.expected()
        return DfuTarget.open(self._connect, tell)

    def describe(self) -> Description:
        """Tell what its descriptors say; nothing is asked of it, nor is it brought anywhere.

        Raises:
            FaultError: as :meth:`open`.
        """
        plugged = self.expected()
        if DFU not in {function.triplet for function in plugged.functions}:
            return _running(plugged)
        pipe = self._connect()
        try:
            functional = Functional.find(pipe.face.functional) or LEAST
            spots = Spots(pipe.face.alternates, is_dfuse=functional.is_dfuse)
            return described(pipe.face, spots)
        finally:
            pipe.close()

    def _connect(self) -> UsbPipe:
        plugged = self.plugged()
        return UsbPipe.claim(lambda: self.host.find(plugged))


def _running(plugged: Plugged) -> Description:
    """Tell of a device what can be seen of its firmware: its memories show in DFU mode only."""
    return Description(
        product=plugged.model or plugged.ids,
        serial=None,  # in DFU mode it may be another
        mode="normal",
        max_download_size=MAX_DOWNLOAD,
        name=plugged.model,
    )
