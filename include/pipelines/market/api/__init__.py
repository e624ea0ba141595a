"""The API: fetches whole downloads by the official client."""
