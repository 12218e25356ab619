"""``python -m local.navsync``: see cli.py."""

from local.navsync.cli import main

main()
