"""The anchor head of YOLOv5: its outputs, what they mean, what they learn."""
