"""The rows of the raw and typed layers that the published values alone foretell. Enter by `typed.expected`."""
