"""`python -m services.cli` is `vanthu`."""

from services.cli.main import main

main()
