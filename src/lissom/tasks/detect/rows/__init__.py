"""Model files in the row format of YOLOv5 v6: read, walked, checked, mended and built."""
