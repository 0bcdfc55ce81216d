"""Published weights: where they are, what travels with them, and how their names become ours."""
