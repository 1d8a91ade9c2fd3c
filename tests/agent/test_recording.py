"""A hub that records: what a user with a strange phone sends us, played again."""

from __future__ import annotations

from pathlib import Path

from flashyard.flash.recordings.replay import ReplayTransport
from flashyard.flash.recordings.transcript import Transcript
from support.bridge_peer import BridgePeer
from support.emulated import MIB
from support.hub_at_work import Plug, hub_at_work
from support.recorded_job import do, job_of, limits_of, opener_on
from support.waiting import until


async def test_a_job_of_a_hub_that_records_can_be_played_without_device_and_image(
    peer: BridgePeer, plug: Plug, tmp_path: Path
) -> None:
    device = plug("PHONE_77", max_download_size=MIB)
    folder = tmp_path / "recordings"
    async with hub_at_work(peer.link_url, tmp_path, {"PHONE_77": device.address}, record=folder):
        await peer.online("PHONE_77")
        await peer.completed((await peer.start("PHONE_77", total_bytes=3 * MIB)).job_id)
        await until(lambda: list(folder.glob("look-*.jsonl")))
    (path,) = folder.glob("job-*.jsonl")
    assert "PHONE_77" not in path.read_text()
    transcript = Transcript.read(path)
    job, source = job_of(transcript)
    assert source is not None
    replay = ReplayTransport(transcript, compare_data=False)
    ended, _ = do(job, opener_on(replay, limits_of(transcript)), tmp_path, source)
    assert ended == "completed"
    replay.finish()
