"""What a hub must not forget, on its disk: read `journal.py` first, then `ledger.py`."""
