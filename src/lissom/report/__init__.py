"""Pages, pictures, tables and model cards from plain data: dictionaries, lists and NumPy arrays.

canvas: style, fonts, `render` and `save` · curves · confusion · sheet · pareto: pictures · intervals: statistics
tables: one set of rows as text, CSV, JSON, Markdown, HTML · page: one self-contained HTML file · card: model card
"""
