"""What a hub, its devices and its jobs may send a second, and what the hub may fetch.

For the event loop; what it hands out is for the threads that send. It knows ids and rates, and no
orders. What a job may is kept with the job; the rest it has written down itself.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from weakref import WeakValueDictionary

from flashyard.flash.throttle.allowance import Allowance
from flashyard.flash.throttle.bucket import Bucket

# What is held to a rate, as it is written down; a device's is followed by its id.
_HUB, _DOWNLOADS, _DEVICE = "bandwidth of hub", "downloads of hub", "bandwidth of device "

Keep = Callable[[str, int], object]
"""Writes down to what something is held."""


class Bandwidth:
    """Rates are bytes a second; 0: as fast as it goes, which None is where a rate is told.

    Args:
        hub: of all that is sent to devices together, and
        downloads: of the images that are fetched: until something else is ordered.
        clock: monotonic seconds.
        keep: writes down what is ordered.
    """

    def __init__(self, hub: int, downloads: int, clock: Callable[[], float], keep: Keep) -> None:
        self._clock = clock
        self._keep = keep
        self._hub = Bucket(hub or None, clock)
        self._downloads = Bucket(downloads or None, clock)
        self._devices: dict[str, Bucket] = {}
        self._jobs: WeakValueDictionary[str, Bucket] = WeakValueDictionary()

    def restore(self, kept: Mapping[str, int]) -> None:
        """Take what an earlier run of the hub was ordered, by what it wrote down."""
        for what, rate in kept.items():
            if what in {_HUB, _DOWNLOADS} or what.startswith(_DEVICE):
                self._bucket(what).change(rate or None)

    @property
    def of_hub(self) -> int | None:
        """What all devices together are sent at most."""
        return self._hub.rate

    @property
    def of_downloads(self) -> int | None:
        """What is fetched at most."""
        return self._downloads.rate

    def of_device(self, device_id: str) -> int | None:
        """What a device is sent at most."""
        bucket = self._devices.get(device_id)
        return bucket.rate if bucket else None

    def hold_hub(self, rate: int) -> None:
        """Change what all devices together are sent at most."""
        self._hold(_HUB, rate)

    def hold_downloads(self, rate: int) -> None:
        """Change what is fetched at most."""
        self._hold(_DOWNLOADS, rate)

    def hold_device(self, device_id: str, rate: int) -> None:
        """Change what a device is sent at most, whatever jobs it has."""
        self._hold(_DEVICE + device_id, rate)

    def hold_job(self, job_id: str, rate: int) -> None:
        """Change what a job sends at most, if it is sending."""
        if bucket := self._jobs.get(job_id):
            bucket.change(rate or None)

    def for_job(self, device_id: str, job_id: str, rate: int | None) -> Allowance:
        """Give a job that is about to send what it may: what itself, its device and the hub may."""
        own = self._jobs[job_id] = Bucket(rate, self._clock)
        return Allowance(own, self._bucket(_DEVICE + device_id), self._hub)

    def for_download(self) -> Allowance:
        """Give a download its share of what may be fetched."""
        return Allowance(self._downloads)

    def _hold(self, what: str, rate: int) -> None:
        self._keep(what, rate)
        self._bucket(what).change(rate or None)

    def _bucket(self, what: str) -> Bucket:
        if what == _HUB:
            return self._hub
        if what == _DOWNLOADS:
            return self._downloads
        return self._devices.setdefault(what.removeprefix(_DEVICE), Bucket(None, self._clock))
