"""`lissom convert-data`: one's data in the form that another program reads."""

from lissom.training.data_files import convert_data

__all__ = ["convert_data"]
