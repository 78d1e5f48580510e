"""What a clip's measured motion is, in facts and in sentences that are true of it."""

from skllm.motion.facts import Fact
from skllm.motion.measures import facts
from skllm.motion.sentences import chain, summary

__all__ = ["Fact", "chain", "facts", "summary"]
