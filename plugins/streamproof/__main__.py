"""`python -m streamproof`: the command line, where no script of it is installed."""

from streamproof.cli.main import main

if __name__ == "__main__":
    main()
