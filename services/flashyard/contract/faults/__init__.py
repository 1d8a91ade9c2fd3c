"""Why something did not happen: a closed table of codes, each with a sentence and a way out.

A *fault* is a value (code, sentence, hint, details); :class:`FaultError` only carries it upward
to the border where it is told to someone.
"""

from flashyard.contract.faults.code import Code
from flashyard.contract.faults.fault import Fault, FaultError, fault, refuse
from flashyard.contract.faults.table import TABLE, Rule

__all__ = ["TABLE", "Code", "Fault", "FaultError", "Rule", "fault", "refuse"]
