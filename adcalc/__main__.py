"""`python -m adcalc`."""

from adcalc.cli import main

if __name__ == "__main__":
    main()
