"""`python -m train summary` is `sixmeg summary`."""

from sixmeg import main

main()
