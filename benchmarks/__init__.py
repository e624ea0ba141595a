"""The measurements of `make bench`; see README.md in this folder."""
