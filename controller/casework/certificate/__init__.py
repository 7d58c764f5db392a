"""The certificate of reclaim: its facts, its number and signature, and the paper it is printed on."""
