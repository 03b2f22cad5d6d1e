"""`python -m appliance`: the same as `voice-appliance`."""

import sys

from appliance.cli import main

sys.exit(main())
