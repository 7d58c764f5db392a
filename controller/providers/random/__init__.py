"""pulumi-random: values that are drawn once and stand in the state. One module a form of value, on `kind.py`.

They come from the system's source of randomness. Only where a program gives a `seed` the value follows from that; the
sequence is not that of the provider that Pulumi ships, so a seed gives the same value here each time, and another one
there.
"""
