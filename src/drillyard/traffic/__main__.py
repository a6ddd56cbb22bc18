"""`python -m drillyard.traffic PLAN.json`: one run of traffic in a process of its own."""

import sys

from drillyard.traffic.process import main

if __name__ == "__main__":
    sys.exit(main())
