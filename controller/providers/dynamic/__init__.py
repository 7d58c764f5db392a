"""Python dynamic providers (`pulumi.dynamic`): resources whose calls the program itself brings along, pickled.

kind.py     a kind on one resource's pickled provider: calls in, observations or the engine's errors out
host.py     the plugin that serves the pickled providers of one program, and what is asked of it
"""
