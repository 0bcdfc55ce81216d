"""What differs between the kinds of work: losses, metrics, and what a picture of them needs."""
