"""Files of numbers: tables of rows in and out, of any length, in constant memory; arrays that a point is read from.

```python
with open_table("obs.csv") as table:                    # "-" is standard input; a second argument is `--format`
    parts = table.parts(numbers=["a", "b"], keep=["id"])   # reads ahead in a thread from here on: call it early
    kept = table.kinds(["id"], ["a", "b"])
    with create_table("grads.parquet", None, force=False, kept=kept, results=["value", "d_a"]) as writer:
        for part in parts:
            writer.write(part.kept, {"value": ..., "d_a": ...}, drop=None)
```

What is read:
- **CSV, TSV** (`.csv`, `.tsv`, also `.gz`): UTF-8 with a line of column names, separated by `,` `;` or tabs, or by
  what a line `sep=|` before it says.  A number may have blanks around it; `inf`, `true` and `false` are numbers.  Decimal commas are refused.
- **JSON lines**: an object a line; the columns are the keys in the first megabyte.
- **Parquet, Arrow** (Feather): with the extra `adcalc[data]`, which also makes text several times faster.
- **.npz**: a vector per column.  **.npy**: the fields of a structured array, or a matrix with columns `x0, x1, ...`, or a
  vector called `x`.  Nothing is unpickled.

What is no number, for whatever reason, is nan and marked in `Part.unreadable`; `Part.reason` says why.  A row with too
few or too many cells is nan throughout, and stands in `Part.broken`.

What is written: columns that are kept, to the letter where source and target allow, then results.  A result that is nan is
an empty cell in text, null in JSON lines, Parquet and Arrow, nan in arrays.  Infinities are `inf` in text.  Kept cells of
text are text in Parquet and Arrow too, unless the column is also asked for as numbers.  A .npz has a vector per column, a
.npy is a structured array; both hold numbers only.

`references` reads what `--at x=@file` names, `saving` keeps single results.
"""
