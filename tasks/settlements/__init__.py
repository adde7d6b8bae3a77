"""
Which payment is to be settled on which invoice by Pohoda's own settlement: each once for ever, never beyond what
is open, and what of it people should know. Pure.

* `documents`  the invoices under their lasting names, and the payments that count for each
* `due`        what is to be settled now
* `fate`       whether a settlement was done and still stands, by what is settled now
* `findings`   what to tell people, who alone can take a settlement back
"""
