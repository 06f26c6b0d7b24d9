"""`python -m train`: the commands of this package without the front door."""

from train.cli import main

if __name__ == "__main__":
    main()
