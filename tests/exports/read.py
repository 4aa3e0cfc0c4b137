#!/usr/bin/env python3
"""Prints a file of YAML as JSON: read.py FILE.

Run it with the python of the environment that tests/exports/venv prints.
"""

import json
import sys
from pathlib import Path

from ruamel.yaml import YAML

print(json.dumps(YAML(typ="safe", pure=True).load(Path(sys.argv[1]))))
