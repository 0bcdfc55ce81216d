"""What the light networks are made of, one file per block, each with its paper's section."""
