"""`python -m skllm` is the command `skllm`."""

import sys

from skllm.cli import main

sys.exit(main())
