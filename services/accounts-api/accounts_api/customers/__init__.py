"""Who the customers are: a feature for each type of record, the traits and key roles they have, how
they are found and listed (`querying`), how files of them come in (`imports`), are read
(`import_reading`) and become what `import_destinations` lists (`import_rows`).

Imports evaluation and what is below it. Areas above find records through `querying` and change them
through the features' services.
"""
