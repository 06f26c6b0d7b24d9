"""`python -m experiments sweep ...` is `sixmeg sweep ...`."""

from sixmeg import main

main()
