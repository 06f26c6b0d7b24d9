"""`python -m export report FOLDER` is `sixmeg report FOLDER`."""

from sixmeg import main

main()
