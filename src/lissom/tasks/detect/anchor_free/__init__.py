"""The head without anchors: sides of boxes as distributions, scores that say how good a box is."""
