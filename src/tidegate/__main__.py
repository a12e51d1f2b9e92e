"""`python -m tidegate` is the same as `tidegate`."""

from tidegate.cli.main import main

if __name__ == "__main__":  # a worker process imports this module, too
    main()
