"""What maps cost: measured, each in a process of its own, or predicted.

===================  ==================================================================================
what is asked for
-------------------  ----------------------------------------------------------------------------------
advice               the types, bytes and code of a map for a live dict
estimates            the bytes of maps that are not built
comparison           the same entries in dict, gomap's maps and other libraries' maps
bench                the time of one operation
fill_and_empty       a scenario: a map is filled, emptied and copied
black_friday         a scenario: a day of customers who come and go
===================  ==================================================================================

===================  ==================================================================================
what they are made of
-------------------  ----------------------------------------------------------------------------------
subjects             what is measured: one kind of map
peers                other libraries' maps
loops                what is done to a map, one operation at a time
numbers, entries     what a map is filled with
table_files, tables  the entries of a CSV, TSV, Parquet, NumPy or JSON file
delimited            CSV and TSV: how cells are told apart, which row has the names
cell_readers, cells  their cells, by three readers; numbers and bools of them
json_tables          JSON: how rows and keys are laid out
runs                 one map, in a process of its own, and what the process holds
processes, worker    that process, seen from outside and from inside
machine, limits      what the machine is, and what it can run
comparison_report    how a comparison shows: a table, a page, CSV
plot, svg            pictures
===================  ==================================================================================
"""

from __future__ import annotations


class ScenarioError(ValueError):
    """What was asked for cannot be run."""


class RunError(RuntimeError):
    """A run failed."""
