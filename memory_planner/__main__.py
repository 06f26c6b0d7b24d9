"""`python -m memory_planner plan MODEL ...` is `sixmeg plan MODEL ...`."""

from sixmeg import main

main()
