"""What every task reads: folders and archives, image files, downloads, the decoded cache, the order of an epoch."""
