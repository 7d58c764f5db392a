"""Whatever owns resources, behind the engine's interface. `registry.py` names the kinds; each folder holds a package's.

`fields.py` is what they share: the inputs of a kind as rows.
"""
