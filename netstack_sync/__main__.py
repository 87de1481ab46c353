"""`python -m netstack_sync` is the command `netstack`."""

from __future__ import annotations

import sys

from netstack_sync.cli.main import main

sys.exit(main())
