"""The pixels of a hyperspectral scene: data, splits, baselines, maps, and how they are trained and judged."""
