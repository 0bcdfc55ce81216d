"""A scene, its classes and what was made of it, as people see them."""
