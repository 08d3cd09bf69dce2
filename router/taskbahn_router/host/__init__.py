"""The machine under the router: files and disk."""
