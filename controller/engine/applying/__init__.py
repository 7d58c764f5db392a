"""An approved plan → journaled calls, and what a crash or a lost reply left open."""
