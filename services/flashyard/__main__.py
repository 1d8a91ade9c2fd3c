"""`python -m flashyard` is `flashyard`."""

from flashyard.cli import main

if __name__ == "__main__":
    main()
