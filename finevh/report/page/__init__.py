"""The page of a run: its template, style and script, and the data that the script draws."""
