"""One function per verb: what the command line, the Python API and a page call alike."""
