"""The kinds of work, a folder each: all that differs between them. They are independent of one another."""
