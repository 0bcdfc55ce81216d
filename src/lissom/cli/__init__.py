"""The command line: parses, calls one verb, prints. Nothing here imports torch."""
