"""Is this host fit to be a hub? What is looked at, and the udev rule that mends half of it.

It looks at everything from outside, changes nothing but that rule, and knows no terminal.
"""
