"""The expected rows of the raw and typed layers, from the published values alone. The interface is `typed.expected`."""
