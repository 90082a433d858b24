"""One adversary for all connectors: whatever a vendor answers, no number is silently wrong.

A proxy stands between the product and the simulated vendors, over real sockets, and alters one answer of an endpoint
or every one. Which endpoints there are is found by recording an undisturbed load, so a new connector is in it as soon
as the demo's settings connect it. A load stores one day; the next day's load is disturbed and held against the same
load undisturbed (`stored`). The promise: the raw tables and the load log are **equal**, or the part is **refused**:
told by a named reason, and nothing that was stored is lost. Everything else is **neither**, and must not be.

What no reader can tell from the truth is a class of its own, **believed** (`mutations`): it is counted beside.

By hand: `python -m tests.adversary [CONNECTOR …] [--mutation M] [--endpoint E] [--list]`.
"""
