"""`python -m controller.cli` is `yunguan`."""

from controller.cli import main

main()
