"""How numbers and times are written: in the one way that is the same at every door.

Python takes more: blanks around them, underscores within, the digits of every script, days without
zeros. Whoever reads that may take it for something else.
"""

import re

WHOLE = re.compile(r"-?[0-9]{1,40}")
DECIMAL = re.compile(r"-?[0-9]{1,40}(?:\.[0-9]{1,40})?")
DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
TIME_OF_DAY = re.compile(r"[0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,6})?)?")
