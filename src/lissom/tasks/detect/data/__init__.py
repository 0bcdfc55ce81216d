"""Pictures with boxes: read from what labelling programs leave, checked, converted, and made into batches."""
