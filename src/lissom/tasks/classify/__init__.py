"""Photos, each of one class: data, augmentation, metrics, pictures, and how networks are trained on them."""
