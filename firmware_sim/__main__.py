"""`python -m firmware_sim simulate MODEL ...` is `sixmeg simulate MODEL ...`."""

from sixmeg import main

main()
