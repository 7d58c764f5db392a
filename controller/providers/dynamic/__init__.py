"""Python dynamic providers (`pulumi.dynamic`): resources whose calls the program itself brings along, pickled.

kind.py     a kind on one resource's pickled provider: calls in, observations or the engine's errors out
host.py     the process that serves the pickled providers of one program, and what is asked of it
server.py   that process: the SDK's own provider server, on a socket that only this user can reach
"""
